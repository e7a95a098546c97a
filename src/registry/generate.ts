import { readFileSync } from 'node:fs';
import { EXTRACTION, LIBRE_ACCES, type Field, type Layout } from './layouts.ts';
import { luhn } from './national-id.ts';
import { expertiseLabel, modeLabel, professionLabel, sectorLabel } from './nomenclatures.ts';
import { readHeader } from './header.ts';
import {
  FAMILY_NAMES,
  GIVEN_NAMES,
  PROFESSIONS,
  SECTIONS,
  STREET_KINDS,
  STREETS,
  TOWNS,
} from './synthetic-values.ts';

/**
 * Synthetic extracts, for tests and benchmarks: invented people with numbers of the test range (`997…`), in the proportions of
 * the real directory (professions, ways of practising, 1.6 lines a person, one in eight without any place of practice).
 * The same seed gives the same bytes, and person number n is the same in a file of any size.
 */

export interface GenerateOptions {
  persons: number;
  seed: number;
  layout: 'public' | 'restricted';
  /** Days after the first file: each day two persons in a thousand change and one in ten thousand leaves. */
  day?: number;
  /** Line end: the real files end with a newline. */
  lineEnd?: string;
}

/** More numbers the test range does not have. */
export const MOST_PERSONS = 10_000_000;

/** A small generator (SplitMix32): speed and repeatability, no secrecy. */
const createDraw = (seed: number): ((below: number) => number) => {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % below;
  };
};

type Draw = ReturnType<typeof createDraw>;

const mix = (...parts: number[]): number =>
  parts.reduce((state, part) => Math.imul(state ^ part, 0x85ebca6b) ^ (state >>> 13), 0x2545f491);

const pick = <T>(draw: Draw, values: readonly T[]): T => values[draw(values.length)] as T;
const digits = (draw: Draw, length: number): string => {
  let text = '';
  for (let left = length; left > 0; left -= 9) {
    const size = Math.min(left, 9);
    text += String(draw(10 ** size)).padStart(size, '0');
  }
  return text;
};

const TOTAL_WEIGHT = PROFESSIONS.reduce((sum, { weight }) => sum + weight, 0);
const pickProfession = (draw: Draw) => {
  let at = draw(TOTAL_WEIGHT);
  return PROFESSIONS.find(({ weight }) => (at -= weight) < 0) ?? PROFESSIONS[0];
};

/** The RPPS number of a person of the test range, check digit included. */
export const testNumber = (index: number): string => {
  const base = `997${String(index).padStart(7, '0')}`;
  for (let digit = 0; digit < 10; digit++) if (luhn(`${base}${digit}`)) return `${base}${digit}`;
  return `${base}0`;
};

const CITIES = TOWNS.length;
/** Half of all people practise in the first third of the list, as in the large towns. */
const pickTown = (draw: Draw) =>
  TOWNS[draw(2) === 0 ? draw(Math.ceil(CITIES / 3)) : draw(CITIES)] ?? TOWNS[0];

/** Columns that only the public file has: what the codes mean. */
type Values = Partial<Record<Field, string>> & { labels?: Record<string, string> };

const department = (postalCode: string): string =>
  postalCode.startsWith('97') ? postalCode.slice(0, 3) : postalCode.slice(0, 2);

const siteOf = (draw: Draw, own: boolean, profession: string, family: string): Values => {
  const [postalCode, commune, town] = pickTown(draw) ?? ['', '', ''];
  const [kind, kindLabel] = pick(draw, STREET_KINDS);
  const siren = digits(draw, 9);
  const pharmacy = profession === '21';
  const hospital = !own && draw(3) > 0;
  const cabinet = pharmacy ? `PHARMACIE ${pick(draw, STREETS)}` : `CABINET ${family}`;
  const name = own ? cabinet : hospital ? `CENTRE HOSPITALIER DE ${town}` : `CLINIQUE ${pick(draw, STREETS)}`;
  return {
    codeSecteurDactivite: own ? (pharmacy ? 'SA33' : draw(2) ? 'SA07' : 'SA08') : hospital ? 'SA01' : 'SA04',
    numeroSiretSite: `${siren}${digits(draw, 5)}`,
    numeroSirenSite: draw(2) ? siren : '',
    numeroFinessSite: own ? '' : `${department(postalCode).slice(0, 2)}0${digits(draw, 6)}`,
    numeroFinessetablissementJuridique: own ? '' : `${department(postalCode).slice(0, 2)}0${digits(draw, 6)}`,
    identifiantTechniqueDeLaStructure: `C${siren}${digits(draw, 5)}`,
    raisonSocialeSite: name,
    enseigneCommercialeSite: draw(4) === 0 ? name : '',
    complementPointGeographique: draw(6) === 0 ? `BATIMENT ${'ABCDEF'[draw(6)]}` : '',
    numeroVoie: String(1 + draw(220)),
    indiceRepetitionVoie: draw(20) === 0 ? 'B' : '',
    codeTypeDeVoie: kind,
    libelleVoie: pick(draw, STREETS),
    mentionDistribution: draw(15) === 0 ? `BP ${1 + draw(900)}` : '',
    bureauCedex: draw(5) === 0 ? `${postalCode} ${town} CEDEX` : `${postalCode} ${town}`,
    codePostal: postalCode,
    codeCommune: commune,
    codePays: '99000',
    telephone: draw(4) ? `0${1 + draw(5)}${digits(draw, 8)}` : '',
    telecopie: draw(5) === 0 ? `0${1 + draw(5)}${digits(draw, 8)}` : '',
    adresseEMail: draw(12) === 0 ? `accueil${draw(100_000)}@exemple.test` : '',
    codeDepartement: department(postalCode),
    ancienIdentifiantDeLaStructure: draw(3) ? `4${digits(draw, 14)}` : '',
    codeGenreActivite: 'GENR01',
    town,
    labels: { kind: kindLabel },
  };
};

const contactsOf = (draw: Draw, given: string, family: string, index: number): Values => {
  if (draw(100) < 9) return {};
  const plain = `${given}.${family}`
    .normalize('NFD')
    .replace(/[^A-Za-z.-]/g, '')
    .toLowerCase();
  return {
    email: `${plain}.${index}@exemple.test`,
    phone: draw(100) < 4 ? '' : `06 39 98 ${digits(draw, 2)} ${digits(draw, 2)}`,
  };
};

/** One in eight practises nowhere (retired, in training…), most in one place, some in up to six. */
const placesOf = (draw: Draw): number => {
  const at = draw(1000);
  if (at < 125) return 0;
  if (at < 585) return 1;
  if (at < 835) return 2;
  if (at < 935) return 3;
  return 4 + draw(3);
};

const leftBefore = (seed: number, index: number, day: number): boolean => {
  for (let at = 1; at <= day; at++) if ((mix(seed, index, at, 1) >>> 0) % 10_000 === 0) return true;
  return false;
};

const changesUntil = (seed: number, index: number, day: number): number => {
  let changes = 0;
  for (let at = 1; at <= day; at++) if ((mix(seed, index, at, 2) >>> 0) % 1000 < 2) changes++;
  return changes;
};

/** The lines of one person; none when they have left. */
const linesOf = (index: number, { seed, day = 0 }: GenerateOptions): Values[] => {
  if (leftBefore(seed, index, day)) return [];
  const draw = createDraw(mix(seed, index));
  const number = testNumber(index);
  const [given, civility] = pick(draw, GIVEN_NAMES);
  const family =
    draw(6) === 0 ? `${pick(draw, FAMILY_NAMES)}-${pick(draw, FAMILY_NAMES)}` : pick(draw, FAMILY_NAMES);
  const profession = pickProfession(draw);
  const inTraining = profession?.title === 'DR' && draw(12) === 0;
  const expertise = profession?.expertises.length ? pick(draw, profession.expertises) : '';
  const places = inTraining && draw(2) ? 0 : placesOf(draw);
  const person: Values = {
    ...{
      idType: '8',
      idNumber: number,
      nationalId: `8${number}`,
      familyName: family,
      givenName: given,
      civility,
    },
    ...contactsOf(draw, given, family, index),
    ...{ codeProfession: profession?.code ?? '', codeCategorieProfessionnelle: inTraining ? 'E' : 'C' },
    ...{
      codeCiviliteDexercice: inTraining ? '' : (profession?.title ?? ''),
      nomDexercice: family,
      prenomDexercice: given,
    },
    ...(expertise && !inTraining ? { codeTypeSavoirFaire: 'S', codeSavoirFaire: expertise } : {}),
    autoriteDenregistrement: profession?.authority ?? '',
  };
  const lines = Array.from({ length: places }, () => {
    const own = draw(100) < (profession?.own ?? 0) * 100;
    const section =
      profession?.code === '21' ? { codeSectionPharmacien: own ? SECTIONS.own : SECTIONS.hospital } : {};
    return {
      ...person,
      ...siteOf(draw, own, profession?.code ?? '', family),
      ...section,
      codeModeExercice: own ? 'L' : 'S',
      codeRole: own ? 'FON-01' : '',
    };
  });
  const last: Values | undefined = lines.at(-1);
  const changes = changesUntil(seed, index, day);
  if (last && changes > 0) last.numeroVoie = `${last.numeroVoie ?? ''}${changes}`;
  else if (changes > 0) person.prenomDexercice = `${given}-${changes}`;
  return places === 0 ? [person] : lines;
};

/** The label beside a code, by the name of its column; "" for those that we do not know. */
const LABELS: Record<string, (values: Values) => string | undefined> = {
  'Libellé profession': ({ codeProfession = '' }) => professionLabel(codeProfession, 'fr'),
  "Libellé civilité d'exercice": ({ codeCiviliteDexercice }) => (codeCiviliteDexercice ? 'Docteur' : ''),
  'Libellé civilité': ({ civility }) => (civility === 'M' ? 'Monsieur' : 'Madame'),
  'Libellé catégorie professionnelle': ({ codeCategorieProfessionnelle }) =>
    codeCategorieProfessionnelle === 'E' ? 'Etudiant' : 'Civil',
  'Libellé type savoir-faire': ({ codeTypeSavoirFaire }) =>
    codeTypeSavoirFaire ? 'Spécialité ordinale' : '',
  'Libellé savoir-faire': ({ codeSavoirFaire = '' }) => expertiseLabel(codeSavoirFaire),
  'Libellé mode exercice': ({ codeModeExercice = '' }) => modeLabel(codeModeExercice, 'fr'),
  "Libellé secteur d'activité": ({ codeSecteurDactivite = '' }) => sectorLabel(codeSecteurDactivite),
  'Libellé type de voie (coord. structure)': ({ labels }) => labels?.['kind'],
  'Libellé pays (coord. structure)': ({ codePays }) => (codePays ? 'France' : ''),
  'Libellé rôle': ({ codeRole }) => (codeRole ? 'Titulaire de cabinet' : ''),
  'Libellé genre activité': ({ codeGenreActivite }) =>
    codeGenreActivite ? 'Activité de soin et de pharmacie' : '',
  'Date de naissance': () => '01/01/1970',
  'Code commune de naissance': () => '99999',
  'Code pays de naissance': () => '99000',
  'Lieu de naissance': () => 'VILLE-FICTIVE',
  'Code sexe': ({ civility }) => (civility === 'M' ? 'M' : 'F'),
};

/** How one line is written under a header. */
const createWriter = (header: string): ((values: Values) => string) => {
  const { position } = readHeader(header);
  const names = header.replace(/\|$/, '').split('|');
  const cells: ((values: Values) => string | undefined)[] = names.map((name) => LABELS[name] ?? (() => ''));
  for (const [field, at] of Object.entries(position) as [Field, number][])
    cells[at] = (values) => values[field];
  return (values) => {
    let text = '';
    for (const cell of cells) text += `${cell(values) ?? ''}|`;
    return text;
  };
};

/** The header of a layout as published. */
export const headerOf = ({ name }: Layout): string =>
  readFileSync(new URL(`../../config/registry/${name}.txt`, import.meta.url), 'utf8').trim();

/** A block of the file is about this long. */
const BLOCK = 1 << 18;
/** One person in this many has a line that stands apart, far below the others. */
const ONE_SCATTERED_IN = 500;
const APART = 400;

/** The file, in blocks of text. */
export const generate = function* (options: GenerateOptions): Generator<string> {
  const { persons, layout, lineEnd = '\n' } = options;
  const header = headerOf(layout === 'public' ? LIBRE_ACCES : EXTRACTION);
  const write = createWriter(header);
  const held: [at: number, text: string][] = [];
  let text = header + lineEnd;
  for (let index = 0; index < persons; index++) {
    const lines = linesOf(index, options).map(write);
    const apart = lines.length > 1 && index % ONE_SCATTERED_IN === 7 ? lines.pop() : undefined;
    for (const line of lines) text += line + lineEnd;
    if (apart !== undefined) held.push([index + APART, apart]);
    while (held[0] && (held[0][0] <= index || index === persons - 1))
      text += (held.shift()?.[1] ?? '') + lineEnd;
    if (text.length >= BLOCK) {
      yield text;
      text = '';
    }
  }
  if (text !== '') yield text;
};
