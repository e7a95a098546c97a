import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACTIVITY_KEYS, completeExercise } from '../../src/registry/exercise.ts';
import { ImportError } from '../../src/registry/file-error.ts';
import { LONGEST_LINE } from '../../src/registry/blocks.ts';
import type { Person } from '../../src/registry/person.ts';
import { openReader } from '../../src/registry/reader.ts';
import { HEADERS, blocks, doctor, file, line, personsOf, rpps, type Values } from '../support/registry.ts';

interface Result {
  persons: Person[];
  refused: [number, string, string | undefined][];
  warned: [number, string][];
  read: number;
  layout: string;
}

const readAll = async (content: string | Uint8Array, size?: number): Promise<Result> => {
  const refused: Result['refused'] = [];
  const warned: Result['warned'] = [];
  const reader = await openReader(blocks(content, size), {
    refused: (...what) => refused.push(what),
    warned: (...what) => warned.push(what),
  });
  const rows: Buffer[] = [];
  for await (const batch of reader.rows) rows.push(batch);
  const persons = personsOf(Buffer.concat(rows));
  return { persons, refused, warned, read: reader.read(), layout: reader.plan.layout.name };
};

const failure = async (content: string | Uint8Array): Promise<ImportError> => {
  try {
    await readAll(content);
  } catch (error) {
    if (error instanceof ImportError) return error;
    throw error;
  }
  throw new Error('the file was accepted');
};

const one = doctor(1);
const FULL: Values = Object.fromEntries(ACTIVITY_KEYS.map((key, index) => [key, `v${index}`]));

describe('both layouts, by header name', () => {
  it.each([49, 50, 52, 56] as const)('%i columns', async (columns) => {
    const { persons, refused, layout } = await readAll(file(HEADERS[columns], [one]));
    expect(refused).toEqual([]);
    expect(layout).toBe(
      columns < 51 ? 'Extraction_ProSanteConnect_Personne_activite' : 'PS_LibreAcces_Personne_activite',
    );
    expect(persons).toHaveLength(1);
    expect(persons[0]).toMatchObject({
      nationalId: rpps(1),
      familyName: 'NOM1',
      givenName: 'ALIX',
      civility: 'MME',
      email: columns < 51 ? 'alix.nom1@exemple.test' : null,
      phone: columns < 51 ? '+33639980001' : null,
    });
    expect(persons[0]?.exercises).toEqual([
      {
        codeProfession: '10',
        codeCategorieProfessionnelle: 'C',
        codeCiviliteDexercice: 'DR',
        nomDexercice: 'NOM1',
        prenomDexercice: 'ALIX',
        codeTypeSavoirFaire: 'S',
        codeSavoirFaire: 'SM54',
        activities: [
          {
            codeModeExercice: 'L',
            codeSecteurDactivite: 'SA07',
            raisonSocialeSite: 'CABINET 1',
            bureauCedex: '69003 LYON',
            codePostal: '69003',
            autoriteDenregistrement: 'CNOM/CNOM/CNOM',
          },
        ],
      },
    ]);
  });

  it.each([50, 56] as const)(
    'every key of an activity comes from its own column (%i columns)',
    async (columns) => {
      const { persons } = await readAll(file(HEADERS[columns], [{ ...one, ...FULL }]));
      expect(persons[0]?.exercises[0]?.activities[0]).toEqual(FULL);
    },
  );

  it('a role or genre that the older layouts lack reads as ""', async () => {
    const older = await readAll(file(HEADERS[52], [{ ...one, ...FULL }]));
    const stored = older.persons[0]?.exercises[0];
    expect(stored && completeExercise(stored).activities[0]).toEqual({
      ...FULL,
      codeRole: '',
      codeGenreActivite: '',
    });
  });

  it('swapped columns, other capitals and a typographic apostrophe change nothing', async () => {
    const cells = HEADERS[50].replace(/\|$/, '').split('|');
    const swapped = `${cells.toReversed().join('|').replaceAll("'", '’').toUpperCase()}|`;
    const body = line(HEADERS[50], { ...one, ...FULL })
      .replace(/\|$/, '')
      .split('|');
    const { persons } = await readAll(`${swapped}\n${body.toReversed().join('|')}|\n`);
    expect(persons).toEqual((await readAll(file(HEADERS[50], [{ ...one, ...FULL }]))).persons);
  });

  it('says which columns are missing', async () => {
    const error = await failure(
      file(HEADERS[50].replace('Code profession|', '').replace("Nom d'exercice|", ''), []),
    );
    expect(error.code).toBe('missing_column');
    expect(error.message).toContain('"Code profession"');
    expect(error.message).toContain('"Nom d\'exercice"');
  });

  it('refuses another file, a column named twice, an empty file', async () => {
    expect((await failure('a|b|c\n1|2|3\n')).code).toBe('unknown_layout');
    expect((await failure(`${HEADERS[50]}Code profession|\n`)).code).toBe('doubled_column');
    expect((await failure('')).code).toBe('empty');
    expect((await failure('x'.repeat(LONGEST_LINE + 10))).code).toBe('empty');
  });

  it('reads over columns that it does not know', async () => {
    const { persons } = await readAll(file(`${HEADERS[56]}Couleur|`, [one]));
    expect(persons).toHaveLength(1);
  });
});

describe('lines', () => {
  const content = file(HEADERS[50], [one, doctor(2), doctor(3)]);

  it.each([1, 7, 100, 65_536])('the cut of the blocks does not matter (%i bytes)', async (size) => {
    const accented = file(HEADERS[50], [doctor(1, { nomDexercice: 'ÉLÈVE—ŒUVRÉ😀' }), doctor(2)]);
    expect(await readAll(accented, size)).toEqual(await readAll(accented));
  });

  it('tolerates a byte order mark, carriage returns, blank lines, no final newline', async () => {
    const plain = await readAll(content);
    for (const variant of [
      `\uFEFF${content}`,
      content.replaceAll('\n', '\r\n'),
      content.trimEnd(),
      `${content}\n \n`,
    ]) {
      expect((await readAll(variant)).persons).toEqual(plain.persons);
    }
  });

  it('tolerates a file without trailing separators at all', async () => {
    const bare = content.replaceAll('|\n', '\n');
    expect((await readAll(bare)).persons).toEqual((await readAll(content)).persons);
  });

  it('refuses bytes that are not UTF-8, saying the line', async () => {
    const bytes = Buffer.from(file(HEADERS[50], [one, doctor(2, { familyName: 'XXXX' })]));
    bytes.write('\xE9', bytes.lastIndexOf('XXXX'), 'latin1');
    for (const size of [10, 1_000_000]) {
      await expect(readAll(bytes, size)).rejects.toMatchObject({ code: 'encoding', line: 3 });
    }
    expect((await failure(Buffer.from(content, 'utf16le'))).code).toMatch(/encoding|unknown_layout/);
  });

  it('refuses a doubled header with its line, whichever layout it names', async () => {
    await expect(readAll(content + content)).rejects.toMatchObject({ code: 'doubled_header', line: 5 });
    await expect(readAll(content + HEADERS[56])).rejects.toMatchObject({ code: 'doubled_header', line: 5 });
  });

  it('refuses each malformed line alone, with number and reason', async () => {
    const good = line(HEADERS[50], one);
    const bad = [
      good.replace(/^[^|]*\|/, ''),
      `${good}x|`,
      good.replaceAll(rpps(1), '199700000013').replace(rpps(1).slice(1), '99700000013'),
      good.replace(`|${rpps(1)}|`, `|${rpps(2)}|`),
      good.replace('NOM1', 'NO\0M1'),
      good.replace('NOM1', 'N'.repeat(70_000)),
      good.slice(0, -2),
    ];
    const { persons, refused, read } = await readAll(
      [HEADERS[50], ...bad, line(HEADERS[50], doctor(3)), ''].join('\n'),
      1024,
    );
    expect(refused.map(([number, reason]) => [number, reason])).toEqual([
      [2, 'wrong_number_of_columns'],
      [3, 'wrong_number_of_columns'],
      [4, 'identifier_malformed'],
      [5, 'identifier_mismatch'],
      [6, 'nul_byte'],
      [7, 'line_too_long'],
      [8, 'wrong_number_of_columns'],
    ]);
    expect(persons.map(({ nationalId }) => nationalId)).toEqual([rpps(3)]);
    expect(read).toBe(8);
    // Whom a line speaks of is told whenever it can still be read.
    expect(refused[1]?.[2]).toBe(rpps(1));
  });

  it('a lost column is never taken for a lost separator', async () => {
    const shifted = line(HEADERS[50], one).replace('|69003|', '|');
    const { persons, refused } = await readAll(`${HEADERS[50]}\n${shifted}\n`);
    expect(persons).toEqual([]);
    expect(refused).toHaveLength(1);
  });

  it('a line of a megabyte is passed over, and the next one read', async () => {
    const { persons, refused } = await readAll(
      `${HEADERS[50]}\n${'x'.repeat(1_000_000)}\n${line(HEADERS[50], one)}\n`,
      16_384,
    );
    expect(refused).toEqual([[2, 'line_too_long', undefined]]);
    expect(persons).toHaveLength(1);
  });

  it('any text after the header never crashes (property)', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.string({ unit: 'binary' }),
            fc.constant('|'),
            fc.constant('\n'),
            fc.constant(line(HEADERS[50], one)),
          ),
        ),
        async (parts) => {
          const body = parts.join('');
          const { persons, refused } = await readAll(`${HEADERS[50]}\n${body}`, 64);
          const lines = body.split('\n').filter((text) => text.replace(/\r$/, '').trim() !== '').length;
          expect(persons.length + refused.length).toBeLessThanOrEqual(lines);
          for (const person of persons) expect(person.nationalId).toBe(rpps(1));
        },
      ),
      { numRuns: 150 },
    );
  });

  it('any bytes are read or refused, never crash (property)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        expect((await failure(bytes)).code).toMatch(/empty|encoding|unknown_layout/);
      }),
    );
  });
});

describe('persons', () => {
  const cell = fc
    .string({ unit: fc.constantFrom('A', 'é', ' ', "'", '\\', '\t', '"', 'Œ', '-', '😀', '{'), maxLength: 8 })
    .map((text) => text.trim());

  it('a well-formed file round-trips, exercices and activities in file order (property)', async () => {
    const activity = fc.record({
      codeModeExercice: fc.constantFrom('L', 'S'),
      raisonSocialeSite: cell,
      libelleVoie: cell,
    });
    const exercise = fc.record({
      codeProfession: fc.constantFrom('10', '21', '60'),
      codeSavoirFaire: fc.constantFrom('', 'SM04', 'SM54'),
      activities: fc.uniqueArray(activity, { maxLength: 3, selector: (value) => JSON.stringify(value) }),
    });
    const person = fc.uniqueArray(exercise, {
      maxLength: 3,
      selector: ({ codeProfession, codeSavoirFaire }) => codeProfession + codeSavoirFaire,
    });
    const strip = (values: object) =>
      Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''));
    await fc.assert(
      fc.asyncProperty(
        fc.array(person, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 5000 }),
        async (people, size) => {
          const lines = people.flatMap((exercises, index) => {
            const id = { nationalId: rpps(index), familyName: `F${index}` };
            if (exercises.length === 0) return [id];
            return exercises.flatMap(({ activities, ...codes }) =>
              activities.length === 0
                ? [{ ...id, ...codes }]
                : activities.map((values) => ({ ...id, ...codes, ...values })),
            );
          });
          const { persons, refused } = await readAll(file(HEADERS[50], lines), size);
          expect(refused).toEqual([]);
          expect(persons.map(({ nationalId, exercises }) => [nationalId, exercises])).toEqual(
            people.map((exercises, index) => [
              rpps(index),
              exercises.map(({ activities, ...codes }) => ({
                ...strip(codes),
                activities: activities.map(strip),
              })),
            ]),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('keeps a person without activity, and one without exercice', async () => {
    const retired: Values = {
      nationalId: rpps(1),
      codeProfession: '10',
      nomDexercice: 'A',
      autoriteDenregistrement: 'CNOM',
      codePays: '99000',
    };
    const { persons } = await readAll(file(HEADERS[50], [retired, { nationalId: rpps(2), familyName: 'B' }]));
    expect(persons[0]?.exercises).toEqual([{ codeProfession: '10', nomDexercice: 'A', activities: [] }]);
    expect(persons[1]).toMatchObject({ familyName: 'B', exercises: [] });
  });

  it('de-duplicates exercices and repeated lines', async () => {
    const second = doctor(1, {
      raisonSocialeSite: 'HOPITAL',
      codeModeExercice: 'S',
      bureauCedex: 'PARIS CEDEX 9',
    });
    const { persons } = await readAll(file(HEADERS[50], [one, second, one]));
    expect(persons).toHaveLength(1);
    expect(persons[0]?.exercises).toHaveLength(1);
    expect(persons[0]?.exercises[0]?.activities.map(({ raisonSocialeSite }) => raisonSocialeSite)).toEqual([
      'CABINET 1',
      'HOPITAL',
    ]);
    expect(persons[0]?.towns).toEqual(['LYON', 'PARIS']);
  });

  it('warns of a wrong check digit and of contact values that nobody could use', async () => {
    const wrong = { nationalId: '810102727017', email: 'no address', phone: '0', familyName: 'X' };
    const { persons, warned, refused } = await readAll(file(HEADERS[50], [wrong]));
    expect(refused).toEqual([]);
    expect(persons[0]).toMatchObject({ email: null, phone: null });
    expect(warned).toEqual([
      [2, 'luhn'],
      [2, 'email_malformed'],
      [2, 'phone_malformed'],
    ]);
  });

  it('bounds what one person may fill', async () => {
    const many = Array.from({ length: 600 }, (_, index) => doctor(1, { raisonSocialeSite: `SITE ${index}` }));
    const { persons, refused } = await readAll(file(HEADERS[50], many));
    expect(persons).toHaveLength(1);
    expect(refused).toHaveLength(101);
    expect(refused[0]?.[1]).toBe('too_many_lines');
  });
});

describe('the personas', () => {
  it('are a file of the first layout without any fault', async () => {
    const folder = join(import.meta.dirname, '..', '..', 'config', 'personas');
    const content = readFileSync(join(folder, 'Extraction_ProSanteConnect_Personne_activite_personas.txt'));
    const notes = JSON.parse(readFileSync(join(folder, 'personas.json'), 'utf8')) as { nationalId: string }[];
    const { persons, refused, warned } = await readAll(content);
    expect(refused).toEqual([]);
    expect(warned.map(([, code]) => code)).toEqual(['luhn']);
    expect(persons.map(({ nationalId }) => nationalId)).toEqual(notes.map(({ nationalId }) => nationalId));
    expect(persons.length).toBeGreaterThanOrEqual(44);
    // Reserved domains and telephone numbers only: nobody real is ever written to.
    for (const { email, phone } of persons) {
      expect(email ?? '@exemple.test').toMatch(/@exemple\.test$/);
      expect(phone ?? '+33639980000').toMatch(/^\+3363998\d{4}$|^\+447700900\d{3}$/);
    }
    const contacts = persons.flatMap(({ email, phone }) => [email, phone]).filter((value) => value !== null);
    expect(new Set(contacts).size).toBe(contacts.length);
  });
});
