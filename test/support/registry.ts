import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXTRACTION, LIBRE_ACCES, type Field, type Layout } from '../../src/registry/layouts.ts';
import { unpackExercises } from '../../src/registry/packed.ts';
import type { Person } from '../../src/registry/person.ts';

/** Registry files made in tests: lines by field, under the real headers. */

const header = (name: string): string =>
  readFileSync(join(import.meta.dirname, '..', 'fixtures', 'registry', name), 'utf8').trim();

/** The headers as published, by number of columns. */
export const HEADERS = {
  49: header('header_extraction_49.txt'),
  50: header('header_extraction_50.txt'),
  52: header('header_libre_acces_52.txt'),
  56: header('header_libre_acces_56.txt'),
} as const;

export type Values = Partial<Record<Field, string>>;

const known = new Map<string, (Field | undefined)[]>();

const fieldsOf = (headerLine: string, layout: Layout): (Field | undefined)[] => {
  const fields = known.get(headerLine) ?? findFields(headerLine, layout);
  known.set(headerLine, fields);
  return fields;
};

const findFields = (headerLine: string, layout: Layout): (Field | undefined)[] =>
  headerLine
    .replace(/\|$/, '')
    .split('|')
    .map(
      (column) =>
        (Object.entries(layout.columns) as [Field, readonly string[]][]).find(([, names]) =>
          names.some((name) => name.toLowerCase() === column.toLowerCase()),
        )?.[0],
    );

/** One line under a header; identifier columns follow from `nationalId` unless given. */
export const line = (headerLine: string, values: Values): string => {
  const layout = headerLine.includes('correspondance') ? EXTRACTION : LIBRE_ACCES;
  const id = values.nationalId ?? '';
  const all: Values = { idType: id.slice(0, 1), idNumber: id.slice(1), ...values };
  const cells = fieldsOf(headerLine, layout).map((field) => (field && all[field]) ?? '');
  return `${cells.join('|')}|`;
};

/** A whole file. */
export const file = (headerLine: string, persons: readonly Values[]): string =>
  [headerLine, ...persons.map((values) => line(headerLine, values))].join('\n') + '\n';

/** Bytes in blocks of `size`, as a stream brings them. */
export const blocks = async function* (
  content: string | Uint8Array,
  size = 65_536,
): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(content as string);
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
};

/** Luhn's check digit, made the other way round than the code under test does it. */
export const rpps = (serial: number): string => {
  const base = `997${String(serial).padStart(7, '0')}`;
  const sum = [...base].reduce((total, digit, index) => {
    const weighted = Number(digit) * (index % 2 === 1 ? 2 : 1);
    return total + Math.floor(weighted / 10) + (weighted % 10);
  }, 0);
  return `8${base}${(10 - (sum % 10)) % 10}`;
};

/** A doctor with one practice. */
export const doctor = (serial: number, values: Values = {}): Values => ({
  nationalId: rpps(serial),
  familyName: `NOM${serial}`,
  givenName: 'ALIX',
  civility: 'MME',
  nomDexercice: `NOM${serial}`,
  prenomDexercice: 'ALIX',
  codeProfession: '10',
  codeCategorieProfessionnelle: 'C',
  codeCiviliteDexercice: 'DR',
  codeTypeSavoirFaire: 'S',
  codeSavoirFaire: 'SM54',
  codeModeExercice: 'L',
  codeSecteurDactivite: 'SA07',
  raisonSocialeSite: `CABINET ${serial}`,
  bureauCedex: '69003 LYON',
  codePostal: '69003',
  autoriteDenregistrement: 'CNOM/CNOM/CNOM',
  email: `alix.nom${serial}@exemple.test`,
  phone: `06 39 98 ${String(Math.floor(serial / 100) % 100).padStart(2, '0')} ${String(serial % 100).padStart(2, '0')}`,
  ...values,
});

const unescape = (value: string): string =>
  value.replace(/\\(.)/g, (_, character: string) => ({ t: '\t', n: '\n', r: '\r' })[character] ?? character);

/** What PostgreSQL would read in the rows that the reader makes, one for each run of lines of one person. */
export const personsOf = (rows: Buffer): Person[] =>
  rows
    .toString('utf8')
    .split('\n')
    .slice(0, -1)
    .map((row) => {
      const cells = row.split('\t').map((cell) => (cell === '\\N' ? null : unescape(cell)));
      const [nationalId, civility, familyName, givenName, , , towns, practices, email, phone, , at] = cells;
      return {
        nationalId: nationalId ?? '',
        line: Number(at),
        civility: civility ?? '',
        familyName: familyName ?? '',
        givenName: givenName ?? '',
        towns: [...(towns ?? '').matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, town = '']) => unescape(town)),
        email: email ?? null,
        phone: phone ?? null,
        exercises: unpackExercises(practices ?? ''),
      };
    });
