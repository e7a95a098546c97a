import { createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { CompactSign, importJWK, type JWK } from 'jose';
import type { Clock } from '../platform/clock.ts';
import type { KeyRing } from '../platform/crypto.ts';
import type { Database, Queryable } from '../platform/postgres.ts';
import { bytes } from '../platform/random.ts';
import { thumbprint } from './protocol/proof.ts';
import { blindEvaluate, deriveDeviceOprfKey } from './protocol/keys.ts';
import { publicJwk } from './protocol/payloads.ts';

/** Makers of the two keys that live in the database, encrypted with the key ring; a number of ours for the lock. */
const LOCK = 7_265_006;
const PURPOSE = 'ecps/keys';
const MASTER = 'oprf-master';
const RECEIPT = 'receipt-es256';

/** The server's own secrets of the e-CPS, without showing them. */
export interface EcpsKeys {
  /** BlindEvaluate with the key of one device and one generation. Count the try before. */
  evaluate(deviceId: string, gen: number, blinded: string): string;
  /** A compact JWS (ES256, `typ: ecps-receipt+jwt`) over these claims. */
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>;
  /** What verifies the receipts. */
  jwks(): { keys: Record<string, unknown>[] };
}

const findKey = async (db: Queryable, name: string): Promise<Buffer | undefined> => {
  const { rows } = await db.query<{ sealed: Buffer }>('SELECT sealed FROM ecps_key WHERE name = $1', [name]);
  return rows[0]?.sealed;
};

const insertKey = (db: Queryable, name: string, sealed: Buffer, now: Date) =>
  db.query('INSERT INTO ecps_key (name, sealed, created_at) VALUES ($1, $2, $3)', [name, sealed, now]);

const newReceiptKey = (): Buffer => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return Buffer.from(JSON.stringify(privateKey.export({ format: 'jwk' })));
};

/** Reads the two keys; the first process ever to start makes them, the others wait for it. */
export const loadEcpsKeys = async (deps: {
  db: Database;
  keyring: KeyRing;
  clock: Clock;
}): Promise<EcpsKeys> => {
  const { db, keyring, clock } = deps;
  const loadOrMake = async (name: string, make: () => Buffer): Promise<Buffer> => {
    const known = await findKey(db, name);
    if (known) return keyring.decrypt(PURPOSE, known, name);
    return db.transaction(async (tx) => {
      await tx.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
      const made = await findKey(tx, name);
      if (made) return keyring.decrypt(PURPOSE, made, name);
      const fresh = make();
      await insertKey(tx, name, keyring.encrypt(PURPOSE, fresh, name), clock.now());
      return fresh;
    });
  };
  const master = await loadOrMake(MASTER, () => bytes(32));
  const receipt = JSON.parse((await loadOrMake(RECEIPT, newReceiptKey)).toString('utf8')) as JsonWebKey;
  const signer = await importJWK(receipt as JWK, 'ES256');
  const publicKey = publicJwk.parse(
    createPublicKey({ key: receipt, format: 'jwk' }).export({ format: 'jwk' }),
  );
  const kid = await thumbprint(publicKey);

  return {
    evaluate: (deviceId, gen, blinded) => blindEvaluate(deriveDeviceOprfKey(master, deviceId, gen), blinded),
    sign: (claims) =>
      new CompactSign(Buffer.from(JSON.stringify(claims)))
        .setProtectedHeader({ alg: 'ES256', typ: 'ecps-receipt+jwt', kid })
        .sign(signer),
    jwks: () => ({ keys: [{ ...publicKey, kid, alg: 'ES256', use: 'sig' }] }),
  };
};
