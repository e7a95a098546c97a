import { token } from '../../src/platform/random.ts';
import { createPostgresStore } from '../../src/platform/store/postgres.ts';
import { createRedisStore } from '../../src/platform/store/redis.ts';
import type { ExpiringStore } from '../../src/platform/store/contract.ts';
import { onFileEnd } from './cleanup.ts';
import { testDatabase, testRedis, testRedisCluster } from './services.ts';

/** The implementations of the store contract; each opens a second store on the same state when asked twice. */
export const STORES: readonly {
  name: string;
  open: () => Promise<{ one: ExpiringStore; two: ExpiringStore }>;
}[] = [
  {
    name: 'PostgreSQL',
    open: async () => {
      const { db } = await testDatabase({ max: 16 });
      return { one: createPostgresStore(db), two: createPostgresStore(db) };
    },
  },
  {
    name: 'Redis',
    open: async () => {
      const redis = await testRedis();
      return { one: createRedisStore(redis), two: createRedisStore(redis) };
    },
  },
  {
    name: 'Redis Cluster',
    open: async () => {
      const [first, second] = [await testRedisCluster(), await testRedisCluster()];
      return { one: createRedisStore(first), two: createRedisStore(second) };
    },
  },
];

/** Opens the two, closed when the file ends. */
export const openStores = async (
  open: (typeof STORES)[number]['open'],
): Promise<{ one: ExpiringStore; two: ExpiringStore }> => {
  const stores = await open();
  onFileEnd(async () => {
    await stores.one.close();
    await stores.two.close();
  });
  return stores;
};

/** A key that nobody else uses: the cluster is shared by files. */
export const freshKey = (): string => `test:{${token(12)}}`;
