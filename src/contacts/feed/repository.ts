import type { Queryable } from '../../platform/postgres.ts';
import type { LineResult } from './batch.ts';

/** The queries of the feed. */

export type FeedRow = {
  id: string;
  jwks: { keys: Record<string, unknown>[] };
  professions: string[];
  disabled_at: Date | null;
  created_at: Date;
  updated_at: Date;
};

const COLUMNS = 'id, jwks, professions, disabled_at, created_at, updated_at';

export const findFeed = async (db: Queryable, id: string): Promise<FeedRow | undefined> => {
  const { rows } = await db.query<FeedRow>(`SELECT ${COLUMNS} FROM contact_feed WHERE id = $1`, [id]);
  return rows[0];
};

export const listFeeds = async (db: Queryable): Promise<FeedRow[]> => {
  const { rows } = await db.query<FeedRow>(`SELECT ${COLUMNS} FROM contact_feed ORDER BY id`);
  return rows;
};

/** Adds a feed, or replaces the keys and professions of one. */
export const saveFeed = async (
  db: Queryable,
  feed: Pick<FeedRow, 'id' | 'jwks' | 'professions'>,
  now: Date,
): Promise<void> => {
  await db.query(
    `INSERT INTO contact_feed (id, jwks, professions, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
     ON CONFLICT (id) DO UPDATE SET jwks = excluded.jwks, professions = excluded.professions, updated_at = excluded.updated_at`,
    [feed.id, JSON.stringify(feed.jwks), feed.professions, now],
  );
};

/** False when there is no such feed. */
export const setFeedDisabled = async (
  db: Queryable,
  id: string,
  disabled: boolean,
  now: Date,
): Promise<boolean> => {
  const { rowCount } = await db.query(
    `UPDATE contact_feed SET disabled_at = CASE WHEN $2 THEN coalesce(disabled_at, $3) END, updated_at = $3 WHERE id = $1`,
    [id, disabled, now],
  );
  return rowCount === 1;
};

/**
 * Takes a batch number: true for the one caller who may apply it. Who comes while it is being applied waits, and then
 * reads its answer.
 */
export const takeBatch = async (
  tx: Queryable,
  batch: { feedId: string; batchId: string; bodyHash: Buffer; now: Date },
): Promise<boolean> => {
  const { rowCount } = await tx.query(
    `INSERT INTO contact_batch (feed_id, batch_id, body_hash, received_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT DO NOTHING`,
    [batch.feedId, batch.batchId, batch.bodyHash, batch.now],
  );
  return rowCount === 1;
};

export type BatchRow = { body_hash: Buffer; answer: LineResult[] };

export const findBatch = async (
  tx: Queryable,
  feedId: string,
  batchId: string,
): Promise<BatchRow | undefined> => {
  const { rows } = await tx.query<BatchRow>(
    'SELECT body_hash, answer FROM contact_batch WHERE feed_id = $1 AND batch_id = $2',
    [feedId, batchId],
  );
  return rows[0];
};

/** Keeps what a batch was answered. */
export const answerBatch = async (
  tx: Queryable,
  feedId: string,
  batchId: string,
  answer: readonly LineResult[],
): Promise<void> => {
  await tx.query('UPDATE contact_batch SET answer = $3 WHERE feed_id = $1 AND batch_id = $2', [
    feedId,
    batchId,
    JSON.stringify(answer),
  ]);
};

/** Forgets the batches received before an instant; says how many. */
export const forgetBatches = async (db: Queryable, before: Date): Promise<number> => {
  const { rowCount } = await db.query('DELETE FROM contact_batch WHERE received_at < $1', [before]);
  return rowCount ?? 0;
};

export type CoveredRow = { id: string; national_id: string; professions: string[] };

/** The persons named, with the codes of their professions. */
export const findPersons = async (
  tx: Queryable,
  nationalIds: readonly string[],
): Promise<Map<string, CoveredRow>> => {
  const { rows } = await tx.query<CoveredRow>(
    `SELECT id, national_id, practice_values(practices, exercises, 'codeProfession') AS professions
       FROM practitioner WHERE national_id = ANY ($1::text[])`,
    [nationalIds],
  );
  return new Map(rows.map((row) => [row.national_id, row]));
};
