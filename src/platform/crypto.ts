import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  hkdfSync,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';
import { bytes } from './random.ts';

/** Small, named wrappers over node:crypto, so that each primitive is chosen once. */

export const sha256 = (data: string | Uint8Array): Buffer => hash('sha256', data, 'buffer');

export const sha256Base64url = (data: string | Uint8Array): string => hash('sha256', data, 'base64url');

/** A key prepared once: preparing it takes longer than the HMAC itself. */
const prepared = new WeakMap<Uint8Array, KeyObject>();
const prepare = (key: Uint8Array): KeyObject => {
  const known = prepared.get(key) ?? createSecretKey(key);
  prepared.set(key, known);
  return known;
};

/** The bytes of a key must not change once it was used. */
export const hmacSha256 = (key: Uint8Array, data: string | Uint8Array): Buffer =>
  createHmac('sha256', prepare(key)).update(data).digest();

/** Compares two byte strings in a time that depends on their lengths only. */
export const constantTimeEqual = (a: Uint8Array, b: Uint8Array): boolean => {
  // Hashing first makes the lengths equal, so that even those are not told by the clock.
  return timingSafeEqual(sha256(a), sha256(b));
};

/** Compares two texts in constant time. */
export const constantTimeEqualText = (a: string, b: string): boolean =>
  constantTimeEqual(Buffer.from(a), Buffer.from(b));

/**
 * Keys derived from the one master key of the configuration (CADUCEE_MASTER_KEY, 32 bytes). Each use has its
 * own key, named by `purpose`, so that a value made for one use never verifies for another (RFC 5869).
 */
export interface KeyRing {
  /** A derived key: the same for the same purpose and length, on every node. */
  derive(purpose: string, length?: number): Buffer;
  /** AES-256-GCM with a random 96-bit nonce: nonce ‖ ciphertext ‖ tag. `aad` binds the value to its row. */
  encrypt(purpose: string, plaintext: Uint8Array, aad: string): Buffer;
  /** Undoes {@link KeyRing.encrypt}; throws when the key, the AAD or the data do not match. */
  decrypt(purpose: string, sealed: Uint8Array, aad: string): Buffer;
}

const NONCE = 12;
const TAG = 16;

/**
 * Makes the key ring of one master key of at least 32 bytes. What the master key of before (`previous`) encrypted still
 * opens; it encrypts and derives nothing any more.
 */
export const createKeyRing = (master: Uint8Array, previous?: Uint8Array): KeyRing => {
  if (master.length < 32) throw new TypeError('the master key must have at least 32 bytes');
  const former = previous && createKeyRing(previous);
  const cache = new Map<string, Buffer>();

  const derive = (purpose: string, length = 32): Buffer => {
    const name = `${length}:${purpose}`;
    const known = cache.get(name);
    if (known) return known;
    const key = Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), `caducee/${purpose}`, length));
    cache.set(name, key);
    return key;
  };

  const keyOf = (purpose: string): KeyObject => prepare(derive(`encrypt/${purpose}`));

  const open = (purpose: string, data: Buffer, aad: string): Buffer => {
    const decipher = createDecipheriv('aes-256-gcm', keyOf(purpose), data.subarray(0, NONCE))
      .setAAD(Buffer.from(aad))
      .setAuthTag(data.subarray(data.length - TAG));
    return Buffer.concat([decipher.update(data.subarray(NONCE, data.length - TAG)), decipher.final()]);
  };

  return {
    derive,
    encrypt(purpose, plaintext, aad) {
      const nonce = bytes(NONCE);
      const cipher = createCipheriv('aes-256-gcm', keyOf(purpose), nonce).setAAD(Buffer.from(aad));
      return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    },
    decrypt(purpose, sealed, aad) {
      try {
        return open(purpose, Buffer.from(sealed), aad);
      } catch (error) {
        if (!former) throw error;
        return former.decrypt(purpose, sealed, aad);
      }
    },
  };
};
