/** Reads what a page shows from the claims, which have Pro Santé Connect's names and its habit of `""`. */

export type Locale = 'fr' | 'en';

export interface Activity {
  place: string;
  town: string;
  sector: string;
}

export interface Practitioner {
  nationalId: string;
  /** `Dr`, `Pr` or nothing. */
  title: string;
  name: string;
  professions: string[];
  activities: Activity[];
}

/** Codes of TRE_G15-ProfessionSante that this example knows by name; others are shown as they are. */
const PROFESSIONS: Record<string, { fr: string; en: string }> = {
  10: { fr: 'Médecin', en: 'Doctor' },
  21: { fr: 'Pharmacien', en: 'Pharmacist' },
  26: { fr: 'Audioprothésiste', en: 'Hearing aid specialist' },
  28: { fr: 'Opticien-lunetier', en: 'Optician' },
  40: { fr: 'Chirurgien-dentiste', en: 'Dental surgeon' },
  50: { fr: 'Sage-femme', en: 'Midwife' },
  60: { fr: 'Infirmier', en: 'Nurse' },
  70: { fr: 'Masseur-kinésithérapeute', en: 'Physiotherapist' },
  80: { fr: 'Pédicure-podologue', en: 'Podiatrist' },
  86: { fr: 'Technicien de laboratoire médical', en: 'Medical laboratory technician' },
  91: { fr: 'Orthophoniste', en: 'Speech therapist' },
  92: { fr: 'Orthoptiste', en: 'Orthoptist' },
  93: { fr: 'Psychologue', en: 'Psychologist' },
  94: { fr: 'Ergothérapeute', en: 'Occupational therapist' },
  95: { fr: 'Diététicien', en: 'Dietitian' },
  98: { fr: "Manipulateur d'électroradiologie", en: 'Radiographer' },
};
const STUDENT = { fr: 'en formation', en: 'in training' };
const TITLES: Record<string, string> = { DR: 'Dr', PR: 'Pr' };
const SECTORS: Record<string, { fr: string; en: string }> = {
  SA01: { fr: 'Hôpital public', en: 'Public hospital' },
  SA04: { fr: 'Clinique', en: 'Private hospital' },
  SA05: { fr: 'Centre de santé', en: 'Health centre' },
  SA07: { fr: 'Cabinet individuel', en: 'Individual practice' },
  SA08: { fr: 'Cabinet de groupe', en: 'Group practice' },
  SA09: { fr: 'Exercice en société', en: 'Professional company' },
  SA33: { fr: "Pharmacie d'officine", en: 'Community pharmacy' },
};

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const record = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
const records = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.map(record) : [];

const professionOf = (practice: Record<string, unknown>, locale: Locale): string => {
  const code = text(practice['codeProfession']);
  const label = PROFESSIONS[code]?.[locale] ?? code;
  return practice['codeCategorieProfessionnelle'] === 'E' && label ? `${label} (${STUDENT[locale]})` : label;
};

const activityOf = (activity: Record<string, unknown>, locale: Locale): Activity => {
  const sector = text(activity['codeSecteurDactivite']);
  const [code, office] = [text(activity['codePostal']), text(activity['bureauCedex'])];
  return {
    place: text(activity['enseigneCommercialeSite']) || text(activity['raisonSocialeSite']),
    // Registries write `69003` and `69003 LYON`.
    town: office.startsWith(code) ? office || code : [code, office].filter(Boolean).join(' '),
    sector: SECTORS[sector]?.[locale] ?? sector,
  };
};

/** Who the claims speak of. Interns, retired and replacement doctors have no activity: the lists are empty. */
export const readPractitioner = (claims: Record<string, unknown>, locale: Locale): Practitioner => {
  const practices = records(record(claims['SubjectRefPro'])['exercices']);
  const titles = practices.map((practice) => TITLES[text(practice['codeCiviliteDexercice'])] ?? '');
  return {
    nationalId: text(claims['SubjectNameID']) || text(claims['preferred_username']),
    title: titles.find((title) => title !== '') ?? '',
    name: [text(claims['given_name']), text(claims['family_name'])].filter(Boolean).join(' '),
    professions: [...new Set(practices.map((practice) => professionOf(practice, locale)).filter(Boolean))],
    activities: practices
      .flatMap((practice) => records(practice['activities']))
      .map((activity) => activityOf(activity, locale)),
  };
};
