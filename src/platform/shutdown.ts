import type { Log } from './log.ts';

/** Closes what was opened, in reverse order, once. */
export interface Shutdown {
  /** Registers a closer; what is added last is closed first, and what is added too late is closed at once. */
  add(name: string, close: () => unknown): void;
  /** Closes everything; every caller waits for the same end. A closer that fails is logged, and the next one runs. */
  run(reason: string): Promise<void>;
  /** Resolves when everything is closed, whoever asked. */
  readonly done: Promise<void>;
  /** Runs on SIGTERM, SIGINT and SIGHUP; then the process ends by itself, or by force after `graceSeconds`. */
  onSignals(): void;
}

/** Makes the shutdown of one process. A second signal does not wait. */
export const createShutdown = (options: {
  log: Pick<Log, 'info' | 'error'>;
  graceSeconds?: number;
  exit?: (code: number | string) => void;
}): Shutdown => {
  const { log, graceSeconds = 20, exit = process.exit } = options;
  const closers: { name: string; close: () => unknown }[] = [];
  const { promise: done, resolve: finished } = Promise.withResolvers<void>();
  let running: Promise<void> | undefined;
  let ended = false;

  const closeOne = async ({ name, close }: (typeof closers)[number]): Promise<void> => {
    try {
      await close();
    } catch (error) {
      log.error({ err: error, closer: name }, 'could not close');
    }
  };
  const closeAll = async (reason: string): Promise<void> => {
    log.info({ reason }, 'shutting down');
    for (let last = closers.pop(); last; last = closers.pop()) await closeOne(last);
    ended = true;
    finished();
  };

  const shutdown: Shutdown = {
    add: (name, close) => {
      if (ended) void closeOne({ name, close });
      else closers.push({ name, close });
    },
    done,
    run: (reason) => (running ??= closeAll(reason)),
    onSignals: () => {
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
        process.on(signal, () => {
          if (running) return exit(1);
          setTimeout(() => {
            log.error('shutdown took too long');
            exit(1);
          }, graceSeconds * 1000).unref();
          return void shutdown.run(signal).then(() => exit(process.exitCode ?? 0));
        });
      }
    },
  };
  return shutdown;
};
