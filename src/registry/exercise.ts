/** Exercices and activities with the keys that Pro Santé Connect's userinfo gives them, spelling included. */

export const EXERCISE_KEYS = [
  'codeProfession',
  'codeCategorieProfessionnelle',
  'codeCiviliteDexercice',
  'nomDexercice',
  'prenomDexercice',
  'codeTypeSavoirFaire',
  'codeSavoirFaire',
] as const;

/** The 30 keys of an activity, in PSC's order and spelling. */
export const ACTIVITY_KEYS = [
  'codeModeExercice',
  'codeSecteurDactivite',
  'codeSectionPharmacien',
  'codeRole',
  'codeGenreActivite',
  'numeroSiretSite',
  'numeroSirenSite',
  'numeroFinessSite',
  'numeroFinessetablissementJuridique',
  'identifiantTechniqueDeLaStructure',
  'raisonSocialeSite',
  'enseigneCommercialeSite',
  'complementDestinataire',
  'complementPointGeographique',
  'numeroVoie',
  'indiceRepetitionVoie',
  'codeTypeDeVoie',
  'libelleVoie',
  'mentionDistribution',
  'bureauCedex',
  'codePostal',
  'codeCommune',
  'codePays',
  'telephone',
  'telephone2',
  'telecopie',
  'adresseEMail',
  'codeDepartement',
  'ancienIdentifiantDeLaStructure',
  'autoriteDenregistrement',
] as const;

export type ExerciseKey = (typeof EXERCISE_KEYS)[number];
export type ActivityKey = (typeof ACTIVITY_KEYS)[number];

/** One place of practice, or one way of practising; every key is there, "" when unknown. */
export type Activity = Record<ActivityKey, string>;

/** One profession as practised; a person may have several, and an exercice any number of activities or none. */
export type Exercise = Record<ExerciseKey, string> & { activities: Activity[] };

/** As stored: keys whose value is "" are left out. */
export type StoredActivity = Partial<Record<ActivityKey, string>>;
export type StoredExercise = Partial<Record<ExerciseKey, string>> & { activities: StoredActivity[] };

const complete = <K extends string>(
  keys: readonly K[],
  stored: Partial<Record<K, string>>,
): Record<K, string> => Object.fromEntries(keys.map((key) => [key, stored[key] ?? ''])) as Record<K, string>;

/** Puts back the keys that storage left out. */
export const completeExercise = (stored: StoredExercise): Exercise => ({
  ...complete(EXERCISE_KEYS, stored),
  activities: stored.activities.map((activity) => complete(ACTIVITY_KEYS, activity)),
});
