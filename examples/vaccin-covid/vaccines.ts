import type { Locale } from '../shared/practitioner.ts';

/** What can be chosen in the form. */

export const VACCINES = {
  comirnaty: 'Comirnaty (Pfizer-BioNTech)',
  moderna: 'COVID-19 Vaccine Moderna',
  vaxzevria: 'Vaxzevria (AstraZeneca)',
} as const;
export type Vaccine = keyof typeof VACCINES;

export const SITES = {
  left_arm: { fr: 'Bras gauche (deltoïde)', en: 'Left arm (deltoid)' },
  right_arm: { fr: 'Bras droit (deltoïde)', en: 'Right arm (deltoid)' },
  left_thigh: { fr: 'Cuisse gauche', en: 'Left thigh' },
  right_thigh: { fr: 'Cuisse droite', en: 'Right thigh' },
} as const satisfies Record<string, Record<Locale, string>>;
export type Site = keyof typeof SITES;

export const isVaccine = (value: string): value is Vaccine => Object.hasOwn(VACCINES, value);
export const isSite = (value: string): value is Site => Object.hasOwn(SITES, value);

/** The campaign's first day in France. */
export const CAMPAIGN_START = '2020-12-27';

/** Days after the first injection from which somebody counts as protected. */
export const PROTECTED_AFTER_DAYS = 14;
