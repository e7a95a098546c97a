/**
 * Structure rules of FHIR R4 (https://hl7.org/fhir/R4/), written from the specification: which elements a type has, how often,
 * of which type, the bound codes, and the invariants that apply to what we serve. Lists every violation with its path.
 */

type Rule = { type: string; min?: 1; many?: true; codes?: readonly string[] };
type Shape = Readonly<Record<string, Rule>>;

const one = (type: string, codes?: readonly string[]): Rule => ({ type, ...(codes ? { codes } : {}) });
const must = (type: string, codes?: readonly string[]): Rule => ({ ...one(type, codes), min: 1 });
const some = (type: string): Rule => ({ type, many: true });
const least = (type: string, codes?: readonly string[]): Rule => ({ ...must(type, codes), many: true });

const ELEMENT: Shape = { id: one('string'), extension: some('Extension') };
const DOMAIN: Shape = {
  id: one('id'),
  meta: one('Meta'),
  implicitRules: one('uri'),
  language: one('code'),
  text: one('Narrative'),
  contained: some('Resource'),
  extension: some('Extension'),
  modifierExtension: some('Extension'),
};
const SEARCH_TYPES = [
  'number',
  'date',
  'string',
  'token',
  'reference',
  'composite',
  'quantity',
  'uri',
  'special',
];
const ISSUE_CODES = [
  ...[
    'invalid',
    'structure',
    'required',
    'value',
    'invariant',
    'security',
    'login',
    'unknown',
    'expired',
    'forbidden',
  ],
  ...[
    'suppressed',
    'processing',
    'not-supported',
    'duplicate',
    'multiple-matches',
    'not-found',
    'deleted',
    'too-long',
  ],
  ...[
    'code-invalid',
    'extension',
    'too-costly',
    'business-rule',
    'conflict',
    'transient',
    'lock-error',
    'no-store',
  ],
  ...['exception', 'timeout', 'incomplete', 'throttled', 'informational'],
];
const INTERACTIONS = [
  ...[
    'read',
    'vread',
    'update',
    'patch',
    'delete',
    'history-instance',
    'history-type',
    'create',
    'search-type',
  ],
];

const SHAPES: Readonly<Record<string, Shape>> = {
  Meta: {
    ...ELEMENT,
    versionId: one('id'),
    lastUpdated: one('instant'),
    source: one('uri'),
    profile: some('uri'),
    security: some('Coding'),
    tag: some('Coding'),
  },
  Identifier: {
    ...ELEMENT,
    use: one('code', ['usual', 'official', 'temp', 'secondary', 'old']),
    type: one('CodeableConcept'),
    system: one('uri'),
    value: one('string'),
    period: one('Period'),
    assigner: one('Reference'),
  },
  Coding: {
    ...ELEMENT,
    system: one('uri'),
    version: one('string'),
    code: one('code'),
    display: one('string'),
    userSelected: one('boolean'),
  },
  CodeableConcept: { ...ELEMENT, coding: some('Coding'), text: one('string') },
  Reference: {
    ...ELEMENT,
    reference: one('string'),
    type: one('uri'),
    identifier: one('Identifier'),
    display: one('string'),
  },
  HumanName: {
    ...ELEMENT,
    use: one('code', ['usual', 'official', 'temp', 'nickname', 'anonymous', 'old', 'maiden']),
    text: one('string'),
    family: one('string'),
    given: some('string'),
    prefix: some('string'),
    suffix: some('string'),
    period: one('Period'),
  },
  Address: {
    ...ELEMENT,
    use: one('code', ['home', 'work', 'temp', 'old', 'billing']),
    type: one('code', ['postal', 'physical', 'both']),
    text: one('string'),
    line: some('string'),
    city: one('string'),
    district: one('string'),
    state: one('string'),
    postalCode: one('string'),
    country: one('string'),
    period: one('Period'),
  },
  Practitioner: {
    ...DOMAIN,
    identifier: some('Identifier'),
    active: one('boolean'),
    name: some('HumanName'),
    telecom: some('ContactPoint'),
    address: some('Address'),
    gender: one('code', ['male', 'female', 'other', 'unknown']),
    birthDate: one('date'),
    photo: some('Attachment'),
    qualification: some('Practitioner.qualification'),
    communication: some('CodeableConcept'),
  },
  'Practitioner.qualification': {
    ...ELEMENT,
    modifierExtension: some('Extension'),
    identifier: some('Identifier'),
    code: must('CodeableConcept'),
    period: one('Period'),
    issuer: one('Reference'),
  },
  PractitionerRole: {
    ...DOMAIN,
    identifier: some('Identifier'),
    active: one('boolean'),
    period: one('Period'),
    practitioner: one('Reference'),
    organization: one('Reference'),
    code: some('CodeableConcept'),
    specialty: some('CodeableConcept'),
    location: some('Reference'),
    healthcareService: some('Reference'),
    telecom: some('ContactPoint'),
    availableTime: some('BackboneElement'),
    notAvailable: some('BackboneElement'),
    availabilityExceptions: one('string'),
    endpoint: some('Reference'),
  },
  Location: {
    ...DOMAIN,
    identifier: some('Identifier'),
    status: one('code', ['active', 'suspended', 'inactive']),
    name: one('string'),
    alias: some('string'),
    description: one('string'),
    mode: one('code', ['instance', 'kind']),
    telecom: some('ContactPoint'),
    address: one('Address'),
    managingOrganization: one('Reference'),
  },
  Bundle: {
    id: one('id'),
    meta: one('Meta'),
    implicitRules: one('uri'),
    language: one('code'),
    identifier: one('Identifier'),
    type: must('code', [
      'document',
      'message',
      'transaction',
      'transaction-response',
      'batch',
      'batch-response',
      'history',
      'searchset',
      'collection',
    ]),
    timestamp: one('instant'),
    total: one('unsignedInt'),
    link: some('Bundle.link'),
    entry: some('Bundle.entry'),
    signature: one('Signature'),
  },
  'Bundle.link': { ...ELEMENT, relation: must('string'), url: must('uri') },
  'Bundle.entry': {
    ...ELEMENT,
    link: some('Bundle.link'),
    fullUrl: one('uri'),
    resource: one('Resource'),
    search: one('Bundle.entry.search'),
    request: one('BackboneElement'),
    response: one('BackboneElement'),
  },
  'Bundle.entry.search': {
    ...ELEMENT,
    mode: one('code', ['match', 'include', 'outcome']),
    score: one('decimal'),
  },
  OperationOutcome: { ...DOMAIN, issue: least('OperationOutcome.issue') },
  'OperationOutcome.issue': {
    ...ELEMENT,
    severity: must('code', ['fatal', 'error', 'warning', 'information']),
    code: must('code', ISSUE_CODES),
    details: one('CodeableConcept'),
    diagnostics: one('string'),
    location: some('string'),
    expression: some('string'),
  },
  CapabilityStatement: {
    ...DOMAIN,
    url: one('uri'),
    version: one('string'),
    name: one('string'),
    title: one('string'),
    status: must('code', ['draft', 'active', 'retired', 'unknown']),
    experimental: one('boolean'),
    date: must('dateTime'),
    publisher: one('string'),
    contact: some('ContactDetail'),
    description: one('string'),
    kind: must('code', ['instance', 'capability', 'requirements']),
    software: one('CapabilityStatement.software'),
    implementation: one('CapabilityStatement.implementation'),
    fhirVersion: must('code', ['4.0.1']),
    format: least('code'),
    patchFormat: some('code'),
    rest: some('CapabilityStatement.rest'),
  },
  'CapabilityStatement.software': {
    ...ELEMENT,
    name: must('string'),
    version: one('string'),
    releaseDate: one('dateTime'),
  },
  'CapabilityStatement.implementation': {
    ...ELEMENT,
    description: must('string'),
    url: one('uri'),
    custodian: one('Reference'),
  },
  'CapabilityStatement.rest': {
    ...ELEMENT,
    mode: must('code', ['client', 'server']),
    documentation: one('string'),
    resource: some('CapabilityStatement.resource'),
    searchParam: some('CapabilityStatement.searchParam'),
  },
  'CapabilityStatement.resource': {
    ...ELEMENT,
    type: must('code'),
    profile: one('uri'),
    supportedProfile: some('uri'),
    documentation: one('string'),
    interaction: some('CapabilityStatement.interaction'),
    versioning: one('code', ['no-version', 'versioned', 'versioned-update']),
    readHistory: one('boolean'),
    searchInclude: some('string'),
    searchRevInclude: some('string'),
    searchParam: some('CapabilityStatement.searchParam'),
  },
  'CapabilityStatement.interaction': {
    ...ELEMENT,
    code: must('code', INTERACTIONS),
    documentation: one('string'),
  },
  'CapabilityStatement.searchParam': {
    ...ELEMENT,
    name: must('string'),
    definition: one('uri'),
    type: must('code', SEARCH_TYPES),
    documentation: one('string'),
  },
};

/** Regular expressions of the primitive types, from https://hl7.org/fhir/R4/datatypes.html. */
const PRIMITIVES: Readonly<Record<string, (value: unknown) => boolean>> = {
  boolean: (value) => typeof value === 'boolean',
  string: (value) => typeof value === 'string' && /\S/.test(value) && value.length <= 1_048_576,
  uri: (value) => typeof value === 'string' && /^\S+$/.test(value) && URL.canParse(value),
  id: (value) => typeof value === 'string' && /^[A-Za-z0-9\-.]{1,64}$/.test(value),
  code: (value) => typeof value === 'string' && /^[^\s]+(\s[^\s]+)*$/.test(value),
  unsignedInt: (value) => Number.isInteger(value) && (value as number) >= 0,
  decimal: (value) => typeof value === 'number',
  date: (value) => typeof value === 'string' && /^\d{4}(-\d\d(-\d\d)?)?$/.test(value),
  dateTime: (value) =>
    typeof value === 'string' &&
    /^\d{4}(-\d\d(-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?)?)?$/.test(value),
  instant: (value) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(value),
};

type Json = Record<string, unknown>;

const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === '' ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length === 0);

const checkValue = (value: unknown, { type, codes }: Rule, path: string): string[] => {
  if (isEmpty(value)) return [`${path} is empty`];
  const primitive = PRIMITIVES[type];
  if (primitive) {
    if (!primitive(value)) return [`${path} is no ${type}: ${JSON.stringify(value)}`];
    return codes && !codes.includes(value as string)
      ? [`${path}: ${String(value)} is none of its codes`]
      : [];
  }
  if (typeof value !== 'object' || Array.isArray(value)) return [`${path} is no ${type}`];
  if (type === 'Resource') return checkResource(value as Json, path, path.includes('contained'));
  return checkElements(value as Json, type, path);
};

const checkElements = (value: Json, type: string, path: string): string[] => {
  const shape = SHAPES[type];
  if (!shape) return [`${path}: the type ${type} is not expected here`];
  const unknown = Object.keys(value)
    .filter((name) => name !== 'resourceType' && !Object.hasOwn(shape, name))
    .map((name) => `${path}.${name} does not exist in ${type}`);
  const wrong = Object.entries(shape).flatMap(([name, rule]) => {
    const given = value[name];
    if (given === undefined) return rule.min ? [`${path}.${name} is missing`] : [];
    if (Array.isArray(given) !== (rule.many === true)) return [`${path}.${name}: a list, or not`];
    if (isEmpty(given)) return [`${path}.${name} is empty`];
    const all = Array.isArray(given) ? given : [given];
    return all.flatMap((item, index) =>
      checkValue(item, rule, `${path}.${name}${rule.many ? `[${index}]` : ''}`),
    );
  });
  return [...unknown, ...wrong, ...invariants(value, type, path)];
};

const unique = (values: readonly unknown[]): boolean => new Set(values).size === values.length;
const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);

const invariants = (value: Json, type: string, path: string): string[] => {
  const broken: string[] = [];
  const rule = (name: string, holds: boolean): void => void (holds || broken.push(`${path}: ${name}`));
  if (type === 'Bundle') {
    const search = value['type'] === 'searchset' || value['type'] === 'history';
    rule('bdl-1 total only when a search or history', value['total'] === undefined || search);
    rule('bdl-7 fullUrl is unique', unique(list(value['entry']).map(({ fullUrl }) => fullUrl)));
    for (const entry of list(value['entry'])) {
      rule(
        'bdl-2 entry.search only when a search',
        entry['search'] === undefined || value['type'] === 'searchset',
      );
      rule('bdl-5 an entry is a resource', entry['resource'] !== undefined);
      rule('bdl-8 fullUrl is of no version', !String(entry['fullUrl']).includes('/_history/'));
      const { id, resourceType } = (entry['resource'] ?? {}) as Json;
      rule(
        'fullUrl ends with type and id',
        String(entry['fullUrl']).endsWith(`/${String(resourceType)}/${String(id)}`),
      );
    }
    rule(
      'a searchset has a link to itself',
      list(value['link']).some(({ relation }) => relation === 'self'),
    );
  }
  if (type === 'CapabilityStatement') {
    rule('cpb-2 rest, messaging or document', list(value['rest']).length > 0);
    rule(
      'cpb-15 an instance has an implementation',
      value['kind'] !== 'instance' || value['implementation'] !== undefined,
    );
    for (const rest of list(value['rest'])) {
      rule('cpb-9 a resource once', unique(list(rest['resource']).map((described) => described['type'])));
      for (const described of list(rest['resource'])) {
        rule(
          'cpb-12 a search parameter once',
          unique(list(described['searchParam']).map(({ name }) => name)),
        );
      }
    }
  }
  if (type === 'Reference') {
    rule(
      'ref-1 or an identifier, or a display',
      ['reference', 'identifier', 'display'].some((name) => value[name] !== undefined),
    );
  }
  return broken;
};

const references = (value: unknown): string[] => {
  if (Array.isArray(value)) return value.flatMap(references);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    // What an entry holds is a resource of its own.
    name === 'reference' && typeof inner === 'string'
      ? [inner]
      : name === 'resource'
        ? []
        : references(inner),
  );
};

const checkResource = (resource: Json, path: string, contained: boolean): string[] => {
  const type = String(resource['resourceType']);
  const broken = checkElements(resource, type, path);
  if (contained) {
    if (resource['contained'] !== undefined) broken.push(`${path}: dom-2 nothing contained in the contained`);
    if (resource['meta'] !== undefined) broken.push(`${path}: dom-4 no meta in the contained`);
    return broken;
  }
  const inside = list(resource['contained']).map(({ id }) => `#${String(id)}`);
  const used = references(resource).filter((reference) => reference.startsWith('#'));
  for (const id of inside)
    if (!used.includes(id)) broken.push(`${path}: dom-3 ${id} is contained and not referred to`);
  for (const id of used) if (!inside.includes(id)) broken.push(`${path}: ${id} refers to nothing contained`);
  return broken;
};

/** Everything wrong with a resource. */
export const fhirProblems = (resource: unknown): string[] =>
  checkResource(resource as Json, String((resource as Json)['resourceType']), false);
