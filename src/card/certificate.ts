import { X509Certificate } from 'node:crypto';
import { fromBER, Integer, OctetString, BitString, type BaseBlock } from 'asn1js';
import { Certificate, CertificatePolicies, ExtKeyUsage, type Extension } from 'pkijs';
import { OID } from './oids.ts';
import { readSubject, type CardSubject } from './subject.ts';

/** Kinds of card, by the integer in the certificate. */
export const CARD_TYPES = ['CPS', 'CPF', 'CPE', 'CDE', 'CPA'] as const;
export type CardType = (typeof CARD_TYPES)[number];

/** Bits of keyUsage (RFC 5280, 4.2.1.3), in their order. */
const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
] as const;
export type KeyUsage = (typeof KEY_USAGES)[number];

/** A certificate with what the checks ask of it. */
export interface ParsedCertificate {
  /** OpenSSL's view: signatures, issuance, dates. */
  x509: X509Certificate;
  /** The ASN.1 view: names, extensions, revocation. */
  asn1: Certificate;
  /** Serial number, hexadecimal, lower case, without leading zeros. */
  serial: string;
  /** DER of the issuer's name, hexadecimal: names are compared byte for byte. */
  issuer: string;
  subjectName: string;
  notBefore: Date;
  notAfter: Date;
  isCa: boolean;
  pathLength: number | undefined;
  /** Undefined: the extension is absent. */
  keyUsage: ReadonlySet<KeyUsage> | undefined;
  extendedKeyUsage: readonly string[];
  policies: readonly string[];
  /** Critical extensions, by OID. */
  critical: readonly string[];
  signatureAlgorithm: string;
}

/** What only a holder's certificate has. */
export interface HolderCertificate extends ParsedCertificate {
  /** Undefined: the subject does not name one person. */
  subject: CardSubject | undefined;
  /** `issuer/serial` of the card itself; undefined on a software certificate. */
  cardNumber: string | undefined;
  cardType: CardType | undefined;
}

const extension = (certificate: Certificate, oid: string): Extension | undefined =>
  certificate.extensions?.find(({ extnID }) => extnID === oid);

const inner = (found: Extension | undefined): BaseBlock | undefined => {
  if (!found) return undefined;
  const parsed = fromBER(found.extnValue.valueBlock.valueHexView);
  return parsed.offset === -1 ? undefined : (parsed.result as BaseBlock);
};

const readKeyUsage = (certificate: Certificate): ReadonlySet<KeyUsage> | undefined => {
  const found = extension(certificate, OID.keyUsage);
  if (!found) return undefined;
  const bits = inner(found);
  const bytes = bits instanceof BitString ? bits.valueBlock.valueHexView : new Uint8Array();
  return new Set(KEY_USAGES.filter((_name, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0));
};

const readPolicies = (certificate: Certificate): string[] => {
  const parsed = extension(certificate, OID.certificatePolicies)?.parsedValue as unknown;
  return parsed instanceof CertificatePolicies
    ? parsed.certificatePolicies.map(({ policyIdentifier }) => policyIdentifier)
    : [];
};

const readExtendedKeyUsage = (certificate: Certificate): string[] => {
  const parsed = extension(certificate, OID.extendedKeyUsage)?.parsedValue as unknown;
  return parsed instanceof ExtKeyUsage ? parsed.keyPurposes : [];
};

interface Constraints {
  isCa: boolean;
  pathLength: number | undefined;
}

const readBasicConstraints = (certificate: Certificate): Constraints => {
  const parsed = extension(certificate, OID.basicConstraints)?.parsedValue as
    { cA?: boolean; pathLenConstraint?: number | Integer } | undefined;
  const length = parsed?.pathLenConstraint;
  return {
    isCa: parsed?.cA === true,
    pathLength:
      length === undefined ? undefined : typeof length === 'number' ? length : length.valueBlock.valueDec,
  };
};

const hex = (bytes: ArrayBuffer | Uint8Array): string => Buffer.from(bytes as Uint8Array).toString('hex');

/** A serial number as it is compared and shown: hexadecimal, lower case, without leading zeros. */
export const normalizeSerial = (serial: string): string =>
  serial
    .toLowerCase()
    .replaceAll(/[^0-9a-f]/g, '')
    .replace(/^0+(?=.)/, '');

/** Parses a certificate, DER or PEM. Throws when it is not one, or when something follows it. */
export const parseCertificate = (input: Uint8Array | string): ParsedCertificate => {
  const x509 = new X509Certificate(input);
  const asn1 = Certificate.fromBER(x509.raw);
  if (typeof input !== 'string' && input[0] === 0x30 && input.length !== x509.raw.length) {
    throw new TypeError('bytes follow the certificate');
  }
  return {
    x509,
    asn1,
    serial: normalizeSerial(x509.serialNumber),
    issuer: hex(asn1.issuer.valueBeforeDecode),
    subjectName: hex(asn1.subject.valueBeforeDecode),
    notBefore: x509.validFromDate,
    notAfter: x509.validToDate,
    ...readBasicConstraints(asn1),
    keyUsage: readKeyUsage(asn1),
    extendedKeyUsage: readExtendedKeyUsage(asn1),
    policies: readPolicies(asn1),
    critical: (asn1.extensions ?? []).filter(({ critical }) => critical).map(({ extnID }) => extnID),
    signatureAlgorithm: asn1.signatureAlgorithm.algorithmId,
  };
};

const readCardType = (certificate: Certificate): CardType | undefined => {
  const value = inner(extension(certificate, OID.cardType));
  return value instanceof Integer ? CARD_TYPES[value.valueBlock.valueDec] : undefined;
};

/** The card's own number: a text, whichever ASN.1 type carries it. */
const readCardNumber = (certificate: Certificate): string | undefined => {
  const found = extension(certificate, OID.cardNumber);
  if (!found) return undefined;
  const value = inner(found);
  const text =
    value instanceof OctetString
      ? Buffer.from(value.valueBlock.valueHexView).toString('latin1')
      : (value?.valueBlock as { value?: unknown } | undefined)?.value;
  return typeof text === 'string' && /^\d{1,20}\/\d{1,20}$/.test(text) ? text : undefined;
};

/** Parses the certificate that a card presented. */
export const parseHolderCertificate = (input: Uint8Array | string): HolderCertificate => {
  const parsed = parseCertificate(input);
  return {
    ...parsed,
    subject: readSubject(parsed.asn1.subject),
    cardNumber: readCardNumber(parsed.asn1),
    cardType: readCardType(parsed.asn1),
  };
};
