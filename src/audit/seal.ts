import type { Database, Queryable } from '../platform/postgres.ts';
import { CHAINED_COLUMNS, eventHash, type ChainedEvent } from './chain.ts';

/** One sealer at a time; the number is arbitrary and belongs to the audit. Pruning holds it too. */
export const SEAL_LOCK = 7_265_002;

const selectUnsealed = async (tx: Queryable, limit: number): Promise<ChainedEvent[]> => {
  const { rows } = await tx.query<ChainedEvent>(
    `SELECT ${CHAINED_COLUMNS} FROM audit_event WHERE sealed_number IS NULL ORDER BY audit_event.id LIMIT $1`,
    [limit],
  );
  return rows;
};

interface Link {
  id: number;
  at: string;
  number: number;
  previous: Buffer;
  hash: Buffer;
}

const updateSeals = async (tx: Queryable, links: readonly Link[]): Promise<void> => {
  await tx.query(
    `UPDATE audit_event SET sealed_number = link.number, previous = link.previous, hash = link.hash
     FROM unnest($1::bigint[], $2::timestamptz[], $3::bigint[], $4::bytea[], $5::bytea[])
       AS link (id, at, number, previous, hash)
     WHERE audit_event.id = link.id AND audit_event.at = link.at`,
    [
      links.map(({ id }) => id),
      links.map(({ at }) => at), // tells in which month's partition the event is
      links.map(({ number }) => number),
      links.map(({ previous }) => previous),
      links.map(({ hash }) => hash),
    ],
  );
};

const sealBatch = (db: Database, limit: number): Promise<number> =>
  db.transaction(async (tx) => {
    const lock = await tx.query<{ mine: boolean }>('SELECT pg_try_advisory_xact_lock($1) AS mine', [
      SEAL_LOCK,
    ]);
    if (!lock.rows[0]?.mine) return 0;
    const chain = await tx.query<{ length: number; head: Buffer }>('SELECT length, head FROM audit_chain');
    let { length, head } = chain.rows[0] ?? { length: 0, head: Buffer.alloc(0) };
    if (head.length !== 32) throw new Error('audit_chain has lost its row: the audit cannot be sealed');
    const links = (await selectUnsealed(tx, limit)).map((event): Link => {
      const previous = head;
      head = eventHash(previous, event);
      length += 1;
      return { id: event.id, at: event.at, number: length, previous, hash: head };
    });
    if (links.length === 0) return 0;
    await updateSeals(tx, links);
    await tx.query('UPDATE audit_chain SET length = $1, head = $2', [length, head]);
    return links.length;
  });

/**
 * Gives every committed event its place in the chain; returns how many were sealed now (none while another process does).
 * A job runs it every second. An event of a transaction that commits later, though its id is lower, comes after.
 */
export const sealAudit = async (db: Database, batch = 1000): Promise<number> => {
  let total = 0;
  for (;;) {
    const sealed = await sealBatch(db, batch);
    total += sealed;
    if (sealed < batch) return total;
  }
};
