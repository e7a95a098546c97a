import type { Locale } from './practitioner.ts';

/** Days, as people type them and as they read them. A day is `2021-01-31`, without hour or time zone. */

const ZONE = 'Europe/Paris';

/** The day it is in France. */
export const dayOf = (instant: Date): string =>
  new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE, dateStyle: 'short' }).format(instant);

/** This many days later (or earlier). */
export const addDays = (day: string, days: number): string => {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
};

/** The same day, so many years ago; the 29th of February becomes the 1st of March. */
export const yearsBefore = (day: string, years: number): string => {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCFullYear(date.getUTCFullYear() - years);
  return date.toISOString().slice(0, 10);
};

/** The Monday of the week of a day. */
export const mondayOf = (day: string): string =>
  addDays(day, -((new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7));

const real = (year: string, month: string, day: string): string | undefined => {
  const text = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) ? text : undefined;
};

/** Reads `31/01/1948`, `31 1 1948`, `31011948`, `1948-01-31`; undefined when there is no such day. */
export const readDay = (typed: string): string | undefined => {
  const text = typed.trim();
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text);
  if (iso) return real(iso[1] ?? '', iso[2] ?? '', iso[3] ?? '');
  const french = /^(\d{1,2})[ ./-](\d{1,2})[ ./-](\d{4})$/.exec(text) ?? /^(\d{2})(\d{2})(\d{4})$/.exec(text);
  return french ? real(french[3] ?? '', french[2] ?? '', french[1] ?? '') : undefined;
};

/** `31/01/1948`, in both languages: what a French health professional reads and types. */
export const showDay = (day: string): string => day.split('-').reverse().join('/');

/** Day and hour of an instant, in France. */
export const showInstant = (instant: string, locale: Locale): string =>
  new Intl.DateTimeFormat(locale === 'fr' ? 'fr-FR' : 'en-GB', {
    timeZone: ZONE,
    dateStyle: 'short',
    timeStyle: 'short',
  }).format(new Date(instant));

/** Whole years on a given day. */
export const ageOn = (birth: string, day: string): number =>
  Number(day.slice(0, 4)) - Number(birth.slice(0, 4)) - (day.slice(5) < birth.slice(5) ? 1 : 0);
