import { inLocale, type Locale } from './catalogue.ts';
import { tutorials as en } from './en/tutorials.ts';
import { tutorials as fr } from './fr/tutorials.ts';

/** The texts of the illustrated tutorials. */
export const tutorialText = (locale: Locale) => inLocale(locale, { fr, en });

/** Each tutorial and its address. */
export const TUTORIALS = {
  activate: '/tutoriel/activer',
  signIn: '/tutoriel/se-connecter',
  trouble: '/tutoriel/aide',
} as const;
export type Tutorial = keyof typeof TUTORIALS;

/** The file of views/assets that pictures a step. */
export const picture = (step: string, locale: Locale): string => `tutorial-${step}.${locale}.webp`;
