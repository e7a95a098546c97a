import { virtualCard as en } from './en/virtual-card.ts';
import { virtualCard as fr } from './fr/virtual-card.ts';
import { inLocale, type Locale } from './index.ts';

/** What `caducee card` says. */
export const cardTexts = (locale: Locale) => inLocale(locale, { fr, en });
