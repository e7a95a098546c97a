import * as z from 'zod';
import type { Clock } from '../platform/clock.ts';
import type { Database, Queryable } from '../platform/postgres.ts';
import type { AuditKey } from './key.ts';

/** The head of the chain at an instant, signed: kept elsewhere, it proves that nothing before was rewritten. */
export interface Checkpoint {
  /** How many events were sealed. */
  number: number;
  /** The last one's hash, hexadecimal. */
  hash: string;
  at: Date;
  jws: string;
}

const claims = z.object({
  number: z.number().int().positive(),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  at: z.iso.datetime(),
  /** The checkpoint before, 0 when this is the first. */
  previous: z.number().int().min(0),
});

/** What a checkpoint says, once its signature is found right. */
export type CheckpointClaims = z.output<typeof claims>;

/** Reads a signed checkpoint; undefined when it is not signed by a key that counts, or says something else. */
export const readCheckpoint = async (key: AuditKey, jws: string): Promise<CheckpointClaims | undefined> => {
  const parsed = claims.safeParse(await key.verify('audit-checkpoint+jwt', jws));
  return parsed.success ? parsed.data : undefined;
};

interface Row {
  number: number;
  hash: Buffer;
  at: Date;
  jws: string;
}

const toCheckpoint = ({ number, hash, at, jws }: Row): Checkpoint => ({
  number,
  hash: hash.toString('hex'),
  at,
  jws,
});

/** Every checkpoint kept in the database, the first one first. */
export const listCheckpoints = async (db: Queryable): Promise<Checkpoint[]> =>
  (
    await db.query<Row & Record<string, unknown>>(
      'SELECT number, hash, at, jws FROM audit_checkpoint ORDER BY number',
    )
  ).rows.map(toCheckpoint);

const newestNumber = async (tx: Queryable): Promise<number> =>
  (
    await tx.query<{ number: number }>(
      'SELECT number FROM audit_checkpoint ORDER BY number DESC LIMIT 1 FOR UPDATE',
    )
  ).rows[0]?.number ?? 0;

/** False when another process made one of the same head. */
const insertCheckpoint = async (tx: Queryable, { number, hash, at, jws }: Checkpoint): Promise<boolean> => {
  const { rowCount } = await tx.query(
    `INSERT INTO audit_checkpoint (number, hash, at, jws) VALUES ($1, decode($2, 'hex'), $3, $4)
     ON CONFLICT DO NOTHING`,
    [number, hash, at, jws],
  );
  return rowCount === 1;
};

/** Signs the head of the chain, if anything was sealed since the last checkpoint. */
export const makeCheckpoint = (
  db: Database,
  deps: { key: AuditKey; clock: Clock },
): Promise<Checkpoint | undefined> =>
  db.transaction(async (tx) => {
    const previous = await newestNumber(tx);
    const chain = await tx.query<{ length: number; head: Buffer }>('SELECT length, head FROM audit_chain');
    const { length = 0, head } = chain.rows[0] ?? {};
    if (head === undefined || length <= previous) return undefined;
    const at = deps.clock.now();
    const said: CheckpointClaims = {
      number: length,
      hash: head.toString('hex'),
      at: at.toISOString(),
      previous,
    };
    const jws = await deps.key.sign('audit-checkpoint+jwt', said);
    const checkpoint = { number: length, hash: said.hash, at, jws };
    return (await insertCheckpoint(tx, checkpoint)) ? checkpoint : undefined;
  });

/** Checkpoints that one place has not received yet, the oldest first. */
export const listUnexported = async (db: Queryable, place: string, limit: number): Promise<Checkpoint[]> =>
  (
    await db.query<Row & Record<string, unknown>>(
      `SELECT number, hash, at, jws FROM audit_checkpoint WHERE NOT exported_to @> ARRAY[$1]
       ORDER BY number LIMIT $2`,
      [place, limit],
    )
  ).rows.map(toCheckpoint);

export const noteExported = (db: Queryable, number: number, place: string) =>
  db.query(
    `UPDATE audit_checkpoint SET exported_to = array_append(exported_to, $2)
     WHERE number = $1 AND NOT exported_to @> ARRAY[$2]`,
    [number, place],
  );
