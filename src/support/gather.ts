import { selectEvents, type ShownEvent } from '../audit/select.ts';
import type { EventType } from '../audit/vocabulary.ts';
import { findCards, findOppositions } from '../card/repository.ts';
import { activationStateAt } from '../ecps/activation/step.ts';
import { pinStateAt, stateAt } from '../ecps/devices/state.ts';
import { maskEmail, maskPhone } from '../messages/mask.ts';
import { toFate } from '../messages/fate.ts';
import { selectFates } from '../messages/repository.ts';
import type { Clock } from '../platform/clock.ts';
import type { Database } from '../platform/postgres.ts';
import { normalize } from '../registry/national-id.ts';
import type { Practitioner, Registry } from '../registry/service.ts';
import { listRefusals, REFUSAL_DAYS, type KeptRefusal } from './refusals.ts';
import { findStatus, listActivations, listPhones, type ActivationRow, type PhoneRow } from './repository.ts';
import type {
  SeenActivation,
  SeenContact,
  SeenLostCard,
  SeenPerson,
  SeenPhone,
  SeenRefusal,
  SupportView,
} from './view.ts';

/** Reads everything that may tell why a person cannot activate or sign in. */

export interface GatherDeps {
  db: Database;
  clock: Clock;
  registry: Pick<Registry, 'find' | 'contact' | 'contactHistory'>;
}

const MOST = { activations: 10, messages: 20, events: 100, refusals: 30 } as const;

const seePerson = async (db: Database, person: Practitioner): Promise<SeenPerson> => {
  const [exercise] = person.exercises;
  const status = await findStatus(db, person.id);
  return {
    id: person.id,
    name: `${person.givenName} ${person.familyName}`.trim(),
    professionCode: exercise?.codeProfession ?? '',
    professionCategory: exercise?.codeCategorieProfessionnelle ?? '',
    status: person.status,
    statusSetAt: status?.setAt,
    missingSince: status?.missingSince,
    source: person.source,
  };
};

const NO_CONTACT: SeenContact = {
  state: 'missing',
  missing: ['email', 'phone'],
  email: undefined,
  phone: undefined,
  origin: undefined,
  declaredAt: undefined,
  effectiveAt: undefined,
};

const seeContact = async (registry: GatherDeps['registry'], practitionerId: string): Promise<SeenContact> => {
  const [{ state }, [newest]] = await Promise.all([
    registry.contact(practitionerId),
    registry.contactHistory(practitionerId),
  ]);
  if (!newest) return NO_CONTACT;
  const { email, phone, origin, declaredAt, effectiveAt } = newest;
  return {
    state,
    missing: [
      ...(email === undefined ? (['email'] as const) : []),
      ...(phone === undefined ? (['phone'] as const) : []),
    ],
    email: email === undefined ? undefined : maskEmail(email),
    phone: phone === undefined ? undefined : maskPhone(phone),
    origin,
    declaredAt,
    effectiveAt,
  };
};

const stepOf = (row: ActivationRow): SeenActivation['step'] => {
  if (row.state === 'confirm_due' || row.state === 'pin_due') return row.state;
  if (row.via === 'card') return 'confirm_due';
  if (row.sms_used_at !== null) return 'pin_due';
  return row.mail_used_at === null ? 'mail_sent' : 'sms_sent';
};

const seeActivation = (row: ActivationRow, now: Date): SeenActivation => ({
  id: row.id,
  state: activationStateAt(row, now),
  step: stepOf(row),
  via: row.via,
  device: row.name,
  silent: row.silent,
  wrongTries: row.wrong_tries,
  startedAt: row.created_at,
  expiresAt: row.expires_at,
  endedAt: row.ended_at ?? undefined,
});

const seePhone = (row: PhoneRow, now: Date): SeenPhone => {
  const { triesLeft, wait } = pinStateAt(row, now);
  return {
    id: row.id,
    name: row.name,
    model: row.model,
    os: row.os,
    state: stateAt(row, now),
    via: row.via,
    addedAt: row.added_at,
    lastUsedAt: row.last_used_at ?? undefined,
    renewBy: row.expires_at,
    quarantineUntil: row.quarantine_until ?? undefined,
    endedAt: row.ended_at ?? undefined,
    endedWhy: row.ended_why ?? undefined,
    pin: { triesLeft, waitSeconds: wait ?? 0 },
    notifications: row.has_push,
  };
};

const seeCards = async (db: Database, nationalId: string): Promise<SeenLostCard[]> => {
  const cards = await findCards(db, nationalId);
  if (cards.length === 0) return [];
  const lost = new Map((await findOppositions(db)).map((one) => [one.serial, one]));
  return cards.map(({ cardNumber, cardType, serial, notAfter, lastAt }) => {
    const opposed = lost.get(serial) ?? lost.get(cardNumber);
    return {
      ...{ cardNumber, cardType, serial, notAfter, lastAt },
      lost: opposed && { at: opposed.createdAt, reason: opposed.reason },
    };
  });
};

/** The code that a person met, of each event that refused him something. */
const CODE_OF: Partial<Record<EventType, (details: ShownEvent['details']) => string>> = {
  'ecps.activation_refused': ({ reason }) => String(reason),
  'ecps.activation_code_wrong': () => 'code_wrong',
  'ecps.activation_closed': ({ reason }) => (reason === 'phone_limit' ? 'phone_limit' : 'gone'),
  'ecps.pin_wrong': () => 'pin_wrong',
  'ecps.device_locked': () => 'device_locked',
  'ecps.device_frozen': () => 'device_frozen',
  'ecps.approval_bound_wrong': () => 'bind_wrong',
  'card.refused': ({ reason }) => String(reason),
  sign_in_refused: ({ error }) => String(error),
};

const ANSWERS = {
  'ecps.approval_given': 'approved',
  'ecps.approval_denied': 'denied',
  'ecps.approval_reported': 'reported',
  'ecps.approval_bound_wrong': 'bind_wrong',
} as const satisfies Partial<Record<EventType, NonNullable<SupportView['lastAsk']>['answer']>>;

const EVENT_TYPES: readonly string[] = [
  ...Object.keys(CODE_OF),
  ...Object.keys(ANSWERS),
  'sign_in_granted',
  'ecps.approval_started',
];

/** The code that a person met with this event, if it refused something. */
export const codeOfEvent = ({ type, details }: ShownEvent): string | undefined =>
  CODE_OF[type as EventType]?.(details);

const refusalsOf = (events: readonly ShownEvent[], kept: readonly KeptRefusal[]): SeenRefusal[] => {
  const told = events.flatMap((event): SeenRefusal[] => {
    const code = codeOfEvent(event);
    return code === undefined
      ? []
      : [{ at: event.at, code, supportId: event.supportId, where: event.clientId }];
  });
  const known = new Set(told.map(({ supportId }) => supportId));
  const met = kept
    .filter(({ supportId }) => !known.has(supportId))
    .map(({ at, code, supportId, route, clientId }) => ({ at, code, supportId, where: clientId ?? route }));
  // The audit tells a wrong code or PIN without a support id; the page that said so is the same refusal.
  const again = (one: SeenRefusal) =>
    told.some(
      ({ at, code, supportId }) =>
        supportId === undefined && code === one.code && Math.abs(at.getTime() - one.at.getTime()) < 2000,
    );
  return [...told, ...met.filter((one) => !again(one))]
    .toSorted((a, b) => b.at.getTime() - a.at.getTime())
    .slice(0, MOST.refusals);
};

const lastAskOf = (events: readonly ShownEvent[]): SupportView['lastAsk'] => {
  const asked = events.find(({ type }) => type === 'ecps.approval_started');
  if (!asked) return undefined;
  const answer = events.find(({ id, type }) => id > asked.id && Object.hasOwn(ANSWERS, type));
  return { at: asked.at, answer: answer ? ANSWERS[answer.type as keyof typeof ANSWERS] : 'none' };
};

const EMPTY = { activations: [], messages: [], phones: [], cards: [] };

/** Everything about the person whom this identifier names, or that it names nobody. */
export const gatherSupport = async (deps: GatherDeps, asked: string): Promise<SupportView> => {
  const { db, clock, registry } = deps;
  const now = clock.now();
  const read = normalize(asked);
  const since = new Date(now.getTime() - REFUSAL_DAYS * 86_400_000);
  const person = await registry.find(asked);
  // Somebody may be asked for by an identifier of before.
  const nationalId = person?.nationalId ?? asked;
  const [events, kept] = await Promise.all([
    selectEvents(db, { nationalId, types: EVENT_TYPES, since, limit: MOST.events }),
    listRefusals(db, nationalId, MOST.refusals),
  ]);
  const granted = events.find(({ type }) => type === 'sign_in_granted');
  const common = {
    nationalId,
    luhn: read.ok && read.luhn,
    at: now,
    refusals: refusalsOf(events, kept),
    lastSignIn: granted && { at: granted.at, clientId: granted.clientId ?? '' },
    lastAsk: lastAskOf(events),
  };
  if (!person) return { ...common, ...EMPTY, person: undefined, contact: NO_CONTACT };
  const { id } = person;
  const [seen, contact, activations, fates, phones, cards] = await Promise.all([
    seePerson(db, person),
    seeContact(registry, id),
    listActivations(db, id, MOST.activations),
    selectFates(db, { practitionerId: id, limit: MOST.messages }),
    listPhones(db, id),
    seeCards(db, nationalId),
  ]);
  return {
    ...common,
    person: seen,
    contact,
    activations: activations.map((row) => seeActivation(row, now)),
    messages: fates.map(toFate),
    phones: phones.map((row) => seePhone(row, now)),
    cards,
  };
};
