import type { Audit } from '../audit/record.ts';
import type { Clock } from '../platform/clock.ts';
import type { Database, Queryable } from '../platform/postgres.ts';
import { Refusal } from '../http/errors.ts';
import { normalizeEmail, normalizePhone } from './contact-value.ts';
import { normalize } from './national-id.ts';
import { findByNationalId } from './repository.ts';

/**
 * Declaring contact details, whoever does: the Ordre's desk, the feed of its portal, the sandbox. Each change restarts
 * the delay before the e-CPS may be activated with them; saying again what already holds restarts nothing. Imports write
 * their declarations by sets (comparison.ts), by the same rule.
 */

/** undefined: as before; null: withdrawn; else in normal form. */
export interface ContactValues {
  email: string | null | undefined;
  phone: string | null | undefined;
}

export interface NewDeclaration extends ContactValues {
  practitionerId: string;
  nationalId: string;
}

export interface DeclarationScope {
  audit?: Audit | undefined;
  /** `desk`, `feed`, `sandbox`… */
  origin: string;
  /** Who, beyond the origin: a feed's id, an operator's name. */
  by?: string | undefined;
  declaredAt: Date;
  effectiveAt: Date;
  /** Nobody is told of it: what a sandbox begins with. */
  quiet?: boolean | undefined;
  /** Declared again even when nothing differs. */
  always?: boolean | undefined;
}

export interface Declared {
  /** `unchanged`: these very values hold already, since the instant before which they were declared. */
  outcome: 'declared' | 'unchanged';
  effectiveAt: Date;
}

/** One value as it was given: undefined stays, "" withdraws, anything else must be usable (`contact_malformed`). */
const contactValue = (
  value: string | undefined,
  normalizeValue: (value: string) => string | undefined,
): string | null | undefined => {
  if (value === undefined) return undefined;
  if (value.trim() === '') return null;
  const normal = normalizeValue(value);
  if (normal === undefined) throw new Refusal('contact_malformed', 400);
  return normal;
};

/** What people and programs write, in the one form we keep. Refusal: `contact_malformed`. */
export const contactValues = (given: {
  email?: string | undefined;
  phone?: string | undefined;
}): ContactValues => ({
  email: contactValue(given.email, normalizeEmail),
  phone: contactValue(given.phone, normalizePhone),
});

/** Contact details of one person change one after the other: locks of this class, one for each of 256 groups of persons. */
const LOCK_CLASS = 7_265_013;
const LOCK_GROUPS = 256;

/** Holds the contact details of these persons until the end of the transaction; in one order, so that none waits in a ring. */
export const lockContacts = async (tx: Queryable, practitionerIds: readonly string[]): Promise<void> => {
  const groups = practitionerIds.map((id) => Number.parseInt(id.slice(-2), 16) % LOCK_GROUPS);
  for (const group of [...new Set(groups)].sort((a, b) => a - b)) {
    // oxlint-disable-next-line no-await-in-loop -- the order is the point
    await tx.query('SELECT pg_advisory_xact_lock($1, $2)', [LOCK_CLASS, group]);
  }
};

interface Holding {
  email: string | null;
  phone: string | null;
  effectiveAt: Date;
}

const findHolding = async (tx: Queryable, ids: readonly string[]): Promise<Map<string, Holding>> => {
  const { rows } = await tx.query<{
    practitioner_id: string;
    email: string | null;
    phone: string | null;
    effective_at: Date;
  }>(
    `SELECT DISTINCT ON (practitioner_id) practitioner_id, email, phone, effective_at FROM practitioner_contact
      WHERE practitioner_id = ANY ($1::uuid[]) ORDER BY practitioner_id, id DESC`,
    [ids],
  );
  return new Map(
    rows.map((row) => [
      row.practitioner_id,
      { email: row.email, phone: row.phone, effectiveAt: row.effective_at },
    ]),
  );
};

const insertDeclarations = async (
  tx: Queryable,
  rows: readonly { id: string; holding: Holding }[],
  { origin, by, declaredAt, effectiveAt, quiet }: DeclarationScope,
): Promise<void> => {
  await tx.query(
    `INSERT INTO practitioner_contact (practitioner_id, email, phone, origin, declared_by, declared_at, effective_at, told_at)
     SELECT id, email, phone, $4, $5, $6, $7, $8
       FROM unnest($1::uuid[], $2::text[], $3::text[]) WITH ORDINALITY AS given (id, email, phone, n) ORDER BY n`,
    [
      rows.map(({ id }) => id),
      rows.map(({ holding }) => holding.email),
      rows.map(({ holding }) => holding.phone),
      origin,
      by ?? null,
      declaredAt,
      effectiveAt,
      quiet ? declaredAt : null,
    ],
  );
};

/** Declares contact details, several persons at once, in the order given; one answer for each. */
export const declareContacts = async (
  tx: Queryable,
  declarations: readonly NewDeclaration[],
  scope: DeclarationScope,
): Promise<Declared[]> => {
  const ids = declarations.map(({ practitionerId }) => practitionerId);
  await lockContacts(tx, ids);
  const holdings = await findHolding(tx, ids);
  const changed: { id: string; nationalId: string; holding: Holding }[] = [];
  const answers = declarations.map(({ practitionerId: id, nationalId, email, phone }): Declared => {
    const now = holdings.get(id);
    const holding: Holding = {
      email: email === undefined ? (now?.email ?? null) : email,
      phone: phone === undefined ? (now?.phone ?? null) : phone,
      effectiveAt: scope.effectiveAt,
    };
    const same = now !== undefined && now.email === holding.email && now.phone === holding.phone;
    if (same && !scope.always) return { outcome: 'unchanged', effectiveAt: now.effectiveAt };
    holdings.set(id, holding);
    changed.push({ id, nationalId, holding });
    return { outcome: 'declared', effectiveAt: scope.effectiveAt };
  });
  if (changed.length > 0) await insertDeclarations(tx, changed, scope);
  const details = { origin: scope.origin, ...(scope.by === undefined ? {} : { by: scope.by }) };
  for (const { nationalId } of changed) {
    // oxlint-disable-next-line no-await-in-loop -- one connection
    await scope.audit?.record(tx, { type: 'contact_changed', nationalId, details });
  }
  return answers;
};

/** When details declared now may serve. */
export const effectiveAfter = (declaredAt: Date, delayHours: number): Date =>
  new Date(declaredAt.getTime() + delayHours * 3_600_000);

export interface ContactDesk {
  db: Database;
  clock: Clock;
  audit: Audit;
  contactDelayHours: number;
}

export interface ContactChange {
  /** As people write it. */
  nationalId: string;
  /** Left out: as before; "": withdrawn. */
  email?: string | undefined;
  phone?: string | undefined;
  /** Who does it. */
  by?: string | undefined;
}

/**
 * The Ordre's desk declares the contact details of one person. Refusals: `identifier_malformed`, `identifier_unknown`,
 * `contact_malformed`.
 */
export const changeContact = async (
  { db, clock, audit, contactDelayHours }: ContactDesk,
  { nationalId: typed, by, ...given }: ContactChange,
): Promise<Declared & { nationalId: string }> => {
  const normal = normalize(typed);
  if (!normal.ok) throw new Refusal('identifier_malformed', 400);
  const values = contactValues(given);
  const { nationalId } = normal;
  return db.transaction(async (tx) => {
    const person = await findByNationalId(tx, nationalId);
    if (!person) throw new Refusal('identifier_unknown', 404);
    const declaredAt = clock.now();
    const [declared] = await declareContacts(tx, [{ practitionerId: person.id, nationalId, ...values }], {
      ...{ audit, origin: 'desk', by, declaredAt },
      effectiveAt: effectiveAfter(declaredAt, contactDelayHours),
    });
    if (!declared) throw new Error('a declaration has an answer');
    return { ...declared, nationalId };
  });
};
