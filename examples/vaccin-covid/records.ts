import { dayOf, yearsBefore } from '../shared/dates.ts';
import type { Database } from '../shared/database.ts';
import { type Patient, fold, matchKey } from '../shared/patient.ts';
import type { Author, Signer } from '../shared/signature.ts';
import type { Site, Vaccine } from './vaccines.ts';

/** The records: one function for each query. Nothing is ever changed but by a cancellation, which keeps what was there. */

export const RECORDS_SCHEMA = `
  create table patient (
    id integer primary key,
    match_key text not null unique,
    family_name text not null,
    given_name text not null,
    birth_date text not null,
    postal_code text not null
  ) strict;
  create table vaccination (
    id text primary key,
    patient_id integer not null references patient,
    vaccine text not null,
    lot text not null,
    site text not null,
    dose integer not null check (dose between 1 and 9),
    injected_on text not null,
    place text not null,
    author text not null,
    author_name text not null,
    author_profession text not null,
    author_acr text not null,
    recorded_at text not null,
    cancelled_at text,
    cancel_reason text,
    signature text not null
  ) strict;
  create index vaccination_author on vaccination (author, recorded_at);
  create index vaccination_patient on vaccination (patient_id, injected_on);
  create index vaccination_day on vaccination (injected_on)`;

export const RECORD_YEARS = 10;
export const PAGE_SIZE = 25;

/** What the form gives. */
export interface Draft {
  /** Made with the form, so that a form sent twice is one record. */
  id: string;
  patient: Patient;
  vaccine: Vaccine;
  lot: string;
  site: Site;
  /** Undefined: the next one, as far as this service knows. */
  dose: number | undefined;
  injectedOn: string;
  place: string;
}

export interface Vaccination {
  id: string;
  patient_id: number;
  match_key: string;
  family_name: string;
  given_name: string;
  birth_date: string;
  postal_code: string;
  vaccine: Vaccine;
  lot: string;
  site: Site;
  dose: number;
  injected_on: string;
  place: string;
  author: string;
  author_name: string;
  author_profession: string;
  author_acr: string;
  recorded_at: string;
  cancelled_at: string | null;
  cancel_reason: string | null;
  signature: string;
}

export type Recorded =
  { kind: 'recorded' | 'already'; id: string } | { kind: 'same_day'; by: string } | { kind: 'refused' };

const SELECT = `select v.*, p.match_key, p.family_name, p.given_name, p.birth_date, p.postal_code
  from vaccination v join patient p on p.id = v.patient_id`;

/** What the signature covers: all that the record says, and about whom. */
const signedValues = (
  row: Omit<Vaccination, 'signature' | 'patient_id' | 'postal_code' | 'family_name' | 'given_name'>,
) => ({
  id: row.id,
  patient: row.match_key,
  vaccine: row.vaccine,
  lot: row.lot,
  site: row.site,
  dose: row.dose,
  injected_on: row.injected_on,
  place: row.place,
  author: row.author,
  author_name: row.author_name,
  author_profession: row.author_profession,
  author_acr: row.author_acr,
  recorded_at: row.recorded_at,
  cancelled_at: row.cancelled_at,
  cancel_reason: row.cancel_reason,
});

const upsertPatient = (db: Database, patient: Patient): number =>
  db.one<{ id: number }>(
    `insert into patient (match_key, family_name, given_name, birth_date, postal_code) values (?, ?, ?, ?, ?)
     on conflict (match_key) do update set postal_code = excluded.postal_code returning id`,
    matchKey(patient),
    patient.familyName,
    patient.givenName,
    patient.birthDate,
    patient.postalCode,
  )?.id ?? 0;

const insert = (
  db: Database,
  row: Omit<Vaccination, 'family_name' | 'given_name' | 'birth_date' | 'postal_code' | 'match_key'>,
): void => {
  db.run(
    `insert into vaccination (id, patient_id, vaccine, lot, site, dose, injected_on, place, author, author_name,
       author_profession, author_acr, recorded_at, signature) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    row.id,
    row.patient_id,
    row.vaccine,
    row.lot,
    row.site,
    row.dose,
    row.injected_on,
    row.place,
    row.author,
    row.author_name,
    row.author_profession,
    row.author_acr,
    row.recorded_at,
    row.signature,
  );
};

/** The words of a search: each has to be somewhere in the name, the date of birth or the lot. */
const searchWords = (search: string): string[] => fold(search).split(' ').filter(Boolean).slice(0, 8);

const mine = (words: readonly string[]): string =>
  ['v.author = ?', ...words.map(() => "instr(p.match_key || ' ' || v.lot, ?) > 0")].join(' and ');

/** The records of one service. */
export const createRecords = (db: Database, { signer, now }: { signer: Signer; now: () => Date }) => {
  const find = (id: string): Vaccination | undefined => db.one<Vaccination>(`${SELECT} where v.id = ?`, id);
  /** The doses of one person, those of others than the author too; not what was cancelled. */
  const ofPatient = (patientId: number): Vaccination[] =>
    db.all<Vaccination>(
      `${SELECT} where v.patient_id = ? and v.cancelled_at is null order by v.injected_on, v.recorded_at`,
      patientId,
    );

  const write = (draft: Draft, author: Author): Recorded => {
    const before = find(draft.id);
    if (before)
      return before.author === author.nationalId ? { kind: 'already', id: draft.id } : { kind: 'refused' };
    const patientId = upsertPatient(db, draft.patient);
    const known = ofPatient(patientId);
    const sameDay = known.find(({ injected_on: day }) => day === draft.injectedOn);
    if (sameDay) return { kind: 'same_day', by: sameDay.author_name };
    const { id, patient, vaccine, lot, site, place, injectedOn } = draft;
    const row = {
      id,
      vaccine,
      lot,
      site,
      place,
      match_key: matchKey(patient),
      birth_date: patient.birthDate,
      dose: draft.dose ?? Math.min(9, Math.max(0, ...known.map(({ dose }) => dose)) + 1),
      injected_on: injectedOn,
      author: author.nationalId,
      author_name: author.name,
      author_profession: author.profession,
      author_acr: author.acr,
      recorded_at: now().toISOString(),
      cancelled_at: null,
      cancel_reason: null,
    };
    insert(db, { ...row, patient_id: patientId, signature: signer.sign(signedValues(row)) });
    return { kind: 'recorded', id };
  };

  return {
    find,
    ofPatient,
    /** Records an injection, once. */
    record: (draft: Draft, author: Author): Recorded => db.together(() => write(draft, author)),

    /** Says that a record was a mistake; it stays, and counts nowhere. Only who signed it may. */
    cancel: (id: string, nationalId: string, reason: string): boolean =>
      db.together(() => {
        const row = find(id);
        if (!row || row.author !== nationalId || row.cancelled_at !== null) return false;
        const after = { ...row, cancelled_at: now().toISOString(), cancel_reason: reason };
        return (
          db.run(
            'update vaccination set cancelled_at = ?, cancel_reason = ?, signature = ? where id = ?',
            after.cancelled_at,
            reason,
            signer.sign(signedValues(after)),
            id,
          ) === 1
        );
      }),

    /** What one person signed, newest first, a page at a time. */
    list: (nationalId: string, { search, page }: { search: string; page: number }) => {
      const words = searchWords(search);
      const total =
        db.one<{ n: number }>(
          `select count(*) n from vaccination v join patient p on p.id = v.patient_id where ${mine(words)}`,
          nationalId,
          ...words,
        )?.n ?? 0;
      const rows = db.all<Vaccination>(
        `${SELECT} where ${mine(words)} order by v.recorded_at desc, v.id limit ? offset ?`,
        nationalId,
        ...words,
        PAGE_SIZE,
        (page - 1) * PAGE_SIZE,
      );
      return { rows, total, pages: Math.max(1, Math.ceil(total / PAGE_SIZE)) };
    },

    /** What one person recorded last: the next form begins with its vaccine, lot, site and place. */
    last: (nationalId: string): Vaccination | undefined =>
      db.one<Vaccination>(
        `${SELECT} where v.author = ? and v.cancelled_at is null order by v.recorded_at desc limit 1`,
        nationalId,
      ),

    /** True when the row is still what its author signed. */
    holds: (row: Vaccination): boolean => signer.verify(signedValues(row), row.signature),

    /** Erases what is older than the ten years it is kept, and who it was about. */
    purge: (): number =>
      db.together(() => {
        const erased = db.run(
          'delete from vaccination where injected_on < ?',
          yearsBefore(dayOf(now()), RECORD_YEARS),
        );
        db.run('delete from patient where id not in (select patient_id from vaccination)');
        return erased;
      }),
  };
};

export type Records = ReturnType<typeof createRecords>;
