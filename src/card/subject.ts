import type { NameAttribute } from './name.ts';
import { OID } from './oids.ts';

/**
 * The holder as the certificate names him. The last RDN of a card's subject is multi-valued (GN + CN + SN), which
 * text forms of a subject flatten or lose: so it is read attribute by attribute from the ASN.1, whatever the order
 * and the grouping.
 */
export interface CardSubject {
  /** CN: the national identifier (8 + RPPS, 3 + FINESS/…). */
  nationalId: string;
  familyName: string;
  givenName: string;
  /** `Médecin`, `Sage-Femme`, `Personnel santé ou social`… */
  title: string;
  /** Employer, on the card of an employee. */
  organization: string;
}

const PRINTABLE = /^[\p{L}\p{N}\p{P}\p{S} ]+$/u;
const NATIONAL_ID = /^[0-9][0-9A-Za-z/._-]{2,63}$/;

const valuesOf = (name: readonly NameAttribute[], type: string): string[] =>
  name.filter((attribute) => attribute.type === type).map(({ value }) => value);

/**
 * Reads the subject. Undefined when it does not name one person exactly once: no CN or several, a CN that cannot be
 * a national identifier, a name with control characters.
 */
export const readSubject = (name: readonly NameAttribute[]): CardSubject | undefined => {
  const [nationalId, ...others] = valuesOf(name, OID.commonName);
  if (nationalId === undefined || others.length > 0 || !NATIONAL_ID.test(nationalId)) return undefined;
  const single = (type: string): string | undefined => {
    const values = valuesOf(name, type);
    if (values.length > 1) return undefined;
    const value = values[0] ?? '';
    return value === '' || PRINTABLE.test(value) ? value : undefined;
  };
  const familyName = single(OID.surname);
  const givenName = single(OID.givenName);
  const title = single(OID.title);
  const organization = single(OID.organization);
  if (
    familyName === undefined ||
    givenName === undefined ||
    title === undefined ||
    organization === undefined
  ) {
    return undefined;
  }
  return { nationalId, familyName, givenName, title, organization };
};
