import type { Queryable } from '../platform/postgres.ts';

/**
 * From the staged file to the registry: one comparison, then sets are inserted, rewritten and marked as missing. Nothing
 * is written for a person of whom the file says the same as last time.
 */

/** What the statements of one import share. */
export interface ImportScope {
  run: number;
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
  /** Those who are back among them. */
  changed: number;
  returned: number;
  otherSource: number;
  /** Stored as the previous version did: written anew, whatever the file says. */
  rewritten: number;
  /** No longer in the file. */
  removed: number;
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

/** Whether nobody is in the registry. */
export const isEmpty = async (tx: Queryable): Promise<boolean> =>
  (await tx.query('SELECT FROM practitioner LIMIT 1')).rows.length === 0;

/** How many active persons a source has. */
export const countActive = async (tx: Queryable, source: string): Promise<number> => {
  const { rows } = await tx.query<{ count: number }>(
    `SELECT count(*) AS count FROM practitioner WHERE source = $1 AND status = 'active'`,
    [source],
  );
  return rows[0]?.count ?? 0;
};

/**
 * A file may still name a person by an identifier that a merge has replaced: that line speaks of the person as they are
 * called now, and says nothing when the file names them by the new one, too.
 */
export const followMerges = async (tx: Queryable): Promise<void> => {
  const { rowCount } = await tx.query(
    `CREATE TEMPORARY TABLE registry_former ON COMMIT DROP AS
     SELECT s.national_id AS former, p.national_id AS current, row_number() OVER (PARTITION BY p.id ORDER BY s.line) AS nth,
            EXISTS (SELECT FROM registry_staging n WHERE n.national_id = p.national_id) AS named
       FROM practitioner_former f
       JOIN practitioner p ON p.id = f.practitioner_id
       JOIN registry_staging s ON s.national_id = f.national_id`,
  );
  if (rowCount === 0) return;
  await tx.query(
    'DELETE FROM registry_staging s USING registry_former f WHERE s.national_id = f.former AND (f.named OR f.nth > 1)',
  );
  await tx.query(
    'UPDATE registry_staging s SET national_id = f.current FROM registry_former f WHERE s.national_id = f.former',
  );
};

/** Whom the source's file no longer names. What was set by hand stays. */
const listMissing = async (tx: Queryable, { source, spared }: ImportScope): Promise<void> => {
  await tx.query(
    `INSERT INTO registry_comparison
     SELECT p.national_id, p.id, 'missing', false FROM practitioner p
      WHERE p.source = $1 AND p.status = 'active' AND p.missing_since IS NULL
        AND NOT EXISTS (SELECT FROM registry_staging s WHERE s.national_id = p.national_id)
        AND p.national_id NOT IN (SELECT unnest($2::text[]))`,
    [source, spared],
  );
};

/** Decides the fate of every person whom this import touches, before anything is written. */
export const compare = async (tx: Queryable, scope: ImportScope): Promise<Counts> => {
  await tx.query(
    `CREATE TEMPORARY TABLE registry_comparison (national_id text NOT NULL, practitioner_id uuid, fate text NOT NULL,
       contact_changed boolean NOT NULL) ON COMMIT DROP`,
  );
  await tx.query(
    `INSERT INTO registry_comparison
     SELECT * FROM (
       SELECT s.national_id, p.id,
              CASE WHEN p.id IS NULL THEN 'added'
                   WHEN p.source <> $1 THEN 'other_source'
                   WHEN p.missing_since IS NOT NULL OR (p.status = 'inactive' AND p.status_set_at IS NULL) THEN 'returned'
                   WHEN contact.changed OR (p.digest <> s.digest AND p.practices IS NOT NULL) THEN 'changed'
                   WHEN p.practices IS NULL THEN 'rewritten' END AS fate,
              contact.changed
         FROM registry_staging s
         LEFT JOIN practitioner p ON p.national_id = s.national_id
         CROSS JOIN LATERAL (
           SELECT $2 AND (p.declared_email IS DISTINCT FROM s.email OR p.declared_phone IS DISTINCT FROM s.phone) AS changed
         ) contact) compared
      WHERE fate IS NOT NULL`,
    [scope.source, scope.contacts],
  );
  await listMissing(tx, scope);
  await tx.query('ANALYZE registry_comparison');
  const { rows } = await tx.query<{ fate: string; count: number }>(
    'SELECT fate, count(*) AS count FROM registry_comparison GROUP BY fate',
  );
  const of = (fate: string): number => rows.find((row) => row.fate === fate)?.count ?? 0;
  return {
    added: of('added'),
    changed: of('changed') + of('returned'),
    returned: of('returned'),
    otherSource: of('other_source'),
    rewritten: of('rewritten'),
    removed: of('missing'),
  };
};

/** Inserts the persons that nobody declared before. */
export const insertAdded = async (
  tx: Queryable,
  { run, source, now, contacts }: ImportScope,
): Promise<void> => {
  await tx.query(
    `INSERT INTO practitioner (national_id, subject, source, civility, family_name, given_name, search_family,
       search_given, towns, practices, digest, declared_email, declared_phone, added_by_run, created_at, updated_at)
     SELECT s.national_id, s.national_id, $1, s.civility, s.family_name, s.given_name, s.search_family,
            s.search_given, s.towns, s.practices, s.digest,
            CASE WHEN $3 THEN s.email END, CASE WHEN $3 THEN s.phone END, $4, $2, $2
       FROM registry_comparison c JOIN registry_staging s USING (national_id)
      WHERE c.fate = 'added'
      ORDER BY s.line`,
    [source, now, contacts, run],
  );
};

/** Sets aside how the persons were whom this import will change. */
export const keepBefore = async (tx: Queryable): Promise<void> => {
  await tx.query(
    `CREATE TEMPORARY TABLE registry_before ON COMMIT DROP AS
     SELECT p.id, c.fate, to_jsonb(p) AS before
       FROM registry_comparison c JOIN practitioner p ON p.id = c.practitioner_id
      WHERE c.fate IN ('changed', 'returned', 'missing')`,
  );
};

/** Writes down how they were and how they are. */
export const keepChanges = async (tx: Queryable, { run }: ImportScope): Promise<void> => {
  await tx.query(
    `INSERT INTO import_change (run_id, practitioner_id, fate, before, after)
     SELECT $1, b.id, b.fate, b.before, to_jsonb(p) FROM registry_before b JOIN practitioner p USING (id)`,
    [run],
  );
};

/** Rewrites the persons of this source of whom the file says something new; who was absent from the last file is back. */
export const updateChanged = async (tx: Queryable, { now, contacts }: ImportScope): Promise<void> => {
  await tx.query(
    `UPDATE practitioner p
        SET civility = s.civility, family_name = s.family_name, given_name = s.given_name,
            search_family = s.search_family, search_given = s.search_given, towns = s.towns,
            practices = s.practices, exercises = '[]', digest = s.digest,
            declared_email = CASE WHEN $2 THEN s.email ELSE p.declared_email END,
            declared_phone = CASE WHEN $2 THEN s.phone ELSE p.declared_phone END,
            status = CASE WHEN p.status = 'inactive' AND p.status_set_at IS NULL THEN 'active' ELSE p.status END,
            missing_since = NULL,
            updated_at = $1
       FROM registry_comparison c JOIN registry_staging s USING (national_id)
      WHERE c.fate IN ('changed', 'returned', 'rewritten') AND p.id = c.practitioner_id`,
    [now, contacts],
  );
};

/**
 * Declares the contact details that changed since the last file. Values that already hold (the person had declared
 * them elsewhere meanwhile) start no new delay.
 */
export const declareContacts = async (
  tx: Queryable,
  { run, now, effectiveAt, contacts }: ImportScope,
): Promise<void> => {
  if (!contacts) return;
  await tx.query(
    `INSERT INTO practitioner_contact (practitioner_id, email, phone, origin, declared_at, effective_at, import_run)
     SELECT p.id, s.email, s.phone, 'import', $1, $2, $3
       FROM registry_comparison c
       JOIN registry_staging s USING (national_id)
       JOIN practitioner p USING (national_id)
       LEFT JOIN LATERAL (
         SELECT k.email, k.phone FROM practitioner_contact k WHERE k.practitioner_id = p.id ORDER BY k.id DESC LIMIT 1
       ) holds ON true
      WHERE c.contact_changed AND c.fate IN ('added', 'changed', 'returned')
        AND (holds.email IS DISTINCT FROM s.email OR holds.phone IS DISTINCT FROM s.phone)`,
    [now, effectiveAt, run],
  );
};

/** The same for the persons of a first import, who are all in the registry and new. */
export const declareAll = async (
  tx: Queryable,
  { run, now, effectiveAt, contacts }: ImportScope,
): Promise<void> => {
  if (!contacts) return;
  await tx.query(
    `INSERT INTO practitioner_contact (practitioner_id, email, phone, origin, declared_at, effective_at, import_run)
     SELECT id, declared_email, declared_phone, 'import', $1, $2, $3 FROM practitioner
      WHERE added_by_run = $3 AND (declared_email IS NOT NULL OR declared_phone IS NOT NULL)`,
    [now, effectiveAt, run],
  );
};

/** Who is missing from the file of the source is so from now on; inactive when the grace ends (grace.ts). */
export const markMissing = async (tx: Queryable, { now }: ImportScope): Promise<void> => {
  await tx.query(
    `UPDATE practitioner p SET missing_since = $1, status_set_at = NULL, updated_at = $1
       FROM registry_comparison c WHERE c.fate = 'missing' AND p.id = c.practitioner_id`,
    [now],
  );
};
