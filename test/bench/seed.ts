import { createHash } from 'node:crypto';
import type { Database } from '../../src/platform/postgres.ts';
import { EXERCISES, HOLDER } from './targets.ts';

/** The person who signs in all the time. */
export const addHolder = async (db: Database): Promise<void> => {
  await db.query(
    `INSERT INTO practitioner (national_id, subject, source, civility, family_name, given_name, exercises, digest, created_at, updated_at)
     VALUES ($1, $1, 'bench', 'MME', 'DUPONT', 'CLAIRE', $2, $3, now(), now())`,
    [HOLDER, JSON.stringify(EXERCISES), createHash('sha256').update(HOLDER).digest()],
  );
};
