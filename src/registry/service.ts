import { Refusal } from '../http/errors.ts';
import type { Clock } from '../platform/clock.ts';
import type { Audit } from '../audit/record.ts';
import type { Database, Queryable } from '../platform/postgres.ts';
import { contactValues, declareContacts, effectiveAfter } from './contacts.ts';
import { completeExercise, type Exercise } from './exercise.ts';
import { fold } from './fold.ts';
import { normalize, registerOf, type Normalized } from './national-id.ts';
import {
  findById,
  findByName,
  findCurrentId,
  listContacts,
  storedExercises,
  updateStatus,
  type DirectoryRow,
  type OtherId,
  type PractitionerRow,
  type Status,
} from './repository.ts';
import { createPersonLookup } from './person-lookup.ts';

export type { Activity, Exercise } from './exercise.ts';
export type { OtherId, Status } from './repository.ts';

/** A person of the registry. */
export interface Practitioner {
  id: string;
  nationalId: string;
  /** What ends `sub`: it never changes, even when the national identifier does. */
  subject: string;
  familyName: string;
  givenName: string;
  /** `M`, `MME` or "". */
  civility: string;
  /** `active` and nothing else may sign in. */
  status: Status;
  exercises: Exercise[];
  otherIds: OtherId[];
  source: string;
  /** Since when the files of the source no longer name them; inactive once the grace is over. */
  missingSince?: Date;
}

/** Whether the contact details may serve an activation. */
export type ContactState =
  | { state: 'ok'; email: string; phone: string }
  | { state: 'missing' }
  | { state: 'too_recent'; availableAt: Date };

/** One declaration of contact details, as the help desk reads it. */
export interface ContactDeclaration {
  email: string | undefined;
  phone: string | undefined;
  /** `import`, or who declared it otherwise. */
  origin: string;
  /** Who, beyond the origin: a feed, an operator. */
  by: string | undefined;
  declaredAt: Date;
  effectiveAt: Date;
  /** When those who were reached before were told of it. */
  toldAt: Date | undefined;
  /** When one of them stopped it. */
  stoppedAt: Date | undefined;
}

/** What the public directory says of a person. */
export interface DirectoryEntry {
  nationalId: string;
  familyName: string;
  givenName: string;
  civility: string;
  /** Codes; see nomenclatures.ts for their labels. */
  professions: { code: string; category: string }[];
  towns: string[];
}

export interface Registry {
  /** What a person typed, to an identifier; pure. */
  normalize(input: string): Normalized;
  /** By the identifier they have, or by one that a merge replaced. */
  find(nationalId: string): Promise<Practitioner | undefined>;
  /** The identifier that replaced this one in a merge, or this one. */
  currentId(nationalId: string): Promise<string>;
  /** By what ends `sub`; what it gives is shared, and not to be changed. */
  findBySubject(subject: string): Promise<Practitioner | undefined>;
  findById(practitionerId: string): Promise<Practitioner | undefined>;
  contact(practitionerId: string): Promise<ContactState>;
  /** The newest e-mail address and telephone number ever declared, recent or not: where to send an alert. */
  channels(practitionerId: string): Promise<{ email?: string; phone?: string }>;
  /** Every declaration, the newest first. */
  contactHistory(practitionerId: string): Promise<ContactDeclaration[]>;
  /**
   * Declares contact details. A value left out stays, "" withdraws it; a malformed one is refused
   * (`contact_malformed`). They hold from `effectiveAt`, by default the configured delay after `declaredAt`. `quiet`: nobody
   * is told.
   */
  setContact(
    practitionerId: string,
    values: { email?: string | undefined; phone?: string | undefined },
    options: { declaredAt: Date; effectiveAt?: Date; origin?: string; quiet?: boolean },
  ): Promise<void>;
  /**
   * Sets the status by hand. `struck_off` and `inactive` then outlive imports, whatever the files say;
   * `active` gives the say back to the files.
   */
  setStatus(practitionerId: string, status: Status): Promise<void>;
  /** Active persons of exactly this name, case, accents and punctuation apart; at most {@link MOST_FOUND}. */
  searchByName(name: { familyName: string; givenName?: string }): Promise<DirectoryEntry[]>;
}

/** A longer list helps nobody; the page asks for the first name. */
export const MOST_FOUND = 50;

const toPractitioner = (row: PractitionerRow): Practitioner => ({
  id: row.id,
  nationalId: row.national_id,
  subject: row.subject,
  familyName: row.family_name,
  givenName: row.given_name,
  civility: row.civility,
  status: row.status,
  exercises: storedExercises(row).map(completeExercise),
  otherIds: [
    { identifiant: row.national_id, origine: registerOf(row.national_id) ?? '', qualite: 1 },
    ...row.other_ids,
  ],
  source: row.source,
  ...(row.missing_since ? { missingSince: row.missing_since } : {}),
});

const toEntry = (row: DirectoryRow): DirectoryEntry => {
  const { national_id: nationalId, family_name: familyName, given_name: givenName, civility, towns } = row;
  const professions = storedExercises(row)
    .map((exercise) => ({
      code: exercise.codeProfession ?? '',
      category: exercise.codeCategorieProfessionnelle ?? '',
    }))
    .filter(({ code }, index, all) => code !== '' && all.findIndex((other) => other.code === code) === index);
  return { nationalId, familyName, givenName, civility, professions, towns };
};

type ContactPart = Pick<Registry, 'contact' | 'channels' | 'contactHistory' | 'setContact'>;

const tell = async (
  audit: Audit | undefined,
  tx: Queryable,
  practitionerId: string,
  type: 'registry_status_changed',
  details: Record<string, string>,
): Promise<void> => {
  const nationalId = audit && (await findById(tx, practitionerId))?.national_id;
  if (nationalId !== undefined) await audit?.record(tx, { type, nationalId, details });
};

const createContacts = ({ db, clock, contactDelayHours, audit }: RegistryDependencies): ContactPart => ({
  contact: async (practitionerId) => {
    const [newest] = await listContacts(db, practitionerId, 1);
    if (!newest?.email || !newest.phone) return { state: 'missing' };
    if (newest.effective_at > clock.now()) return { state: 'too_recent', availableAt: newest.effective_at };
    return { state: 'ok', email: newest.email, phone: newest.phone };
  },
  channels: async (practitionerId) => {
    const all = await listContacts(db, practitionerId);
    const email = all.find((row) => row.email !== null)?.email;
    const phone = all.find((row) => row.phone !== null)?.phone;
    return { ...(email ? { email } : {}), ...(phone ? { phone } : {}) };
  },
  contactHistory: async (practitionerId) =>
    (await listContacts(db, practitionerId)).map((row) => ({
      email: row.email ?? undefined,
      phone: row.phone ?? undefined,
      origin: row.origin,
      by: row.declared_by ?? undefined,
      declaredAt: row.declared_at,
      effectiveAt: row.effective_at,
      toldAt: row.told_at && row.told_at.getTime() > 0 ? row.told_at : undefined,
      stoppedAt: row.stopped_at ?? undefined,
    })),
  setContact: async (practitionerId, values, { declaredAt, effectiveAt, origin = 'desk', quiet }) => {
    const declaration = { practitionerId, ...contactValues(values) };
    await db.transaction(async (tx) => {
      const nationalId = (await findById(tx, practitionerId))?.national_id;
      if (nationalId === undefined) throw new Refusal('identifier_unknown', 404);
      await declareContacts(tx, [{ ...declaration, nationalId }], {
        ...{ audit, origin, declaredAt, quiet, always: true },
        effectiveAt: effectiveAt ?? effectiveAfter(declaredAt, contactDelayHours),
      });
    });
  },
});

export interface RegistryDependencies {
  db: Database;
  clock: Clock;
  contactDelayHours: number;
  /** Hears of every change made by hand, in the same transaction. */
  audit?: Audit;
}

/** The registry on a database. */
export const createRegistry = (dependencies: RegistryDependencies): Registry => {
  const { db, clock, audit } = dependencies;
  return {
    ...createContacts(dependencies),
    normalize,
    currentId: async (nationalId) => (await findCurrentId(db, nationalId)) ?? nationalId,
    findBySubject: createPersonLookup(db, 'subject', toPractitioner),
    find: createPersonLookup(db, 'national_id', toPractitioner),
    findById: async (practitionerId) => {
      const row = await findById(db, practitionerId);
      return row && toPractitioner(row);
    },
    setStatus: (practitionerId, status) =>
      db.transaction(async (tx) => {
        await updateStatus(tx, practitionerId, status, clock.now());
        await tell(audit, tx, practitionerId, 'registry_status_changed', { status });
      }),
    searchByName: async ({ familyName, givenName }) => {
      const family = fold(familyName);
      const given = fold(givenName ?? '');
      if (family === '') return [];
      return (await findByName(db, family, given === '' ? undefined : given, MOST_FOUND)).map(toEntry);
    },
  };
};
