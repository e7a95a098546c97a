import { IDNPS, NOS, RPPS } from './systems.ts';

/** What this server can do, as FHIR describes it: https://hl7.org/fhir/R4/capabilitystatement.html. */

type ParameterType = 'token' | 'string' | 'date' | 'reference';

const parameter = (name: string, type: ParameterType, documentation: string) => ({
  name,
  type,
  documentation,
});

const PAGES =
  'Pages of 20 resources unless _count (at most 100) says otherwise; the next one is the Bundle’s link "next".';

const ID = parameter('_id', 'token', 'Id of the resource; several parted by commas.');
const UPDATED = parameter(
  '_lastUpdated',
  'date',
  'ge, gt, le or lt and a date or an instant with its zone. Who left the registry is among the answers, with active false.',
);
const ACTIVE = parameter('active', 'token', 'true, or false for who left the registry.');

const resource = (type: string, searchParam: readonly unknown[]) => ({
  type,
  interaction: [{ code: 'read' }, { code: 'search-type' }],
  versioning: 'no-version',
  readHistory: false,
  searchParam,
});

/** The CapabilityStatement of the server at `base`. */
export const capabilityStatement = (base: string) => ({
  resourceType: 'CapabilityStatement',
  status: 'active',
  date: '2026-11-23',
  kind: 'instance',
  software: { name: 'Caducée' },
  implementation: { description: 'Directory of health professionals, to read', url: base },
  fhirVersion: '4.0.1',
  format: ['application/fhir+json', 'json'],
  rest: [
    {
      mode: 'server',
      documentation: `Read only, limited by address. No contact details. ${PAGES} Unknown parameters are refused.`,
      resource: [
        resource('Practitioner', [
          ID,
          parameter('identifier', 'token', `${IDNPS} (8 + RPPS, 0 + ADELI…) or ${RPPS} (11 digits).`),
          ACTIVE,
          parameter('name', 'string', 'Beginning of the family name, accents and capitals apart.'),
          parameter('family', 'string', 'Beginning of the family name; family:exact for all of it.'),
          parameter('given', 'string', 'Beginning of each given name; together with family or name.'),
          parameter('qualification-code', 'token', `Profession, a code of ${NOS.profession}.`),
          UPDATED,
        ]),
        resource('PractitionerRole', [
          ID,
          parameter('identifier', 'token', 'Identifier of the role on this server.'),
          ACTIVE,
          parameter('practitioner', 'reference', 'Whose roles; practitioner.identifier takes an identifier.'),
          parameter(
            'organization',
            'reference',
            'Identifier of the structure: technical identifier, FINESS or SIRET.',
          ),
          parameter('role', 'token', `Profession (${NOS.profession}) or function (${NOS.role}).`),
          UPDATED,
        ]),
      ],
    },
  ],
});
