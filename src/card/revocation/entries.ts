import { normalizeSerial } from '../certificate.ts';
import { type Element, TAG, bytesOf, childrenOf, contentOf, readElement, sequenceOf } from '../der.ts';
import { CrlError } from './error.ts';

/** A revocation list taken apart: its entries, which are many, and the rest, which is small (RFC 5280, 5.1). */
export interface DividedList {
  /** The list as it would be without entries: for a general ASN.1 library, not for its signature. */
  rest: Uint8Array;
  /** What the authority signed, entries included. */
  signed: Uint8Array;
  /** Serial numbers, normalised. */
  revoked: ReadonlySet<string>;
  /** Serial numbers that a delta takes back. */
  removed: ReadonlySet<string>;
}

const REASON = '551d15';
const REMOVE_FROM_CRL = 8;

/** Extensions of an entry that change nothing for us: reason, hold instruction, invalidity date. */
const HARMLESS = new Set([REASON, '551d17', '551d18']);

const hex = (der: Uint8Array, element: Element): string => contentOf(der, element).toString('hex');

const isTime = ({ tag }: Element): boolean => tag === TAG.utcTime || tag === TAG.generalizedTime;

/** Extension ::= SEQUENCE { OID, BOOLEAN DEFAULT FALSE, OCTET STRING }. */
const readExtension = (der: Uint8Array, extension: Element): { oid: string; reason: number } => {
  const [oid, ...others] = childrenOf(der, extension);
  const value = others.at(-1);
  if (oid?.tag !== TAG.oid || value?.tag !== TAG.octetString) throw new CrlError('not a revocation list');
  const critical = others[0]?.tag === TAG.boolean && der[others[0].content] !== 0;
  const name = hex(der, oid);
  if (critical && !HARMLESS.has(name)) {
    throw new CrlError('an entry of the list has an unknown critical extension');
  }
  if (name !== REASON) return { oid: name, reason: 0 };
  const reason = readElement(der, value.content, value.to);
  return { oid: name, reason: reason.tag === TAG.enumerated ? (der[reason.content] ?? 0) : 0 };
};

/** Entry ::= SEQUENCE { serial INTEGER, Time, Extensions OPTIONAL }. */
const readEntry = (der: Uint8Array, entry: Element): { serial: string; reason: number } => {
  const [serial, time, extensions] = childrenOf(der, entry);
  if (entry.tag !== TAG.sequence || serial?.tag !== TAG.integer || !time || !isTime(time)) {
    throw new CrlError('not a revocation list');
  }
  let reason = 0;
  if (extensions) {
    for (const extension of childrenOf(der, extensions)) {
      reason = Math.max(reason, readExtension(der, extension).reason);
    }
  }
  return { serial: normalizeSerial(hex(der, serial)), reason };
};

/** CertificateList ::= SEQUENCE { tbsCertList, signatureAlgorithm, signature }; the entries follow the dates. */
export const divide = (der: Uint8Array): DividedList => {
  const list = readElement(der, 0, der.length);
  const [tbs, ...signature] = childrenOf(der, list);
  if (list.tag !== TAG.sequence || list.to !== der.length || tbs?.tag !== TAG.sequence) {
    throw new CrlError('not a revocation list');
  }
  const parts = [...childrenOf(der, tbs)];
  const firstDate = parts.findIndex(isTime);
  const entries = parts.find(({ tag }, index) => firstDate >= 0 && index > firstDate && tag === TAG.sequence);
  const bytes = (element: Element): Uint8Array => bytesOf(der, element);
  const revoked = new Set<string>();
  const removed = new Set<string>();
  if (entries) {
    for (const entry of childrenOf(der, entries)) {
      const { serial, reason } = readEntry(der, entry);
      (reason === REMOVE_FROM_CRL ? removed : revoked).add(serial);
    }
  }
  const kept = sequenceOf(parts.filter((part) => part !== entries).map(bytes));
  return {
    rest: sequenceOf([kept, ...signature.map(bytes)]),
    signed: bytes(tbs),
    ...{ revoked, removed },
  };
};
