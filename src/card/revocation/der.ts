import { CrlError } from './error.ts';

/**
 * The part of DER that a revocation list needs (X.690): elements one after the other, in place. A list has as many
 * entries as cards were ever revoked, hundreds of thousands; general ASN.1 libraries make an object of each and
 * refuse, rightly, that many from a stranger.
 */
export interface Element {
  tag: number;
  /** Where the element begins, with its tag. */
  from: number;
  /** Where its content begins. */
  content: number;
  /** Where it ends. */
  to: number;
}

export const TAG = {
  integer: 0x02,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  extensions: 0xa0,
  boolean: 0x01,
} as const;

const malformed = (): CrlError => new CrlError('not a revocation list');

/** The element that begins at `at` and ends by `end`. */
export const readElement = (der: Uint8Array, at: number, end: number): Element => {
  const tag = der[at];
  const first = der[at + 1];
  // No tag of more than one byte and no indefinite length has a place in a list.
  if (tag === undefined || first === undefined || at + 2 > end || (tag & 0x1f) === 0x1f) throw malformed();
  let length = first;
  let content = at + 2;
  if (first >= 0x80) {
    const bytes = first & 0x7f;
    if (bytes === 0 || bytes > 4 || content + bytes > end) throw malformed();
    length = 0;
    for (let index = 0; index < bytes; index += 1) length = length * 256 + (der[content + index] ?? 0);
    content += bytes;
  }
  const to = content + length;
  if (to > end) throw malformed();
  return { tag, from: at, content, to };
};

/** The elements inside one. */
export function* childrenOf(der: Uint8Array, parent: Pick<Element, 'content' | 'to'>): Generator<Element> {
  for (let at = parent.content; at < parent.to;) {
    const child = readElement(der, at, parent.to);
    yield child;
    at = child.to;
  }
}

/** A SEQUENCE of these encodings. */
export const sequenceOf = (parts: readonly Uint8Array[]): Uint8Array => {
  const body = Buffer.concat(parts);
  const length = body.length;
  const head =
    length < 0x80
      ? [length]
      : [0x84, (length >>> 24) & 0xff, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff];
  return Buffer.concat([Uint8Array.from([TAG.sequence, ...head]), body]);
};
