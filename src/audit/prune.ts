import type { Clock } from '../platform/clock.ts';
import type { Database, Queryable } from '../platform/postgres.ts';
import type { AuditKey } from './key.ts';
import { listPartitions, LOCK_NOT_AVAILABLE, type Partition } from './partitions.ts';
import { digestLinks, PRUNING, readStart, selectLinks, type PruningClaims } from './pruning.ts';
import type { Audit } from './record.ts';
import { SEAL_LOCK } from './seal.ts';
import { verifyPlaces, type Finding } from './verify.ts';

/** Drops the months whose time is over, whole, after signing what the chain needs to verify from there on. */

/** One month that was dropped, or that could not be. */
export type Pruned =
  | { partition: string; events: number; number: number }
  | { partition: string; kept: 'unsealed' | 'not_whole' | 'busy'; findings: readonly Finding[] };

export interface PruneDeps {
  key: AuditKey;
  clock: Clock;
  audit: Audit;
}

/** An identifier of ours, from our own table, still never put into SQL as it comes. */
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const countOf = async (tx: Queryable, { name }: Partition) => {
  const { rows } = await tx.query<{ events: number; unsealed: number; last: number | null }>(
    `SELECT count(*) AS events, count(*) FILTER (WHERE sealed_number IS NULL) AS unsealed,
       max(sealed_number) AS last FROM ${quoted(name)}`,
  );
  return rows[0] ?? { events: 0, unsealed: 0, last: null };
};

/** The first place that stays, once this partition is gone; undefined when nothing stays. */
const firstKept = async (tx: Queryable, dropped: Partition): Promise<number | undefined> => {
  const others = (await listPartitions(tx)).filter(({ name }) => name !== dropped.name);
  const firsts: number[] = [];
  for (const name of [...others.map((other) => other.name), 'audit_event_rest']) {
    const { rows } = await tx.query<{ first: number | null }>(
      `SELECT min(sealed_number) AS first FROM ${quoted(name)}`,
    );
    if (typeof rows[0]?.first === 'number') firsts.push(rows[0].first);
  }
  return firsts.length === 0 ? undefined : Math.min(...firsts);
};

/** Dropped events that come after a kept one: what the walk will step over. */
const linksAfter = async (tx: Queryable, { name }: Partition, number: number) => {
  const { rows } = await tx.query<{ number: number; hash: Buffer }>(
    `SELECT sealed_number AS number, hash FROM ${quoted(name)} WHERE sealed_number >= $1`,
    [number],
  );
  return [...(await selectLinks(tx)), ...rows.map(({ number: at, hash }): [number, Buffer] => [at, hash])];
};

const replaceLinks = async (tx: Queryable, links: ReadonlyMap<number, Buffer>): Promise<void> => {
  await tx.query('DELETE FROM audit_pruned_link');
  await tx.query('INSERT INTO audit_pruned_link SELECT * FROM unnest($1::bigint[], $2::bytea[])', [
    [...links.keys()],
    [...links.values()],
  ]);
};

const insertPruning = (tx: Queryable, said: PruningClaims, hash: Buffer, month: Partition, jws: string) =>
  tx.query(
    `INSERT INTO audit_pruning (at, partition, from_at, to_at, events, number, hash, jws)
     VALUES ($1, $2, coalesce($3, '-infinity'::timestamptz), $4, $5, $6, $7, $8)`,
    [said.at, month.name, month.from ?? null, month.to, said.events, said.number, hash, jws],
  );

/** Up to where the chain is gone for good, and the hash that the first kept event follows. */
const newStart = async (
  tx: Queryable,
  start: { number: number; hash: Buffer },
  links: ReadonlyMap<number, Buffer>,
  month: Partition,
  last: number,
): Promise<{ number: number; hash: Buffer }> => {
  const kept = await firstKept(tx, month);
  const number = Math.max(
    start.number,
    kept === undefined ? [...links.keys()].reduce((a, b) => Math.max(a, b), last) : kept - 1,
  );
  if (number === start.number) return start;
  const { rows } = await tx.query<{ hash: Buffer }>(
    `SELECT hash FROM ${quoted(month.name)} WHERE sealed_number = $1`,
    [number],
  );
  const hash = rows[0]?.hash ?? links.get(number);
  if (!hash) throw new Error(`the audit has no event ${number}: verify it`);
  return { number, hash };
};

/** Who waits for the whole table makes every sign-in wait behind him: many short tries instead of a long one. */
const TRIES = 10;
const TRY_MS = 100;
const PAUSE_SECONDS = 0.3;

/** Takes the whole trail for the short time of a drop; false when somebody who reads it all does not let go. */
const holdTrail = async (tx: Queryable): Promise<boolean> => {
  await tx.query(`SET LOCAL lock_timeout = '${TRY_MS}ms'`);
  for (let tries = 0; tries < TRIES; tries += 1) {
    await tx.query('SAVEPOINT hold');
    try {
      await tx.query('LOCK TABLE audit_event IN ACCESS EXCLUSIVE MODE');
      return true;
    } catch (error) {
      await tx.query('ROLLBACK TO SAVEPOINT hold');
      if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
      await tx.query('SELECT pg_sleep($1)', [PAUSE_SECONDS]);
    }
  }
  return false;
};

const pruneMonth = (db: Database, month: Partition, deps: PruneDeps): Promise<Pruned | undefined> =>
  db.transaction(async (tx) => {
    await tx.query('SELECT pg_advisory_xact_lock($1)', [SEAL_LOCK]);
    // Another process may have dropped it while this one waited.
    if (!(await listPartitions(tx)).some(({ name }) => name === month.name)) return undefined;
    const { events, unsealed, last } = await countOf(tx, month);
    if (unsealed > 0) return { partition: month.name, kept: 'unsealed', findings: [] };
    const start = await readStart(tx, deps.key);
    const findings = last === null ? [] : await verifyPlaces(tx, start, last);
    if (findings.length > 0) return { partition: month.name, kept: 'not_whole', findings };

    const all = new Map(await linksAfter(tx, month, start.number));
    const begin = last === null ? start : await newStart(tx, start, all, month, last);
    const links = new Map([...all].filter(([number]) => number > begin.number));
    const said: PruningClaims = {
      number: begin.number,
      hash: begin.hash.toString('hex'),
      links: digestLinks(links),
      partition: month.name,
      from: month.from?.toISOString() ?? '',
      to: month.to.toISOString(),
      events,
      at: deps.clock.now().toISOString(),
    };
    if (!(await holdTrail(tx))) return { partition: month.name, kept: 'busy', findings: [] };
    await replaceLinks(tx, links);
    await insertPruning(tx, said, begin.hash, month, await deps.key.sign(PRUNING, said));
    await deps.audit.record(tx, {
      type: 'audit_pruned',
      details: { partition: month.name, events, number: begin.number, hash: said.hash },
    });
    await tx.query('DELETE FROM audit_partition WHERE name = $1', [month.name]);
    await tx.query(`DROP TABLE ${quoted(month.name)}`);
    return { partition: month.name, events, number: begin.number };
  });

/**
 * Drops every month that ended more than `months` months ago. A month that is not whole is evidence, and stays; so does
 * one that the sealer has not finished with, and one that somebody reads for long, until the next run.
 */
export const pruneAudit = async (db: Database, months: number, deps: PruneDeps): Promise<Pruned[]> => {
  const now = deps.clock.now();
  const before = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, now.getUTCDate()));
  const done: Pruned[] = [];
  for (const month of (await listPartitions(db)).filter(({ to }) => to <= before)) {
    const pruned = await pruneMonth(db, month, deps);
    if (pruned) done.push(pruned);
    if (pruned && 'kept' in pruned) break; // the chain begins after what is gone, so months go in order
  }
  return done;
};
