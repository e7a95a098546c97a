/**
 * Distinguished names as text: RFC 4514 as people write them (`CN=api,O=Exemple,C=FR`, the leaf first), and the lines
 * in which Node gives the subject of a certificate (the root first). Two are the same when they have the same parts in
 * the same order; values are compared character by character.
 */

/** Names of attributes, as OpenSSL and RFC 4514 write them, and their identifiers. */
const TYPES: Readonly<Record<string, string>> = {
  cn: '2.5.4.3',
  commonname: '2.5.4.3',
  sn: '2.5.4.4',
  surname: '2.5.4.4',
  serialnumber: '2.5.4.5',
  c: '2.5.4.6',
  countryname: '2.5.4.6',
  l: '2.5.4.7',
  localityname: '2.5.4.7',
  st: '2.5.4.8',
  s: '2.5.4.8',
  stateorprovincename: '2.5.4.8',
  street: '2.5.4.9',
  streetaddress: '2.5.4.9',
  o: '2.5.4.10',
  organizationname: '2.5.4.10',
  ou: '2.5.4.11',
  organizationalunitname: '2.5.4.11',
  title: '2.5.4.12',
  description: '2.5.4.13',
  businesscategory: '2.5.4.15',
  postalcode: '2.5.4.17',
  gn: '2.5.4.42',
  givenname: '2.5.4.42',
  initials: '2.5.4.43',
  organizationidentifier: '2.5.4.97',
  uid: '0.9.2342.19200300.100.1.1',
  userid: '0.9.2342.19200300.100.1.1',
  dc: '0.9.2342.19200300.100.1.25',
  domaincomponent: '0.9.2342.19200300.100.1.25',
  emailaddress: '1.2.840.113549.1.9.1',
  email: '1.2.840.113549.1.9.1',
};

const OID = /^\d+(\.\d+)+$/;

const typeOf = (name: string): string | undefined => {
  const text = name.trim().toLowerCase();
  return OID.test(text) ? text : TYPES[text];
};

/** Cuts at a separator that no backslash protects. */
const cut = (text: string, separators: string): string[] => {
  const parts: string[] = [];
  let part = '';
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (character === '\\') {
      part += character + (text[index + 1] ?? '');
      index += 1;
    } else if (separators.includes(character)) {
      parts.push(part);
      part = '';
    } else part += character;
  }
  return [...parts, part];
};

const HEX = /^[0-9a-f]{2}$/i;

/** Undoes the escapes of RFC 4514; undefined when one is broken. */
const unescape = (text: string): string | undefined => {
  const bytes: Buffer[] = [];
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] !== '\\') {
      const point = String.fromCodePoint(text.codePointAt(index) ?? 0);
      bytes.push(Buffer.from(point));
      index += point.length - 1;
      continue;
    }
    const pair = text.slice(index + 1, index + 3);
    if (HEX.test(pair)) {
      bytes.push(Buffer.from(pair, 'hex'));
      index += 2;
    } else if (pair !== '') {
      bytes.push(Buffer.from(pair[0] ?? ''));
      index += 1;
    } else return undefined;
  }
  return Buffer.concat(bytes).toString('utf8').normalize('NFC');
};

/** Spaces around a value are not of it, unless a backslash says so. */
const trimmed = (text: string): string => text.replace(/^ +/, '').replace(/(?<!\\)(\\\\)* +$/, '$1');

const part = (text: string): string | undefined => {
  const equals = text.indexOf('=');
  const type = equals === -1 ? undefined : typeOf(text.slice(0, equals));
  const value = equals === -1 ? undefined : unescape(trimmed(text.slice(equals + 1)));
  return type === undefined || value === undefined || value === '' ? undefined : `${type}=${value}`;
};

/** One part of the name; several values joined by `+` are in no order. */
const relative = (text: string): string | undefined => {
  const parts = cut(text, '+').map(part);
  return parts.includes(undefined) ? undefined : JSON.stringify(parts.sort());
};

const joined = (lines: readonly string[]): string | undefined => {
  const parts = lines.map(relative);
  return parts.includes(undefined) ? undefined : JSON.stringify(parts);
};

/** A name written as RFC 4514, in one form that can be compared; undefined when it cannot be read. */
export const parseName = (text: string): string | undefined =>
  text.trim() === '' ? undefined : joined(cut(text, ',;').toReversed());

/** The subject of a certificate as Node gives it, in the same form. */
export const parseSubject = (lines: string): string | undefined =>
  lines === '' ? undefined : joined(lines.split('\n'));
