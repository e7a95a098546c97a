import { inLocale, type Locale } from './catalogue.ts';
import { common as commonEn } from './en/common.ts';
import { common as commonFr } from './fr/common.ts';

export { inLocale, LOCALES, type Locale, type Translation } from './catalogue.ts';

/** The words that every page needs. An area's own texts are chosen by its pages with {@link inLocale}. */
export const common = (locale: Locale) => inLocale(locale, { fr: commonFr, en: commonEn });
