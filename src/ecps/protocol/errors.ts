import type { RefusalCode } from './refusals.ts';

/** Something of the protocol that does not hold; `code` is the refusal it deserves, `message` is for the log. */
export class ProtocolError extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, detail: string, cause?: unknown) {
    super(detail, cause === undefined ? undefined : { cause });
    this.name = 'ProtocolError';
    this.code = code;
  }
}
