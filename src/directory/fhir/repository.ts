import type { Queryable } from '../../platform/postgres.ts';
import type { PracticeRow, Status } from '../../registry/repository.ts';

/** The queries of the FHIR server. Each walks one index from a position on, and reads the registry's own rows. */

export type PersonRow = {
  id: string;
  national_id: string;
  status: Status;
  civility: string;
  family_name: string;
  given_name: string;
  updated_at: Date;
} & PracticeRow;

/** A row, and where it stands in the walk that found it. */
export type WalkedRow = PersonRow & { position: string[] };

/** What a row must satisfy besides what the walk is about. */
export interface Narrowing {
  /** true: active only; false: the others only; undefined: all. */
  active: boolean | undefined;
  /** Code of a profession. */
  profession: string | undefined;
  since: Date | undefined;
  until: Date | undefined;
}

const COLUMNS =
  'p.id, p.national_id, p.status, p.civility, p.family_name, p.given_name, p.practices, p.exercises, p.updated_at';

/** The person of a row of the walk, if they pass. */
const PERSON = `CROSS JOIN LATERAL (
  SELECT ${COLUMNS} FROM practitioner p WHERE p.id = w.practitioner_id
     AND ($1::boolean IS NULL OR (p.status = 'active') = $1)
     AND ($2::timestamptz IS NULL OR p.updated_at >= $2) AND ($3::timestamptz IS NULL OR p.updated_at < $3)
     AND ($4::text IS NULL OR EXISTS (
       SELECT FROM directory_key k WHERE k.key = 'profession/' || $4 AND k.practitioner_id = w.practitioner_id))
   LIMIT 1) p`;

const narrowed = ({ active, since, until, profession }: Narrowing): unknown[] => [
  active ?? null,
  since ?? null,
  until ?? null,
  profession ?? null,
];

const NO_ID = '00000000-0000-0000-0000-000000000000';

/** Everyone, by id. */
export const walkAll = async (
  db: Queryable,
  narrowing: Narrowing,
  after: readonly string[] | undefined,
  limit: number,
): Promise<WalkedRow[]> => {
  const { rows } = await db.query<WalkedRow>(
    `SELECT p.*, ARRAY[w.practitioner_id::text] AS position FROM directory_person w ${PERSON}
      WHERE w.practitioner_id > $5::uuid ORDER BY w.practitioner_id LIMIT $6`,
    [...narrowed(narrowing), after?.[0] ?? NO_ID, limit],
  );
  return rows;
};

/** Those who have a key (`profession/10`, `role/FON-48`, `structure/…`), by id. */
export const walkKey = async (
  db: Queryable,
  key: string,
  narrowing: Narrowing,
  after: readonly string[] | undefined,
  limit: number,
): Promise<WalkedRow[]> => {
  const { rows } = await db.query<WalkedRow>(
    `SELECT p.*, ARRAY[w.practitioner_id::text] AS position FROM directory_key w ${PERSON}
      WHERE w.key = $5 AND w.practitioner_id > $6::uuid ORDER BY w.practitioner_id LIMIT $7`,
    [...narrowed(narrowing), key, after?.[0] ?? NO_ID, limit],
  );
  return rows;
};

/** Those who changed, the oldest change first. */
export const walkChanged = async (
  db: Queryable,
  narrowing: Narrowing,
  after: readonly string[] | undefined,
  limit: number,
): Promise<WalkedRow[]> => {
  const { rows } = await db.query<WalkedRow>(
    `SELECT p.*, ARRAY[w.changed_at::text, w.practitioner_id::text] AS position FROM directory_person w ${PERSON}
      WHERE w.changed_at >= coalesce($2, '-infinity'::timestamptz) AND w.changed_at < coalesce($3, 'infinity'::timestamptz)
        AND (w.changed_at, w.practitioner_id) > ($5::timestamptz, $6::uuid)
      ORDER BY w.changed_at, w.practitioner_id LIMIT $7`,
    [...narrowed(narrowing), after?.[0] ?? '-infinity', after?.[1] ?? NO_ID, limit],
  );
  return rows;
};

/** Of a family name: what it begins with, or all of it. */
export interface NameWalk {
  /** The folded words, joined. */
  joined: string;
  exact: boolean;
  /** Regular expressions of folded given names. */
  given: readonly string[];
}

/** Those whose family name begins so, by name. */
export const walkName = async (
  db: Queryable,
  name: NameWalk,
  narrowing: Narrowing,
  after: readonly string[] | undefined,
  limit: number,
): Promise<WalkedRow[]> => {
  const { rows } = await db.query<WalkedRow>(
    `SELECT p.*, ARRAY[w.word, w.family, w.given, w.practitioner_id::text] AS position FROM directory_name w ${PERSON}
      WHERE w.word >= $5 AND w.word < CASE WHEN $6 THEN $5 || chr(1) ELSE $5 || chr(1114109) END AND w.place = 0
        AND (cardinality($7::text[]) = 0 OR ' ' || w.given || ' ' ~ ALL ($7::text[]))
        AND (w.word, w.place, w.family, w.given, w.practitioner_id) > ($8::text, 0::smallint, $9::text, $10::text, $11::uuid)
      ORDER BY w.word, w.place, w.family, w.given, w.practitioner_id LIMIT $12`,
    [...narrowed(narrowing), name.joined, name.exact, name.given, ...(after ?? ['', '', '', NO_ID]), limit],
  );
  return rows;
};

/** Persons by id, in no order. */
export const findByIds = async (db: Queryable, ids: readonly string[]): Promise<PersonRow[]> => {
  const { rows } = await db.query<PersonRow>(
    `SELECT ${COLUMNS} FROM practitioner p WHERE p.id = ANY ($1::uuid[]) ORDER BY p.id`,
    [ids],
  );
  return rows;
};

/** Persons by national identifier, those of before a merge too. */
export const findByIdentifiers = async (
  db: Queryable,
  nationalIds: readonly string[],
): Promise<PersonRow[]> => {
  const { rows } = await db.query<PersonRow>(
    `SELECT ${COLUMNS} FROM practitioner p
      WHERE p.national_id = ANY ($1::text[])
         OR p.id IN (SELECT practitioner_id FROM practitioner_former WHERE national_id = ANY ($1::text[]))
      ORDER BY p.id`,
    [nationalIds],
  );
  return rows;
};
