import type { Locale } from './catalogue.ts';

/** « mardi 12 janvier à 09:05 », "Tuesday 12 January at 09:05". */
export const dayAndHour = (instant: Date, locale: Locale, timeZone: string): string => {
  const tag = locale === 'fr' ? 'fr-FR' : 'en-GB';
  const day = new Intl.DateTimeFormat(tag, { weekday: 'long', day: 'numeric', month: 'long', timeZone });
  return `${day.format(instant)} ${locale === 'fr' ? 'à' : 'at'} ${hour(instant, locale, timeZone)}`;
};

/** « 9 h 05 », "09:05". */
export const hour = (instant: Date, locale: Locale, timeZone: string): string => {
  const text = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone }).format(
    instant,
  );
  if (locale === 'en') return text;
  const [hours, minutes] = text.split(':');
  return `${Number(hours)} h ${minutes}`;
};

/** « 12 janvier 2029 », "12 January 2029". */
export const day = (instant: Date, locale: Locale, timeZone: string): string =>
  new Intl.DateTimeFormat(locale === 'fr' ? 'fr-FR' : 'en-GB', { dateStyle: 'long', timeZone }).format(
    instant,
  );
