import type { Agent } from 'node:https';
import type { Clock } from '../platform/clock.ts';
import { createPublicAgent } from './push-address.ts';
import type { PushRequest } from './request.ts';
import { DeliveryError, networkErrorName, retryAfterSeconds, type Transport } from './transport.ts';

/** Web Push (RFC 8030) as a doorbell: VAPID, no payload, so that push services learn nothing but that it rang. */

export interface PushOptions {
  vapidSubject: string;
  vapidPublicKey: string;
  vapidPrivateKey: string;
  clock: Clock;
  /** By default one that connects to public addresses only; tests give one that trusts their server. */
  agent?: Agent;
}

const TIMEOUT_MS = 10_000;
const LONGEST_TTL = 120;

/** Makes the push transport. */
export const createPushTransport = (options: PushOptions): Transport<PushRequest> => {
  const agent = options.agent ?? createPublicAgent();
  const { vapidSubject: subject, vapidPublicKey: publicKey, vapidPrivateKey: privateKey, clock } = options;
  return {
    deliver: async (_id, { subscription }, expiresAt) => {
      const { default: webpush } = await import('web-push');
      const left = Math.floor((expiresAt.getTime() - clock.now().getTime()) / 1000);
      try {
        await webpush.sendNotification(subscription, null, {
          vapidDetails: { subject, publicKey, privateKey },
          // The service drops it when the request it announces is over; a newer ring replaces one not yet heard.
          TTL: Math.min(Math.max(left, 0), LONGEST_TTL),
          urgency: 'high',
          topic: 'ecps',
          timeout: TIMEOUT_MS,
          agent,
        });
        return {};
      } catch (error) {
        throw pushError(error, clock);
      }
    },
    close: () => agent.destroy(),
  };
};

const pushError = (error: unknown, clock: Clock): DeliveryError => {
  const { statusCode, headers } = error as { statusCode?: number; headers?: Record<string, string> };
  if (statusCode === undefined) {
    const name = networkErrorName(error);
    return new DeliveryError(`push ${name}`, { permanent: name === 'EPRIVATE', cause: error });
  }
  return new DeliveryError(`push ${statusCode}`, {
    gone: statusCode === 404 || statusCode === 410,
    permanent: statusCode >= 400 && statusCode < 500 && statusCode !== 408 && statusCode !== 429,
    retryAfterSeconds: retryAfterSeconds(headers?.['retry-after'], clock.now()),
    cause: error,
  });
};
