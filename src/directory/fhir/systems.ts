/** The systems of identifiers and codes, as the French directory of health professionals names them in FHIR. */

/** The national identifier whole (8 + RPPS, 0 + ADELI…). */
export const IDNPS = 'urn:oid:1.2.250.1.71.4.2.1';
/** The 11 digits of an RPPS number alone. */
export const RPPS = 'https://rpps.esante.gouv.fr';
/** Type of identifier. */
export const IDENTIFIER_TYPE = 'https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203';
/** Technical identifier of a structure. */
export const STRUCTURE = 'urn:oid:1.2.250.1.71.4.2.2';
export const FINESS = 'https://finess.esante.gouv.fr';
export const SIRET = 'https://sirene.fr';

const nos = (table: string): string =>
  `https://mos.esante.gouv.fr/NOS/${table}/FHIR/${table.replace('_', '-')}`;

/** Code tables of the health information systems (NOS). */
export const NOS = {
  profession: nos('TRE_G15-ProfessionSante'),
  category: nos('TRE_R09-CategorieProfessionnelle'),
  expertise: nos('TRE_R38-SpecialiteOrdinale'),
  mode: nos('TRE_R23-ModeExercice'),
  genre: nos('TRE_R22-GenreActivite'),
  role: nos('TRE_R21-Fonction'),
  sector: nos('TRE_R02-SecteurActivite'),
} as const;
