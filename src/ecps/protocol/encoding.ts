import * as z from 'zod';

/** Bytes, base64url and hexadecimal without any Node API, so that the phone's bundle stays small. */

/** An `ArrayBuffer`-backed byte string, the kind WebCrypto accepts. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** UTF-8. */
export const utf8 = (text: string): Bytes => new TextEncoder().encode(text);

export const concat = (...parts: readonly Uint8Array[]): Bytes => {
  const out = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
};

/** Base64url without padding (RFC 4648 §5). */
export const toBase64url = (data: Uint8Array): string => {
  let binary = '';
  for (const byte of data) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
};

/** Undoes {@link toBase64url}; throws on any other alphabet, padding or a non-canonical tail. */
export const fromBase64url = (text: string): Bytes => {
  if (!/^[A-Za-z0-9_-]*$/.test(text)) throw new TypeError('not base64url');
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const out = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  if (toBase64url(out) !== text) throw new TypeError('not canonical base64url');
  return out;
};

export const toHex = (data: Uint8Array): string =>
  Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** A canonical base64url text of exactly `size` bytes. */
export const base64urlOf = (size: number) =>
  z.string().refine((value) => {
    try {
      return fromBase64url(value).length === size;
    } catch {
      return false;
    }
  }, `${size} bytes in base64url`);

/** Length of the device secret K. It stands here, and not with the curves, which a phone loads with the first PIN. */
export const DEVICE_SECRET_BYTES = 32;
