import * as z from 'zod';
import { activationView, gen, identifier, instant, pinRules } from './activation.ts';
import { approvalContext } from './context.ts';
import { base64urlOf } from './encoding.ts';
import { bind, generalJws, publicJwk, type BindMethod } from './payloads.ts';

/**
 * Every call of the e-CPS HTTP API: {@link ENDPOINTS}. Paths hang under `${origin}/ecps/v1` and use `:id` parameters
 * as @koa/router does. Requests are strict (an unknown field is refused); answers may grow.
 *
 * Server and phone share this file; it stays stable, and grows by adding. Companions: activation.ts (how an
 * activation stands), payloads.ts (what is signed), context.ts (what is shown), refusals.ts (codes), qr.ts (texts of
 * QR codes and links), proof.ts (ECPS-Proof).
 */

export { ACTIVATION_STATES, LETTERS, type ActivationView } from './activation.ts';
export * from './context.ts';
export * from './payloads.ts';
export * from './refusals.ts';

export const API_BASE = '/ecps/v1';
/** Request header: the proof that the call comes from the phone's key D. */
export const PROOF_HEADER = 'ECPS-Proof';
/** Answer header: a nonce for the next calls, usable for {@link NONCE_SECONDS}. On every answer, refusals included. */
export const NONCE_HEADER = 'ECPS-Nonce';
export const NONCE_SECONDS = 60;
/** Evaluations under the generation of an enrolment, or of the new PIN of a change. */
export const MAX_NEW_PIN_EVALUATIONS = 3;
/** A wrong PIN locks the phone at the fifth. */
export const MAX_PIN_TRIES = 5;
export const PIN_MAX_LENGTH = 8;

const element = base64urlOf(32); // a ristretto255 element
const empty = z.strictObject({});
/** No control or invisible characters: it is shown in mails and on other phones. */
const label = z
  .string()
  .trim()
  .min(1)
  .max(60)
  .regex(/^[^\p{C}]+$/u);

/** A phone as it describes itself. */
const description = z.strictObject({ name: label, model: label, os: label });

/** The state of the PIN's counter; the same for every request of one phone. */
const pinState = z.object({
  triesLeft: z.int().min(0).max(MAX_PIN_TRIES),
  /** Seconds before the next evaluation is accepted; absent when at once. */
  wait: z.int().positive().optional(),
});

// ---- Phones -----------------------------------------------------------------------------------------------

export const DEVICE_STATES = ['active', 'quarantine', 'locked', 'frozen', 'expired', 'revoked'] as const;
export type DeviceState = (typeof DEVICE_STATES)[number];

const deviceView = z.object({
  id: identifier,
  name: z.string(),
  model: z.string(),
  os: z.string(),
  state: z.enum(DEVICE_STATES),
  /** How its owner proved who he is. */
  via: z.enum(['contact', 'card']),
  addedAt: instant,
  lastUsedAt: instant.optional(),
  /** Renew before then (12 months). */
  renewBy: instant,
  quarantineUntil: instant.optional(),
  /** Whether it is the phone that asks. */
  current: z.boolean(),
});
export type DeviceView = z.output<typeof deviceView>;

// ---- Sign-ins -----------------------------------------------------------------------------------------------

const isBindMethod = (method: string): method is BindMethod =>
  ['number', 'qr', 'link', 'message'].includes(method);

const pendingRequest = z.object({
  txn: identifier,
  /** The issuer; its origin is that of this API, or the phone refuses. */
  aud: z.string(),
  gen,
  challenge: base64urlOf(32),
  context: approvalContext,
  /** Methods that this phone does not know are left aside. */
  bindings: z.array(z.string()).transform((methods) => methods.filter(isBindMethod)),
  expiresAt: instant,
  pin: pinState,
});
export type PendingRequest = z.output<typeof pendingRequest>;

/** A phone just added that waits in quarantine for one of its owner's phones to approve it. */
const newPhone = z.object({
  deviceId: identifier,
  /** Thumbprint of its key D: goes into the signed payload. */
  kid: base64urlOf(32),
  name: z.string(),
  model: z.string(),
  os: z.string(),
  place: z.string(),
  addedAt: instant,
  quarantineUntil: instant.optional(),
});
export type NewPhone = z.output<typeof newPhone>;

/** A PIN change, a renewal or the approval of a new phone, just started. Open for 10 minutes. */
const operation = z.object({
  id: identifier,
  aud: z.string(),
  /** The generation of the PIN now in use. */
  gen,
  challenge: base64urlOf(32),
  expiresAt: instant,
  pin: pinState,
});
export type Operation = z.output<typeof operation>;

const evaluated = z.object({ evaluated: element, triesLeft: z.int().optional() });
const blindedOnly = z.strictObject({ blinded: element });
const signed = z.strictObject({ jws: generalJws });

const pushSubscription = z.strictObject({
  endpoint: z.url({ protocol: /^https$/ }).max(1024),
  keys: z.strictObject({ p256dh: z.string().max(128), auth: z.string().max(64) }),
});
export type PushSubscriptionJson = z.output<typeof pushSubscription>;

export const HISTORY_KINDS = [
  'sign_in',
  'denied',
  'reported',
  'pin_changed',
  'device_added',
  'device_removed',
  'renewed',
] as const;

/**
 * One call. `auth`: `none` needs no proof; `jwk` a proof that carries the key itself (first call of a new phone);
 * `kid` a proof that names it: any device, or the device of an activation not yet finished for `/activations/:id…`.
 */
export interface Endpoint {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly auth: 'none' | 'jwk' | 'kid';
  readonly status: 200 | 201 | 204;
  readonly request?: z.ZodType;
  readonly response?: z.ZodType;
}

export const ENDPOINTS = {
  /** A first nonce. */
  nonce: { method: 'GET', path: '/nonce', auth: 'none', status: 204 },
  /** The keys that sign receipts, as a JWK set. */
  keys: {
    method: 'GET',
    path: '/keys',
    auth: 'none',
    status: 200,
    response: z.object({ keys: z.array(z.record(z.string(), z.unknown())) }),
  },

  /**
   * Starts an activation. D may be that of a phone this person already has (forgotten PIN, locked or frozen phone):
   * then `deviceId` is that phone's, and enrolment gives it a new generation. Past a quota: same answer, no mail.
   */
  activate: {
    method: 'POST',
    path: '/activations',
    auth: 'jwk',
    status: 201,
    request: z.strictObject({
      nationalId: z.string().max(40),
      jwk: publicJwk,
      device: description,
      locale: z.enum(['fr', 'en']),
    }),
    response: activationView,
  },
  /**
   * Starts an activation by card: the QR (`ECPS3:…`) of the page on which the person presented the card. It serves one
   * phone, once. The answer is in `confirm_due`; ask {@link ENDPOINTS.activation} until the computer confirmed.
   */
  activateByCard: {
    method: 'POST',
    path: '/card-activations',
    auth: 'jwk',
    status: 201,
    request: z.strictObject({
      qr: z.string().max(200),
      jwk: publicJwk,
      device: description,
      locale: z.enum(['fr', 'en']),
    }),
    response: activationView,
  },
  activation: {
    method: 'GET',
    path: '/activations/:id',
    auth: 'kid',
    status: 200,
    response: activationView,
  },
  /** Sends the mail again, with other codes. Each mail works until it expires; one use for all of them. */
  resendMail: {
    method: 'POST',
    path: '/activations/:id/mail',
    auth: 'kid',
    status: 200,
    request: empty,
    response: activationView,
  },
  /** The QR of the mail (`ECPS1:…`), or its 8 typed characters: sends the SMS. */
  scanMail: {
    method: 'POST',
    path: '/activations/:id/scan',
    auth: 'kid',
    status: 200,
    request: z.union([
      z.strictObject({ qr: z.string().max(200) }),
      z.strictObject({ typedCode: z.string().max(40) }),
    ]),
    response: activationView,
  },
  resendSms: {
    method: 'POST',
    path: '/activations/:id/sms',
    auth: 'kid',
    status: 200,
    request: empty,
    response: activationView,
  },
  smsCode: {
    method: 'POST',
    path: '/activations/:id/sms-code',
    auth: 'kid',
    status: 200,
    request: z.strictObject({ code: z.string().regex(/^\d{6}$/) }),
    response: activationView,
  },
  enrolEvaluate: {
    method: 'POST',
    path: '/activations/:id/evaluate',
    auth: 'kid',
    status: 200,
    request: z.strictObject({ blinded: element, gen }),
    response: evaluated,
  },
  /** JWS of `ecps.enrol.v1`. */
  enrol: {
    method: 'POST',
    path: '/activations/:id/enrol',
    auth: 'kid',
    status: 201,
    request: signed,
    response: z.object({ device: deviceView, revocationCode: z.string(), receipt: z.string() }),
  },

  me: {
    method: 'GET',
    path: '/me',
    auth: 'kid',
    status: 200,
    response: z.object({
      nationalId: z.string(),
      name: z.string(),
      aud: z.string(),
      gen,
      device: deviceView,
      pin: pinState,
      pinRules,
      /** The PIN change that may still be undone. */
      rollback: z.object({ changeId: identifier, until: instant }).optional(),
      /** VAPID key to subscribe with; absent when this server sends no push. */
      pushKey: z.string().optional(),
    }),
  },
  pending: {
    method: 'GET',
    path: '/pending',
    auth: 'kid',
    status: 200,
    response: z.object({ requests: z.array(pendingRequest), newPhones: z.array(newPhone) }),
  },
  /**
   * Takes the QR of a sign-in page (fresh: 15 s) or a same-phone link, judged here and remembered: `evaluate` then
   * brings the same value as its bind, however long the PIN takes. Claims a sign-in that names nobody.
   */
  scan: {
    method: 'POST',
    path: '/pending/scan',
    auth: 'kid',
    status: 200,
    request: z.union([
      z.strictObject({ qr: z.string().max(200) }),
      z.strictObject({ link: z.string().max(400) }),
    ]),
    response: pendingRequest,
  },
  /** Server-sent events, read with fetch: `event: pending` when GET /pending has something new. */
  events: { method: 'GET', path: '/events', auth: 'kid', status: 200 },

  evaluate: {
    method: 'POST',
    path: '/transactions/:id/evaluate',
    auth: 'kid',
    status: 200,
    request: z.strictObject({ blinded: element, bind }),
    response: evaluated,
  },
  /** JWS of `ecps.approval.v1`. With `flow: same`, the phone opens `returnTo` with `v=<verifier>` added. */
  approve: {
    method: 'POST',
    path: '/transactions/:id/approve',
    auth: 'kid',
    status: 200,
    request: signed,
    response: z.object({
      receipt: z.string(),
      returnTo: z.url().optional(),
      /** Wrong PINs since the last right one. */
      wrongTriesSince: z.int().min(0),
    }),
  },
  deny: { method: 'POST', path: '/transactions/:id/deny', auth: 'kid', status: 204, request: empty },
  report: { method: 'POST', path: '/transactions/:id/report', auth: 'kid', status: 204, request: empty },

  /** `newGen` is the generation of the new PIN. */
  startPinChange: {
    method: 'POST',
    path: '/pin-changes',
    auth: 'kid',
    status: 201,
    request: empty,
    response: operation.extend({ newGen: gen, pinRules }),
  },
  /** A counted try under the old generation; also, after the change, for a rollback. */
  oldEvaluate: {
    method: 'POST',
    path: '/pin-changes/:id/old-evaluate',
    auth: 'kid',
    status: 200,
    request: blindedOnly,
    response: evaluated,
  },
  /** JWS of `ecps.pin-proof.v1`: opens the new generation. */
  provePin: {
    method: 'POST',
    path: '/pin-changes/:id/prove',
    auth: 'kid',
    status: 200,
    request: signed,
    response: z.object({ newGen: gen }),
  },
  newEvaluate: {
    method: 'POST',
    path: '/pin-changes/:id/new-evaluate',
    auth: 'kid',
    status: 200,
    request: blindedOnly,
    response: evaluated,
  },
  /** JWS of `ecps.pin-change.v1`, three signatures. */
  completePinChange: {
    method: 'POST',
    path: '/pin-changes/:id/complete',
    auth: 'kid',
    status: 200,
    request: signed,
    response: z.object({ gen, rollbackUntil: instant, receipt: z.string() }),
  },
  /** JWS of `ecps.pin-rollback.v1`; answers the generation in use again. */
  rollbackPin: {
    method: 'POST',
    path: '/pin-changes/:id/rollback',
    auth: 'kid',
    status: 200,
    request: signed,
    response: z.object({ gen, receipt: z.string() }),
  },

  startRenewal: {
    method: 'POST',
    path: '/renewals',
    auth: 'kid',
    status: 201,
    request: empty,
    response: operation,
  },
  renewalEvaluate: {
    method: 'POST',
    path: '/renewals/:id/evaluate',
    auth: 'kid',
    status: 200,
    request: blindedOnly,
    response: evaluated,
  },
  /** JWS of `ecps.renewal.v1`. */
  completeRenewal: {
    method: 'POST',
    path: '/renewals/:id/complete',
    auth: 'kid',
    status: 200,
    request: signed,
    response: z.object({ device: deviceView, receipt: z.string() }),
  },

  /** A phone already active starts approving a new one: needs its PIN, as a sign-in does. `:id` is the new phone's. */
  startNewPhone: {
    method: 'POST',
    path: '/new-phones/:id',
    auth: 'kid',
    status: 201,
    request: empty,
    response: operation.extend({ newPhone }),
  },
  newPhoneEvaluate: {
    method: 'POST',
    path: '/new-phones/:id/evaluate',
    auth: 'kid',
    status: 200,
    request: blindedOnly,
    response: evaluated,
  },
  /** JWS of `ecps.new-phone.v1`: the new phone leaves its quarantine. */
  approveNewPhone: {
    method: 'POST',
    path: '/new-phones/:id/approve',
    auth: 'kid',
    status: 200,
    request: signed,
    response: z.object({ receipt: z.string() }),
  },
  /** Removes the new phone at once; D alone suffices. */
  denyNewPhone: { method: 'POST', path: '/new-phones/:id/deny', auth: 'kid', status: 204, request: empty },

  devices: {
    method: 'GET',
    path: '/devices',
    auth: 'kid',
    status: 200,
    response: z.object({ devices: z.array(deviceView) }),
  },
  rename: {
    method: 'POST',
    path: '/devices/:id/rename',
    auth: 'kid',
    status: 200,
    request: z.strictObject({ name: label }),
    response: z.object({ device: deviceView }),
  },
  revoke: { method: 'POST', path: '/devices/:id/revoke', auth: 'kid', status: 204, request: empty },
  push: {
    method: 'PUT',
    path: '/push',
    auth: 'kid',
    status: 204,
    request: z.strictObject({ subscription: pushSubscription.nullable() }),
  },
  /** The person's latest events, newest first. */
  history: {
    method: 'GET',
    path: '/history',
    auth: 'kid',
    status: 200,
    response: z.object({
      entries: z.array(
        z.object({
          at: instant,
          kind: z.enum(HISTORY_KINDS),
          service: z.string().optional(),
          browser: z.string().optional(),
          place: z.string().optional(),
          device: z.string().optional(),
        }),
      ),
    }),
  },

  /** The printed code. Same answer whether it exists or not. */
  revokeByCode: {
    method: 'POST',
    path: '/revocations',
    auth: 'none',
    status: 204,
    request: z.strictObject({ revocationCode: z.string().max(60) }),
  },
} as const satisfies Record<string, Endpoint>;

export type EndpointName = keyof typeof ENDPOINTS;
type Spec<N extends EndpointName> = (typeof ENDPOINTS)[N];

/** The body of a call; `undefined` when it has none. */
export type RequestOf<N extends EndpointName> =
  Spec<N> extends { request: infer S extends z.ZodType } ? z.input<S> : undefined;

/** The body of an answer; `undefined` when it has none. */
export type ResponseOf<N extends EndpointName> =
  Spec<N> extends { response: infer S extends z.ZodType } ? z.output<S> : undefined;

/** The path of a call with its parameter filled in, such as `/ecps/v1/transactions/txn_…/approve`. */
export const pathOf = (name: EndpointName, id?: string): string => {
  const path: string = ENDPOINTS[name].path;
  if (path.includes(':id') !== (id !== undefined)) throw new TypeError(`${name}: id missing or superfluous`);
  return API_BASE + (id === undefined ? path : path.replace(':id', () => encodeURIComponent(id)));
};
