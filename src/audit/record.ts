import type { Clock } from '../platform/clock.ts';
import type { Queryable } from '../platform/postgres.ts';
import { EVENTS, type EventType } from './vocabulary.ts';

export type Details = Readonly<Record<string, string | number | boolean>>;

/** What happened, to whom, through what. */
export interface AuditEvent {
  type: EventType;
  /** The practitioner concerned. */
  nationalId?: string;
  /** The service concerned. */
  clientId?: string;
  /** The phone concerned. */
  deviceId?: string;
  /** The id a person was shown. */
  supportId?: string;
  /** The network address the request came from. */
  address?: string;
  /** Facts. Never an e-mail, phone number, PIN, code or token. */
  details?: Details;
}

export interface Audit {
  /**
   * Records an event in the caller's transaction: it is there if, and only if, what it tells is. Throws on a type outside
   * the vocabulary or a detail that must not be kept.
   */
  record(tx: Queryable, event: AuditEvent): Promise<void>;
  /** The same for several, in one statement: all are there, in this order, or none. */
  recordAll(tx: Queryable, events: readonly AuditEvent[]): Promise<void>;
}

/** Last word of a detail's name that would announce something the audit must not hold. */
const FORBIDDEN = new Set(
  'email mail courriel phone tel telephone pin code codes otp token tokens secret password cookie qr jwt'.split(
    ' ',
  ),
);
const LONGEST_TEXT = 500;
const EMAIL = /[^\s@]+@[^\s@]+\.[^\s@]+/g;
const PHONE = /\+\d[\d .-]{7,}\d/g;

/** True when `name` ends with a forbidden word: `email`, `smsCode`, `new_pin`; but `pinTries` and `decoded` pass. */
const isForbidden = (name: string): boolean => {
  const words = name.split(/[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])/);
  return FORBIDDEN.has((words.at(-1) ?? '').toLowerCase());
};

/** Text from outside: without what PostgreSQL refuses, without addresses someone may have put into a name, not endless. */
const cleanText = (text: string): string =>
  text
    .toWellFormed()
    .replaceAll('\0', '')
    .replace(EMAIL, '[removed]')
    .replace(PHONE, '[removed]')
    .slice(0, LONGEST_TEXT);

const cleanDetails = (details: Details): Details =>
  Object.fromEntries(
    Object.entries(details).map(([name, value]): [string, string | number | boolean] => {
      if (isForbidden(name)) throw new TypeError(`an audit event has no detail named ${name}`);
      if (typeof value === 'string') return [name, cleanText(value)];
      if (typeof value === 'boolean' || Number.isFinite(value)) return [name, value];
      throw new TypeError(`the detail ${name} of an audit event is neither text, finite number nor boolean`);
    }),
  );

const insertEvent = async (tx: Queryable, at: Date, event: AuditEvent): Promise<void> => {
  const text = (value: string | undefined): string | null => (value === undefined ? null : cleanText(value));
  await tx.query(
    `INSERT INTO audit_event (at, type, national_id, client_id, device_id, support_id, address, details)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      at,
      event.type,
      text(event.nationalId),
      text(event.clientId),
      text(event.deviceId),
      text(event.supportId),
      text(event.address),
      JSON.stringify(cleanDetails(event.details ?? {})),
    ],
  );
};

const insertEvents = async (tx: Queryable, at: Date, events: readonly AuditEvent[]): Promise<void> => {
  const texts = (name: 'nationalId' | 'clientId' | 'deviceId' | 'supportId' | 'address') =>
    events.map((event) => {
      const value = event[name];
      return value === undefined ? null : cleanText(value);
    });
  await tx.query(
    `INSERT INTO audit_event (at, type, national_id, client_id, device_id, support_id, address, details)
     SELECT $1, type, national_id, client_id, device_id, support_id, address, details::jsonb
       FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[])
            WITH ORDINALITY AS event (type, national_id, client_id, device_id, support_id, address, details, place)
      ORDER BY place`,
    [
      at,
      events.map(({ type }) => type),
      texts('nationalId'),
      texts('clientId'),
      texts('deviceId'),
      texts('supportId'),
      texts('address'),
      events.map(({ details }) => JSON.stringify(cleanDetails(details ?? {}))),
    ],
  );
};

const known = (event: AuditEvent): void => {
  if (!Object.hasOwn(EVENTS, event.type)) throw new TypeError(`${event.type} is not an audit event`);
};

/** Makes the recorder of audit events; `counted` hears of each type, before its transaction ends. */
export const createAudit = ({
  clock,
  counted,
}: {
  clock: Clock;
  counted?: (type: EventType) => void;
}): Audit => ({
  record: async (tx, event) => {
    known(event);
    await insertEvent(tx, clock.now(), event);
    counted?.(event.type);
  },
  recordAll: async (tx, events) => {
    for (const event of events) known(event);
    await insertEvents(tx, clock.now(), events);
    for (const { type } of events) counted?.(type);
  },
});
