import type { Queryable } from '../../platform/postgres.ts';
import type { OperationKind, OperationState } from './flow.ts';

export type GenerationState = 'open' | 'current' | 'former' | 'abandoned';

export interface GenerationRow {
  device_id: string;
  gen: number;
  scope: string;
  state: GenerationState;
  p_sealed: Buffer | null;
  wrong: number;
}

export const findGeneration = async (
  db: Queryable,
  deviceId: string,
  gen: number,
): Promise<GenerationRow | undefined> =>
  (
    await db.query<{ [K in keyof GenerationRow]: GenerationRow[K] }>(
      `SELECT device_id, gen, scope, state, p_sealed, wrong FROM ecps_generation
       WHERE device_id = $1 AND gen = $2`,
      [deviceId, gen],
    )
  ).rows[0];

/** Allots the next number, never used before; the open ones of that device are abandoned for good. */
export const allotGeneration = async (
  tx: Queryable,
  deviceId: string,
  scope: string,
  now: Date,
): Promise<number> => {
  await tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 6))', [deviceId]);
  await tx.query(
    `UPDATE ecps_generation SET state = 'abandoned', p_sealed = NULL WHERE device_id = $1 AND state = 'open'`,
    [deviceId],
  );
  const { rows } = await tx.query<{ gen: number }>(
    `INSERT INTO ecps_generation (device_id, gen, scope, state, created_at)
     SELECT $1, coalesce(max(gen), 0) + 1, $2, 'open', $3 FROM ecps_generation WHERE device_id = $1
     RETURNING gen`,
    [deviceId, scope, now],
  );
  const gen = rows[0]?.gen;
  if (gen === undefined) throw new Error('no generation was allotted');
  return gen;
};

/** Puts a generation in use; whatever was in use before becomes `former` and may come back by a rollback. */
export const installGeneration = async (
  tx: Queryable,
  deviceId: string,
  gen: number,
  sealed: Buffer,
): Promise<void> => {
  await tx.query(
    `UPDATE ecps_generation SET state = 'former' WHERE device_id = $1 AND state = 'current' AND gen <> $2`,
    [deviceId, gen],
  );
  await tx.query(
    `UPDATE ecps_generation SET state = 'current', p_sealed = $3 WHERE device_id = $1 AND gen = $2`,
    [deviceId, gen, sealed],
  );
};

/** Undoes {@link installGeneration}: the former one is in use again, the new one abandoned. */
export const restoreGeneration = async (
  tx: Queryable,
  deviceId: string,
  gens: { back: number; gone: number },
): Promise<void> => {
  await tx.query(
    `UPDATE ecps_generation SET state = 'abandoned', p_sealed = NULL WHERE device_id = $1 AND gen = $2`,
    [deviceId, gens.gone],
  );
  await tx.query(`UPDATE ecps_generation SET state = 'current' WHERE device_id = $1 AND gen = $2`, [
    deviceId,
    gens.back,
  ]);
};

/** Forgets the PIN keys that can no longer come back. */
export const forgetFormer = (tx: Queryable, deviceId: string) =>
  tx.query(
    `UPDATE ecps_generation SET p_sealed = NULL WHERE device_id = $1 AND state = 'former' AND p_sealed IS NOT NULL`,
    [deviceId],
  );

export const countWrong = (tx: Queryable, deviceId: string, gen: number, change: 1 | -1) =>
  tx.query('UPDATE ecps_generation SET wrong = greatest(wrong + $3, 0) WHERE device_id = $1 AND gen = $2', [
    deviceId,
    gen,
    change,
  ]);

/** Notes an evaluation; false when this very blinded PIN was evaluated before in this scope. */
export const noteEvaluation = async (
  tx: Queryable,
  evaluation: { scope: string; deviceId: string; gen: number; blindedHash: Buffer; now: Date },
): Promise<boolean> => {
  const { rowCount } = await tx.query(
    `INSERT INTO ecps_evaluation (scope, device_id, gen, blinded_hash, at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT DO NOTHING`,
    [evaluation.scope, evaluation.deviceId, evaluation.gen, evaluation.blindedHash, evaluation.now],
  );
  return rowCount === 1;
};

export const wasEvaluated = async (
  db: Queryable,
  evaluation: { scope: string; deviceId: string; gen: number; blindedHash: Buffer },
): Promise<boolean> => {
  const { rowCount } = await db.query(
    `SELECT 1 FROM ecps_evaluation WHERE scope = $1 AND device_id = $2 AND gen = $3 AND blinded_hash = $4`,
    [evaluation.scope, evaluation.deviceId, evaluation.gen, evaluation.blindedHash],
  );
  return rowCount === 1;
};

/** How many distinct blinded PINs were evaluated. */
export const countEvaluations = async (
  db: Queryable,
  scope: string,
  deviceId: string,
  gen: number,
): Promise<number> => {
  const { rows } = await db.query<{ n: number }>(
    'SELECT count(*) AS n FROM ecps_evaluation WHERE scope = $1 AND device_id = $2 AND gen = $3',
    [scope, deviceId, gen],
  );
  return rows[0]?.n ?? 0;
};

/** Evaluations of scopes long over. Counters live on the phone and its generation, not here. */
export const sweepEvaluations = (db: Queryable, before: Date) =>
  db.query('DELETE FROM ecps_evaluation WHERE at < $1', [before]);

export interface OperationRow {
  id: string;
  kind: OperationKind;
  device_id: string;
  state: OperationState;
  challenge: string;
  gen: number;
  new_gen: number | null;
  target_device_id: string | null;
  created_at: Date;
  expires_at: Date;
  rollback_until: Date | null;
}

const OPERATION = `id, kind, device_id, state, challenge, gen, new_gen, target_device_id, created_at, expires_at,
  rollback_until`;

export const insertOperation = (tx: Queryable, operation: Omit<OperationRow, 'state' | 'rollback_until'>) =>
  tx.query(
    `INSERT INTO ecps_operation (id, kind, device_id, state, challenge, gen, new_gen, target_device_id,
       created_at, expires_at)
     VALUES ($1, $2, $3, 'open', $4, $5, $6, $7, $8, $9)`,
    [
      operation.id,
      operation.kind,
      operation.device_id,
      operation.challenge,
      operation.gen,
      operation.new_gen,
      operation.target_device_id,
      operation.created_at,
      operation.expires_at,
    ],
  );

export const lockOperation = async (tx: Queryable, id: string): Promise<OperationRow | undefined> =>
  (
    await tx.query<{ [K in keyof OperationRow]: OperationRow[K] }>(
      `SELECT ${OPERATION} FROM ecps_operation WHERE id = $1 FOR UPDATE`,
      [id],
    )
  ).rows[0];

/** The open approval of a new phone by a phone, the newest. */
export const findNewPhoneOperation = async (
  db: Queryable,
  deviceId: string,
  targetId: string,
): Promise<string | undefined> =>
  (
    await db.query<{ id: string }>(
      `SELECT id FROM ecps_operation WHERE device_id = $1 AND target_device_id = $2 AND kind = 'new_phone'
       ORDER BY created_at DESC, state = 'expired', id DESC LIMIT 1`,
      [deviceId, targetId],
    )
  ).rows[0]?.id;

/** The PIN change of this phone that may still be undone. */
export const findCommittedChange = async (
  db: Queryable,
  deviceId: string,
): Promise<OperationRow | undefined> =>
  (
    await db.query<{ [K in keyof OperationRow]: OperationRow[K] }>(
      `SELECT ${OPERATION} FROM ecps_operation WHERE device_id = $1 AND kind = 'pin_change' AND state = 'committed'
       ORDER BY created_at DESC LIMIT 1`,
      [deviceId],
    )
  ).rows[0];

export const setOperation = (
  tx: Queryable,
  id: string,
  change: { state: OperationState; rollbackUntil?: Date },
) =>
  tx.query(
    'UPDATE ecps_operation SET state = $2, rollback_until = coalesce($3, rollback_until) WHERE id = $1',
    [id, change.state, change.rollbackUntil ?? null],
  );

/** Ends the unfinished operations of one kind: a newer one takes their place. */
export const expireOperations = (tx: Queryable, deviceId: string, kind: OperationKind) =>
  tx.query(
    `UPDATE ecps_operation SET state = 'expired' WHERE device_id = $1 AND kind = $2 AND state IN ('open', 'proven')`,
    [deviceId, kind],
  );
