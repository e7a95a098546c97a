import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { normalizeEmail, normalizePhone } from '../../src/registry/contact-value.ts';
import { fold } from '../../src/registry/fold.ts';
import { luhn, normalize, registerOf } from '../../src/registry/national-id.ts';
import { rpps } from '../support/registry.ts';

const digits = (length: number) =>
  fc
    .array(fc.integer({ min: 0, max: 9 }), { minLength: length, maxLength: length })
    .map((all) => all.join(''));

describe('national identifier', () => {
  it('takes an RPPS number with or without the leading 8', () => {
    const expected = { ok: true, nationalId: '899700427885', luhn: true };
    expect(normalize('99700427885')).toEqual(expected);
    expect(normalize('899700427885')).toEqual(expected);
  });

  it('ignores spaces of every width, dots and what copying hides', () => {
    for (const text of [
      '8 99700 427 885',
      '8.99700.427.885',
      '8\u00A099700\u202F427885',
      ' \u200B899700427885\uFEFF\n',
    ]) {
      expect(normalize(text)).toMatchObject({ ok: true, nationalId: '899700427885' });
    }
  });

  it('takes the four registers, letters in any case', () => {
    expect(normalize('0 2A9300017')).toEqual({ ok: true, nationalId: '02A9300017', luhn: true });
    expect(normalize('30b0057881/cpet0002')).toEqual({
      ok: true,
      nationalId: '30B0057881/CPET0002',
      luhn: true,
    });
    expect(normalize('500000001815646/CPAT00045')).toMatchObject({ ok: true });
    expect(
      ['899700427885', '02A9300017', '30B0057881/CPET0002', '500000001815646/CPAT00045'].map(registerOf),
    ).toEqual(['RPPS', 'ADELI', 'FINESS', 'SIRET']);
  });

  it('tells a wrong check digit without refusing', () => {
    expect(normalize('10102727017')).toEqual({ ok: true, nationalId: '810102727017', luhn: false });
  });

  it.each([
    '',
    '8',
    '8997004278',
    '8997004278855',
    '199700427885',
    '8997O0427885',
    '8-99700427885',
    '0123',
    '3/1',
    '８９',
  ])('refuses %j', (text) => expect(normalize(text)).toEqual({ ok: false, code: 'identifier_malformed' }));

  it('never throws, and gives back what it gave (any text)', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', maxLength: 40 })),
        (text) => {
          const result = normalize(text);
          if (!result.ok) return;
          expect(registerOf(result.nationalId)).toBeDefined();
          expect(normalize(result.nationalId)).toEqual(result);
        },
      ),
    );
  });

  it('finds the same identifier wherever spaces stand (property)', () => {
    fc.assert(
      fc.property(
        digits(11),
        fc.array(fc.tuple(fc.nat(11), fc.constantFrom(' ', '.', '\u00A0', '\u202F', '\t'))),
        (number, noise) => {
          const noisy = noise.reduce(
            (text, [at, space]) => text.slice(0, at) + space + text.slice(at),
            number,
          );
          expect(normalize(noisy)).toMatchObject({ ok: true, nationalId: `8${number}` });
        },
      ),
    );
  });

  it('accepts one check digit in ten, and hears every single wrong digit (property)', () => {
    fc.assert(
      fc.property(digits(10), (base) => {
        expect(
          Array.from({ length: 10 }, (_, check) => luhn(`${base}${check}`)).filter(Boolean),
        ).toHaveLength(1);
      }),
    );
    fc.assert(
      fc.property(fc.nat(9_999_999), fc.nat(10), fc.integer({ min: 1, max: 9 }), (serial, at, shift) => {
        const right = rpps(serial).slice(1);
        const wrong = right.slice(0, at) + String((Number(right[at]) + shift) % 10) + right.slice(at + 1);
        expect([luhn(right), luhn(wrong)]).toEqual([true, false]);
      }),
    );
  });
});

describe('contact values', () => {
  it.each([
    ['06 39 98 00 01', '+33639980001'],
    ['0639980001', '+33639980001'],
    ['06.39.98.00.01', '+33639980001'],
    ['06-39-98-00-01', '+33639980001'],
    ['+33 6 39 98 00 01', '+33639980001'],
    ['+33 (0)6 39 98 00 01', '+33639980001'],
    ['0033639980001', '+33639980001'],
    ['+330639980001', '+33639980001'],
    ['01 99 00 12 34', '+33199001234'],
    ['0692 12 34 56', '+262692123456'],
    ['0690 12 34 56', '+590690123456'],
    ['0639 00 12 34', '+262639001234'],
    ['+44 7700 900123', '+447700900123'],
  ])('phone %s is %s', (written, kept) => expect(normalizePhone(written)).toBe(kept));

  it.each([
    '',
    'x',
    '06 39 98 00',
    '06 39 98 00 012',
    '+33 6 39',
    '00',
    '+0123456789',
    '12',
    '06 39 98 00 0O',
    '112',
  ])('phone %j is none', (written) => expect(normalizePhone(written)).toBeUndefined());

  it.each([
    [' Alix.Nom@Exemple.TEST ', 'Alix.Nom@exemple.test'],
    ["d'artimon+a@sous.exemple.test", "d'artimon+a@sous.exemple.test"],
    ['a@éxemple.test', 'a@xn--xemple-9ua.test'],
  ])('e-mail %s is %s', (written, kept) => expect(normalizeEmail(written)).toBe(kept));

  it.each([
    '',
    'a',
    'a@',
    '@b.fr',
    'a@b',
    'a b@c.fr',
    'a@b..fr',
    '.a@b.fr',
    'é@b.fr',
    'a@b.fr\nBcc: x@y.fr',
    'a@-b.fr',
    `${'a'.repeat(65)}@b.fr`,
  ])('e-mail %j is none', (written) => expect(normalizeEmail(written)).toBeUndefined());

  it('keeps what it normalised (property)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const phone = normalizePhone(text);
        if (phone !== undefined) expect(normalizePhone(phone)).toBe(phone);
        const email = normalizeEmail(text);
        if (email !== undefined) expect(normalizeEmail(email)).toBe(email);
      }),
    );
    fc.assert(
      fc.property(fc.emailAddress(), (email) => {
        expect(normalizeEmail(email)).toBeDefined();
      }),
    );
  });
});

describe('folding of names', () => {
  it.each([
    ['D’ARTIMON', 'd artimon'],
    ["d'Artimon", 'd artimon'],
    ['Œuvrard-Müller', 'oeuvrard muller'],
    ['  LE   GALL ', 'le gall'],
    ['ÅKERSTRÖM ŻÓŁTOWSKA', 'akerstrom zoltowska'],
  ])('%s is %s', (name, folded) => expect(fold(name)).toBe(folded));

  it('is the same twice (property)', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(fold(fold(name))).toBe(fold(name));
      }),
    );
  });
});
