import { supportId } from '../platform/random.ts';

/** What may accompany a refusal, told to the person or the program that met it. */
export interface RefusalDetails {
  /** Seconds after which a new try makes sense. */
  retryAfter?: number;
  triesLeft?: number;
  /** The instant from which it works (contact details too recent). */
  availableAt?: Date;
}

/** A person, a phone, a service. */
export interface About {
  nationalId?: string;
  deviceId?: string;
  clientId?: string;
}

/**
 * The one class of expected errors. `code` is a key of the text catalogue (views/locales) and of docs/errors.md;
 * what a person reads comes from there. `cause` and `detail` are for the log alone.
 */
export class Refusal extends Error {
  readonly code: string;
  readonly status: number;
  /** False: the person is told of an internal error only. */
  readonly expose: boolean;
  readonly details: RefusalDetails;
  readonly supportId: string;
  /** Whom it is about, where a room knows: for the help desk, never told to who met it. */
  about: About;

  constructor(
    code: string,
    status: number,
    options: { detail?: string; cause?: unknown; expose?: boolean; about?: About } & RefusalDetails = {},
  ) {
    super(options.detail ?? code, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Refusal';
    this.code = code;
    this.status = status;
    this.expose = options.expose ?? status < 500;
    this.details = {
      ...(options.retryAfter === undefined ? {} : { retryAfter: options.retryAfter }),
      ...(options.triesLeft === undefined ? {} : { triesLeft: options.triesLeft }),
      ...(options.availableAt === undefined ? {} : { availableAt: options.availableAt }),
    };
    this.about = options.about ?? {};
    this.supportId = supportId();
  }
}
