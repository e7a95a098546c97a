import type { Queryable } from '../platform/postgres.ts';
import { uuid } from '../platform/random.ts';
import { type AttemptParts, sealDelivery } from './attempt.ts';
import { createDispatcher } from './dispatcher.ts';
import { toDeliveryFate } from './fate.ts';
import {
  deleteEndedBefore,
  insertDelivery,
  releaseDeliveries,
  selectDeliveries,
  selectDeliveryBacklog,
} from './repository.ts';
import type { DeliveryFate, DeliveryFilter, DeliveryRequest } from './request.ts';
import { DELIVERY_PATIENCE } from './rules.ts';

export type * from './request.ts';
export type { DeliveryOutcome } from './attempt.ts';

/** HTTP messages to services: written before the answer that causes them, delivered afterwards, at least once. */
export interface Deliveries {
  /**
   * Queues a delivery in the caller's transaction (or by itself, with the database): it leaves if, and only if, that
   * commits. Returns its id. Call {@link kick} after the commit to have it leave at once.
   */
  deliverHttp(tx: Queryable, request: DeliveryRequest): Promise<string>;
  /** What these deliveries tell has happened: they may go. */
  release(tx: Queryable, ids: readonly string[]): Promise<void>;
  /** Something was committed: look now. Returns at once and never throws. */
  kick(): void;
  /** What became of deliveries, newest first. */
  fate(filter: DeliveryFilter): Promise<DeliveryFate[]>;
  backlog(): Promise<{ waiting: number; oldest: Date | undefined }>;
  /** Forgets deliveries that ended more than `days` ago (90 unless told); returns how many. A daily job. */
  forget(days?: number): Promise<number>;
  /** Starts looking; one call for each process that delivers. */
  start(): void;
  /** Tries everything due now and resolves afterwards; for tests. */
  drain(): Promise<void>;
  /** Stops claiming and resolves when the tries under way have ended. */
  stop(): Promise<void>;
}

export interface DeliveriesOptions extends AttemptParts {
  /** How often to look for what nobody kicked for (of other processes, of dead ones). */
  pollMs?: number;
}

/** Makes the service; nothing leaves before {@link Deliveries.start} or `drain`. */
export const createDeliveries = (options: DeliveriesOptions): Deliveries => {
  const { db, keyring, clock } = options;
  const { start, kick, drain, stop } = createDispatcher(options, options.pollMs);
  return {
    deliverHttp: async (tx, request) => {
      const id = uuid();
      const now = clock.now();
      const life = DELIVERY_PATIENCE[request.kind].lifeSeconds * 1000;
      await insertDelivery(tx, {
        id,
        kind: request.kind,
        clientId: request.clientId,
        host: new URL(request.url).host,
        sealed: sealDelivery(keyring, id, request),
        nationalId: request.nationalId,
        createdAt: now,
        nextAttemptAt: request.notBefore ?? now,
        expiresAt: request.expiresAt ?? new Date(now.getTime() + life),
      });
      return id;
    },
    release: (tx, ids) => releaseDeliveries(tx, ids, clock.now()),
    fate: async (filter) => (await selectDeliveries(db, filter)).map(toDeliveryFate),
    backlog: () => selectDeliveryBacklog(db),
    forget: (days = 90) => deleteEndedBefore(db, new Date(clock.now().getTime() - days * 86_400_000)),
    ...{ start, kick, drain, stop },
  };
};
