import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint } from 'jose';
import type { Audit } from '../audit/record.ts';
import type { Clock } from '../platform/clock.ts';
import type { KeyRing } from '../platform/crypto.ts';
import type { Database, Queryable } from '../platform/postgres.ts';

/**
 * The keys that sign tokens. They live in PostgreSQL so that every process has the same ones; the private half is
 * encrypted with the master key and bound to its key identifier.
 */

export const ALGORITHMS = ['RS256', 'ES256'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** What signs a service's tokens. */
export const algorithmOf = (
  client: { idTokenSignedResponseAlg?: string | undefined } | undefined,
): Algorithm => (client?.idTokenSignedResponseAlg ?? 'RS256') as Algorithm;

/** `active` signs; `announced` and `retired` are only shown, for verification. */
export type KeyState = 'announced' | 'active' | 'retired';

export interface SigningKey {
  kid: string;
  algorithm: Algorithm;
  state: KeyState;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

interface Row {
  kid: string;
  algorithm: Algorithm;
  state: KeyState;
  private_encrypted: Buffer;
}

/** Two processes that start together meet at this lock; the number is arbitrary and belongs to signing keys. */
const LOCK = 7_265_005;
const PURPOSE = 'signing-key';

const generate = promisify(generateKeyPair);

const generateKey = async (algorithm: Algorithm): Promise<KeyObject> =>
  algorithm === 'RS256'
    ? (await generate('rsa', { modulusLength: 2048 })).privateKey
    : (await generate('ec', { namedCurve: 'P-256' })).privateKey;

const publishedKeys = async (db: Queryable): Promise<Row[]> =>
  (
    await db.query<Row>(
      `SELECT kid, algorithm, state, private_encrypted FROM signing_key
       WHERE state <> 'withdrawn'
       ORDER BY (state = 'active') DESC, created_at DESC, kid`,
    )
  ).rows;

const insertActiveKey = (
  db: Queryable,
  key: { kid: string; algorithm: Algorithm; publicJwk: object; sealed: Buffer; now: Date },
) =>
  db.query(
    `INSERT INTO signing_key (kid, algorithm, state, public_jwk, private_encrypted, created_at, activated_at)
     VALUES ($1, $2, 'active', $3, $4, $5, $5)`,
    [key.kid, key.algorithm, JSON.stringify(key.publicJwk), key.sealed, key.now],
  );

interface KeysDeps {
  db: Database;
  keyring: KeyRing;
  clock: Clock;
  audit: Audit;
}

const createKey = async (tx: Queryable, algorithm: Algorithm, deps: KeysDeps): Promise<void> => {
  const privateKey = await generateKey(algorithm);
  const publicJwk = createPublicKey(privateKey).export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint(publicJwk);
  const sealed = deps.keyring.encrypt(PURPOSE, privateKey.export({ format: 'der', type: 'pkcs8' }), kid);
  const now = deps.clock.now();
  await insertActiveKey(tx, { kid, algorithm, publicJwk: { ...publicJwk, kid }, sealed, now });
  await deps.audit.record(tx, { type: 'signing_key_changed', details: { change: 'made', kid, algorithm } });
};

const open = (row: Row, keyring: KeyRing): SigningKey => {
  let der: Buffer;
  try {
    der = keyring.decrypt(PURPOSE, row.private_encrypted, row.kid);
  } catch (cause) {
    throw new Error(
      `signing key ${row.kid} cannot be decrypted: CADUCEE_MASTER_KEY is not the key it was made with`,
      { cause },
    );
  }
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return {
    kid: row.kid,
    algorithm: row.algorithm,
    state: row.state,
    privateKey,
    publicKey: createPublicKey(privateKey),
  };
};

/**
 * The keys in force, the signing one of each algorithm first. At the first start it makes them; of two processes that
 * start together one does, the other waits and reads.
 */
export const loadSigningKeys = async (deps: KeysDeps): Promise<SigningKey[]> => {
  const isComplete = (rows: readonly Row[]) =>
    ALGORITHMS.every((algorithm) =>
      rows.some((row) => row.algorithm === algorithm && row.state === 'active'),
    );
  let rows = await publishedKeys(deps.db);
  if (!isComplete(rows)) {
    rows = await deps.db.transaction(async (tx) => {
      await tx.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
      const known = await publishedKeys(tx);
      for (const algorithm of ALGORITHMS) {
        if (!known.some((row) => row.algorithm === algorithm && row.state === 'active')) {
          await createKey(tx, algorithm, deps);
        }
      }
      return publishedKeys(tx);
    });
  }
  return rows.map((row) => open(row, deps.keyring));
};
