import { inLocale, type Locale } from './catalogue.ts';
import { login as en } from './en/login.ts';
import { login as fr } from './fr/login.ts';

/** The texts of the sign-in pages. */
export const loginText = (locale: Locale) => inLocale(locale, { fr, en });
