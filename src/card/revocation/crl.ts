import { Integer, fromBER } from 'asn1js';
import { CertificateRevocationList } from 'pkijs';
import type { ParsedCertificate } from '../certificate.ts';
import { divide } from './entries.ts';
import { CrlError } from './error.ts';

export { CrlError } from './error.ts';

/** Certificate revocation lists (RFC 5280, 5): reading, signature, and what a base and its delta say together. */

const CRL_NUMBER = '2.5.29.20';
const DELTA_INDICATOR = '2.5.29.27';
const ISSUING_DISTRIBUTION_POINT = '2.5.29.28';
const HANDLED = new Set([CRL_NUMBER, DELTA_INDICATOR, '2.5.29.35']);

export interface RevocationList {
  asn1: CertificateRevocationList;
  /** DER of the issuer's name, hexadecimal. */
  issuer: string;
  number: bigint;
  /** For a delta: the number of the base list it completes. */
  baseNumber: bigint | undefined;
  thisUpdate: Date;
  nextUpdate: Date;
  /** Serial numbers, normalised. */
  revoked: ReadonlySet<string>;
  /** A delta's serial numbers that are no longer revoked. */
  removed: ReadonlySet<string>;
}

const integerIn = (bytes: Uint8Array): bigint => {
  const value = fromBER(bytes).result;
  if (!(value instanceof Integer))
    throw new CrlError('an extension of the list is not the integer it should be');
  return value.toBigInt();
};

type Extensions = {
  extnID: string;
  critical: boolean;
  extnValue: { valueBlock: { valueHexView: Uint8Array } };
}[];

const extensionInteger = (extensions: Extensions, oid: string): bigint | undefined => {
  const found = extensions.find(({ extnID }) => extnID === oid);
  return found && integerIn(found.extnValue.valueBlock.valueHexView);
};

const derOf = (input: Uint8Array): Uint8Array => {
  const text = Buffer.from(input.subarray(0, 64)).toString('latin1');
  if (!text.includes('-----BEGIN')) return input;
  const body = /-----BEGIN X509 CRL-----([\s\S]+?)-----END X509 CRL-----/.exec(
    Buffer.from(input).toString('latin1'),
  );
  if (!body?.[1]) throw new CrlError('not a revocation list');
  return Buffer.from(body[1], 'base64');
};

const open = (der: Uint8Array) => {
  try {
    const { rest, signed, revoked, removed } = divide(der);
    const asn1 = CertificateRevocationList.fromBER(Uint8Array.from(rest));
    // What the signature is checked on: all that was signed, not the rest without its entries.
    asn1.tbsView = Uint8Array.from(signed);
    return { asn1, revoked, removed };
  } catch (error) {
    if (error instanceof CrlError) throw error;
    throw new CrlError('not a revocation list', { cause: error });
  }
};

/** Parses a list, DER or PEM. Throws {@link CrlError} when it is not one, is unbounded or has unknown critical parts. */
export const parseCrl = (input: Uint8Array): RevocationList => {
  const { asn1, revoked, removed } = open(derOf(input));
  const extensions = (asn1.crlExtensions?.extensions ?? []) as unknown as Extensions;
  const unknown = extensions.find(({ extnID, critical }) => critical && !HANDLED.has(extnID));
  if (unknown) {
    throw new CrlError(
      unknown.extnID === ISSUING_DISTRIBUTION_POINT
        ? 'the list covers only some certificates (issuing distribution point), which is not supported'
        : `the list has an unknown critical extension ${unknown.extnID}`,
    );
  }
  if (!asn1.nextUpdate) throw new CrlError('the list says no next update');
  const number = extensionInteger(extensions, CRL_NUMBER);
  if (number === undefined) throw new CrlError('the list has no number');
  return {
    asn1,
    issuer: Buffer.from(asn1.issuer.valueBeforeDecode as ArrayBuffer).toString('hex'),
    number,
    baseNumber: extensionInteger(extensions, DELTA_INDICATOR),
    thisUpdate: asn1.thisUpdate.value,
    nextUpdate: asn1.nextUpdate.value,
    revoked,
    removed,
  };
};

/** True when the authority signed the list and may sign lists. */
export const signedBy = async (list: RevocationList, authority: ParsedCertificate): Promise<boolean> => {
  if (list.issuer !== authority.subjectName) return false;
  if (authority.keyUsage && !authority.keyUsage.has('cRLSign')) return false;
  return list.asn1.verify({ issuerCertificate: authority.asn1() }).catch(() => false);
};

export type RevocationVerdict = 'good' | 'revoked' | 'unknown';

/** What the lists of one authority say of a serial number at an instant; stale lists say nothing. */
export const statusIn = (
  lists: readonly RevocationList[],
  serial: string,
  now: Date,
  graceSeconds: number,
): RevocationVerdict => {
  const fresh = (list: RevocationList): boolean =>
    list.thisUpdate <= now && now.getTime() <= list.nextUpdate.getTime() + graceSeconds * 1000;
  const newest = (candidates: RevocationList[]): RevocationList | undefined =>
    candidates.reduce<RevocationList | undefined>((a, b) => (a && a.number >= b.number ? a : b), undefined);

  const base = newest(lists.filter(({ baseNumber }) => baseNumber === undefined));
  if (!base) return 'unknown';
  const delta = newest(
    lists.filter(
      (list) =>
        list.baseNumber !== undefined &&
        list.baseNumber <= base.number &&
        list.number >= base.number &&
        fresh(list),
    ),
  );
  // A stale base is of use only with a delta that is not: together they are as fresh as the delta.
  if (!fresh(base) && !delta) return 'unknown';
  if (delta?.revoked.has(serial)) return 'revoked';
  if (delta?.removed.has(serial)) return 'good';
  return base.revoked.has(serial) ? 'revoked' : 'good';
};
