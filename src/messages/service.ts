import type { Clock } from '../platform/clock.ts';
import type { KeyRing } from '../platform/crypto.ts';
import type { Log } from '../platform/log.ts';
import type { Database, Queryable } from '../platform/postgres.ts';
import { uuid } from '../platform/random.ts';
import { PATIENCE } from './backoff.ts';
import type { Outcome } from './delivery.ts';
import { createDispatcher } from './dispatcher.ts';
import { maskRecipient } from './mask.ts';
import { toFate } from './fate.ts';
import { deleteEndedBefore, insertMessage, selectBacklog, selectFates } from './repository.ts';
import type { FateFilter, MessageFate, MessageRequest } from './request.ts';
import { sealRequest } from './seal.ts';
import type { Transports } from './transport.ts';

export type * from './request.ts';

/** Mails, SMS and pushes: written in the caller's transaction, sent afterwards, at least once. */
export interface Messages {
  /**
   * Queues a message in the caller's transaction: it leaves if, and only if, that transaction commits. Returns
   * its id. Call {@link kick} after the commit to have it leave at once.
   */
  enqueue(tx: Queryable, message: MessageRequest): Promise<string>;
  /** Something was committed: look at the outbox now. Returns at once and never throws. */
  kick(): void;
  /** What became of messages, newest first, for the help desk: no content, recipients masked. */
  fate(filter: FateFilter): Promise<MessageFate[]>;
  /** How many messages wait, and since when the oldest one does. */
  backlog(): Promise<{ waiting: number; oldest: Date | undefined }>;
  /** Forgets messages that ended more than `days` ago (90 unless told); returns how many. A daily job. */
  forget(days?: number): Promise<number>;
  /** Starts looking at the outbox; one call for each process that sends. */
  start(): void;
  /** Tries everything due now and resolves afterwards; for tests and commands. */
  drain(): Promise<void>;
  /** Stops claiming and resolves when the tries under way have ended. */
  stop(): Promise<void>;
}

export interface MessagesOptions {
  db: Database;
  keyring: KeyRing;
  clock: Clock;
  log: Log;
  transports: Transports;
  /** Told, possibly several times, that a phone's push subscription no longer exists. */
  onSubscriptionGone?: (deviceId: string) => Promise<void>;
  /** Told of each try's outcome, for metrics. */
  onOutcome?: (outcome: Outcome) => void;
  /** How often to look for messages nobody kicked for (of other processes, of dead ones). */
  pollMs?: number;
}

/** Makes the service; it sends nothing before {@link Messages.start}, {@link Messages.kick} or `drain`. */
export const createMessages = (options: MessagesOptions): Messages => {
  const { db, keyring, clock, transports } = options;
  const dispatcher = createDispatcher(options, options.pollMs);
  return {
    enqueue: async (tx, message) => {
      const id = uuid();
      // Without VAPID keys there is no doorbell, and nothing to tell anyone: the app shows what waits when opened.
      if (message.kind === 'push' && !transports.push) return id;
      const now = clock.now();
      return insertMessage(tx, {
        id,
        kind: message.kind,
        template: message.kind === 'push' ? 'doorbell' : message.template,
        locale: message.kind === 'push' ? 'fr' : message.locale,
        sealed: sealRequest(keyring, id, message),
        recipientMasked: maskRecipient(message),
        practitionerId: message.practitionerId,
        activationId: message.activationId,
        deviceId: message.deviceId,
        dedupeKey: message.dedupeKey,
        createdAt: now,
        expiresAt: message.expiresAt ?? new Date(now.getTime() + PATIENCE[message.kind].lifeSeconds * 1000),
      });
    },
    kick: dispatcher.kick,
    fate: async (filter) => (await selectFates(db, filter)).map(toFate),
    backlog: () => selectBacklog(db),
    forget: (days = 90) => deleteEndedBefore(db, new Date(clock.now().getTime() - days * 86_400_000)),
    start: dispatcher.start,
    drain: dispatcher.drain,
    stop: async () => {
      await dispatcher.stop();
      for (const transport of Object.values(transports)) transport?.close?.();
    },
  };
};
