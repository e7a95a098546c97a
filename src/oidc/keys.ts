import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { Audit } from '../audit/record.ts';
import type { Clock } from '../platform/clock.ts';
import type { KeyRing } from '../platform/crypto.ts';
import { keyringKms } from '../platform/kms/keyrings.ts';
import { createKmsRing, type KmsDriver, type KmsRing } from '../platform/kms/kms.ts';
import type { Database, Queryable } from '../platform/postgres.ts';
import { makeKey } from './signing/make.ts';
import { insertKey, lockKeys } from './signing/repository.ts';

/**
 * The keys that sign tokens. They live in PostgreSQL so that every process has the same ones; the private half is
 * encrypted by the key management and bound to its key identifier. How they come and go: signing/rotate.ts.
 */

export const ALGORITHMS = ['RS256', 'ES256'] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** `active` signs; `announced` and `retired` are only shown, for verification. */
export type KeyState = 'announced' | 'active' | 'retired';

export interface SigningKey {
  kid: string;
  algorithm: Algorithm;
  state: KeyState;
  /** Since when it signs, if it does or did. */
  activatedAt?: Date | undefined;
  privateKey: KeyObject;
  publicKey: KeyObject;
}

interface Row {
  kid: string;
  algorithm: Algorithm;
  state: KeyState;
  kms: KmsDriver;
  kms_key: string;
  activated_at: Date | null;
  private_encrypted: Buffer;
}

const publishedKeys = async (db: Queryable): Promise<Row[]> =>
  (
    await db.query<Row>(
      `SELECT kid, algorithm, state, kms, kms_key, activated_at, private_encrypted FROM signing_key
       WHERE state <> 'withdrawn'
       ORDER BY (state = 'active') DESC, created_at DESC, kid`,
    )
  ).rows;

interface KeysDeps {
  db: Database;
  keyring: KeyRing;
  /** What encrypts the keys; by default the key ring. */
  kms?: KmsRing | undefined;
  clock: Clock;
  audit: Audit;
  /** Private halves that this process opened before: a key is the same for ever. */
  opened?: Map<string, KeyObject>;
}

/** The key management of a key ring alone. */
export const kmsOf = ({ kms, keyring }: Pick<KeysDeps, 'kms' | 'keyring'>): KmsRing =>
  kms ?? createKmsRing(keyringKms('env', keyring));

const createKey = async (tx: Queryable, algorithm: Algorithm, deps: KeysDeps): Promise<void> => {
  const key = await makeKey(algorithm, kmsOf(deps).current);
  await insertKey(tx, key, { state: 'active' }, deps.clock.now());
  await deps.audit.record(tx, {
    type: 'signing_key_changed',
    details: { change: 'made', kid: key.kid, algorithm },
  });
};

const openPrivate = async (row: Row, kms: KmsRing): Promise<KeyObject> => {
  try {
    const der = await kms.open(row.kms, row.private_encrypted, row.kid, row.kms_key);
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch (cause) {
    const why =
      row.kms === 'env'
        ? 'CADUCEE_MASTER_KEY is not the key it was made with'
        : `the key management "${row.kms}" does not open it`;
    throw new Error(`signing key ${row.kid} cannot be decrypted: ${why}`, { cause });
  }
};

const open = async (row: Row, deps: KeysDeps): Promise<SigningKey> => {
  const privateKey = deps.opened?.get(row.kid) ?? (await openPrivate(row, kmsOf(deps)));
  deps.opened?.set(row.kid, privateKey);
  return {
    kid: row.kid,
    algorithm: row.algorithm,
    state: row.state,
    activatedAt: row.activated_at ?? undefined,
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
      await lockKeys(tx);
      const known = await publishedKeys(tx);
      for (const algorithm of ALGORITHMS) {
        if (!known.some((row) => row.algorithm === algorithm && row.state === 'active')) {
          await createKey(tx, algorithm, deps);
        }
      }
      return publishedKeys(tx);
    });
  }
  return Promise.all(rows.map((row) => open(row, deps)));
};

/** As `keysFingerprint` of the database tells it, of keys that were loaded. */
export const fingerprintOf = (keys: readonly SigningKey[]): string =>
  keys
    .map(({ kid, state }) => `${kid} ${state}`)
    .sort((a, b) => (a < b ? -1 : 1))
    .join(',');
