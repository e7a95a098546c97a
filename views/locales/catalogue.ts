/** The languages people read; French is the source, English satisfies its keys. */
export const LOCALES = ['fr', 'en'] as const;
export type Locale = (typeof LOCALES)[number];

/**
 * The shape that a translation must have: the same keys, and for a text with parameters the same parameters.
 * `export const login = { … } satisfies Translation<typeof fr>` fails to compile when a key is missing or too many.
 */
export type Translation<T> = {
  readonly [K in keyof T]: T[K] extends (...parameters: infer P) => infer R
    ? (...parameters: P) => R extends string ? string : R
    : T[K] extends string
      ? string
      : Translation<T[K]>;
};

/** Chooses between the two languages of an area: `inLocale(locale, { fr, en })`. */
export const inLocale = <T>(
  locale: Locale,
  texts: { readonly fr: T; readonly en: Translation<T> },
): Translation<T> => (locale === 'en' ? texts.en : (texts.fr as Translation<T>));

/** Spoken digit by digit by a screen reader: "4 2". */
export const digitByDigit = (number: string): string => [...number].join(' ');
