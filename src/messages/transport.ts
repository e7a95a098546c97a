import type { MailRequest, PushRequest, SmsRequest } from './request.ts';

/** What a message needs to leave: one function for each kind. */

/** The other side took it; `providerId` is its name for it. */
export interface Delivered {
  providerId?: string;
}

/** One way out. Resolves once the other side has accepted; throws {@link DeliveryError} otherwise. */
export interface Transport<Request> {
  /** `id` is stable across tries: transports that can, tell the other side, which then drops doubles. */
  deliver(id: string, request: Request, expiresAt: Date): Promise<Delivered>;
  close?(): void;
}

export interface Transports {
  mail: Transport<MailRequest>;
  sms: Transport<SmsRequest>;
  /** Absent when no VAPID key is configured: pushes are then not queued. */
  push?: Transport<PushRequest>;
}

/** Why a try failed, and whether another one makes sense. The message is kept and shown: no secret in it. */
export class DeliveryError extends Error {
  /** True: the other side will never take this message. */
  readonly permanent: boolean;
  /** True: the push subscription no longer exists. */
  readonly gone: boolean;
  readonly retryAfterSeconds: number;

  constructor(
    message: string,
    options: { permanent?: boolean; gone?: boolean; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DeliveryError';
    this.permanent = options.permanent ?? false;
    this.gone = options.gone ?? false;
    this.retryAfterSeconds = options.retryAfterSeconds ?? 0;
  }
}

/** Seconds of a Retry-After header that counts seconds or names a date; 0 when there is none. */
export const retryAfterSeconds = (header: string | undefined, now: Date): number => {
  if (!header) return 0;
  if (/^\d+$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? 0 : Math.max(0, Math.ceil((date - now.getTime()) / 1000));
};

/** The `code` of a network error (ECONNREFUSED…), or its name. */
export const networkErrorName = (error: unknown): string =>
  error instanceof Error ? ('code' in error && error.code ? String(error.code) : error.name) : 'unknown';
