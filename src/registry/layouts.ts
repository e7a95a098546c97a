import { ACTIVITY_KEYS, EXERCISE_KEYS, type ActivityKey, type ExerciseKey } from './exercise.ts';

/**
 * The two layouts in which the registry's extracts are published, as tables from our field to the name of the
 * column. Columns are found by name, so their order does not matter and columns that we do not read (birth data,
 * labels) may come and go.
 */

/** What a line says of the person, beside the exercice and the activity. */
export type PersonField =
  'idType' | 'idNumber' | 'nationalId' | 'familyName' | 'givenName' | 'civility' | 'email' | 'phone' | 'town';
export type Field = PersonField | ExerciseKey | ActivityKey;

export interface Layout {
  /** As the files are named; also the default source. */
  name: string;
  /** The accepted names of each field's column, the first being the usual one. */
  columns: Readonly<Partial<Record<Field, readonly string[]>>>;
  /** Fields whose column older files do not have. */
  optional: readonly Field[];
  /** Whether it carries contact details; one that does not never erases any. */
  contacts: boolean;
}

const structure = (name: string): readonly string[] => [`${name} (coord. structure)`];

const SHARED: Layout['columns'] = {
  idType: ["Type d'identifiant PP"],
  idNumber: ['Identifiant PP'],
  nationalId: ['Identification nationale PP'],
  civility: ['Code civilité'],
  codeProfession: ['Code profession'],
  codeCategorieProfessionnelle: ['Code catégorie professionnelle'],
  codeCiviliteDexercice: ["Code civilité d'exercice"],
  nomDexercice: ["Nom d'exercice"],
  prenomDexercice: ["Prénom d'exercice"],
  codeTypeSavoirFaire: ['Code type savoir-faire'],
  codeSavoirFaire: ['Code savoir-faire'],
  codeModeExercice: ['Code mode exercice'],
  codeSecteurDactivite: ["Code secteur d'activité"],
  codeSectionPharmacien: ['Code section tableau pharmaciens'],
  codeRole: ['Code rôle'],
  codeGenreActivite: ['Code genre activité', "Code genre d'activité"],
  numeroSiretSite: ['Numéro SIRET site'],
  numeroSirenSite: ['Numéro SIREN site'],
  numeroFinessSite: ['Numéro FINESS site'],
  numeroFinessetablissementJuridique: ['Numéro FINESS établissement juridique'],
  identifiantTechniqueDeLaStructure: ['Identifiant technique de la structure'],
  raisonSocialeSite: ['Raison sociale site'],
  enseigneCommercialeSite: ['Enseigne commerciale site'],
  complementDestinataire: structure('Complément destinataire'),
  complementPointGeographique: structure('Complément point géographique'),
  numeroVoie: structure('Numéro Voie'),
  indiceRepetitionVoie: structure('Indice répétition voie'),
  codeTypeDeVoie: structure('Code type de voie'),
  libelleVoie: structure('Libellé Voie'),
  mentionDistribution: structure('Mention distribution'),
  bureauCedex: structure('Bureau cedex'),
  codePostal: structure('Code postal'),
  codeCommune: structure('Code commune'),
  codePays: structure('Code pays'),
  telephone: structure('Téléphone'),
  telephone2: structure('Téléphone 2'),
  telecopie: structure('Télécopie'),
  adresseEMail: structure('Adresse e-mail'),
  codeDepartement: ['Code département (coord. structure)', 'Code Département (structure)'],
  ancienIdentifiantDeLaStructure: ['Ancien identifiant de la structure'],
  autoriteDenregistrement: ["Autorité d'enregistrement"],
};

/** The restricted extract: codes only, birth data, contact details; 49 columns, 50 since the genre of activity. */
export const EXTRACTION: Layout = {
  name: 'Extraction_ProSanteConnect_Personne_activite',
  columns: {
    ...SHARED,
    familyName: ['Nom de famille'],
    givenName: ['Prénoms'],
    email: ['Adresse e-mail (coord. correspondance)'],
    phone: ['Téléphone (coord. correspondance)'],
  },
  optional: ['codeGenreActivite'],
  contacts: true,
};

/** The public extract: codes and labels, no contact details; 56 columns, 52 before 2022. */
export const LIBRE_ACCES: Layout = {
  name: 'PS_LibreAcces_Personne_activite',
  columns: { ...SHARED, town: structure('Libellé commune') },
  optional: ['codeRole', 'codeGenreActivite'],
  contacts: false,
};

export const LAYOUTS: readonly Layout[] = [EXTRACTION, LIBRE_ACCES];

/** Every field, in the order in which a parsed line holds them. */
export const FIELDS: readonly Field[] = [
  'idType',
  'idNumber',
  'nationalId',
  'familyName',
  'givenName',
  'civility',
  'email',
  'phone',
  'town',
  ...EXERCISE_KEYS,
  ...ACTIVITY_KEYS,
];
