import type { PinProblem } from '../ecps/protocol/pin.ts';
import type { RefusalBody } from '../ecps/protocol/refusals.ts';

/** A refusal of the server, as it said it. */
export class PhoneRefusal extends Error {
  readonly code: string;
  readonly status: number;
  readonly supportId: string;
  readonly retryAfter: number | undefined;
  readonly triesLeft: number | undefined;
  readonly availableAt: string | undefined;

  constructor(status: number, body: RefusalBody) {
    super(body.message);
    this.name = 'PhoneRefusal';
    this.code = body.code;
    this.status = status;
    this.supportId = body.support_id;
    this.retryAfter = body.retry_after;
    this.triesLeft = body.tries_left;
    this.availableAt = body.available_at;
  }
}

/** What the phone itself finds wrong, without asking the server or before it answered. */
export type PhoneProblem =
  /** No answer, after every retry. */
  | 'offline'
  /** The answer is not what the protocol says. */
  | 'answer_invalid'
  /** Nothing can be done before an activation. */
  | 'not_activated'
  | 'no_activation'
  /** The issuer named is not the server this phone talks to. */
  | 'issuer_untrusted'
  | 'pin_refused'
  | 'nothing_to_roll_back';

export class PhoneError extends Error {
  readonly code: PhoneProblem;
  /** With `pin_refused`: why. */
  readonly pinProblem: PinProblem | undefined;

  constructor(
    code: PhoneProblem,
    detail: string,
    options: { cause?: unknown; pinProblem?: PinProblem } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PhoneError';
    this.code = code;
    this.pinProblem = options.pinProblem;
  }
}
