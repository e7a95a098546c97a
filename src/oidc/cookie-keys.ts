import type { KeyObject } from 'node:crypto';
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';

/**
 * Signs the library's cookies. It stands where Koa takes a Keygrip, which prepares its key again for each signature and uses
 * SHA-1; of a signature both want `sign`, `index` and `verify`.
 */
export interface CookieKeys {
  sign(data: string): string;
  /** Which key made this signature; -1 for none. */
  index(data: string, signature: string): number;
  verify(data: string, signature: string): boolean;
}

/** Makes {@link CookieKeys} with one key. */
export const createCookieKeys = (key: Uint8Array): CookieKeys => {
  const prepared: KeyObject = createSecretKey(key);
  const sign = (data: string): string => createHmac('sha256', prepared).update(data).digest('base64url');
  const verify = (data: string, signature: string): boolean => {
    const [given, right] = [Buffer.from(signature), Buffer.from(sign(data))];
    return given.length === right.length && timingSafeEqual(given, right);
  };
  return { sign, verify, index: (data, signature) => (verify(data, signature) ? 0 : -1) };
};
