import { inLocale, type Locale } from './catalogue.ts';
import { app as en } from './en/app.ts';
import { app as fr } from './fr/app.ts';

/** What the phone app says: its frame, and the activation. */
export const appTexts = (locale: Locale) => inLocale(locale, { fr, en });
export type AppTexts = ReturnType<typeof appTexts>;
