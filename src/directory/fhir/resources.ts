import { completeExercise, type Activity, type Exercise } from '../../registry/exercise.ts';
import { sha256 } from '../../platform/crypto.ts';
import {
  activityGenreLabel,
  expertiseLabel,
  modeLabel,
  professionLabel,
  roleLabel,
  sectorLabel,
} from '../../registry/nomenclatures.ts';
import { storedExercises } from '../../registry/repository.ts';
import type { PersonRow } from './repository.ts';
import { FINESS, IDENTIFIER_TYPE, IDNPS, NOS, RPPS, SIRET, STRUCTURE } from './systems.ts';
import type { CodeableConcept, Identifier, Location, Practitioner, PractitionerRole } from './types.ts';

/**
 * Persons of the registry as FHIR R4 resources. What reaches a person is left out whatever the registry knows: no `telecom`,
 * neither the person's nor the place's.
 */

const concept = (system: string, code: string, display: string): CodeableConcept => ({
  coding: [{ system, code, ...(display === '' || display === code ? {} : { display }) }],
});

const typed = (code: 'IDNPS' | 'RPPS') => ({ coding: [{ system: IDENTIFIER_TYPE, code }] });

/** The national identifier, and the RPPS number it holds. */
export const identifiersOf = (nationalId: string): [Identifier, ...Identifier[]] => [
  { use: 'official', type: typed('IDNPS'), system: IDNPS, value: nationalId },
  ...(/^8\d{11}$/.test(nationalId)
    ? [{ type: typed('RPPS'), system: RPPS, value: nationalId.slice(1) } satisfies Identifier]
    : []),
];

const exercisesOf = (row: PersonRow): Exercise[] => storedExercises(row).map(completeExercise);

const distinct = (concepts: readonly CodeableConcept[]): CodeableConcept[] => {
  const seen = new Set<string>();
  return concepts.filter(({ coding: [first] }) => {
    const key = `${first?.system}|${first?.code}`;
    return first?.code !== '' && !seen.has(key) && seen.add(key);
  });
};

const professionCodes = (exercise: Exercise): CodeableConcept[] => [
  concept(NOS.profession, exercise.codeProfession, professionLabel(exercise.codeProfession, 'fr')),
  concept(NOS.category, exercise.codeCategorieProfessionnelle, ''),
];

const expertiseCodes = (exercise: Exercise): CodeableConcept[] => [
  concept(NOS.expertise, exercise.codeSavoirFaire, expertiseLabel(exercise.codeSavoirFaire)),
];

const nameOf = (row: PersonRow): Practitioner['name'] => {
  const text = `${row.given_name} ${row.family_name}`.trim();
  if (text === '') return undefined;
  return [
    {
      use: 'official',
      text,
      ...(row.family_name === '' ? {} : { family: row.family_name }),
      ...(row.given_name === '' ? {} : { given: row.given_name.split(/\s+/) }),
      ...(row.civility === '' ? {} : { prefix: [row.civility] }),
    },
  ];
};

export const toPractitioner = (row: PersonRow): Practitioner => {
  const name = nameOf(row);
  const qualification = distinct(
    exercisesOf(row).flatMap((exercise) => [...professionCodes(exercise), ...expertiseCodes(exercise)]),
  ).map((code) => ({ code }));
  return {
    resourceType: 'Practitioner',
    id: row.id,
    meta: { lastUpdated: row.updated_at.toISOString() },
    identifier: identifiersOf(row.national_id),
    active: row.status === 'active',
    ...(name ? { name } : {}),
    ...(qualification.length > 0 ? { qualification } : {}),
  };
};

/** The identifiers under which a place of practice is known, the most precise first. */
const structureIdentifiers = (activity: Activity): Identifier[] =>
  [
    { system: STRUCTURE, value: activity.identifiantTechniqueDeLaStructure },
    { system: FINESS, value: activity.numeroFinessSite },
    { system: SIRET, value: activity.numeroSiretSite },
  ].filter(({ value }) => value !== '');

const organizationOf = (activity: Activity): PractitionerRole['organization'] => {
  const [identifier] = structureIdentifiers(activity);
  const display = activity.raisonSocialeSite || activity.enseigneCommercialeSite;
  return identifier && { identifier, ...(display === '' ? {} : { display }) };
};

const PLACE = 'lieu';

const placeOf = (activity: Activity): Location | undefined => {
  const street = [activity.numeroVoie, activity.indiceRepetitionVoie, activity.libelleVoie]
    .filter((part) => part !== '')
    .join(' ');
  const city = activity.bureauCedex.replace(/^\d[\dAB]\d{3}\s+/i, '');
  const address = {
    ...(street === '' ? {} : { line: [street] }),
    ...(city === '' ? {} : { city }),
    ...(activity.codePostal === '' ? {} : { postalCode: activity.codePostal }),
    ...(activity.codePays === '' ? {} : { country: activity.codePays }),
  };
  if (Object.keys(address).length === 0) return undefined;
  return {
    resourceType: 'Location',
    id: PLACE,
    ...(activity.raisonSocialeSite === '' ? {} : { name: activity.raisonSocialeSite }),
    address,
  };
};

const activityCodes = (activity: Activity): CodeableConcept[] => [
  concept(NOS.role, activity.codeRole, roleLabel(activity.codeRole)),
  concept(NOS.mode, activity.codeModeExercice, modeLabel(activity.codeModeExercice, 'fr')),
  concept(NOS.genre, activity.codeGenreActivite, activityGenreLabel(activity.codeGenreActivite)),
  concept(NOS.sector, activity.codeSecteurDactivite, sectorLabel(activity.codeSecteurDactivite)),
];

/** Of what it says, so that it stays while other roles of the person come and go. */
const roleId = (row: PersonRow, exercise: Exercise, activity: Activity | undefined): string => {
  const { activities: _activities, ...own } = exercise;
  const said = JSON.stringify([own, activity ?? null]);
  return `${row.id}-${sha256(said).toString('hex').slice(0, 16)}`;
};

/** The person that a role's id begins with. */
export const personOfRole = (id: string): string | undefined =>
  /^([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})-[0-9a-f]{16}$/.exec(id)?.[1];

const toRole = (
  row: PersonRow,
  exercise: Exercise,
  activity: Activity | undefined,
  system: string,
): PractitionerRole => {
  const id = roleId(row, exercise, activity);
  const code = distinct([...professionCodes(exercise), ...(activity ? activityCodes(activity) : [])]);
  const specialty = distinct(expertiseCodes(exercise));
  const organization = activity && organizationOf(activity);
  const place = activity && placeOf(activity);
  const display = `${row.given_name} ${row.family_name}`.trim();
  return {
    resourceType: 'PractitionerRole',
    id,
    meta: { lastUpdated: row.updated_at.toISOString() },
    ...(place ? { contained: [place] } : {}),
    identifier: [{ system, value: id }],
    active: row.status === 'active',
    practitioner: {
      reference: `Practitioner/${row.id}`,
      identifier: identifiersOf(row.national_id)[0],
      ...(display === '' ? {} : { display }),
    },
    ...(organization ? { organization } : {}),
    ...(code.length > 0 ? { code } : {}),
    ...(specialty.length > 0 ? { specialty } : {}),
    ...(place ? { location: [{ reference: `#${PLACE}` }] } : {}),
  };
};

/**
 * One role for each place or way of practice; one for an exercice without any. `system` names the ids of this server; with
 * `structure`, only those at the place that has this technical identifier, FINESS or SIRET.
 */
export const toRoles = (row: PersonRow, system: string, structure?: string): PractitionerRole[] => {
  const there = (activity: Activity): boolean =>
    structure === undefined || structureIdentifiers(activity).some(({ value }) => value === structure);
  const roles = exercisesOf(row).flatMap((exercise) =>
    exercise.activities.length === 0 && structure === undefined
      ? [toRole(row, exercise, undefined, system)]
      : exercise.activities.filter(there).map((activity) => toRole(row, exercise, activity, system)),
  );
  return roles.filter(({ id }, index) => roles.findIndex((other) => other.id === id) === index);
};
