import { type AttemptParts, expireDue, tryDelivery } from './attempt.ts';
import { claimDelivery } from './repository.ts';
import { LEASE_MS, PARALLEL, PARALLEL_PER_SERVICE } from './rules.ts';

/** The loop that empties the queue. Any number of processes run one; each service has lanes of its own. */
export interface Dispatcher {
  /** Looks now and then (also for deliveries of a process that died) until {@link stop}. */
  start(): void;
  /** Looks now: something was just written. Does nothing where {@link start} was not called: a command leaves it. */
  kick(): void;
  /** Resolves when what was due when it was called has been tried. */
  drain(): Promise<void>;
  /** No further claim; resolves when the tries under way have ended. */
  stop(): Promise<void>;
}

/** Makes the loop; nothing runs before `start`, `kick` or `drain`. */
export const createDispatcher = (parts: AttemptParts, pollMs = 2000): Dispatcher => {
  const underWay = new Set<Promise<void>>();
  const counts = new Map<string, number>();
  let timer: NodeJS.Timeout | undefined;
  let pumping: Promise<void> | undefined;
  let again = false;
  let stopped = false;

  const busy = (): string[] =>
    [...counts].filter(([, count]) => count >= PARALLEL_PER_SERVICE).map(([clientId]) => clientId);

  const change = (clientId: string, by: number): void => {
    const count = (counts.get(clientId) ?? 0) + by;
    if (count === 0) counts.delete(clientId);
    else counts.set(clientId, count);
  };

  const claim = () => {
    const now = parts.clock.now();
    const leaseUntil = new Date(now.getTime() + LEASE_MS);
    return claimDelivery(parts.db, { now, leaseUntil, busy: busy() });
  };

  /** Claims and begins as long as something is due and there is room; what ends looks again. */
  const fill = async (): Promise<void> => {
    while (!stopped && underWay.size < PARALLEL) {
      const row = await claim();
      if (!row) return;
      change(row.client_id, 1);
      const work = tryDelivery(parts, row)
        .catch((error: unknown) => parts.log.error({ err: error, delivery: row.id }, 'delivery not recorded'))
        .finally(() => {
          change(row.client_id, -1);
          underWay.delete(work);
          // A look under way may have passed this service over as busy.
          again = true;
          kick();
        });
      underWay.add(work);
    }
  };

  /** One look at a time; a look asked for meanwhile follows. */
  const pump = (): Promise<void> => {
    again = true;
    pumping ??= (async () => {
      try {
        while (again && !stopped) {
          again = false;
          await fill();
        }
      } finally {
        pumping = undefined;
      }
    })();
    return pumping;
  };

  const kick = (): void => {
    // The database is away: the next look will find the deliveries where they are.
    if (timer && !stopped)
      pump().catch((error: unknown) => parts.log.error({ err: error }, 'deliveries unreadable'));
  };

  const look = async (): Promise<void> => {
    try {
      await expireDue(parts);
    } catch (error) {
      parts.log.error({ err: error }, 'deliveries unreadable');
    }
    kick();
  };

  return {
    start: () => {
      timer ??= setInterval(() => void look(), pollMs);
      void look();
    },
    kick,
    drain: async () => {
      await expireDue(parts);
      do {
        await pump();
        await Promise.all(underWay);
      } while ((again || underWay.size > 0) && !stopped);
    },
    stop: async () => {
      stopped = true;
      clearInterval(timer);
      await pumping?.catch(() => undefined);
      await Promise.all(underWay);
    },
  };
};
