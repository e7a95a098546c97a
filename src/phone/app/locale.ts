import { LOCALES, type Locale } from '../../../views/locales/index.ts';

const KEY = 'lang';

const isLocale = (value: string | null | undefined): value is Locale =>
  (LOCALES as readonly string[]).includes(value ?? '');

/** The language chosen in the app, else the first of the browser's that we speak. */
export const currentLocale = (fallback: Locale): Locale => {
  try {
    const kept = localStorage.getItem(KEY);
    if (isLocale(kept)) return kept;
  } catch {
    // Storage is blocked: the browser's language serves.
  }
  return navigator.languages.map((tag) => tag.split('-')[0]).find(isLocale) ?? fallback;
};

/** Keeps a choice; the app starts again in that language. */
export const chooseLocale = (locale: string | undefined): void => {
  if (!isLocale(locale)) return;
  try {
    localStorage.setItem(KEY, locale);
  } catch {
    return;
  }
  location.reload();
};
