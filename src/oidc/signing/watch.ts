import type { Log } from '../../platform/log.ts';
import type { Queryable } from '../../platform/postgres.ts';
import { keysFingerprint } from './repository.ts';

/** Milliseconds between two looks; an announced key signs SPREAD_SECONDS later at the soonest. */
const LOOK_MS = 4_000;

/** Notices, in each process, that the signing keys changed, whoever changed them. */
export interface KeyWatch {
  start(): void;
  /** Looks now; for tests. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

/** Makes the watch. `loaded` tells the keys that this process goes by, `reload` reads them anew. */
export const createKeyWatch = (deps: {
  db: Queryable;
  log: Pick<Log, 'info' | 'error'>;
  loaded(): string;
  reload(): Promise<void>;
  everyMs?: number;
}): KeyWatch => {
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();

  const look = async (): Promise<void> => {
    if ((await keysFingerprint(deps.db)) === deps.loaded()) return;
    await deps.reload();
    deps.log.info({ keys: deps.loaded() }, 'signing keys changed');
  };
  const tick = (): void => {
    looking = look()
      .catch((error: unknown) => deps.log.error({ err: error }, 'signing keys could not be read'))
      .finally(() => timer?.refresh());
  };

  return {
    look,
    start: () => {
      timer ??= setTimeout(tick, deps.everyMs ?? LOOK_MS).unref();
    },
    stop: async () => {
      clearTimeout(timer);
      timer = undefined;
      await looking;
    },
  };
};
