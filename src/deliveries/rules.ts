import type { EventType } from '../audit/vocabulary.ts';
import type { Patience } from '../messages/backoff.ts';
import type { DeliveryKind } from './request.ts';

/**
 * How patiently each kind is tried. A service answers a logout that it could not carry out with 400 (Back-Channel
 * Logout 1.0, 2.8), so every answer but success is tried again: for four hours, after which nothing that the session
 * gave is of use. A ping is worth something while the person's approval is.
 */
export const DELIVERY_PATIENCE: Readonly<Record<DeliveryKind, Omit<Patience, 'parallel'>>> = {
  backchannel_logout: { firstSeconds: 5, longestSeconds: 600, maxAttempts: 30, lifeSeconds: 4 * 3600 },
  ciba_ping: { firstSeconds: 1, longestSeconds: 30, maxAttempts: 8, lifeSeconds: 600 },
};

/** Tries under way at once to one service, in one process: who hangs delays itself only. */
export const PARALLEL_PER_SERVICE = 2;
/** Tries under way at once, in one process. */
export const PARALLEL = 128;
/** A service that has not answered by then has failed this try. */
export const ANSWER_WITHIN_MS = 5_000;
/** What a service has to say is of no interest; a page of its framework may come with its 200. */
export const ANSWER_MAX_BYTES = 1024 * 1024;
/** Longer than a try may take: only a dead process lets it end. */
export const LEASE_MS = 30_000;

/** The rows of the audit that an end leaves. */
export const END_EVENTS: Readonly<Record<DeliveryKind, { sent?: EventType; failed?: EventType }>> = {
  backchannel_logout: { sent: 'sign_out_delivered', failed: 'sign_out_not_delivered' },
  ciba_ping: { failed: 'ciba_not_notified' },
};
