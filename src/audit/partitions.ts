import { setTimeout } from 'node:timers/promises';
import type { Clock } from '../platform/clock.ts';
import type { Database, Queryable } from '../platform/postgres.ts';

/** The months of the audit trail, each a partition of its own, made before it begins. */

/** Months made ahead: a job that did not run for two months loses nothing. */
const AHEAD = 2;
/** Who waits for the trail makes those who write wait behind him: many short tries, and the job comes back. */
const TRIES = 30;
const TRY_MS = 100;
const PAUSE_MS = 200;

/** PostgreSQL's code of a lock that did not come in time. */
export const LOCK_NOT_AVAILABLE = '55P03';

/** The first day of a month, UTC, so many months later. */
const monthOf = (instant: Date, later = 0): string =>
  new Date(Date.UTC(instant.getUTCFullYear(), instant.getUTCMonth() + later, 1)).toISOString().slice(0, 10);

/** Months of events that came when no month was there for them. */
const listWaiting = async (db: Queryable): Promise<string[]> =>
  (
    await db.query<{ month: string }>(
      `SELECT DISTINCT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-01') AS month FROM audit_event_rest
       WHERE isfinite(at) ORDER BY 1 LIMIT 24`,
    )
  ).rows.map(({ month }) => month);

const addMonthNow = (db: Database, month: string): Promise<boolean> =>
  db.transaction(async (tx) => {
    await tx.query(`SET LOCAL lock_timeout = '${TRY_MS}ms'`);
    const { rows } = await tx.query<{ added: boolean }>('SELECT audit_event_add_month($1) AS added', [month]);
    return rows[0]?.added === true;
  });

const addMonth = async (db: Database, month: string): Promise<boolean> => {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await addMonthNow(db, month);
    } catch (error) {
      if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE || left <= 1) throw error;
      await setTimeout(PAUSE_MS);
    }
  }
};

/** True when a month has its partition: asked first, without any lock. */
const hasMonth = async (db: Queryable, month: string): Promise<boolean> =>
  (await db.query('SELECT FROM audit_partition WHERE from_at <= $1 AND to_at > $1', [`${month}T00:00:00Z`]))
    .rowCount !== 0;

/** Makes the months to come, and those of events that wait in the last partition; returns the months made. */
export const addMonths = async (db: Database, { clock }: { clock: Clock }): Promise<string[]> => {
  const now = clock.now();
  const ahead = Array.from({ length: AHEAD + 1 }, (_, later) => monthOf(now, later));
  const made: string[] = [];
  for (const month of new Set([...(await listWaiting(db)), ...ahead])) {
    if (!(await hasMonth(db, month)) && (await addMonth(db, month))) made.push(month);
  }
  return made;
};

/** A partition that has bounds. */
export interface Partition {
  name: string;
  /** Undefined: whatever came before. */
  from: Date | undefined;
  to: Date;
}

/** The partitions that exist, the oldest first, but for the last one. */
export const listPartitions = async (db: Queryable): Promise<Partition[]> =>
  (
    await db.query<{ name: string; from_at: Date | null; to_at: Date }>(
      `SELECT name, CASE WHEN isfinite(from_at) THEN from_at END AS from_at, to_at FROM audit_partition ORDER BY to_at`,
    )
  ).rows.map(({ name, from_at, to_at }) => ({ name, from: from_at ?? undefined, to: to_at }));
