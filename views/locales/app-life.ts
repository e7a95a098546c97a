import { inLocale, type Locale, type Translation } from './catalogue.ts';
import { appLife as en } from './en/app-life.ts';
import { appLife as fr } from './fr/app-life.ts';

export type AppLifeTexts = Translation<typeof fr>;

/** What the phone app says once it is activated. */
export const appLife = (locale: Locale): AppLifeTexts => inLocale(locale, { fr, en });
