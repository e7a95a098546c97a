import { ObjectIdentifier, PrintableString, Sequence, Set as Asn1Set, Utf8String } from 'asn1js';
import { RelativeDistinguishedNames } from 'pkijs';

/** One attribute of a name: its type (OID) and its text. */
export type Attribute = readonly [type: string, value: string];

/** A name as RDNs, each of one attribute or several: the last RDN of a card's subject is GN + CN + SN. */
export type NameParts = readonly (readonly Attribute[])[];

const COUNTRY = '2.5.4.6';

const attribute = ([type, value]: Attribute): Sequence =>
  new Sequence({
    value: [
      new ObjectIdentifier({ value: type }),
      type === COUNTRY ? new PrintableString({ value }) : new Utf8String({ value }),
    ],
  });

/** DER wants the members of a SET OF in the order of their encodings (X.690, 11.6). */
const setOf = (attributes: readonly Attribute[]): Asn1Set =>
  new Asn1Set({
    value: attributes
      .map(attribute)
      .map((value) => ({ value, der: Buffer.from(value.toBER()) }))
      .sort((a, b) => Buffer.compare(a.der, b.der))
      .map(({ value }) => value),
  });

/** Builds a name exactly as grouped: pkijs alone would put all attributes into one RDN. */
export const makeName = (parts: NameParts): RelativeDistinguishedNames =>
  RelativeDistinguishedNames.fromBER(new Sequence({ value: parts.map(setOf) }).toBER());
