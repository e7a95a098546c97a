import * as z from 'zod';
import { base64urlOf } from './encoding.ts';

/**
 * What a phone signs for good. Each payload travels in a General JWS (RFC 7515 §7.2.1) whose signatures all cover
 * the same bytes; which keys sign is said beside each. `seq` rises with every signed payload of a device.
 */

/** A P-256 public key, without anything else. */
export const publicJwk = z.strictObject({
  kty: z.literal('EC'),
  crv: z.literal('P-256'),
  x: base64urlOf(32),
  y: base64urlOf(32),
});
export type PublicJwk = z.output<typeof publicJwk>;

const identifier = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const hash = base64urlOf(32);
const whole = z.int().positive();

/**
 * What a service may show for its person to type (CIBA's `binding_message`): what can be read, told and typed on any
 * phone's keyboard, at most twenty characters.
 */
export const BINDING_MESSAGE = /^[A-Za-z0-9](?:[A-Za-z0-9 ._+/!?#-]{0,18}[A-Za-z0-9._+/!?#-])?$/;

const plainMessage = (message: string): string => message.trim().replace(/\s+/g, ' ').toUpperCase();

/** True when the typed message is the one shown: capitals and repeated spaces do not count. */
export const sameMessage = (shown: string, typed: string): boolean =>
  plainMessage(shown) === plainMessage(typed);

/** How a sign-in is tied to the screen that asked for it. */
export const bind = z.discriminatedUnion('m', [
  /** The number read on the computer, two digits. */
  z.strictObject({ m: z.literal('number'), v: z.string().regex(/^[1-9][0-9]$/) }),
  /** The 16 secret bytes of the QR, as scanned. */
  z.strictObject({ m: z.literal('qr'), v: base64urlOf(16) }),
  /** The 16 secret bytes of the same-phone link. */
  z.strictObject({ m: z.literal('link'), v: base64urlOf(16) }),
  /** The message that the service shows (CIBA), as typed; compared as `sameMessage` says. */
  z.strictObject({ m: z.literal('message'), v: z.string().regex(BINDING_MESSAGE) }),
]);
export type Bind = z.output<typeof bind>;
export type BindMethod = Bind['m'];

const common = {
  /** The issuer. */
  aud: z.string(),
  device_id: identifier,
  /** Generation of the PIN key that signs. */
  gen: whole,
  seq: whole,
  /** The phone's clock, in seconds; informative only. */
  iat: z.int(),
};

/** Signed by D and by the new P (`jwk_p`). */
export const enrolPayload = z.strictObject({
  typ: z.literal('ecps.enrol.v1'),
  ...common,
  activation_id: identifier,
  jwk_d: publicJwk,
  jwk_p: publicJwk,
});

/** Signed by D and P. `verifier_sha256` is there when `flow` is `same`, and only then. */
export const approvalPayload = z
  .strictObject({
    typ: z.literal('ecps.approval.v1'),
    ...common,
    txn: identifier,
    act: z.literal('approve'),
    chal: hash,
    ctx_sha256: hash,
    bind,
    flow: z.enum(['cross', 'same']),
    verifier_sha256: hash.optional(),
  })
  .refine(
    (payload) =>
      (payload.flow === 'same') === (payload.bind.m === 'link') &&
      (payload.flow === 'same') === (payload.verifier_sha256 !== undefined),
    'flow "same" goes with a link and a verifier',
  );

/** Signed by D and the old P (`gen` is the old generation): judges the old PIN, a counted try. */
export const pinProofPayload = z.strictObject({
  typ: z.literal('ecps.pin-proof.v1'),
  ...common,
  change_id: identifier,
  chal: hash,
});

/** Signed by D, by the old P (`old_gen`) and by the new P (`gen`, `jwk_p`): the change itself. */
export const pinChangePayload = z.strictObject({
  typ: z.literal('ecps.pin-change.v1'),
  ...common,
  change_id: identifier,
  chal: hash,
  old_gen: whole,
  jwk_p: publicJwk,
});

/** Signed by D and the old P (`gen` is the generation to come back to). */
export const pinRollbackPayload = z.strictObject({
  typ: z.literal('ecps.pin-rollback.v1'),
  ...common,
  change_id: identifier,
  chal: hash,
});

/** Signed by D and P. */
export const renewalPayload = z.strictObject({
  typ: z.literal('ecps.renewal.v1'),
  ...common,
  renewal_id: identifier,
  chal: hash,
});

/** Signed by D and P of a phone already active: lets a new phone of the same person leave its quarantine. */
export const newPhonePayload = z.strictObject({
  typ: z.literal('ecps.new-phone.v1'),
  ...common,
  act: z.literal('approve'),
  chal: hash,
  new_device_id: identifier,
  /** RFC 7638 thumbprint of the new phone's D, as shown. */
  new_kid: hash,
});

export const signedPayload = z.union([
  enrolPayload,
  approvalPayload,
  pinProofPayload,
  pinChangePayload,
  pinRollbackPayload,
  renewalPayload,
  newPhonePayload,
]);

export type EnrolPayload = z.output<typeof enrolPayload>;
export type ApprovalPayload = z.output<typeof approvalPayload>;
export type PinProofPayload = z.output<typeof pinProofPayload>;
export type PinChangePayload = z.output<typeof pinChangePayload>;
export type PinRollbackPayload = z.output<typeof pinRollbackPayload>;
export type RenewalPayload = z.output<typeof renewalPayload>;
export type NewPhonePayload = z.output<typeof newPhonePayload>;
export type SignedPayload = z.output<typeof signedPayload>;

/** A General JWS with one to three signatures. */
export const generalJws = z.strictObject({
  payload: z.string().max(8192),
  signatures: z
    .array(z.strictObject({ protected: z.string().max(512), signature: z.string().max(128) }))
    .min(1)
    .max(3),
});
export type GeneralJws = z.output<typeof generalJws>;
