import { createHmac } from 'node:crypto';
import { ageOn } from './dates.ts';

/** Who a record is about, and how two services recognise the same person without telling each other who it is. */

export interface Patient {
  familyName: string;
  givenName: string;
  /** A day. */
  birthDate: string;
  postalCode: string;
}

/** Capitals without accents, one space between words: `D'Été-Noël` and `d été noel` are the same. */
export const fold = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replaceAll('œ', 'oe')
    .replaceAll('Œ', 'OE')
    .replaceAll('æ', 'ae')
    .replaceAll('Æ', 'AE')
    .toUpperCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();

/** What makes two entries the same person: names without accents, and the date of birth. */
export const matchKey = ({ familyName, givenName, birthDate }: Omit<Patient, 'postalCode'>): string =>
  [fold(familyName), fold(givenName), birthDate].join('|');

/**
 * The name of a person between the two services: without `key`, which only they have, nobody goes back to the person or
 * finds out whether someone they know is there.
 */
export const pseudonym = (key: string, match: string): string =>
  createHmac('sha256', key).update(`pseudonym|${match}`).digest('base64url');

/** What one service shows the other to read pseudonyms. */
export const joinToken = (key: string): string =>
  createHmac('sha256', key).update('token').digest('base64url');

/** `69`, `2A`, `974`, from the postal code. */
export const departmentOf = (postalCode: string): string => {
  if (postalCode.startsWith('97') || postalCode.startsWith('98')) return postalCode.slice(0, 3);
  if (postalCode.startsWith('20')) return /^20[01]/.test(postalCode) ? '2A' : '2B';
  return postalCode.slice(0, 2);
};

const BANDS = [
  { name: '0-17', from: 0 },
  { name: '18-49', from: 18 },
  { name: '50-64', from: 50 },
  { name: '65-74', from: 65 },
  { name: '75+', from: 75 },
] as const;

export type AgeBand = (typeof BANDS)[number]['name'];
export const AGE_BANDS: readonly AgeBand[] = BANDS.map(({ name }) => name);

export const ageBandOn = (birthDate: string, day: string): AgeBand => {
  const age = ageOn(birthDate, day);
  return BANDS.findLast(({ from }) => age >= from)?.name ?? '0-17';
};
