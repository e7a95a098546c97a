import { ProtocolError } from '../../ecps/protocol/errors.ts';
import { PhoneError, PhoneRefusal } from '../../phone/errors.ts';
import { type Locale } from '../../../views/locales/index.ts';
import { phoneTexts } from '../../../views/locales/phone.ts';
import { NotConfirmedError, OtherPersonError } from './activate.ts';
import { BindRequiredError } from './approve.ts';
import { LockBusyError } from './file-lock.ts';
import { InboxError } from './inbox.ts';
import { NoPhoneError } from './session.ts';
import { StateFileError } from './state-file.ts';
import { NoRequestError } from './wait.ts';

/** Why a command of the virtual phone did not do what was asked; `code` is what scripts test. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly supportId?: string;
  readonly triesLeft?: number;
  readonly retryAfter?: number;
  readonly availableAt?: string;
  /** With `pin_refused`. */
  readonly reason?: string;
}

const ofRefusal = (error: PhoneRefusal): Failure => ({
  code: error.code,
  message: error.message,
  supportId: error.supportId,
  ...(error.triesLeft === undefined ? {} : { triesLeft: error.triesLeft }),
  ...(error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter }),
  ...(error.availableAt === undefined ? {} : { availableAt: error.availableAt }),
});

/** Puts an expected error into words; undefined for one that is a fault of ours. */
export const failureOf = (error: unknown, locale: Locale): Failure | undefined => {
  const texts = phoneTexts(locale).failures;
  if (error instanceof PhoneRefusal) return ofRefusal(error);
  if (error instanceof PhoneError) {
    const { code, pinProblem } = error;
    if (pinProblem) return { code, message: phoneTexts(locale).pinProblems[pinProblem], reason: pinProblem };
    return { code, message: texts[code] };
  }
  if (error instanceof ProtocolError) return { code: error.code, message: texts.unreadable };
  if (error instanceof InboxError) return { code: error.code, message: texts[error.code] };
  if (error instanceof NotConfirmedError) return { code: error.code, message: texts[error.code] };
  if (error instanceof NoRequestError) return { code: 'no_request', message: texts.no_request };
  if (error instanceof BindRequiredError) return { code: 'bind_required', message: texts.bind_required };
  if (error instanceof NoPhoneError) return { code: 'no_phone', message: texts.no_phone(error.message) };
  if (error instanceof OtherPersonError) {
    return { code: 'other_person', message: texts.other_person(error.message) };
  }
  if (error instanceof LockBusyError) return { code: 'state_busy', message: texts.state_busy };
  if (error instanceof StateFileError) return { code: 'state_invalid', message: error.message };
  return undefined;
};
