/** How long a sign-in waits for a phone, and how often a phone may be made to ring. */

export const TRANSACTION_SECONDS = 120;
/** After an approval, how long the browser that asked may take to come for it. */
export const SERVE_SECONDS = 120;
/** Sign-ins open for one identifier, known or not, that show a number; further pages offer the QR only. */
export const OPEN_PER_IDENTIFIER = 5;

/** The same for sign-ins that services ask by themselves (CIBA); a further one is seen by no phone and expires. */
export const BACKCHANNEL_PER_IDENTIFIER = 3;

export const QR_REDRAWN_SECONDS = 5;
export const QR_VALID_SECONDS = 15;

/** Rings for one person. Browsers already known to him have a budget of their own. */
export const PUSH_BUDGET = [
  { limit: 3, seconds: 15 * 60 },
  { limit: 10, seconds: 86_400 },
] as const;

/** How long an origin that a person reported no longer makes his phones ring. */
export const SILENCE_SECONDS = 86_400;
/** A browser not seen for this long is unknown again. */
export const BROWSER_SECONDS = 400 * 86_400;
