import { PATIENCE } from './backoff.ts';
import { type DeliveryParts, claimNext, deliverClaimed } from './delivery.ts';
import { expireMessages } from './repository.ts';
import type { MessageKind } from './request.ts';

/** The loop that empties the outbox. Any number of processes run one; each kind has a lane of its own. */
export interface Dispatcher {
  /** Looks at the outbox now and then (also for messages of a process that died) until {@link stop}. */
  start(): void;
  /** Looks now: a message was just committed. */
  kick(): void;
  /** Resolves when what was due when it was called has been tried. */
  drain(): Promise<void>;
  /** No further claim; resolves when the tries under way have ended. */
  stop(): Promise<void>;
}

const KINDS = Object.keys(PATIENCE) as MessageKind[];

/** Makes the loop; nothing runs before {@link Dispatcher.start} or {@link Dispatcher.drain}. */
export const createDispatcher = (parts: DeliveryParts, pollMs = 2000): Dispatcher => {
  const lanes = KINDS.map((kind) => createLane(parts, kind));
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const pass = async (): Promise<void> => {
    const expired = await expireMessages(parts.db, parts.clock.now());
    for (const channel of expired) parts.onOutcome?.({ channel, outcome: 'expired' });
    if (expired.length > 0) parts.log.warn({ kinds: expired }, 'messages expired before they could be sent');
    await Promise.all(lanes.map((lane) => lane.run()));
  };
  const guarded = async (): Promise<void> => {
    try {
      await pass();
    } catch (error) {
      // The database is away: the next look will find the messages where they are.
      parts.log.error({ err: error }, 'the outbox could not be read');
    }
  };

  return {
    start: () => {
      timer ??= setInterval(() => void guarded(), pollMs);
      void guarded();
    },
    kick: () => {
      if (!stopped) void guarded();
    },
    drain: pass,
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      await Promise.all(lanes.map((lane) => lane.stop()));
    },
  };
};

interface Lane {
  run(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * One kind's workers: none while nothing is due, and one more for each message found, up to the kind's limit,
 * so that an idle outbox costs one query and a slow mail server never delays an SMS.
 */
const createLane = (parts: DeliveryParts, kind: MessageKind): Lane => {
  const workers = new Set<Promise<void>>();
  let stopped = false;
  /** A look asked for while all workers were busy: whoever finishes looks once more. */
  let again = false;

  const work = async (): Promise<void> => {
    while (!stopped) {
      again = false;
      const row = await claimNext(parts, kind);
      if (row) {
        hire();
        await deliverClaimed(parts, row);
      } else if (!again) return;
    }
  };
  const hire = (): void => {
    if (stopped) return;
    if (workers.size >= PATIENCE[kind].parallel) {
      again = true;
      return;
    }
    const worker = work().finally(() => workers.delete(worker));
    // Whoever runs the lane hears of a failure; a worker hired by another must not end the process.
    worker.catch(() => undefined);
    workers.add(worker);
  };
  const settled = async (): Promise<void> => {
    while (workers.size > 0) await Promise.all(workers);
  };

  return {
    run: async () => {
      hire();
      await settled();
    },
    stop: async () => {
      stopped = true;
      await Promise.allSettled(workers);
    },
  };
};
