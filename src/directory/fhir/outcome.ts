import type { Refusal } from '../../http/errors.ts';
import type { IssueCode, OperationOutcome } from './types.ts';

/** Refusals as software that speaks FHIR reads them. */

const ISSUES: Readonly<Record<string, IssueCode>> = {
  fhir_parameter_invalid: 'invalid',
  fhir_parameter_unsupported: 'not-supported',
  fhir_too_costly: 'too-costly',
  fhir_format: 'not-supported',
  request_invalid: 'invalid',
  media_type_wrong: 'not-supported',
  method_not_allowed: 'not-supported',
  too_large: 'invalid',
  not_found: 'not-found',
  too_many_requests: 'throttled',
};

/** `text` is what the catalogue says of the code; `diagnostics` which parameter it was, and the support id. */
export const outcomeOf = (refusal: Refusal, text: string): OperationOutcome => {
  const detail = refusal.message === refusal.code ? '' : `${refusal.message}; `;
  return {
    resourceType: 'OperationOutcome',
    issue: [
      {
        severity: 'error',
        code: ISSUES[refusal.code] ?? 'exception',
        details: { text },
        diagnostics: refusal.expose ? `${detail}${refusal.code}, ${refusal.supportId}` : refusal.supportId,
      },
    ],
  };
};
