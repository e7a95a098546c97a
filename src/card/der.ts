/**
 * DER in place (X.690): elements one after the other, as offsets into the bytes. Certificates are read so at every
 * sign-in, and revocation lists of hundreds of thousands of entries: general ASN.1 libraries make objects of each
 * element, which costs a core more than the whole TLS handshake, and refuse, rightly, long lists from a stranger.
 */

/** Bytes that are not DER, or not of the shape they should have. */
export class DerError extends Error {}

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
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
  /** [0] and [3] of the context, constructed. */
  context0: 0xa0,
  context3: 0xa3,
} as const;

const malformed = (): DerError => new DerError('not DER');

/** The element that begins at `at` and ends by `end`. */
export const readElement = (der: Uint8Array, at: number, end: number): Element => {
  const tag = der[at];
  const first = der[at + 1];
  // No tag of more than one byte, and no indefinite length, has a place in what is read here.
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

/** The element that `bytes` is, and nothing after it. */
export const soleElement = (bytes: Uint8Array, tag: number): Element => {
  const element = readElement(bytes, 0, bytes.length);
  if (element.to !== bytes.length) throw malformed();
  return expectTag(element, tag);
};

/** The same element, if it has this tag. */
export const expectTag = (element: Element | undefined, tag: number): Element => {
  if (element?.tag !== tag) throw malformed();
  return element;
};

/** The bytes inside an element. */
export const contentOf = (der: Uint8Array, { content, to }: Pick<Element, 'content' | 'to'>): Buffer =>
  Buffer.from(der.buffer, der.byteOffset + content, to - content);

/** The bytes of an element, its head included. */
export const bytesOf = (der: Uint8Array, { from, to }: Pick<Element, 'from' | 'to'>): Buffer =>
  Buffer.from(der.buffer, der.byteOffset + from, to - from);

/** An OBJECT IDENTIFIER as text. */
export const oidOf = (der: Uint8Array, element: Element | undefined): string => {
  const bytes = contentOf(der, expectTag(element, TAG.oid));
  const last = bytes.at(-1);
  if (last === undefined || last >= 0x80) throw malformed();
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of bytes) {
    // The first arc is not so long; a longer one would no longer be exact.
    if (arc > Number.MAX_SAFE_INTEGER / 256) throw malformed();
    arc = arc * 128 + (byte & 0x7f);
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [first = 0, ...others] = arcs;
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - root * 40, ...others].join('.');
};

/** A small INTEGER, not negative. */
export const smallInteger = (der: Uint8Array, element: Element | undefined): number => {
  const bytes = contentOf(der, expectTag(element, TAG.integer));
  if (bytes.length === 0 || bytes.length > 4 || (bytes[0] ?? 0) >= 0x80) throw malformed();
  return bytes.readUIntBE(0, bytes.length);
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const wide = (bytes: Buffer, size: 2 | 4): string => {
  if (bytes.length % size !== 0) throw malformed();
  const points: number[] = [];
  for (let at = 0; at < bytes.length; at += size) points.push(bytes.readUIntBE(at, size));
  if (points.some((point) => point > 0x10_ffff)) throw malformed();
  return size === 4 ? String.fromCodePoint(...points) : String.fromCharCode(...points);
};

/** The text of a string of any ASN.1 type; undefined when it is no string. */
export const textOf = (der: Uint8Array, element: Element): string | undefined => {
  const bytes = contentOf(der, element);
  switch (element.tag) {
    case TAG.utf8String:
      try {
        return utf8.decode(bytes);
      } catch {
        throw malformed();
      }
    case TAG.bmpString:
      return wide(bytes, 2);
    case TAG.universalString:
      return wide(bytes, 4);
    case TAG.numericString:
    case TAG.printableString:
    case TAG.teletexString:
    case TAG.ia5String:
      return bytes.toString('latin1');
    default:
      return undefined;
  }
};

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
