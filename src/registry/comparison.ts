import type { Queryable } from '../platform/postgres.ts';

/**
 * From the staged file to the registry: one comparison, then sets are inserted, rewritten and deactivated. Nothing
 * is written for a person of whom the file says the same as last time.
 */

/** What the statements of one import share. */
export interface ImportScope {
  source: string;
  now: Date;
  /** Whether the file declares contact details at all. */
  contacts: boolean;
  /** From when contact details declared now hold. */
  effectiveAt: Date;
  /** Persons of whom a line could not be read: not taken for absent. */
  spared: readonly string[];
}

export interface Counts {
  added: number;
  changed: number;
  unchanged: number;
  otherSource: number;
}

/** Two imports of any source never run at the same time; the number is arbitrary and belongs to the registry. */
const LOCK = 7_265_003;

/** False when another import runs. Released with the transaction. */
export const lockImports = async (tx: Queryable): Promise<boolean> => {
  const { rows } = await tx.query<{ locked: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS locked', [
    LOCK,
  ]);
  return rows[0]?.locked === true;
};

/** Whether this source was ever imported. */
export const knowsSource = async (tx: Queryable, source: string): Promise<boolean> => {
  const { rows } = await tx.query<{ known: boolean }>(
    'SELECT EXISTS (SELECT FROM import_run WHERE source = $1) AS known',
    [source],
  );
  return rows[0]?.known === true;
};

/** Decides the fate of every staged person, before anything is written. */
export const compare = async (tx: Queryable, { source, contacts }: ImportScope): Promise<Counts> => {
  await tx.query(
    `CREATE TEMPORARY TABLE registry_comparison (national_id text NOT NULL, practitioner_id uuid, fate text NOT NULL,
       contact_changed boolean NOT NULL) ON COMMIT DROP`,
  );
  await tx.query(
    `INSERT INTO registry_comparison
     SELECT s.national_id, p.id,
            CASE WHEN p.id IS NULL THEN 'added'
                 WHEN p.source <> $1 THEN 'other_source'
                 WHEN p.digest <> s.digest OR contact.changed
                   OR (p.status = 'inactive' AND p.status_set_at IS NULL) THEN 'changed'
                 ELSE 'unchanged' END,
            contact.changed
       FROM registry_staging s
       LEFT JOIN practitioner p ON p.national_id = s.national_id
       CROSS JOIN LATERAL (
         SELECT $2 AND (p.declared_email IS DISTINCT FROM s.email OR p.declared_phone IS DISTINCT FROM s.phone) AS changed
       ) contact`,
    [source, contacts],
  );
  const { rows } = await tx.query<Counts & Record<string, unknown>>(
    `SELECT count(*) FILTER (WHERE fate = 'added') AS added, count(*) FILTER (WHERE fate = 'changed') AS changed,
            count(*) FILTER (WHERE fate = 'unchanged') AS unchanged,
            count(*) FILTER (WHERE fate = 'other_source') AS "otherSource" FROM registry_comparison`,
  );
  const { added = 0, changed = 0, unchanged = 0, otherSource = 0 } = rows[0] ?? {};
  return { added, changed, unchanged, otherSource };
};

const TOWNS = 'ARRAY(SELECT jsonb_array_elements_text(s.towns::jsonb))';

/** Inserts the persons that nobody declared before. */
export const insertAdded = async (tx: Queryable, { source, now, contacts }: ImportScope): Promise<void> => {
  await tx.query(
    `INSERT INTO practitioner (national_id, subject, source, civility, family_name, given_name, search_family,
       search_given, towns, exercises, digest, declared_email, declared_phone, created_at, updated_at)
     SELECT s.national_id, s.national_id, $1, s.civility, s.family_name, s.given_name, s.search_family,
            s.search_given, ${TOWNS}, s.exercises::jsonb, s.digest,
            CASE WHEN $3 THEN s.email END, CASE WHEN $3 THEN s.phone END, $2, $2
       FROM registry_comparison c JOIN registry_staging s USING (national_id)
      WHERE c.fate = 'added'
      ORDER BY s.line`,
    [source, now, contacts],
  );
};

/** Rewrites the persons of this source of whom the file says something new; who was absent from the last file is back. */
export const updateChanged = async (tx: Queryable, { now, contacts }: ImportScope): Promise<void> => {
  await tx.query(
    `UPDATE practitioner p
        SET civility = s.civility, family_name = s.family_name, given_name = s.given_name,
            search_family = s.search_family, search_given = s.search_given, towns = ${TOWNS},
            exercises = s.exercises::jsonb, digest = s.digest,
            declared_email = CASE WHEN $2 THEN s.email ELSE p.declared_email END,
            declared_phone = CASE WHEN $2 THEN s.phone ELSE p.declared_phone END,
            status = CASE WHEN p.status = 'inactive' AND p.status_set_at IS NULL THEN 'active' ELSE p.status END,
            updated_at = $1
       FROM registry_comparison c JOIN registry_staging s USING (national_id)
      WHERE c.fate = 'changed' AND p.id = c.practitioner_id`,
    [now, contacts],
  );
};

/**
 * Declares the contact details that changed since the last file. Values that already hold (the person had declared
 * them elsewhere meanwhile) start no new delay.
 */
export const declareContacts = async (
  tx: Queryable,
  { now, effectiveAt, contacts }: ImportScope,
): Promise<void> => {
  if (!contacts) return;
  await tx.query(
    `INSERT INTO practitioner_contact (practitioner_id, email, phone, origin, declared_at, effective_at)
     SELECT p.id, s.email, s.phone, 'import', $1, $2
       FROM registry_comparison c
       JOIN registry_staging s USING (national_id)
       JOIN practitioner p USING (national_id)
       LEFT JOIN LATERAL (
         SELECT k.email, k.phone FROM practitioner_contact k WHERE k.practitioner_id = p.id ORDER BY k.id DESC LIMIT 1
       ) holds ON true
      WHERE c.contact_changed AND c.fate IN ('added', 'changed')
        AND (holds.email IS DISTINCT FROM s.email OR holds.phone IS DISTINCT FROM s.phone)`,
    [now, effectiveAt],
  );
};

/** Who is missing from the file of the source becomes inactive; what was set by hand stays. Says how many. */
export const deactivateMissing = async (
  tx: Queryable,
  { source, now, spared }: ImportScope,
): Promise<number> => {
  const { rowCount } = await tx.query(
    `UPDATE practitioner p SET status = 'inactive', status_set_at = NULL, updated_at = $2
      WHERE p.source = $1 AND p.status = 'active'
        AND NOT EXISTS (SELECT FROM registry_staging s WHERE s.national_id = p.national_id)
        AND p.national_id <> ALL ($3::text[])`,
    [source, now, spared],
  );
  return rowCount ?? 0;
};
