import type { Config } from '../config.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Database } from '../platform/postgres.ts';
import { openRedis } from '../platform/redis.ts';
import type { ExpiringStore } from '../platform/store/contract.ts';
import { createPostgresStore } from '../platform/store/postgres.ts';
import { createRedisStore } from '../platform/store/redis.ts';

/** The expiring state of the configuration, and how it is closed. */
export interface OpenedStore {
  store: ExpiringStore;
  close(): Promise<void>;
}

/** Opens it: Redis, or PostgreSQL for small sites. */
export const openStore = (config: Config, db: Database, clock: Clock, log: Log): OpenedStore => {
  if (config.store === 'postgres') {
    const store = createPostgresStore(db, clock);
    return { store, close: () => store.close() };
  }
  const redis = openRedis(config, (error) => log.error({ err: error }, 'Redis'));
  const store = createRedisStore(redis);
  return {
    store,
    close: async () => {
      await store.close();
      redis.disconnect();
    },
  };
};
