import type { Client } from 'pg';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { Database } from './postgres.ts';
import type { Tracing } from './tracing.ts';

/** Work that is done again and again, in any process but only in one at a time. It must be idempotent. */
export interface Job {
  name: string;
  /** Seconds between the end of one run and the start of the next. */
  everySeconds: number;
  /** Its advisory lock: a number of its own, by default made of its name. */
  lock?: number;
  run(): Promise<unknown>;
}

/** What is known of a job in this process. */
export interface JobState {
  name: string;
  everySeconds: number;
  /** Start of its last run here. */
  lastRun?: Date;
  /** What its last run failed with, if it did. */
  lastError?: string;
}

export interface Jobs {
  add(job: Job): void;
  /** Begins; each job runs at once and then at its interval. */
  start(): void;
  /** Runs one now, or once more after the run under way; resolves after that run. */
  kick(name: string): Promise<void>;
  list(): JobState[];
  /** No run begins any more; waits for those under way. */
  stop(): Promise<void>;
}

interface Entry {
  job: Job;
  state: JobState;
  timer?: NodeJS.Timeout | undefined;
  running?: Promise<void> | undefined;
  next?: Promise<void> | undefined;
}

/**
 * The locks of all jobs of this process, on one connection of their own: jobs that run together must not use up the pool
 * with connections that only hold a lock. A lock goes with that connection, however the process ends.
 */
const createLocks = (db: Database) => {
  let opened: Promise<Client> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const open = async (): Promise<Client> => {
    const client = await db.dedicated();
    client.on('error', () => (opened = undefined));
    return client;
  };
  /** One question at a time; a connection that failed is not asked again. */
  const ask = (call: string, job: Job): Promise<boolean> => {
    const [argument, value] =
      job.lock === undefined
        ? ['hashtextextended($1, 7265000)', `job ${job.name}`]
        : ['$1::bigint', job.lock];
    const answer = last.then(async () => {
      try {
        const client = await (opened ??= open());
        const { rows } = await client.query<{ done: boolean }>(`SELECT ${call}(${argument}) AS done`, [
          value,
        ]);
        return rows[0]?.done === true;
      } catch (error) {
        opened = undefined;
        throw error;
      }
    });
    last = answer.catch(() => undefined);
    return answer;
  };

  return {
    /** Runs `work` if no other process holds the job's lock. */
    hold: async (job: Job, work: () => Promise<unknown>): Promise<void> => {
      if (!(await ask('pg_try_advisory_lock', job))) return;
      try {
        await work();
      } finally {
        // Unheard, the connection is gone, and the lock with it.
        await ask('pg_advisory_unlock', job).catch(() => undefined);
      }
    },
    close: async (): Promise<void> => {
      await last;
      const client = await opened?.catch(() => undefined);
      opened = undefined;
      await client?.end().catch(() => undefined);
    },
  };
};

/** Makes the scheduler of this process. A run that fails is logged, and the next one comes at its time. */
export const createJobs = (deps: {
  db: Database;
  clock: Clock;
  log: Pick<Log, 'error' | 'debug'>;
  tracing?: Tracing | undefined;
  /** Hears how each run ended. */
  onRun?: (job: string, outcome: 'done' | 'failed') => void;
}): Jobs => {
  const { db, clock, log, tracing, onRun } = deps;
  const traced = (job: Job): Promise<unknown> =>
    tracing ? tracing.span(`job ${job.name}`, { kind: 'internal' }, () => job.run()) : job.run();
  const entries = new Map<string, Entry>();
  const locks = createLocks(db);
  let started = false;
  let stopped = false;

  const runOnce = async ({ job, state }: Entry): Promise<void> => {
    try {
      await locks.hold(job, async () => {
        state.lastRun = clock.now();
        await traced(job);
        delete state.lastError;
        onRun?.(job.name, 'done');
      });
    } catch (error) {
      state.lastError = error instanceof Error ? error.message : String(error);
      onRun?.(job.name, 'failed');
      log.error({ err: error, job: job.name }, 'job failed');
    }
  };

  const schedule = (entry: Entry): void => {
    if (!started || stopped) return;
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => void run(entry), entry.job.everySeconds * 1000);
    entry.timer.unref();
  };

  const run = (entry: Entry): Promise<void> => {
    if (stopped) return Promise.resolve();
    if (entry.running) {
      entry.next ??= entry.running.then(() => {
        entry.next = undefined;
        return run(entry);
      });
      return entry.next;
    }
    clearTimeout(entry.timer);
    entry.running = runOnce(entry).finally(() => {
      entry.running = undefined;
      schedule(entry);
    });
    return entry.running;
  };

  return {
    add: (job) => {
      if (entries.has(job.name)) throw new Error(`two jobs are named ${job.name}`);
      const entry: Entry = { job, state: { name: job.name, everySeconds: job.everySeconds } };
      entries.set(job.name, entry);
      if (started) void run(entry);
    },
    start: () => {
      if (started) return;
      started = true;
      for (const entry of entries.values()) void run(entry);
    },
    kick: async (name) => {
      const entry = entries.get(name);
      if (!entry) throw new Error(`no job is named ${name}`);
      await run(entry);
    },
    list: () => [...entries.values()].map(({ state }) => ({ ...state })),
    stop: async () => {
      stopped = true;
      for (const entry of entries.values()) clearTimeout(entry.timer);
      await Promise.all([...entries.values()].map(({ running }) => running));
      await locks.close();
    },
  };
};
