import { inLocale, type Locale } from './catalogue.ts';
import { card as en } from './en/card.ts';
import { card as fr } from './fr/card.ts';

/** The texts of the card's pages. */
export const cardText = (locale: Locale) => inLocale(locale, { fr, en });
