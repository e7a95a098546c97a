import { randomBytes, randomInt, randomUUID } from 'node:crypto';

/** The only source of randomness of the server; a cryptographic one. */

/** `size` random bytes. */
export const bytes = (size: number): Buffer => randomBytes(size);

/** A random token of `size` bytes in base64url: 16 bytes are 22 characters. */
export const token = (size = 32): string => randomBytes(size).toString('base64url');

/** A random UUID (version 4). */
export const uuid = (): string => randomUUID();

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
