import { systemClock, type Clock } from '../clock.ts';
import type { Database, Queryable } from '../postgres.ts';
import { applyOne } from './changes.ts';
import type { ExpiringStore } from './contract.ts';
import { checkKey, checkKeys, checkMessage, checkTtl, checkValue } from './keys.ts';
import { createPostgresSubscriptions, notify } from './postgres-channels.ts';

const selectValues = async (db: Queryable, keys: readonly string[], now: Date) => {
  const { rows } = await db.query<{ key: string; value: string | null }>(
    'SELECT key, value FROM expiring_state WHERE key = ANY ($1) AND expires_at > $2',
    [keys, now],
  );
  const values = new Map(rows.map((row) => [row.key, row.value ?? undefined]));
  return keys.map((key) => values.get(key));
};

const upsertValue = async (db: Queryable, key: string, value: string, expiresAt: Date) => {
  await db.query(
    `INSERT INTO expiring_state (key, value, expires_at) VALUES ($1, $2, $3)
     ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, members = NULL, expires_at = EXCLUDED.expires_at`,
    [key, value, expiresAt],
  );
};

const insertIfAbsent = async (db: Queryable, key: string, value: string, expiresAt: Date, now: Date) => {
  const { rowCount } = await db.query(
    `INSERT INTO expiring_state AS old (key, value, expires_at) VALUES ($1, $2, $3)
     ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, members = NULL, expires_at = EXCLUDED.expires_at
       WHERE old.expires_at <= $4 OR old.members = '{}'`,
    [key, value, expiresAt, now],
  );
  return rowCount === 1;
};

const updateIfEqual = async (
  db: Queryable,
  change: { key: string; expected: string; value: string; expiresAt: Date | null; now: Date },
) => {
  const { rowCount } = await db.query(
    `UPDATE expiring_state SET value = $3, expires_at = coalesce($4, expires_at)
     WHERE key = $1 AND value = $2 AND expires_at > $5`,
    [change.key, change.expected, change.value, change.expiresAt, change.now],
  );
  return rowCount === 1;
};

const deleteReturning = async (db: Queryable, key: string, now: Date) => {
  const { rows } = await db.query<{ value: string }>(
    'DELETE FROM expiring_state WHERE key = $1 AND expires_at > $2 AND value IS NOT NULL RETURNING value',
    [key, now],
  );
  return rows[0]?.value;
};

/** Locks in the order of the keys, so that two callers never wait for each other. */
const deleteKeys = async (db: Queryable, keys: readonly string[]) => {
  await db.query(
    `DELETE FROM expiring_state WHERE key IN
       (SELECT key FROM expiring_state WHERE key = ANY ($1) ORDER BY key FOR UPDATE)`,
    [keys],
  );
};

const upsertCount = async (db: Queryable, key: string, expiresAt: Date, now: Date) => {
  const { rows } = await db.query<{ value: string }>(
    `INSERT INTO expiring_state AS old (key, value, expires_at) VALUES ($1, '1', $2)
     ON CONFLICT (key) DO UPDATE SET
       value = CASE WHEN old.expires_at <= $3 THEN '1' ELSE (old.value::bigint + 1)::text END,
       members = NULL,
       expires_at = CASE WHEN old.expires_at <= $3 THEN EXCLUDED.expires_at ELSE old.expires_at END
     RETURNING value`,
    [key, expiresAt, now],
  );
  return Number(rows[0]?.value);
};

const selectTtl = async (db: Queryable, key: string, now: Date) => {
  const { rows } = await db.query<{ seconds: number }>(
    `SELECT ceil(extract(epoch FROM expires_at - $2::timestamptz))::int AS seconds FROM expiring_state
     WHERE key = $1 AND expires_at > $2 AND members IS DISTINCT FROM '{}'`,
    [key, now],
  );
  return rows[0]?.seconds;
};

const upsertMember = async (db: Queryable, key: string, member: string, expiresAt: Date, now: Date) => {
  await db.query(
    `INSERT INTO expiring_state AS old (key, members, expires_at) VALUES ($1, ARRAY[$2::text], $3)
     ON CONFLICT (key) DO UPDATE SET
       value = NULL,
       members = CASE WHEN old.expires_at <= $4 THEN EXCLUDED.members
                      WHEN $2 = ANY (old.members) THEN old.members
                      ELSE old.members || $2::text END,
       expires_at = CASE WHEN old.members = '{}' THEN EXCLUDED.expires_at
                         ELSE greatest(old.expires_at, EXCLUDED.expires_at) END`,
    [key, member, expiresAt, now],
  );
};

const deleteMember = async (db: Queryable, key: string, member: string, now: Date) => {
  await db.query(
    `UPDATE expiring_state SET members = array_remove(members, $2)
     WHERE key = $1 AND members IS NOT NULL AND expires_at > $3`,
    [key, member, now],
  );
};

const selectMembers = async (db: Queryable, key: string, now: Date) => {
  const { rows } = await db.query<{ member: string }>(
    'SELECT unnest(members) AS member FROM expiring_state WHERE key = $1 AND expires_at > $2',
    [key, now],
  );
  return rows.map((row) => row.member);
};

/**
 * Removes what has expired, at most `limit` rows at a time so that no lock is held for long; returns how many. A job runs
 * it every minute; the store does not depend on it.
 */
export const sweepExpired = async (db: Queryable, now: Date, limit = 5000): Promise<number> => {
  let total = 0;
  for (;;) {
    const { rowCount } = await db.query(
      `DELETE FROM expiring_state WHERE key IN
         (SELECT key FROM expiring_state WHERE expires_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      [now, limit],
    );
    total += rowCount ?? 0;
    if ((rowCount ?? 0) < limit) return total;
  }
};

/**
 * The expiring state in PostgreSQL. `close()` ends what the store itself opened (its LISTEN connection); the database
 * belongs to the caller.
 */
export const createPostgresStore = (db: Database, clock: Clock = systemClock): ExpiringStore => {
  const subscriptions = createPostgresSubscriptions(db);
  const after = (ttlSeconds: number): Date => new Date(clock.now().getTime() + checkTtl(ttlSeconds) * 1000);

  const store: ExpiringStore = {
    get: async (key) => (await selectValues(db, [checkKey(key)], clock.now()))[0],
    getMany: async (keys) => (keys.length === 0 ? [] : selectValues(db, checkKeys(keys), clock.now())),
    set: async (key, value, ttlSeconds) =>
      upsertValue(db, checkKey(key), checkValue(value), after(ttlSeconds)),
    setIfAbsent: async (key, value, ttlSeconds) =>
      insertIfAbsent(db, checkKey(key), checkValue(value), after(ttlSeconds), clock.now()),
    replace: async (key, expected, value, ttlSeconds) =>
      updateIfEqual(db, {
        key: checkKey(key),
        expected: checkValue(expected),
        value: checkValue(value),
        expiresAt: ttlSeconds === undefined ? null : after(ttlSeconds),
        now: clock.now(),
      }),
    take: async (key) => deleteReturning(db, checkKey(key), clock.now()),
    delete: async (...keys) => {
      if (keys.length > 0) await deleteKeys(db, checkKeys(keys));
    },
    increment: async (key, ttlSeconds) => upsertCount(db, checkKey(key), after(ttlSeconds), clock.now()),
    ttl: async (key) => selectTtl(db, checkKey(key), clock.now()),
    addMember: async (key, member, ttlSeconds) =>
      upsertMember(db, checkKey(key), checkValue(member), after(ttlSeconds), clock.now()),
    removeMember: async (key, member) => deleteMember(db, checkKey(key), checkValue(member), clock.now()),
    members: async (key) => selectMembers(db, checkKey(key), clock.now()),
    apply: async (changes) => Promise.all(changes.map((change) => applyOne(store, change))),
    publish: async (channel, message) => notify(db, checkKey(channel), checkMessage(message)),
    subscribe: async (channel, listener) => subscriptions.subscribe(checkKey(channel), listener),
    ping: async () => {
      await db.query('SELECT 1');
    },
    close: async () => subscriptions.close(),
  };
  return store;
};
