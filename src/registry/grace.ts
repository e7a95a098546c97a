import type { Audit } from '../audit/record.ts';
import type { Clock } from '../platform/clock.ts';
import type { Database, Queryable } from '../platform/postgres.ts';

/**
 * Persons whom their source's files no longer name stay active for a grace, so that one bad file locks nobody out; then they
 * are inactive: no sign-in, no refresh, phones at rest. Named again, they are active and everything resumes.
 */

/** Makes inactive whose grace is over; gives their identifiers. */
export const endGrace = async (tx: Queryable, now: Date, graceHours: number): Promise<string[]> => {
  const { rows } = await tx.query<{ national_id: string }>(
    `UPDATE practitioner SET status = 'inactive', status_set_at = NULL, updated_at = $1
      WHERE missing_since <= $2 AND status = 'active' RETURNING national_id`,
    [now, new Date(now.getTime() - graceHours * 3_600_000)],
  );
  return rows.map((row) => row.national_id);
};

/** How many an import that was only compared would make inactive. */
export const countEnding = async (tx: Queryable, now: Date, graceHours: number): Promise<number> => {
  const { rows } = await tx.query<{ count: number }>(
    `SELECT count(*) AS count FROM practitioner p LEFT JOIN registry_comparison c ON c.practitioner_id = p.id
      WHERE p.status = 'active'
        AND ((p.missing_since <= $1 AND c.fate IS DISTINCT FROM 'returned') OR (c.fate = 'missing' AND $2))`,
    [new Date(now.getTime() - graceHours * 3_600_000), graceHours === 0],
  );
  return rows[0]?.count ?? 0;
};

export interface GraceDependencies {
  db: Database;
  clock: Clock;
  audit: Audit;
  graceHours: number;
}

/** The scheduled job; says how many persons it made inactive. */
export const endGraces = ({ db, clock, audit, graceHours }: GraceDependencies): Promise<number> =>
  db.transaction(async (tx) => {
    const gone = await endGrace(tx, clock.now(), graceHours);
    for (const nationalId of gone) {
      await audit.record(tx, {
        type: 'registry_status_changed',
        nationalId,
        details: { status: 'inactive', reason: 'missing' },
      });
    }
    return gone.length;
  });
