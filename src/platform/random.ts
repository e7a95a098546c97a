import { randomBytes, randomInt, randomUUID } from 'node:crypto';

/** The only source of randomness of the server; a cryptographic one. */

/** `size` random bytes. */
export const bytes = (size: number): Buffer => randomBytes(size);

/** A random token of `size` bytes in base64url: 16 bytes are 22 characters. */
export const token = (size = 32): string => randomBytes(size).toString('base64url');

/** A random UUID (version 4). */
export const uuid = (): string => randomUUID();

/**
 * Makes UUIDs (version 7) that grow, of one instant: rows written in bulk then lie side by side in their index. 24 bits
 * count, 48 are random.
 */
export const createTimeOrderedIds = (now: Date): (() => string) => {
  const time = now.getTime().toString(16).padStart(12, '0');
  const first = `${time.slice(0, 8)}-${time.slice(8)}-7`;
  let count = 0;
  let pool = Buffer.alloc(0);
  return () => {
    if (pool.length < 6) pool = randomBytes(6144);
    const random = pool.toString('hex', 0, 6);
    pool = pool.subarray(6);
    const counted = (count++ & 0xffffff).toString(16).padStart(6, '0');
    return `${first}${counted.slice(0, 3)}-8${counted.slice(3)}-${random}`;
  };
};

/** A uniform integer, `min` included, `max` excluded. */
export const integer = (min: number, max: number): number => randomInt(min, max);

/** Crockford's base 32: no I, L, O or U, so that it can be read aloud and typed. */
export const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** `length` random characters of Crockford's base 32 (5 bits each). */
export const readable = (length: number): string =>
  Array.from(randomBytes(length), (byte) => CROCKFORD[byte & 31]).join('');

/** An identifier with a readable prefix, such as `dev_01HZX…`; 130 random bits. */
export const id = (prefix: string): string => `${prefix}_${readable(26)}`;

/** The id that an error page shows and the help desk searches: `K7QF-2M9A`. */
export const supportId = (): string => {
  const characters = readable(8);
  return `${characters.slice(0, 4)}-${characters.slice(4)}`;
};
