import type { Queryable } from '../platform/postgres.ts';
import type { StoredExercise } from './exercise.ts';
import { unpackExercises } from './packed.ts';

/** The registry's queries, but for those of an import (comparison.ts). */

export type Status = 'active' | 'inactive' | 'struck_off';

export interface OtherId {
  identifiant: string;
  origine: string;
  qualite: number;
}

/** How a row has its exercices: packed, or as JSON where the version before wrote it. */
export type PracticeRow = { practices: string | null; exercises: StoredExercise[] };

/** The exercices of a row, whichever way they are stored. */
export const storedExercises = ({ practices, exercises }: PracticeRow): StoredExercise[] =>
  practices === null ? exercises : unpackExercises(practices);

/** A type, not an interface, so that it is a row of any query. */
export type PractitionerRow = {
  id: string;
  national_id: string;
  subject: string;
  source: string;
  status: Status;
  status_set_at: Date | null;
  civility: string;
  family_name: string;
  given_name: string;
  other_ids: OtherId[];
  missing_since: Date | null;
} & PracticeRow;

/** What is read of a person. */
export const PRACTITIONER =
  'id, national_id, subject, source, status, status_set_at, civility, family_name, given_name, practices, exercises, other_ids, missing_since';

/** One person, whole, by the identifier they have or by one that they had before a merge. */
export const findByNationalId = async (
  db: Queryable,
  nationalId: string,
): Promise<PractitionerRow | undefined> => {
  const { rows } = await db.query<PractitionerRow>(
    `SELECT ${PRACTITIONER} FROM practitioner WHERE national_id = $1
      UNION ALL
     SELECT ${PRACTITIONER} FROM practitioner
      WHERE id = (SELECT practitioner_id FROM practitioner_former WHERE national_id = $1) LIMIT 1`,
    [nationalId],
  );
  return rows[0];
};

/** The identifier of the person who had this one before a merge; undefined when nobody had. */
export const findCurrentId = async (db: Queryable, formerId: string): Promise<string | undefined> => {
  const { rows } = await db.query<{ national_id: string }>(
    `SELECT p.national_id FROM practitioner_former f JOIN practitioner p ON p.id = f.practitioner_id
      WHERE f.national_id = $1`,
    [formerId],
  );
  return rows[0]?.national_id;
};

export const findById = async (db: Queryable, id: string): Promise<PractitionerRow | undefined> => {
  const { rows } = await db.query<PractitionerRow>(`SELECT ${PRACTITIONER} FROM practitioner WHERE id = $1`, [
    id,
  ]);
  return rows[0];
};

export type ContactRow = {
  email: string | null;
  phone: string | null;
  origin: string;
  declared_by: string | null;
  declared_at: Date;
  effective_at: Date;
  told_at: Date | null;
  stopped_at: Date | null;
};

/** Every declaration of contact details of a person, the newest first: that one holds. */
export const listContacts = async (
  db: Queryable,
  practitionerId: string,
  limit: number | null = null,
): Promise<ContactRow[]> => {
  const { rows } = await db.query<ContactRow>(
    `SELECT email, phone, origin, declared_by, declared_at, effective_at, told_at, stopped_at FROM practitioner_contact
      WHERE practitioner_id = $1 ORDER BY id DESC LIMIT $2`,
    [practitionerId, limit],
  );
  return rows;
};

/** Sets the status by hand. */
export const updateStatus = async (db: Queryable, id: string, status: Status, now: Date): Promise<void> => {
  await db.query(
    'UPDATE practitioner SET status = $2, status_set_at = $3, missing_since = NULL, updated_at = $3 WHERE id = $1',
    [id, status, now],
  );
};

export type DirectoryRow = Pick<
  PractitionerRow,
  'national_id' | 'civility' | 'family_name' | 'given_name' | 'practices' | 'exercises'
> & { towns: string[] };

/** Active persons of exactly this folded name. For operators: it reads the whole table. */
export const findByName = async (
  db: Queryable,
  family: string,
  given: string | undefined,
  limit: number,
): Promise<DirectoryRow[]> => {
  const { rows } = await db.query<DirectoryRow>(
    `SELECT national_id, civility, family_name, given_name, practices, exercises, towns FROM practitioner
      WHERE search_family = $1 AND ($2::text IS NULL OR search_given = $2) AND status = 'active'
      ORDER BY search_given, national_id LIMIT $3`,
    [family, given ?? null, limit],
  );
  return rows;
};
