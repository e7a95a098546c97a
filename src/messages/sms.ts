import type { Twilio } from 'twilio';
import { renderSms } from '../../views/sms/index.ts';
import type { Clock } from '../platform/clock.ts';
import { scrub } from './mask.ts';
import type { SmsRequest } from './request.ts';
import { DeliveryError, networkErrorName, retryAfterSeconds, type Transport } from './transport.ts';

/** SMS by Twilio. */

export interface SmsOptions {
  accountSid: string;
  authToken: string;
  /** A number in international form, an alphanumeric name, or a messaging service (`MG…`). */
  from: string;
  /** Another address for Twilio's API. */
  baseUrl?: string | undefined;
  clock: Clock;
  /** Milliseconds after which a call has failed. */
  timeoutMs?: number;
}

/** Makes the SMS transport; Twilio's library (21 MB) is loaded when the first SMS leaves. */
export const createSmsTransport = (options: SmsOptions): Transport<SmsRequest> => {
  let client: Promise<Twilio> | undefined;
  return {
    deliver: async (_id, request, expiresAt) => {
      const twilio = await (client ??= createClient(options));
      const left = Math.floor((expiresAt.getTime() - options.clock.now().getTime()) / 1000);
      try {
        const message = await twilio.messages.create({
          to: request.to,
          // The type of a request ties template and data together; a union of requests does not show it.
          body: renderSms(request.template, request.data as never, request.locale),
          // Twilio's own queue drops it when the code is dead (1 to 36000 s, 5 s the least that it accepts reliably).
          validityPeriod: Math.min(Math.max(left, 5), 36_000),
          ...(/^MG[0-9a-f]{32}$/i.test(options.from)
            ? { messagingServiceSid: options.from }
            : { from: options.from }),
        });
        return { providerId: message.sid };
      } catch (error) {
        throw twilioError(error, [request.to, ...Object.values(request.data)], options.clock);
      }
    },
  };
};

const createClient = async ({
  accountSid,
  authToken,
  baseUrl,
  timeoutMs = 15_000,
}: SmsOptions): Promise<Twilio> => {
  const { default: twilio } = await import('twilio');
  // Trying again is the outbox's business.
  const client = twilio(accountSid, authToken, { autoRetry: false, timeout: timeoutMs });
  if (baseUrl !== undefined) client.api.baseUrl = baseUrl.replace(/\/$/, '');
  return client;
};

/** Answers that speak of the moment or of our account, not of this message. */
const TEMPORARY = new Set([401, 403, 404, 408, 429]);

const twilioError = (error: unknown, secrets: readonly string[], clock: Clock): DeliveryError => {
  const { status, code, message, headers } = error as {
    status?: number;
    code?: number | string;
    message?: string;
    headers?: Record<string, string>;
  };
  if (typeof status !== 'number') {
    return new DeliveryError(`Twilio ${networkErrorName(error)}`, { cause: error });
  }
  const said = scrub(message ?? '', secrets);
  return new DeliveryError(`Twilio ${status}${code ? ` (${code})` : ''} ${said}`.trim(), {
    permanent: status >= 400 && status < 500 && !TEMPORARY.has(status),
    retryAfterSeconds: retryAfterSeconds(headers?.['retry-after'], clock.now()),
    cause: error,
  });
};
