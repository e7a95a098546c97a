import {
  BmpString,
  ObjectIdentifier,
  PrintableString,
  Sequence,
  Set as Asn1Set,
  TeletexString,
  Utf8String,
  type BaseStringBlock,
} from 'asn1js';
import fc from 'fast-check';
import { Certificate, RelativeDistinguishedNames } from 'pkijs';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseHolderCertificate } from '../../src/card/certificate.ts';
import { type Examination, examine } from '../../src/card/checks.ts';
import { parseCertificate } from '../../src/card/certificate.ts';
import { OID } from '../../src/card/oids.ts';
import { type CardSubject, readSubject } from '../../src/card/subject.ts';
import { soleElement, TAG } from '../../src/card/der.ts';
import { readFields } from '../../src/card/fields.ts';
import { readName } from '../../src/card/name.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { type Issued, generateKeys } from '../../src/sandbox/card/authority.ts';
import { type Attribute, type NameParts, makeName } from '../../src/sandbox/card/names.ts';
import {
  type DevelopmentPki,
  ISSUERS,
  TEST_POLICY,
  createPki,
  issueCard,
} from '../../src/sandbox/card/pki.ts';

/** Whatever the subject of a certificate looks like, it names the one person it names, or nobody. */

const NOW = new Date('2027-03-01T10:00:00Z');

/** Letters as names have them, and beyond: outside the basic plane too. */
const word = fc.stringMatching(/^[A-Za-zÀ-ÖØ-öø-ÿŒœĀ-ž一-龠𠀀-𠀿0-9 '.,()/&+<>"=;#\\-]{1,24}$/u);
const nationalId = fc.oneof(
  fc.stringMatching(/^8[0-9]{11}$/),
  fc.stringMatching(/^3[0-9]{9}\/[0-9A-Z]{1,10}$/),
  fc.stringMatching(/^[0-9][0-9A-Za-z/._-]{2,63}$/),
);

const FIELDS = {
  nationalId: OID.commonName,
  familyName: OID.surname,
  givenName: OID.givenName,
  title: OID.title,
  organization: OID.organization,
} as const satisfies Record<keyof CardSubject, string>;

const subject: fc.Arbitrary<CardSubject> = fc.record({
  nationalId,
  familyName: word,
  givenName: word,
  title: fc.oneof(fc.constant(''), word),
  organization: fc.oneof(fc.constant(''), word),
});

/** Attributes that are not ours to read, the look-alikes of ours among them. */
const stranger: fc.Arbitrary<Attribute> = fc.tuple(
  fc.constantFrom(OID.country, OID.state, OID.organizationalUnit, '2.5.4.5', '2.5.4.41', '2.5.4.65'),
  fc.oneof(fc.constant('FR'), word, nationalId),
);

const attributesOf = (of: CardSubject): Attribute[] =>
  (Object.keys(FIELDS) as (keyof CardSubject)[])
    .filter((field) => of[field] !== '')
    .map((field) => [FIELDS[field], of[field]] as const);

/** The same attributes in any order, cut into RDNs anywhere: all in one, one each, or between. */
const grouped = (attributes: readonly Attribute[]): fc.Arbitrary<NameParts> =>
  fc
    .tuple(
      fc.shuffledSubarray([...attributes], { minLength: attributes.length }),
      fc.array(fc.boolean(), { minLength: attributes.length, maxLength: attributes.length }),
    )
    .map(([shuffled, cuts]) =>
      shuffled.reduce<Attribute[][]>((parts, attribute, index) => {
        const last = parts.at(-1);
        if (last && !cuts[index]) last.push(attribute);
        else parts.push([attribute]);
        return parts;
      }, []),
    );

const STRING_TYPES: readonly (new (parameters: { value: string }) => BaseStringBlock)[] = [
  Utf8String,
  BmpString,
  PrintableString,
  TeletexString,
];

/** A name whose texts are of the given ASN.1 types in turn. */
const nameIn = (attributes: readonly Attribute[], types: readonly number[]): RelativeDistinguishedNames =>
  RelativeDistinguishedNames.fromBER(
    new Sequence({
      value: attributes.map(([type, value], index) => {
        const Text = STRING_TYPES[types[index] ?? 0] ?? Utf8String;
        return new Asn1Set({
          value: [new Sequence({ value: [new ObjectIdentifier({ value: type }), new Text({ value })] })],
        });
      }),
    }).toBER(),
  );

/** What we read in a name that pkijs wrote. */
const subjectIn = (name: RelativeDistinguishedNames): CardSubject | undefined => {
  const der = new Uint8Array(name.toSchema().toBER());
  return readSubject(readName(der, soleElement(der, TAG.sequence)));
};

describe('a subject that names one person', () => {
  test('is read whatever the order, the grouping into RDNs and the attributes beside', () => {
    fc.assert(
      fc.property(
        fc
          .tuple(subject, fc.array(stranger, { maxLength: 4 }))
          .chain(([of, others]) => fc.tuple(fc.constant(of), grouped([...attributesOf(of), ...others]))),
        ([of, parts]) => {
          expect(subjectIn(makeName(parts))).toEqual(of);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('is read whichever ASN.1 type carries its texts', () => {
    const ascii = fc.stringMatching(/^[A-Za-z0-9 '(),.-]{1,20}$/);
    fc.assert(
      fc.property(
        fc.record({ nationalId, familyName: ascii, givenName: ascii, title: ascii, organization: ascii }),
        fc.array(fc.nat(STRING_TYPES.length - 1), { minLength: 5, maxLength: 5 }),
        (of, types) => {
          expect(subjectIn(nameIn(attributesOf(of), types))).toEqual(of);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('keeps letters that its ASN.1 type can hold, accents included', () => {
    fc.assert(
      fc.property(nationalId, fc.stringMatching(/^[A-ZÀ-ÖØ-ÝŒ' -]{1,20}$/), (id, familyName) => {
        const name = nameIn(
          [
            [OID.surname, familyName],
            [OID.commonName, id],
          ],
          [1, 0],
        );
        expect(subjectIn(name)).toMatchObject({ nationalId: id, familyName });
      }),
    );
  });
});

describe('a subject that does not', () => {
  const differently = (change: (of: CardSubject) => fc.Arbitrary<Attribute[]>) =>
    fc.assert(
      fc.property(
        subject.chain((of) => change(of).chain(grouped)),
        (parts) => {
          expect(subjectIn(makeName(parts))).toBeUndefined();
        },
      ),
      { numRuns: 200 },
    );

  test('two common names, even the same twice, in one RDN or in several', () => {
    differently((of) =>
      fc
        .oneof(nationalId, fc.constant(of.nationalId))
        .map((second) => [...attributesOf(of), [OID.commonName, second]]),
    );
  });

  test('two of any other attribute that is read', () => {
    differently((of) =>
      fc
        .tuple(fc.constantFrom(OID.surname, OID.givenName, OID.title, OID.organization), word, word)
        .map(([type, first, second]) => [
          ...attributesOf(of).filter((attribute) => attribute[0] !== type),
          [type, first],
          [type, second],
        ]),
    );
  });

  test('no common name', () => {
    differently((of) => fc.constant(attributesOf(of).filter(([type]) => type !== OID.commonName)));
  });

  test('a common name that is no national identifier, or only begins or ends like one', () => {
    const odd = fc.oneof(
      fc
        .tuple(nationalId, fc.constantFrom(' ', '\0', '\n', '\0x', ',CN=8', 'é'))
        .map(([id, tail]) => id + tail),
      fc.tuple(fc.constantFrom(' ', '\0', '\n', '+', 'CN='), nationalId).map(([head, id]) => head + id),
      fc.stringMatching(/^[A-Za-z ]{1,20}$/),
      fc.constantFrom('', '8', '89', `8${'0'.repeat(64)}`, '８９９７００４２７８８５'),
    );
    differently((of) =>
      odd.map((commonName) => [
        ...attributesOf(of).filter(([type]) => type !== OID.commonName),
        [OID.commonName, commonName],
      ]),
    );
  });

  test('a control, format or line character in a name', () => {
    const hidden = fc.constantFrom(
      '\0',
      '\t',
      '\n',
      '\r',
      '\u001b',
      '\u007f',
      '\u200b',
      '\u202e',
      '\u2028',
      '\ufeff',
    );
    differently((of) =>
      fc
        .tuple(fc.constantFrom(OID.surname, OID.givenName, OID.title, OID.organization), word, hidden, word)
        .map(([type, before, character, after]) => [
          ...attributesOf(of).filter((attribute) => attribute[0] !== type),
          [type, before + character + after],
        ]),
    );
  });

  test('any name at all is read or refused, never thrown at', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.array(
            fc.tuple(
              fc.constantFrom<string>(...Object.values(FIELDS), OID.country),
              fc.string({ unit: 'binary', maxLength: 30 }),
            ),
            { minLength: 1, maxLength: 4 },
          ),
          { maxLength: 4 },
        ),
        (parts) => {
          const read = subjectIn(makeName(parts as NameParts));
          const names = parts.flat().filter(([type]) => type === OID.commonName);
          if (read) expect(names).toEqual([[OID.commonName, read.nationalId]]);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('through a whole certificate', () => {
  let pki: DevelopmentPki;
  let good: Issued;
  let keys: Awaited<ReturnType<typeof generateKeys>>;
  const crlOrigin = 'http://127.0.0.1:9';
  const holder = {
    ...{ nationalId: '899700427885', familyName: 'DOC', givenName: 'KIT', title: 'Médecin' },
    ...{ professionCode: 10, cardType: 'CPS' as const, cardSerial: '1' },
  };

  beforeAll(async () => {
    [pki, keys] = await Promise.all([createPki(NOW, crlOrigin), generateKeys('p256')]);
    good = await issueCard(pki, holder, { now: NOW, crlOrigin, keys });
  });

  const judge = (der: Uint8Array): Examination =>
    examine(der, {
      trust: {
        anchors: [parseCertificate(pki.standard.root.der)],
        intermediates: [parseCertificate(pki.standard.persons.der)],
      },
      policy: { policies: [TEST_POLICY], issuers: [ISSUERS.standard] },
      clock: new ManualClock(NOW),
    });

  test('the holder is the one that was certified', async () => {
    await fc.assert(
      fc.asyncProperty(
        subject.chain((of) => fc.tuple(fc.constant(of), grouped(attributesOf(of)))),
        async ([of, parts]) => {
          const issued = await issueCard(pki, holder, { now: NOW, crlOrigin, keys, subject: parts });
          expect(parseHolderCertificate(issued.der).subject).toEqual(of);
          const examination = judge(issued.der);
          expect(examination.ok && examination.holder.subject).toEqual(of);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('pkijs reads the same in it: names, extensions and their order, what is critical', () => {
    for (const { der } of [good, pki.standard.persons, pki.standard.root, pki.elementary.persons]) {
      const ours = readFields(der);
      const theirs = Certificate.fromBER(Uint8Array.from(der));
      expect(
        [...ours.extensions].map(([oid, { critical, value }]) => [oid, critical, value.toString('hex')]),
      ).toEqual(
        (theirs.extensions ?? []).map(({ extnID, critical, extnValue }) => [
          extnID,
          critical,
          Buffer.from(extnValue.valueBlock.valueHexView).toString('hex'),
        ]),
      );
      for (const name of ['issuer', 'subject'] as const) {
        expect(ours[name].attributes).toEqual(
          theirs[name].typesAndValues.map(({ type, value }) => ({ type, value: value.valueBlock.value })),
        );
      }
      expect(ours.signatureAlgorithm).toBe(theirs.signatureAlgorithm.algorithmId);
    }
  });

  test('bytes changed, taken out, put in or cut off never make another holder, and never throw', () => {
    expect(judge(good.der).ok).toBe(true);
    const damage = fc.record({
      at: fc.nat(good.der.length - 1),
      remove: fc.nat(3),
      insert: fc.uint8Array({ maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(damage, { minLength: 1, maxLength: 4 }), (changes) => {
        let der = Buffer.from(good.der);
        for (const { at, remove, insert } of changes) {
          der = Buffer.concat([der.subarray(0, at), insert, der.subarray(at + remove)]);
        }
        fc.pre(!der.equals(good.der));
        expect(judge(der).ok).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  test('bytes that are no certificate are malformed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (der) => {
        expect(judge(der)).toMatchObject({ ok: false, reason: 'card_certificate_malformed' });
      }),
      { numRuns: 100 },
    );
  });
});
