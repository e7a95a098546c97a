import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredExercise } from '../../src/registry/exercise.ts';
import { readHeader } from '../../src/registry/header.ts';
import { IdSet } from '../../src/registry/id-set.ts';
import { packExercises, unpackExercises } from '../../src/registry/packed.ts';
import { digest, type Person } from '../../src/registry/person.ts';
import { openReader } from '../../src/registry/reader.ts';
import { parseLine } from '../../src/registry/record.ts';
import { HEADERS, blocks, doctor, line, personsOf, rpps, type Values } from '../support/registry.ts';

/** What the reader should make of lines, written plainly: each line as text, by the rule, put together as objects. */
const plainly = (header: string, lines: readonly string[]) => {
  const plan = readHeader(header);
  const persons: Person[] = [];
  const refused: [number, string][] = [];
  const warned: [number, string][] = [];
  for (const [index, text] of lines.entries()) {
    const number = index + 2;
    const bare = text.replace(/\r$/, '');
    if (bare.trim() === '') continue;
    const parsed = parseLine({ number, text: bare }, plan);
    if (!parsed.ok) {
      refused.push([number, parsed.reason]);
      continue;
    }
    const { record } = parsed;
    for (const code of record.warnings) warned.push([number, code]);
    let person = persons.at(-1);
    if (person?.nationalId !== record.nationalId) {
      const { nationalId } = record;
      const empty = {
        civility: '',
        familyName: '',
        givenName: '',
        towns: [],
        email: null,
        phone: null,
        exercises: [],
      };
      persons.push((person = { nationalId, line: number, ...empty }));
    }
    person.civility ||= record.civility;
    person.familyName ||= record.familyName;
    person.givenName ||= record.givenName;
    person.email ??= record.email;
    person.phone ??= record.phone;
    if (record.activity && record.town !== '' && !person.towns.includes(record.town))
      person.towns.push(record.town);
    if (!record.exercise) continue;
    const head = JSON.stringify(record.exercise);
    let exercise = person.exercises.find(
      (known) => JSON.stringify({ ...known, activities: undefined }) === head,
    );
    if (!exercise) person.exercises.push((exercise = { ...record.exercise, activities: [] }));
    const activity = JSON.stringify(record.activity);
    if (record.activity && !exercise.activities.some((known) => JSON.stringify(known) === activity)) {
      exercise.activities.push(record.activity);
    }
  }
  return { persons, refused, warned };
};

const quickly = async (header: string, lines: readonly string[], size: number) => {
  const refused: [number, string][] = [];
  const warned: [number, string][] = [];
  const reader = await openReader(blocks([header, ...lines].join('\n'), size), {
    refused: (number, reason) => refused.push([number, reason]),
    warned: (...what) => warned.push(what),
  });
  const rows: Buffer[] = [];
  for await (const batch of reader.rows) rows.push(batch);
  return { persons: personsOf(Buffer.concat(rows)), refused, warned, rows: Buffer.concat(rows).toString() };
};

describe('lines that stay bytes', () => {
  const odd = fc.string({
    unit: fc.constantFrom(
      'A',
      'é',
      'À',
      'Œ',
      ' ',
      '\u00A0',
      '\u3000',
      '\u2009',
      '\uFEFF',
      '"',
      '\\',
      '\t',
      '\r',
      "'",
      '😀',
      '…',
      '\u007F',
      '\u0085',
      '-',
    ),
    maxLength: 6,
  });
  const values = fc.record(
    {
      nationalId: fc.constantFrom(
        rpps(1),
        rpps(2),
        '810102727017',
        '0751234567',
        '3123456789/X1',
        '5123',
        '',
      ),
      idType: fc.constantFrom('8', '0', ' 8', '', '5'),
      familyName: odd,
      nomDexercice: odd,
      prenomDexercice: odd,
      civility: fc.constantFrom('', 'M', ' MME '),
      codeProfession: fc.constantFrom('10', ' 10', '60', ''),
      codeSavoirFaire: fc.constantFrom('', 'SM54'),
      raisonSocialeSite: odd,
      bureauCedex: fc.constantFrom('', '69003 LYON', 'PARIS CEDEX 9', ' 69003 LYON '),
      codePays: fc.constantFrom('', '99000'),
      email: fc.constantFrom('', 'a@exemple.test', ' A@Exemple.test', 'x'),
      phone: fc.constantFrom('', '0639980001', '06 39 98 00 01', 'x'),
    },
    { requiredKeys: ['nationalId'] },
  );
  const mangle = fc.constantFrom(
    (text: string) => text,
    (text: string) => text,
    (text: string) => text,
    (text: string) => `${text}\r`,
    (text: string) => text.slice(0, -1),
    (text: string) => `${text}x|`,
    (text: string) => text.replace('|', ''),
    (text: string) => ` ${text} `,
    (text: string) => `${text} `,
    () => '   ',
    () => '',
  );

  it.each([50, 56] as const)(
    'say what the same lines say as text (property, %i columns)',
    async (columns) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(values, mangle), { maxLength: 12 }),
          fc.integer({ min: 1, max: 3000 }),
          fc.boolean(),
          async (entries, size, trailing) => {
            const header = trailing ? HEADERS[columns] : HEADERS[columns].slice(0, -1);
            const lines = entries.map(([given, change]) => change(line(HEADERS[columns], given as Values)));
            const [slow, quick] = [plainly(header, lines), await quickly(header, lines, size)];
            const { rows, ...told } = quick;
            expect(told).toEqual(slow);
            // The digest does not depend on the way that was taken.
            for (const person of slow.persons)
              expect(rows).toContain(digest(person, packExercises(person.exercises)));
          },
        ),
        { numRuns: 300 },
      );
    },
  );

  it('marks who comes again, further down', async () => {
    const text = [doctor(1), doctor(2), doctor(1), doctor(1), doctor(2)].map((values_) =>
      line(HEADERS[50], values_),
    );
    const { rows } = await quickly(HEADERS[50], text, 100);
    expect([...rows.matchAll(/\t(\d+)\t([tf])\n/g)].map(([, number, part]) => [number, part])).toEqual([
      ['2', 'f'],
      ['3', 'f'],
      ['4', 't'],
      ['6', 't'],
    ]);
  });
});

describe('packed exercices', () => {
  // oxlint-disable no-control-regex -- these part values
  const cell = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 5 })
    .filter((text) => !/[\u001D-\u001F]/.test(text));
  const exercise = fc.record(
    {
      codeProfession: cell,
      codeSavoirFaire: cell,
      activities: fc.array(
        fc.record(
          { codeModeExercice: cell, autoriteDenregistrement: cell, raisonSocialeSite: cell },
          { requiredKeys: ['codeModeExercice'] },
        ),
        { maxLength: 3 },
      ),
    },
    { requiredKeys: ['codeProfession', 'activities'] },
  );

  it('come back as they went (property)', () => {
    fc.assert(
      fc.property(fc.array(exercise, { maxLength: 4 }), (exercises) => {
        expect(unpackExercises(packExercises(exercises as StoredExercise[]))).toEqual(exercises);
      }),
    );
  });

  it('lose only what would part them', () => {
    const [back] = unpackExercises(
      packExercises([{ codeProfession: '1\u001F0', activities: [{ codeRole: 'a\u001Db' }] }]),
    );
    expect(back).toEqual({ codeProfession: '1 0', activities: [{ codeRole: 'a b' }] });
  });
});

describe('identifiers met', () => {
  it('are never forgotten, and none is taken for another among a hundred thousand', () => {
    const met = new IdSet();
    const ids = Array.from({ length: 50_000 }, (_, index) => [rpps(index), `3${index}/X${index}`]).flat();
    for (const id of ids) expect(met.add(id)).toBe(true);
    for (const id of ids) expect(met.add(id)).toBe(false);
  });
});
