import { concat, fromBase64url, toBase64url, utf8 } from './encoding.ts';
import { ProtocolError } from './errors.ts';

/**
 * Texts that travel by QR, by link or by hand.
 *
 * Mail QR `ECPS1:…`, sign-in QR `ECPS2:…`, card QR `ECPS3:…` and same-phone link `https://app/l#t=…` carry the same
 * thing: base64url of an identifier in ASCII followed by 16 secret bytes.
 */

export const QR_PREFIX = { mail: 'ECPS1:', signIn: 'ECPS2:', card: 'ECPS3:' } as const;
export const SECRET_BYTES = 16;
/** Path of the phone app that a same-phone link opens; what follows `#` never reaches a server. */
export const LINK_PATH = '/l';

export interface Ticket {
  /** An activation (mail, card) or a transaction (sign-in, link). */
  readonly id: string;
  /** 16 bytes in base64url. */
  readonly secret: string;
}

const pack = ({ id, secret }: Ticket): string => {
  const bytes = fromBase64url(secret);
  if (bytes.length !== SECRET_BYTES) throw new TypeError('the secret has 16 bytes');
  return toBase64url(concat(utf8(id), bytes));
};

const unpack = (text: string): Ticket => {
  try {
    const bytes = fromBase64url(text);
    const id = new TextDecoder().decode(bytes.subarray(0, -SECRET_BYTES));
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) throw new TypeError('no identifier');
    return { id, secret: toBase64url(bytes.subarray(-SECRET_BYTES)) };
  } catch (error) {
    throw new ProtocolError('request_invalid', 'unreadable QR or link', error);
  }
};

const parseQr = (prefix: string, text: string): Ticket => {
  const trimmed = text.trim();
  if (!trimmed.startsWith(prefix)) {
    throw new ProtocolError('request_invalid', `a QR of another kind (expected ${prefix})`);
  }
  return unpack(trimmed.slice(prefix.length));
};

/** The text of the QR in the activation mail: `id` is the activation's. */
export const mailQr = (ticket: Ticket): string => QR_PREFIX.mail + pack(ticket);
export const parseMailQr = (text: string): Ticket => parseQr(QR_PREFIX.mail, text);

/** The text of the QR on the sign-in page: `id` is the transaction's. */
export const signInQr = (ticket: Ticket): string => QR_PREFIX.signIn + pack(ticket);
export const parseSignInQr = (text: string): Ticket => parseQr(QR_PREFIX.signIn, text);

/** The text of the QR on the page of an activation by card: `id` is the activation's to be. */
export const cardQr = (ticket: Ticket): string => QR_PREFIX.card + pack(ticket);
export const parseCardQr = (text: string): Ticket => parseQr(QR_PREFIX.card, text);

/** The link from the sign-in page to the app on the same phone. */
export const sameLink = (appOrigin: string, ticket: Ticket): string =>
  `${appOrigin}${LINK_PATH}#t=${pack(ticket)}`;

/** Reads a same-phone link, or the token alone. */
export const parseSameLink = (text: string): Ticket => {
  const trimmed = text.trim();
  if (!trimmed.includes('#')) return unpack(trimmed);
  return unpack(new URLSearchParams(trimmed.slice(trimmed.indexOf('#') + 1)).get('t') ?? '');
};

/**
 * The eight typed characters of the mail as they are compared: Crockford's base 32, where I and L read as 1, O as 0,
 * case, spaces and hyphens do not count. Undefined when it is no such code.
 */
export const normalizeTypedCode = (text: string): string | undefined => {
  const code = text
    .toUpperCase()
    .replaceAll(/[\s\-–—.]/g, '')
    .replaceAll(/[IL]/g, '1')
    .replaceAll('O', '0');
  return /^[0-9A-HJKMNP-TV-Z]{8}$/.test(code) ? code : undefined;
};

/** Six digits of an SMS however they were typed; undefined when they are not six digits. */
export const normalizeSmsCode = (text: string): string | undefined => {
  const code = text.replaceAll(/[\s\-–—.]/g, '');
  return /^\d{6}$/.test(code) ? code : undefined;
};
