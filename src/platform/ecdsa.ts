/**
 * ECDSA signatures of P-256 in their two shapes: r‖s, 64 bytes, as JOSE wants them (RFC 7518, 3.4), and the DER sequence of
 * two integers that OpenSSL makes. Node turns one into the other too (`ieee-p1363`), at the price of a second signature.
 */

const HALF = 32;
const SEQUENCE = 0x30;
const INTEGER = 0x02;

/** Copies the integer that begins at `at` right-aligned into `half`; says where it ends. */
const copyInteger = (der: Uint8Array, at: number, half: Uint8Array): number => {
  const end = at + 2 + (der[at + 1] ?? 0);
  let from = at + 2;
  while (from < end - 1 && der[from] === 0) from += 1;
  if (der[at] !== INTEGER || end > der.length || end - from > HALF || end === from) {
    throw new TypeError('not an ECDSA signature of P-256');
  }
  half.set(der.subarray(from, end), HALF - (end - from));
  return end;
};

/** r‖s from DER; throws a TypeError for anything but two positive integers of 32 bytes at most. */
export const rawFromDer = (der: Uint8Array): Buffer => {
  const raw = Buffer.alloc(2 * HALF);
  if (der[0] !== SEQUENCE || der[1] !== der.length - 2)
    throw new TypeError('not an ECDSA signature of P-256');
  const middle = copyInteger(der, 2, raw.subarray(0, HALF));
  if (copyInteger(der, middle, raw.subarray(HALF)) !== der.length) {
    throw new TypeError('not an ECDSA signature of P-256');
  }
  return raw;
};

/** The shortest integer: no zero in front but the one that keeps it positive. */
const integer = (half: Uint8Array): Uint8Array => {
  let from = 0;
  while (from < HALF - 1 && half[from] === 0) from += 1;
  const positive = (half[from] ?? 0) < 0x80;
  return Uint8Array.from([
    INTEGER,
    HALF - from + (positive ? 0 : 1),
    ...(positive ? [] : [0]),
    ...half.subarray(from),
  ]);
};

/** DER from r‖s; undefined when it has not 64 bytes. */
export const derFromRaw = (raw: Uint8Array): Buffer | undefined => {
  if (raw.length !== 2 * HALF) return undefined;
  const [r, s] = [integer(raw.subarray(0, HALF)), integer(raw.subarray(HALF))];
  return Buffer.from([SEQUENCE, r.length + s.length, ...r, ...s]);
};
