import { readFileSync, statSync } from 'node:fs';
import { type KeyRing, createKeyRing } from '../crypto.ts';
import type { Kms, KmsDriver } from './kms.ts';

/** Key managements whose key this process holds: the master key of the configuration, or one in a file. */

const PURPOSE = 'signing-key';

/** A key ring as a key management. `former` rings only open. */
export const keyringKms = (driver: KmsDriver, ring: KeyRing, ...former: readonly KeyRing[]): Kms => ({
  driver,
  keyId: async () => ring.derive('kms-key-id', 8).toString('hex'),
  seal: async (plaintext, aad) => ring.encrypt(PURPOSE, plaintext, aad),
  open: async (sealed, aad) => {
    let failure: unknown;
    for (const candidate of [ring, ...former]) {
      try {
        return candidate.decrypt(PURPOSE, sealed, aad);
      } catch (error) {
        failure ??= error;
      }
    }
    throw failure;
  },
});

const parseKey = (path: string, content: Buffer): Buffer => {
  if (content.length === 32) return content;
  const text = content.toString('utf8').trim();
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[A-Za-z0-9_-]{43}$/.test(text)) return Buffer.from(text, 'base64url');
  throw new Error(`${path} must hold 32 bytes: raw, in hexadecimal, or in base64url`);
};

/** Reads a key file, which nobody but its owner may read or write. */
export const readKeyFile = (path: string): KeyRing => {
  const { mode } = statSync(path);
  if ((mode & 0o077) !== 0) {
    throw new Error(`${path} may be read by others than its owner: chmod 600 ${path}`);
  }
  return createKeyRing(parseKey(path, readFileSync(path)));
};
