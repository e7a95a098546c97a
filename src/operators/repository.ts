import type { ActKind } from '../command.ts';
import type { Queryable } from '../platform/postgres.ts';

export interface OperatorRow {
  name: string;
  public_key: Buffer;
  email: string | null;
  added_at: Date;
  added_by: string | null;
  removed_at: Date | null;
}

export type ActState = 'waiting' | 'running' | 'done' | 'failed' | 'refused' | 'expired';

export interface ActRow {
  id: string;
  kind: ActKind;
  name: string;
  command: Buffer;
  digest: Buffer;
  national_id: string | null;
  reason: string;
  operator: string;
  signature: string;
  break_glass: boolean;
  state: ActState;
  asked_at: Date;
  expires_at: Date | null;
  second: string | null;
  second_at: Date | null;
}

/** Everyone who is or was an operator, by name. */
export const listOperators = async (db: Queryable): Promise<OperatorRow[]> =>
  (await db.query<OperatorRow>('SELECT * FROM operator ORDER BY name')).rows;

/** Operators who may act. */
export const activeOperators = async (db: Queryable): Promise<OperatorRow[]> =>
  (await listOperators(db)).filter(({ removed_at: removed }) => removed === null);

/** Two who add at once are one after the other: how many there are decides what may be done. */
export const lockOperators = async (tx: Queryable): Promise<void> => {
  await tx.query('LOCK TABLE operator IN SHARE ROW EXCLUSIVE MODE');
};

/** False when the name or the key was ever somebody's: neither is given again. */
export const insertOperator = async (
  tx: Queryable,
  operator: {
    name: string;
    publicKey: Buffer;
    email?: string | undefined;
    at: Date;
    by?: string | undefined;
  },
): Promise<boolean> => {
  const { rowCount } = await tx.query(
    `INSERT INTO operator (name, public_key, email, added_at, added_by) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT DO NOTHING`,
    [operator.name, operator.publicKey, operator.email ?? null, operator.at, operator.by ?? null],
  );
  return rowCount === 1;
};

/** False when there is no such operator, or no longer. */
export const removeOperator = async (tx: Queryable, name: string, at: Date): Promise<boolean> =>
  (await tx.query('UPDATE operator SET removed_at = $2 WHERE name = $1 AND removed_at IS NULL', [name, at]))
    .rowCount === 1;

/** False when an act of this id is there already: a signature presented twice is one act. */
export const insertAct = async (
  tx: Queryable,
  act: Omit<ActRow, 'second' | 'second_at'>,
): Promise<boolean> => {
  const { rowCount } = await tx.query(
    `INSERT INTO operator_act (id, kind, name, command, digest, national_id, reason, operator, signature, break_glass, state, asked_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING`,
    [
      ...[act.id, act.kind, act.name, act.command, act.digest, act.national_id, act.reason, act.operator],
      ...[act.signature, act.break_glass, act.state, act.asked_at, act.expires_at],
    ],
  );
  return rowCount === 1;
};

export const findAct = async (db: Queryable, id: string): Promise<ActRow | undefined> =>
  (await db.query<ActRow>('SELECT * FROM operator_act WHERE id = $1', [id])).rows[0];

/** The newest acts, or those that somebody still has to look at: waiting, or done and seen by nobody else. */
export const listActs = async (db: Queryable, limit: number, open: boolean, now: Date): Promise<ActRow[]> =>
  (
    await db.query<ActRow>(
      `SELECT * FROM operator_act
       WHERE NOT $2 OR (state = 'waiting' AND expires_at > $3)
          OR (second IS NULL AND state IN ('running', 'done', 'failed') AND (kind = 'stop' OR break_glass))
       ORDER BY asked_at DESC LIMIT $1`,
      [limit, open, now],
    )
  ).rows;

/** How many acts somebody has to look at. */
export const countOpenActs = async (
  db: Queryable,
  now: Date,
): Promise<{ waiting: number; unseen: number; break_glass: number }> => {
  const { rows } = await db.query<{ waiting: number; unseen: number; break_glass: number }>(
    `SELECT count(*) FILTER (WHERE state = 'waiting' AND expires_at > $1) AS waiting,
            count(*) FILTER (WHERE kind = 'stop' AND state <> 'waiting') AS unseen,
            count(*) FILTER (WHERE break_glass) AS break_glass
     FROM operator_act WHERE second IS NULL`,
    [now],
  );
  return rows[0] ?? { waiting: 0, unseen: 0, break_glass: 0 };
};

/** Ends a running act. */
export const endAct = async (tx: Queryable, id: string, state: 'done' | 'failed'): Promise<boolean> =>
  (await tx.query(`UPDATE operator_act SET state = $2 WHERE id = $1 AND state = 'running'`, [id, state]))
    .rowCount === 1;

/** Of several second operators at once, one decides; nobody decides on an act of their own, or on one that is too old. */
export const decideAct = async (
  tx: Queryable,
  id: string,
  decided: { state: 'running' | 'refused'; by: string; signature: string; at: Date },
): Promise<boolean> => {
  const { rowCount } = await tx.query(
    `UPDATE operator_act SET state = $2, second = $3, second_signature = $4, second_at = $5
     WHERE id = $1 AND state = 'waiting' AND expires_at > $5 AND operator <> $3`,
    [id, decided.state, decided.by, decided.signature, decided.at],
  );
  return rowCount === 1;
};

/** Notes that a second operator has seen what was done at once; the first who sees it. */
export const seeAct = async (
  tx: Queryable,
  id: string,
  seen: { by: string; signature: string; at: Date },
): Promise<boolean> => {
  const { rowCount } = await tx.query(
    `UPDATE operator_act SET second = $2, second_signature = $3, second_at = $4
     WHERE id = $1 AND second IS NULL AND state IN ('running', 'done', 'failed') AND operator <> $2`,
    [id, seen.by, seen.signature, seen.at],
  );
  return rowCount === 1;
};
