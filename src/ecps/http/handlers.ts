import type { Context } from 'koa';
import type { Activations, ActivationRow } from '../activation/service.ts';
import { approveSignIn } from '../approvals/approve.ts';
import { denySignIn, evaluateSignIn, listPending, reportSignIn, scanSignIn } from '../approvals/phone.ts';
import type { Ecps } from '../deps.ts';
import { approveNewPhone, denyNewPhone, evaluateNewPhone, startNewPhone } from '../devices/new-phone.ts';
import type { DeviceRow } from '../devices/repository.ts';
import type { Devices } from '../devices/service.ts';
import { pinStateAt, stateAt, viewOf } from '../devices/state.ts';
import { readHistory } from '../history.ts';
import { isPushEndpoint } from '../../messages/push-address.ts';
import {
  completePinChange,
  evaluateNewPin,
  evaluateOldPin,
  provePin,
  rollbackPin,
  startPinChange,
} from '../pin/change.ts';
import { completeRenewal, evaluateRenewal, startRenewal } from '../pin/renewal.ts';
import { findCommittedChange } from '../pin/repository.ts';
import { PIN_MAX_LENGTH, type EndpointName, type RequestOf } from '../protocol/api.ts';
import type { PublicJwk } from '../protocol/payloads.ts';
import { refuse } from '../refuse.ts';
import { streamEvents } from './events.ts';

/** What each call does, once its proof, its phone's state and its body are right. */

export interface Call<N extends EndpointName> {
  ctx: Context;
  body: RequestOf<N>;
  /** The `:id` of the path, '' when it has none. */
  id: string;
  address: string;
  key(): { jwk: PublicJwk; thumbprint: string };
  activation(): ActivationRow;
  device(): DeviceRow;
}

export type Handlers = { [N in EndpointName]: (call: Call<N>) => Promise<unknown> };

const sameKey = (a: PublicJwk, b: PublicJwk): boolean => a.x === b.x && a.y === b.y;

const activationHandlers = (activations: Activations) => ({
  activate: async ({ body, key, address }: Call<'activate'>) => {
    const { jwk, thumbprint } = key();
    if (!sameKey(jwk, body.jwk)) throw refuse('payload_mismatch', { detail: 'jwk is not that of the proof' });
    const { nationalId, device, locale } = body;
    return activations.start({ nationalId, device, locale, jwk, thumbprint, address });
  },
  activateByCard: async ({ body, key, address }: Call<'activateByCard'>) => {
    const { jwk, thumbprint } = key();
    if (!sameKey(jwk, body.jwk)) throw refuse('payload_mismatch', { detail: 'jwk is not that of the proof' });
    const { qr, device, locale } = body;
    return activations.scanCard({ qr, device, locale, jwk, thumbprint, address });
  },
  activation: async ({ activation }: Call<'activation'>) => activations.view(activation()),
  resendMail: ({ activation }: Call<'resendMail'>) => activations.resendMail(activation()),
  scanMail: ({ activation, body }: Call<'scanMail'>) => activations.scan(activation(), body),
  resendSms: ({ activation }: Call<'resendSms'>) => activations.resendSms(activation()),
  smsCode: ({ activation, body }: Call<'smsCode'>) => activations.confirmSms(activation(), body.code),
  enrolEvaluate: ({ activation, body }: Call<'enrolEvaluate'>) => activations.evaluate(activation(), body),
  enrol: ({ activation, body }: Call<'enrol'>) => activations.enrol(activation(), body.jws),
});

const me = async (ecps: Ecps, device: DeviceRow) => {
  const now = ecps.clock.now();
  const [person, change] = await Promise.all([
    ecps.registry.findById(device.practitioner_id),
    findCommittedChange(ecps.db, device.id),
  ]);
  const until = change?.rollback_until ?? undefined;
  return {
    nationalId: device.national_id,
    name: person ? `${person.givenName} ${person.familyName}`.trim() : '',
    aud: ecps.config.issuer,
    gen: device.gen,
    device: viewOf(device, now, device.id),
    pin: pinStateAt(device, now),
    pinRules: { minLength: ecps.config.pinMinLength, maxLength: PIN_MAX_LENGTH },
    ...(change && until && until > now
      ? { rollback: { changeId: change.id, until: until.toISOString() } }
      : {}),
    ...(ecps.config.vapidPublicKey === undefined ? {} : { pushKey: ecps.config.vapidPublicKey }),
  };
};

const signInHandlers = (ecps: Ecps) => ({
  pending: async ({ device }: Call<'pending'>) =>
    stateAt(device(), ecps.clock.now()) === 'active'
      ? listPending(ecps, device())
      : { requests: [], newPhones: [] },
  scan: ({ device, body }: Call<'scan'>) => scanSignIn(ecps, device(), body),
  events: ({ device, ctx }: Call<'events'>) => streamEvents(ecps, ctx, device()),
  evaluate: ({ device, id, body }: Call<'evaluate'>) => evaluateSignIn(ecps, device(), id, body),
  approve: ({ device, id, body }: Call<'approve'>) => approveSignIn(ecps, device(), id, body.jws),
  deny: ({ device, id }: Call<'deny'>) => denySignIn(ecps, device(), id),
  report: ({ device, id }: Call<'report'>) => reportSignIn(ecps, device(), id),
});

const pinHandlers = (ecps: Ecps) => ({
  startPinChange: ({ device }: Call<'startPinChange'>) => startPinChange(ecps, device()),
  oldEvaluate: ({ device, id, body }: Call<'oldEvaluate'>) =>
    evaluateOldPin(ecps, device(), id, body.blinded),
  provePin: ({ device, id, body }: Call<'provePin'>) => provePin(ecps, device(), id, body.jws),
  newEvaluate: ({ device, id, body }: Call<'newEvaluate'>) =>
    evaluateNewPin(ecps, device(), id, body.blinded),
  completePinChange: ({ device, id, body }: Call<'completePinChange'>) =>
    completePinChange(ecps, device(), id, body.jws),
  rollbackPin: ({ device, id, body }: Call<'rollbackPin'>) => rollbackPin(ecps, device(), id, body.jws),
  startRenewal: ({ device }: Call<'startRenewal'>) => startRenewal(ecps, device()),
  renewalEvaluate: ({ device, id, body }: Call<'renewalEvaluate'>) =>
    evaluateRenewal(ecps, device(), id, body.blinded),
  completeRenewal: ({ device, id, body }: Call<'completeRenewal'>) =>
    completeRenewal(ecps, device(), id, body.jws),
});

const deviceHandlers = (ecps: Ecps, devices: Devices) => ({
  me: ({ device }: Call<'me'>) => me(ecps, device()),
  startNewPhone: ({ device, id }: Call<'startNewPhone'>) => startNewPhone(ecps, device(), id),
  newPhoneEvaluate: ({ device, id, body }: Call<'newPhoneEvaluate'>) =>
    evaluateNewPhone(ecps, device(), id, body.blinded),
  approveNewPhone: ({ device, id, body }: Call<'approveNewPhone'>) =>
    approveNewPhone(ecps, device(), id, body.jws),
  denyNewPhone: ({ device, id }: Call<'denyNewPhone'>) => denyNewPhone(ecps, device(), id),
  devices: async ({ device }: Call<'devices'>) => ({
    devices: await devices.list(device().national_id, device().id),
  }),
  rename: async ({ device, id, body }: Call<'rename'>) => {
    const renamed = await devices.rename(device().national_id, id, body.name);
    return { device: { ...renamed, current: id === device().id } };
  },
  revoke: ({ device, id }: Call<'revoke'>) => devices.revoke(device().national_id, id, 'owner'),
  push: async ({ device, body: { subscription } }: Call<'push'>) => {
    if (subscription !== null && !isPushEndpoint(subscription.endpoint)) {
      throw refuse('request_invalid', { detail: 'not the address of a push service' });
    }
    await devices.setPush(device().id, subscription ?? undefined);
  },
  history: async ({ device }: Call<'history'>) => ({
    entries: await readHistory(ecps.db, device().national_id),
  }),
});

/** Codes from one address; 80 random bits each, so this only keeps the noise down. */
const REVOCATIONS = { limit: 20, seconds: 3600 } as const;

/** Refuses when one address tries too many printed codes. */
export const countRevocationTry = async (ecps: Pick<Ecps, 'limits'>, address: string): Promise<void> => {
  const tries = await ecps.limits.hit('ecps-revocation', address, [REVOCATIONS]);
  if (!tries.allowed) throw refuse('too_many_requests', { retryAfter: tries.retryAfter });
};

/** Every call of the API. */
export const createHandlers = (
  ecps: Ecps,
  rooms: { activations: Activations; devices: Devices },
): Handlers => ({
  nonce: async () => undefined,
  keys: async () => ecps.keys.jwks(),
  ...activationHandlers(rooms.activations),
  ...signInHandlers(ecps),
  ...pinHandlers(ecps),
  ...deviceHandlers(ecps, rooms.devices),
  revokeByCode: async ({ body, address }) => {
    await countRevocationTry(ecps, address);
    await rooms.devices.revokeByCode(body.revocationCode);
  },
});
