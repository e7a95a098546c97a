/** The parts of FHIR R4 that are spoken here: https://hl7.org/fhir/R4/. */

export interface Coding {
  system?: string;
  code: string;
  display?: string;
}

export interface CodeableConcept {
  coding: Coding[];
  text?: string;
}

export interface Identifier {
  use?: 'official' | 'usual' | 'old';
  type?: CodeableConcept;
  system: string;
  value: string;
}

export interface Meta {
  lastUpdated: string;
}

export interface Practitioner {
  resourceType: 'Practitioner';
  id: string;
  meta: Meta;
  identifier: Identifier[];
  active: boolean;
  name?: { use: 'official'; text: string; family?: string; given?: string[]; prefix?: string[] }[];
  qualification?: { code: CodeableConcept }[];
}

export interface Location {
  resourceType: 'Location';
  id: string;
  name?: string;
  address?: { line?: string[]; city?: string; postalCode?: string; country?: string };
}

export interface PractitionerRole {
  resourceType: 'PractitionerRole';
  id: string;
  meta: Meta;
  contained?: Location[];
  identifier: Identifier[];
  active: boolean;
  practitioner: { reference: string; identifier: Identifier; display?: string };
  organization?: { identifier: Identifier; display?: string };
  code?: CodeableConcept[];
  specialty?: CodeableConcept[];
  location?: { reference: string }[];
}

export type Resource = Practitioner | PractitionerRole;

export interface Bundle {
  resourceType: 'Bundle';
  type: 'searchset';
  total?: number;
  link: { relation: 'self' | 'next'; url: string }[];
  entry?: { fullUrl: string; resource: Resource; search: { mode: 'match' } }[];
}

/** Codes of https://hl7.org/fhir/R4/valueset-issue-type.html. */
export type IssueCode =
  'invalid' | 'not-supported' | 'not-found' | 'throttled' | 'too-costly' | 'exception' | 'value';

export interface OperationOutcome {
  resourceType: 'OperationOutcome';
  issue: { severity: 'error'; code: IssueCode; details: { text: string }; diagnostics?: string }[];
}
