/** Why a run is not shown, rolled back, or two persons not merged. */
export type RunErrorCode =
  | 'run_unknown'
  | 'run_not_import'
  | 'run_rolled_back'
  | 'run_overlapped'
  | 'run_too_old'
  | 'persons_in_use'
  | 'person_unknown'
  | 'same_person'
  | 'busy';

/** Nothing was changed. The message is for the operator, and says how. */
export class RunError extends Error {
  readonly code: RunErrorCode;

  constructor(code: RunErrorCode, message: string) {
    super(message);
    this.name = 'RunError';
    this.code = code;
  }
}
