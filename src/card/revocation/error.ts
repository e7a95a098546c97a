/** A list that cannot be used, with the reason for the operator's log. */
export class CrlError extends Error {}
