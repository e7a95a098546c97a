import { randomBytes, randomInt, randomUUID } from 'node:crypto';

/** The only source of randomness of the server; a cryptographic one. */

/** `size` random bytes. */
export const bytes = (size: number): Buffer => randomBytes(size);

/**
 * Random bytes drawn from the system some thousands at a time: asking for each few costs more than all that is done with
 * them. What was given out is wiped.
 */
const POOL_BYTES = 8192;
let pool = Buffer.alloc(0);
let used = 0;

const draw = <T>(size: number, make: (from: Buffer, start: number, end: number) => T): T => {
  if (size > POOL_BYTES / 16) return make(randomBytes(size), 0, size);
  if (used + size > pool.length) {
    pool = randomBytes(POOL_BYTES);
    used = 0;
  }
  const start = used;
  used += size;
  const made = make(pool, start, used);
  pool.fill(0, start, used);
  return made;
};

/** A random token of `size` bytes in base64url: 16 bytes are 22 characters. */
export const token = (size = 32): string =>
  draw(size, (from, start, end) => from.toString('base64url', start, end));

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
  let rest = Buffer.alloc(0);
  return () => {
    if (rest.length < 6) rest = randomBytes(6144);
    const random = rest.toString('hex', 0, 6);
    rest = rest.subarray(6);
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
  draw(length, (from, start, end) => {
    let text = '';
    for (let at = start; at < end; at += 1) text += CROCKFORD[(from[at] ?? 0) & 31];
    return text;
  });

/** An identifier with a readable prefix, such as `dev_01HZX…`; 130 random bits. */
export const id = (prefix: string): string => `${prefix}_${readable(26)}`;

/** The id that an error page shows and the help desk searches: `K7QF-2M9A`. */
export const supportId = (): string => {
  const characters = readable(8);
  return `${characters.slice(0, 4)}-${characters.slice(4)}`;
};
