import { Refusal } from '../../http/errors.ts';
import type { Queryable } from '../../platform/postgres.ts';
import { id as newId } from '../../platform/random.ts';
import type { Practitioner } from '../../registry/service.ts';
import type { Ecps } from '../deps.ts';
import { findDeviceByKey } from '../devices/repository.ts';
import type { PublicJwk } from '../protocol/payloads.ts';
import { decide, refuse } from '../refuse.ts';
import {
  CALLS_PER_ADDRESS,
  isOwnMachine,
  MAIL_SECONDS,
  MAILS_PER_PERSON,
  OPEN_PER_PERSON,
  PER_ADDRESS,
  PER_KEY,
} from './limits.ts';
import { requireContact } from './contact.ts';
import { sendMail } from './mail.ts';
import {
  findActivation,
  insertActivation,
  lockPerson,
  readUsage,
  supersede,
  type ActivationRow,
} from './repository.ts';

/** Asking for an activation: who is it, can he be reached, and is there still room? */

export interface ActivationRequest {
  nationalId: string;
  jwk: PublicJwk;
  thumbprint: string;
  device: { name: string; model: string; os: string };
  locale: 'fr' | 'en';
  address: string;
}

/** Refusals of one person that become rows; anyone can ask in anyone's name. */
const REFUSALS_WRITTEN = { limit: 20, seconds: 3600 } as const;

/** Leaves the reason, which the phone may not be told whole, for the help desk. Returns the refusal. */
const tellRefused = async (
  ecps: Ecps,
  request: ActivationRequest,
  nationalId: string,
  refusal: Refusal,
  reason: string = refusal.code,
): Promise<Refusal> => {
  refusal.about = { nationalId };
  const counted = await ecps.limits.hit('ecps-refusals-written', nationalId, [REFUSALS_WRITTEN]);
  if (counted.allowed) {
    await ecps.audit.record(ecps.db, {
      type: 'ecps.activation_refused',
      nationalId,
      supportId: refusal.supportId,
      address: request.address,
      details: { reason },
    });
  }
  return refusal;
};

/** The person, who must practise; what is refused tells only what the public directory tells. */
const findPerson = async (ecps: Ecps, request: ActivationRequest): Promise<Practitioner> => {
  const normalized = ecps.registry.normalize(request.nationalId);
  if (!normalized.ok) throw refuse('identifier_malformed');
  const { nationalId, luhn } = normalized;
  const person = await ecps.registry.find(nationalId);
  if (person?.status === 'active') return person;
  const refusal = refuse(luhn ? 'identifier_unknown' : 'identifier_check');
  refusal.about = { nationalId };
  throw person ? await tellRefused(ecps, request, nationalId, refusal, `person_${person.status}`) : refusal;
};

/** The contact details of a person who asks for an activation. */
const findContact = async (ecps: Ecps, request: ActivationRequest, person: Practitioner) => {
  try {
    return await requireContact(ecps, person.id);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw await tellRefused(ecps, request, person.nationalId, error);
  }
};

const before = (now: Date, seconds: number): Date => new Date(now.getTime() - seconds * 1000);

/** True when a quota is full: the answer stays the same, and no mail leaves. */
const overQuota = async (
  ecps: Ecps,
  tx: Queryable,
  request: ActivationRequest,
  practitionerId: string,
): Promise<boolean> => {
  const now = ecps.clock.now();
  const usage = await readUsage(tx, {
    practitionerId,
    thumbprint: request.thumbprint,
    address: request.address,
    now,
    mailsSince: before(now, MAILS_PER_PERSON.seconds),
    keySince: before(now, PER_KEY.seconds),
    addressSince: before(now, PER_ADDRESS.seconds),
  });
  return (
    usage.open >= OPEN_PER_PERSON ||
    usage.mails >= MAILS_PER_PERSON.limit ||
    usage.byKey >= PER_KEY.limit ||
    (usage.byAddress >= PER_ADDRESS.limit && !isOwnMachine(request.address))
  );
};

/** The id of the phone to be: that of the phone which has this key already, or a new one. */
export const deviceIdFor = async (
  tx: Queryable,
  thumbprint: string,
  practitionerId: string,
): Promise<string | Refusal> => {
  const known = await findDeviceByKey(tx, thumbprint);
  if (!known) return newId('dev');
  if (known.state === 'revoked') return refuse('device_revoked');
  if (known.practitioner_id !== practitionerId) {
    return refuse('already_used', { detail: 'this key D is the phone of someone else' });
  }
  return known.id;
};

const insert = async (
  ecps: Ecps,
  tx: Queryable,
  request: ActivationRequest,
  person: Practitioner,
): Promise<ActivationRow | Refusal> => {
  const now = ecps.clock.now();
  await lockPerson(tx, person.id);
  const deviceId = await deviceIdFor(tx, request.thumbprint, person.id);
  if (deviceId instanceof Refusal) return deviceId;
  const silent = await overQuota(ecps, tx, request, person.id);
  await supersede(tx, request.thumbprint, now);
  const id = newId('act');
  await insertActivation(tx, {
    id,
    practitioner_id: person.id,
    national_id: person.nationalId,
    device_id: deviceId,
    jwk: request.jwk,
    thumbprint: request.thumbprint,
    ...request.device,
    locale: request.locale,
    address: request.address,
    place: ecps.ports.placeOf?.(request.address) ?? '',
    state: 'mail_sent',
    via: 'contact',
    card_serial: null,
    letters: null,
    silent,
    created_at: now,
    expires_at: new Date(now.getTime() + MAIL_SECONDS * 1000),
  });
  await ecps.audit.record(tx, {
    type: 'ecps.activation_started',
    nationalId: person.nationalId,
    deviceId,
    address: request.address,
    details: { activation: id, silent },
  });
  const activation = await findActivation(tx, id);
  if (!activation) throw new Error('the activation just written is not there');
  return activation;
};

/** Starts an activation and sends its mail. */
export const startActivation = async (ecps: Ecps, request: ActivationRequest): Promise<ActivationRow> => {
  const calls = await ecps.limits.hit('ecps-activation', request.address, [CALLS_PER_ADDRESS]);
  if (!calls.allowed && !isOwnMachine(request.address))
    throw refuse('too_many_requests', { retryAfter: calls.retryAfter });
  const person = await findPerson(ecps, request);
  const contact = await findContact(ecps, request, person);
  const activation = await decide(ecps.db, async (tx) => {
    const made = await insert(ecps, tx, request, person);
    if (!(made instanceof Refusal) && !made.silent) await sendMail(ecps, tx, made, contact.email);
    return made;
  });
  ecps.messages.kick();
  return activation;
};
