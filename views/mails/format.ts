import type { Locale } from '../locales/catalogue.ts';
import type { Instant } from './data.ts';

/** How instants, codes and French punctuation are written in mails. */

const LANGUAGE = { fr: 'fr-FR', en: 'en-GB' } as const;

/** `8 h 05`, `08:05`. */
const clockTime = (instant: Date, locale: Locale, timeZone: string): string => {
  const parts = new Intl.DateTimeFormat(LANGUAGE[locale], {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(instant);
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? '';
  return locale === 'fr'
    ? `${Number(part('hour'))} h ${part('minute')}`
    : `${part('hour')}:${part('minute')}`;
};

/** Whose time it is: practitioners overseas read these mails too. `heure de Paris`, `Paris time`. */
const zone = (locale: Locale, timeZone: string): string => {
  const city = (timeZone.split('/').at(-1) ?? timeZone).replaceAll('_', ' ');
  if (locale === 'en') return `${city} time`;
  return /^[AEIOUYÉÎ]/i.test(city) ? `heure d’${city}` : `heure de ${city}`;
};

/** `8 h 30 (heure de Paris)`. */
export const timeOf = (instant: Instant, locale: Locale, timeZone: string): string =>
  `${clockTime(new Date(instant), locale, timeZone)} (${zone(locale, timeZone)})`;

/** `jeudi 14 janvier 2021`. */
export const dayOf = (instant: Instant, locale: Locale, timeZone: string): string =>
  new Intl.DateTimeFormat(LANGUAGE[locale], { timeZone, dateStyle: 'full' })
    .format(new Date(instant))
    // Intl has a comma after the English day in some releases of ICU and not in others.
    .replace(',', '');

/** `jeudi 14 janvier 2021 à 8 h 30 (heure de Paris)`. */
export const momentOf = (instant: Instant, locale: Locale, timeZone: string): string =>
  `${dayOf(instant, locale, timeZone)} ${locale === 'fr' ? 'à' : 'at'} ${timeOf(instant, locale, timeZone)}`;

/** `K7QF2M9A` → `K7QF-2M9A`. */
export const typedCode = (code: string): string => {
  const bare = code.replaceAll(/[^0-9A-Za-z]/g, '').toUpperCase();
  return `${bare.slice(0, 4)}-${bare.slice(4)}`;
};

/**
 * French spaces before double punctuation and inside guillemets, hours and telephone numbers, so that the catalogue is typed with
 * plain ones and no line begins with a colon.
 */
export const typography = (text: string, locale: Locale): string =>
  locale === 'en'
    ? text
    : text
        .replaceAll(/ ([:»])/g, '\u00a0$1')
        .replaceAll(/ ([;?!])/g, '\u202f$1')
        .replaceAll('« ', '«\u00a0')
        .replaceAll(/(\d) h\b/g, '$1\u00a0h')
        .replaceAll(/\u00a0h (?=\d\d)/g, '\u00a0h\u00a0')
        .replaceAll(/(?<=\b\d\d) (?=\d\d\b)/g, '\u00a0');
