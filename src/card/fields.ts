import {
  DerError,
  TAG,
  type Element,
  bytesOf,
  childrenOf,
  contentOf,
  expectTag,
  oidOf,
  soleElement,
} from './der.ts';
import { type NameAttribute, readName } from './name.ts';

/** An extension as it stands in the certificate: its value is DER of its own. */
export interface RawExtension {
  critical: boolean;
  value: Buffer;
}

export type Extensions = ReadonlyMap<string, RawExtension>;

export interface Name {
  /** The whole name: names are compared byte for byte. */
  der: Buffer;
  attributes: NameAttribute[];
}

/** What the checks ask of a certificate and OpenSSL, by Node, does not tell. */
export interface CertificateFields {
  signatureAlgorithm: string;
  issuer: Name;
  subject: Name;
  /** By OID. */
  extensions: Extensions;
}

/** Extension ::= SEQUENCE { OID, critical BOOLEAN DEFAULT FALSE, OCTET STRING }. */
const readExtension = (der: Uint8Array, extension: Element): [string, RawExtension] => {
  const [oid, second, third] = childrenOf(der, expectTag(extension, TAG.sequence));
  const value = expectTag(third ?? second, TAG.octetString);
  const critical = third !== undefined && der[expectTag(second, TAG.boolean).content] !== 0;
  return [oidOf(der, oid), { critical, value: contentOf(der, value) }];
};

/** One of a kind (RFC 5280, 4.2): with two, a reader might see the one and a checker the other. */
const readExtensions = (der: Uint8Array, holder: Element | undefined): Extensions => {
  const extensions = new Map<string, RawExtension>();
  if (!holder) return extensions;
  const [list] = childrenOf(der, holder);
  for (const element of childrenOf(der, expectTag(list, TAG.sequence))) {
    const [oid, extension] = readExtension(der, element);
    if (extensions.has(oid)) throw new DerError(`extension ${oid} stands there twice`);
    extensions.set(oid, extension);
  }
  return extensions;
};

/**
 * Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signature }, where tbsCertificate ::= SEQUENCE
 * { [0] version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, …, [3] extensions }.
 * OpenSSL has parsed the same bytes before.
 */
export const readFields = (der: Uint8Array): CertificateFields => {
  const [tbs, algorithm] = childrenOf(der, soleElement(der, TAG.sequence));
  const parts = [...childrenOf(der, expectTag(tbs, TAG.sequence))];
  if (parts[0]?.tag === TAG.context0) parts.shift();
  const [serial, , issuer, , subject] = parts;
  expectTag(serial, TAG.integer);
  const name = (element: Element | undefined): Name => {
    const found = expectTag(element, TAG.sequence);
    return { der: bytesOf(der, found), attributes: readName(der, found) };
  };
  const [oid] = childrenOf(der, expectTag(algorithm, TAG.sequence));
  return {
    signatureAlgorithm: oidOf(der, oid),
    issuer: name(issuer),
    subject: name(subject),
    extensions: readExtensions(
      der,
      parts.find(({ tag }) => tag === TAG.context3),
    ),
  };
};
