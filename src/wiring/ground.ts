import { createAudit, type Audit } from '../audit/record.ts';
import type { EventType } from '../audit/vocabulary.ts';
import type { Config } from '../config.ts';
import { countOpenActs } from '../operators/repository.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import { createMetrics, type Metrics } from '../platform/metrics.ts';
import { openDatabase, type Database } from '../platform/postgres.ts';
import type { ExpiringStore } from '../platform/store/contract.ts';
import { createTracing, traceDatabase, traceStore, type Tracing } from '../platform/tracing.ts';
import { openStore } from './store.ts';

/** What every room stands on: the two stores, and what is told of all that happens. */
export interface Ground {
  db: Database;
  store: ExpiringStore;
  metrics: Metrics;
  tracing: Tracing | undefined;
  audit: Audit;
  /** Closes both stores and sends the last traces. */
  close(): Promise<void>;
}

/** How a sign-in by e-CPS ended, as the audit trail calls it. */
const ECPS_OUTCOMES: Readonly<Partial<Record<EventType, string>>> = {
  'ecps.approval_given': 'granted',
  'ecps.approval_denied': 'denied',
  'ecps.approval_reported': 'reported',
};

const openTracing = async ({ tracesUrl, tracesRatio }: Config): Promise<Tracing | undefined> =>
  tracesUrl === undefined ? undefined : createTracing({ url: tracesUrl, ratio: tracesRatio });

const countedAudit = (clock: Clock, metrics: Metrics): Audit =>
  createAudit({
    clock,
    counted: (type) => {
      metrics.audited(type);
      const outcome = ECPS_OUTCOMES[type];
      if (outcome !== undefined) metrics.signIn({ means: 'ecps', outcome });
    },
  });

/** Opens PostgreSQL and the expiring store, traced where traces are sent, and the metrics. */
export const openGround = async (config: Config, clock: Clock, log: Log): Promise<Ground> => {
  const tracing = await openTracing(config);
  const pool = openDatabase(config.databaseUrl, {
    max: config.databasePool,
    onIdleError: (error) => log.warn({ err: error }, 'PostgreSQL closed an idle connection'),
  });
  const db = tracing ? traceDatabase(pool, tracing) : pool;
  const opened = openStore(config, db, clock, log);
  const metrics = createMetrics({ processMetrics: true });
  metrics.gauge('database_connections', () => pool.usage());
  metrics.gauge('operator_acts_open', () => countOpenActs(pool, clock.now()));
  return {
    ...{ db, tracing, metrics },
    store: tracing ? traceStore(opened.store, config.store, tracing) : opened.store,
    audit: countedAudit(clock, metrics),
    close: async () => {
      await opened.close();
      await pool.close();
      await tracing?.stop();
    },
  };
};
