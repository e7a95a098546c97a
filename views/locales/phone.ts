import { inLocale, type Locale } from './catalogue.ts';
import { phone as en } from './en/phone.ts';
import { phone as fr } from './fr/phone.ts';

/** What the phone says: the virtual one on the command line, later the app. */
export const phoneTexts = (locale: Locale) => inLocale(locale, { fr, en });
