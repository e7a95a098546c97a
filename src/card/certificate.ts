import { X509Certificate } from 'node:crypto';
import { Certificate } from 'pkijs';
import { TAG, type Element, childrenOf, contentOf, oidOf, smallInteger, soleElement, textOf } from './der.ts';
import { type Extensions, readFields } from './fields.ts';
import type { NameAttribute } from './name.ts';
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
  /** For revocation, which pkijs checks: read when it is first asked for, since that costs more than the handshake. */
  asn1(): Certificate;
  /** Serial number, hexadecimal, lower case, without leading zeros. */
  serial: string;
  /** DER of the issuer's name, hexadecimal: names are compared byte for byte. */
  issuer: string;
  subjectName: string;
  /** Common names; undefined where there is none. */
  issuerCommonName: string | undefined;
  commonName: string | undefined;
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

const readKeyUsage = (extensions: Extensions): ReadonlySet<KeyUsage> | undefined => {
  const value = extensions.get(OID.keyUsage)?.value;
  if (!value) return undefined;
  // BIT STRING: the number of unused bits, then the bits.
  const bytes = contentOf(value, soleElement(value, TAG.bitString)).subarray(1);
  return new Set(KEY_USAGES.filter((_name, bit) => ((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0));
};

/** The elements of an extension that is a SEQUENCE; none when it is absent. */
const sequenceIn = (extensions: Extensions, oid: string): { der: Uint8Array; elements: Element[] } => {
  const der = extensions.get(oid)?.value;
  return der
    ? { der, elements: [...childrenOf(der, soleElement(der, TAG.sequence))] }
    : { der: new Uint8Array(), elements: [] };
};

const readPolicies = (extensions: Extensions): string[] => {
  const { der, elements } = sequenceIn(extensions, OID.certificatePolicies);
  return elements.map((policy) => oidOf(der, childrenOf(der, policy).next().value ?? undefined));
};

const readExtendedKeyUsage = (extensions: Extensions): string[] => {
  const { der, elements } = sequenceIn(extensions, OID.extendedKeyUsage);
  return elements.map((purpose) => oidOf(der, purpose));
};

interface Constraints {
  isCa: boolean;
  pathLength: number | undefined;
}

/** BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL }. */
const readBasicConstraints = (extensions: Extensions): Constraints => {
  const { der, elements } = sequenceIn(extensions, OID.basicConstraints);
  const length = elements.find(({ tag }) => tag === TAG.integer);
  return {
    isCa: elements[0]?.tag === TAG.boolean && der[elements[0].content] !== 0,
    pathLength: length && smallInteger(der, length),
  };
};

/** A serial number as it is compared and shown: hexadecimal, lower case, without leading zeros. */
export const normalizeSerial = (serial: string): string =>
  serial
    .toLowerCase()
    .replaceAll(/[^0-9a-f]/g, '')
    .replace(/^0+(?=.)/, '');

const commonNameIn = (name: readonly NameAttribute[]): string | undefined =>
  name.find(({ type }) => type === OID.commonName)?.value;

const read = (input: Uint8Array | string) => {
  const x509 = new X509Certificate(input);
  const der = x509.raw;
  if (typeof input !== 'string' && input[0] === TAG.sequence && input.length !== der.length) {
    throw new TypeError('bytes follow the certificate');
  }
  const fields = readFields(der);
  const { extensions } = fields;
  let asn1: Certificate | undefined;
  const parsed: ParsedCertificate = {
    x509,
    asn1: () => (asn1 ??= Certificate.fromBER(Uint8Array.from(der))),
    serial: normalizeSerial(x509.serialNumber),
    issuer: fields.issuer.der.toString('hex'),
    subjectName: fields.subject.der.toString('hex'),
    issuerCommonName: commonNameIn(fields.issuer.attributes),
    commonName: commonNameIn(fields.subject.attributes),
    notBefore: x509.validFromDate,
    notAfter: x509.validToDate,
    ...readBasicConstraints(extensions),
    keyUsage: readKeyUsage(extensions),
    extendedKeyUsage: readExtendedKeyUsage(extensions),
    policies: readPolicies(extensions),
    critical: [...extensions].filter(([, { critical }]) => critical).map(([oid]) => oid),
    signatureAlgorithm: fields.signatureAlgorithm,
  };
  return { parsed, fields };
};

/** Parses a certificate, DER or PEM. Throws when it is not one, or when something follows it. */
export const parseCertificate = (input: Uint8Array | string): ParsedCertificate => read(input).parsed;

/** INTEGER; of a number that is no kind of card, undefined. */
const readCardType = (extensions: Extensions): CardType | undefined => {
  const der = extensions.get(OID.cardType)?.value;
  return der && CARD_TYPES[smallInteger(der, soleElement(der, TAG.integer))];
};

/** The card's own number: a text, whichever ASN.1 type carries it. */
const readCardNumber = (extensions: Extensions): string | undefined => {
  const der = extensions.get(OID.cardNumber)?.value;
  const element = der && soleElement(der, der[0] ?? 0);
  if (!element) return undefined;
  const text =
    element.tag === TAG.octetString ? contentOf(der, element).toString('latin1') : textOf(der, element);
  return text !== undefined && /^\d{1,20}\/\d{1,20}$/.test(text) ? text : undefined;
};

/** Parses the certificate that a card presented. */
export const parseHolderCertificate = (input: Uint8Array | string): HolderCertificate => {
  const { parsed, fields } = read(input);
  return {
    ...parsed,
    subject: readSubject(fields.subject.attributes),
    cardNumber: readCardNumber(fields.extensions),
    cardType: readCardType(fields.extensions),
  };
};
