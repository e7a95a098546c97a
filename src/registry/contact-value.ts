import { domainToASCII } from 'node:url';

/** E-mail addresses and telephone numbers as files and people write them, to the one form we keep. */

const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;

/** The address with its domain in lower-case ASCII; undefined when nobody could deliver to it. */
export const normalizeEmail = (value: string): string | undefined => {
  const text = value.trim();
  const at = text.lastIndexOf('@');
  const local = text.slice(0, Math.max(at, 0));
  const domain = domainToASCII(text.slice(at + 1)).toLowerCase();
  if (text.length > 254 || local.length > 64 || !LOCAL.test(local) || !DOMAIN.test(domain)) return undefined;
  return `${local}@${domain}`;
};

/** Overseas numbers are written like any other in France, and have a country code of their own. */
const OVERSEAS: readonly [RegExp, string][] = [
  [/^0(?:590|690|691)/, '590'],
  [/^0(?:594|694)/, '594'],
  [/^0(?:596|696|697)/, '596'],
  [/^0(?:262|263|269|692|693|639[0-7])/, '262'],
];

/**
 * E.164 (`+33612345678`); without a country code the number is French. Undefined when it is not a telephone number.
 */
export const normalizePhone = (value: string): string | undefined => {
  const digits = value
    .normalize('NFKC')
    .replace(/\(0\)/g, '')
    .replace(/[\s.\-/()\u2010-\u2015\u200B-\u200F\u2060\uFEFF]/g, '')
    .replace(/^00/, '+');
  if (/^0[1-9]\d{8}$/.test(digits)) {
    const country = OVERSEAS.find(([pattern]) => pattern.test(digits))?.[1] ?? '33';
    return `+${country}${digits.slice(1)}`;
  }
  const international = digits.replace(/^\+330(?=[1-9]\d{8}$)/, '+33');
  if (/^\+33/.test(international)) return /^\+33[1-9]\d{8}$/.test(international) ? international : undefined;
  return /^\+[1-9]\d{7,14}$/.test(international) ? international : undefined;
};
