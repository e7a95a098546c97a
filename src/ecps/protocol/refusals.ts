import * as z from 'zod';

/**
 * Every refusal of the e-CPS API with its HTTP status. Each code is a key of the text catalogue (views/locales) and
 * explained in docs/ecps-protocol.md.
 */
export const REFUSALS = {
  // The request itself
  request_invalid: 400,
  use_nonce: 401,
  proof_invalid: 401,
  not_found: 404,
  too_many_requests: 429,
  internal_error: 500,
  // Starting an activation
  identifier_malformed: 400,
  identifier_unknown: 404,
  identifier_check: 404,
  contact_missing: 409,
  contact_too_recent: 409,
  // Going on with one
  code_wrong: 403,
  code_expired: 410,
  already_used: 409,
  superseded: 409,
  qr_stale: 410,
  scanned_elsewhere: 409,
  step_wrong: 409,
  phone_limit: 409,
  evaluations_spent: 409,
  // Transactions (sign-ins) and operations (PIN change, renewal, a new phone)
  bind_wrong: 403,
  payload_mismatch: 409,
  signature_invalid: 403,
  pin_wrong: 403,
  pin_wait: 429,
  gone: 410,
  // The phone
  device_unknown: 401,
  device_locked: 403,
  device_frozen: 403,
  device_quarantined: 403,
  device_expired: 403,
  device_revoked: 403,
  practitioner_inactive: 403,
} as const satisfies Record<string, number>;

export type RefusalCode = keyof typeof REFUSALS;

export const REFUSAL_CODES = Object.keys(REFUSALS) as [RefusalCode, ...RefusalCode[]];

/** The one shape of a refusal; unknown codes of a newer server stay readable. */
export const refusalBody = z.object({
  code: z.string(),
  message: z.string(),
  /** Seconds. */
  retry_after: z.number().optional(),
  tries_left: z.number().optional(),
  /** ISO 8601. */
  available_at: z.string().optional(),
  support_id: z.string(),
});
export type RefusalBody = z.output<typeof refusalBody>;
