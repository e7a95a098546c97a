import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { calculateJwkThumbprint } from 'jose';
import type { Kms } from '../../platform/kms/kms.ts';
import type { Algorithm } from '../keys.ts';
import type { SealedKey } from './repository.ts';

const generate = promisify(generateKeyPair);

const generateKey = async (algorithm: Algorithm): Promise<KeyObject> =>
  algorithm === 'RS256'
    ? (await generate('rsa', { modulusLength: 2048 })).privateKey
    : (await generate('ec', { namedCurve: 'P-256' })).privateKey;

/** Makes a key pair; its private half leaves this function encrypted. */
export const makeKey = async (algorithm: Algorithm, kms: Kms): Promise<SealedKey> => {
  const privateKey = await generateKey(algorithm);
  const publicJwk = createPublicKey(privateKey).export({ format: 'jwk' });
  const kid = await calculateJwkThumbprint(publicJwk);
  const der = privateKey.export({ format: 'der', type: 'pkcs8' });
  const [sealed, kmsKey] = await Promise.all([kms.seal(der, kid), kms.keyId()]);
  return { kid, algorithm, publicJwk: { ...publicJwk, kid }, sealed, kms: kms.driver, kmsKey };
};
