import genres from '../../config/nomenclatures/genres-activite.json' with { type: 'json' };
import professions from '../../config/nomenclatures/professions.json' with { type: 'json' };
import roles from '../../config/nomenclatures/roles.json' with { type: 'json' };
import expertises from '../../config/nomenclatures/savoir-faire.json' with { type: 'json' };
import sectors from '../../config/nomenclatures/secteurs.json' with { type: 'json' };
import sections from '../../config/nomenclatures/sections-pharmacien.json' with { type: 'json' };

/**
 * What the codes of the files mean, from the public nomenclatures of the health information systems
 * (TRE_G15, R94 and R95 for professions, R38, R02…). An unknown code is its own label: tables grow.
 */

type Locale = 'fr' | 'en';
type Labels = Readonly<Record<string, string>>;

const PROFESSIONS: Readonly<Record<string, Readonly<Record<Locale, string>>>> = professions;

/** Professions that exist in training (TRE_R09 category E, TRE 1.2.250.1.71.1.2.8). */
const IN_TRAINING: Readonly<Record<Locale, (label: string) => string>> = {
  fr: (label) => `${label} en formation`,
  en: (label) => `${label} in training`,
};

const MODES: Readonly<Record<string, Readonly<Record<Locale, string>>>> = {
  L: { fr: 'Libéral', en: 'Self-employed' },
  S: { fr: 'Salarié', en: 'Employed' },
  B: { fr: 'Bénévole', en: 'Volunteer' },
};

const lookUp = (table: Labels, code: string): string =>
  (Object.hasOwn(table, code) ? table[code] : undefined) ?? code;

const lookUpIn = (
  table: Readonly<Record<string, Readonly<Record<Locale, string>>>>,
  code: string,
  locale: Locale,
): string => (Object.hasOwn(table, code) ? table[code]?.[locale] : undefined) ?? code;

/** "Médecin"; with the category `E`, "Médecin en formation". */
export const professionLabel = (code: string, locale: Locale, category = ''): string => {
  const label = lookUpIn(PROFESSIONS, code, locale);
  return category === 'E' && code !== '' ? IN_TRAINING[locale](label) : label;
};

/** Self-employed, employed, volunteer. */
export const modeLabel = (code: string, locale: Locale): string => lookUpIn(MODES, code, locale);

/** Speciality or other expertise (savoir-faire), in French. */
export const expertiseLabel = (code: string): string => lookUp(expertises, code);

/** Sector of activity (`SA07`: cabinet individuel), in French. */
export const sectorLabel = (code: string): string => lookUp(sectors, code);

/** Section of the pharmacists' roll, in French. */
export const pharmacistSectionLabel = (code: string): string => lookUp(sections, code);

/** Genre of activity (`GENR01`), in French. */
export const activityGenreLabel = (code: string): string => lookUp(genres, code);

/** Role or function (`FON-48`: interne), in French. */
export const roleLabel = (code: string): string => lookUp(roles, code);

/** Every profession with its label, in alphabetical order. */
export const listProfessions = (locale: Locale): { code: string; label: string }[] =>
  Object.keys(PROFESSIONS)
    .map((code) => ({ code, label: professionLabel(code, locale) }))
    .sort((a, b) => a.label.localeCompare(b.label, locale));
