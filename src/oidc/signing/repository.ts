import type { KmsDriver } from '../../platform/kms/kms.ts';
import type { Queryable } from '../../platform/postgres.ts';
import type { Algorithm, KeyState } from '../keys.ts';

/** The SQL of signing keys' life; every instant comes from the caller's clock. */

/** Of many who change keys at once, one does at a time; the number is arbitrary and belongs to signing keys. */
const LOCK = 7_265_005;

export const lockKeys = (tx: Queryable) => tx.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);

/** A signing key without its private half. */
export interface KeyRow {
  kid: string;
  algorithm: Algorithm;
  state: KeyState | 'withdrawn';
  kms: KmsDriver;
  kms_key: string;
  compromised: boolean;
  created_at: Date;
  activate_after: Date | null;
  activated_at: Date | null;
  retired_at: Date | null;
  publish_until: Date | null;
  withdrawn_at: Date | null;
}

const COLUMNS = `kid, algorithm, state, kms, kms_key, compromised, created_at, activate_after, activated_at, retired_at,
  publish_until, withdrawn_at`;

/** All that ever were, the newest first. */
export const listKeys = async (db: Queryable): Promise<KeyRow[]> =>
  (await db.query<KeyRow>(`SELECT ${COLUMNS} FROM signing_key ORDER BY algorithm, created_at DESC, kid`))
    .rows;

export const findKey = async (db: Queryable, kid: string): Promise<KeyRow | undefined> =>
  (await db.query<KeyRow>(`SELECT ${COLUMNS} FROM signing_key WHERE kid = $1`, [kid])).rows[0];

/** A key with what encrypts its private half. */
export interface SealedKey {
  kid: string;
  algorithm: Algorithm;
  publicJwk: object;
  sealed: Buffer;
  kms: KmsDriver;
  kmsKey: string;
}

/** Writes a new key: the next one, or, at the very first start, the one that signs. */
export const insertKey = (
  tx: Queryable,
  key: SealedKey,
  state: { state: 'active' } | { state: 'announced'; activateAfter: Date },
  now: Date,
) =>
  tx.query(
    `INSERT INTO signing_key (kid, algorithm, state, public_jwk, private_encrypted, created_at, activated_at,
       activate_after, kms, kms_key)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      key.kid,
      key.algorithm,
      state.state,
      JSON.stringify(key.publicJwk),
      key.sealed,
      now,
      state.state === 'active' ? now : null,
      state.state === 'announced' ? state.activateAfter : null,
      key.kms,
      key.kmsKey,
    ],
  );

/** The announced key of an algorithm signs; the one that did is shown until `publishUntil`. */
export const promoteKey = async (
  tx: Queryable,
  algorithm: Algorithm,
  now: Date,
  publishUntil: Date,
): Promise<void> => {
  await tx.query(
    `UPDATE signing_key SET state = 'retired', retired_at = $2, publish_until = $3
     WHERE algorithm = $1 AND state = 'active'`,
    [algorithm, now, publishUntil],
  );
  await tx.query(
    `UPDATE signing_key SET state = 'active', activated_at = $2 WHERE algorithm = $1 AND state = 'announced'`,
    [algorithm, now],
  );
};

/** The key is shown no more, and its private half is erased. */
export const withdrawKey = (tx: Queryable, kid: string, now: Date, compromised: boolean) =>
  tx.query(
    `UPDATE signing_key SET state = 'withdrawn', withdrawn_at = $2, compromised = $3, private_encrypted = ''
     WHERE kid = $1`,
    [kid, now, compromised],
  );

/** One text that differs whenever a key in force does. */
export const keysFingerprint = async (db: Queryable): Promise<string> => {
  const { rows } = await db.query<{ keys: string | null }>(
    `SELECT string_agg(kid || ' ' || state, ',' ORDER BY kid COLLATE "C") AS keys FROM signing_key WHERE state <> 'withdrawn'`,
  );
  return rows[0]?.keys ?? '';
};

/** What encrypts each key in force, to be encrypted anew. */
export const sealedKeys = async (
  tx: Queryable,
): Promise<{ kid: string; kms: KmsDriver; kms_key: string; private_encrypted: Buffer }[]> =>
  (
    await tx.query<{ kid: string; kms: KmsDriver; kms_key: string; private_encrypted: Buffer }>(
      `SELECT kid, kms, kms_key, private_encrypted FROM signing_key WHERE state <> 'withdrawn' ORDER BY kid FOR UPDATE`,
    )
  ).rows;

export const updateSealed = (
  tx: Queryable,
  kid: string,
  sealed: { sealed: Buffer; kms: KmsDriver; kmsKey: string },
) =>
  tx.query('UPDATE signing_key SET private_encrypted = $2, kms = $3, kms_key = $4 WHERE kid = $1', [
    kid,
    sealed.sealed,
    sealed.kms,
    sealed.kmsKey,
  ]);
