import { addDays } from './dates.ts';
import { AGE_BANDS, type AgeBand, type Patient } from './patient.ts';
import type { Author } from './signature.ts';

/**
 * Invented people for a first look, the same in both services, so that their figures can be joined. Drawn from a fixed
 * series: every sandbox has the same.
 */

/** Numbers between 0 and 1, always the same for one seed (mulberry32). */
export const createDice = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4_294_967_296;
  };
};

/** How many people of each age the invented population counts, by département: 1 000 in all. */
export const POPULATION: Readonly<Record<string, Readonly<Record<AgeBand, number>>>> = {
  59: { '0-17': 44, '18-49': 78, '50-64': 40, '65-74': 22, '75+': 16 },
  69: { '0-17': 52, '18-49': 100, '50-64': 42, '65-74': 24, '75+': 22 },
  75: { '0-17': 48, '18-49': 122, '50-64': 48, '65-74': 32, '75+': 30 },
  974: { '0-17': 38, '18-49': 58, '50-64': 26, '65-74': 12, '75+': 6 },
  '2A': { '0-17': 24, '18-49': 50, '50-64': 32, '65-74': 20, '75+': 14 },
};

const TOWNS: Readonly<Record<string, string>> = {
  59: '59000',
  69: '69003',
  75: '75011',
  974: '97400',
  '2A': '20000',
};
const FAMILY = ['Albarède', 'Béguin', 'Coatmeur', 'Drozdov', 'Escoffier', 'Faucheux', 'Galland', 'Hautbois'];
const GIVEN = [
  'Anouk',
  'Basile',
  'Célestine',
  'Diego',
  'Elsa',
  'Firmin',
  'Gwenaëlle',
  'Hugo',
  'Irène',
  'Jules',
];
const AGES: Readonly<Record<AgeBand, readonly [number, number]>> = {
  '0-17': [5, 17],
  '18-49': [18, 49],
  '50-64': [50, 64],
  '65-74': [65, 74],
  '75+': [75, 95],
};
/** The campaign begins with the eldest. */
const VACCINATED: Readonly<Record<AgeBand, number>> = {
  '0-17': 0.05,
  '18-49': 0.3,
  '50-64': 0.55,
  '65-74': 0.75,
  '75+': 0.85,
};
const WEEKS = 14;

export interface SamplePerson {
  patient: Patient;
  /** Days of the injections. */
  injections: string[];
  test: { sampledOn: string; positive: boolean } | undefined;
}

/** Who signed the invented records: nobody of the registry. */
export const SAMPLE_AUTHOR: Author = {
  nationalId: '899700000005',
  name: 'Dr Données Inventées',
  profession: 'Médecin',
  acr: 'eidas1',
};

const person = (dice: () => number, department: string, band: AgeBand, today: string): SamplePerson => {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(dice() * list.length)] as T;
  const between = (from: number, to: number): number => from + Math.floor(dice() * (to - from + 1));
  const age = between(...AGES[band]);
  const birthDate = addDays(
    `${Number(today.slice(0, 4)) - age}${today.slice(4)}`.replace('02-29', '02-28'),
    -between(1, 300),
  );
  const vaccinated = dice() < VACCINATED[band];
  const first = addDays(today, -between(2, WEEKS * 7 - 1));
  const second = addDays(first, between(21, 35));
  const injections = vaccinated ? [first, second].filter((day) => day <= today) : [];
  const sampledOn = addDays(today, -between(1, 60));
  const immune = vaccinated && addDays(first, 14) <= sampledOn;
  const tested = dice() < 0.45;
  const positive = dice() < (immune ? 0.07 : 0.34);
  return {
    patient: {
      familyName: `${pick(FAMILY)}-${pick(FAMILY)}`,
      givenName: pick(GIVEN),
      birthDate,
      postalCode: TOWNS[department] ?? '75011',
    },
    injections,
    test: tested ? { sampledOn, positive } : undefined,
  };
};

/** The invented people, as they are on this day. */
export const samplePeople = (today: string): SamplePerson[] => {
  const dice = createDice(2021);
  return Object.entries(POPULATION).flatMap(([department, ages]) =>
    AGE_BANDS.flatMap((band) =>
      Array.from({ length: ages[band] }, () => person(dice, department, band, today)),
    ),
  );
};
