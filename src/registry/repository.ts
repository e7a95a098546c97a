import type { Queryable } from '../platform/postgres.ts';
import type { StoredExercise } from './exercise.ts';
import type { ImportReport } from './report.ts';

/** The registry's queries, but for those of an import (comparison.ts). */

export type Status = 'active' | 'inactive' | 'struck_off';

export interface OtherId {
  identifiant: string;
  origine: string;
  qualite: number;
}

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
  exercises: StoredExercise[];
  other_ids: OtherId[];
};

const PRACTITIONER =
  'id, national_id, subject, source, status, status_set_at, civility, family_name, given_name, exercises, other_ids';

/** One person, whole, by one index. */
export const findByNationalId = async (
  db: Queryable,
  nationalId: string,
): Promise<PractitionerRow | undefined> => {
  const { rows } = await db.query<PractitionerRow>(
    `SELECT ${PRACTITIONER} FROM practitioner WHERE national_id = $1`,
    [nationalId],
  );
  return rows[0];
};

/** The subject is the last part of `sub`, and outlives a change of identifier. */
export const findBySubject = async (db: Queryable, subject: string): Promise<PractitionerRow | undefined> => {
  const { rows } = await db.query<PractitionerRow>(
    `SELECT ${PRACTITIONER} FROM practitioner WHERE subject = $1`,
    [subject],
  );
  return rows[0];
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
  await db.query('UPDATE practitioner SET status = $2, status_set_at = $3, updated_at = $3 WHERE id = $1', [
    id,
    status,
    now,
  ]);
};

export type DirectoryRow = Pick<
  PractitionerRow,
  'national_id' | 'civility' | 'family_name' | 'given_name' | 'exercises'
> & { towns: string[] };

/** Active persons of exactly this folded name. */
export const findByName = async (
  db: Queryable,
  family: string,
  given: string | undefined,
  limit: number,
): Promise<DirectoryRow[]> => {
  const { rows } = await db.query<DirectoryRow>(
    `SELECT national_id, civility, family_name, given_name, exercises, towns FROM practitioner
      WHERE search_family = $1 AND ($2::text IS NULL OR search_given = $2) AND status = 'active'
      ORDER BY search_given, national_id LIMIT $3`,
    [family, given ?? null, limit],
  );
  return rows;
};

/** Keeps the report of an import; gives its number. */
export const insertRun = async (
  db: Queryable,
  run: Omit<ImportReport, 'run'> & { startedAt: Date; finishedAt: Date },
): Promise<number> => {
  const { startedAt, finishedAt, ...report } = run;
  const { rows } = await db.query<{ id: number }>(
    `INSERT INTO import_run (source, layout, file_name, file_hash, started_at, finished_at, report)
     VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
    [run.source, run.layout, run.fileName, run.fileHash, startedAt, finishedAt, JSON.stringify(report)],
  );
  return rows[0]?.id ?? 0;
};
