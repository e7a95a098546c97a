import { Redis } from 'ioredis';
import { tapRedis } from '../support/redis-wire.ts';
import { Worker } from './flows.ts';
import { start, type Name } from './processes.ts';

/** What operations cost Redis, counted exactly: on the wire, one operation at a time, without other load. */

export const COUNTED = ['signIn', 'singleSignOn', 'refresh', 'userinfo', 'introspection'] as const;
export type Counted = (typeof COUNTED)[number];

export interface Cost {
  roundTrips: number;
  commands: number;
  bytes: number;
}

export interface Costs {
  byServer: Record<string, Record<Counted, Cost>>;
  /** Of one open session, once its code and access token are gone; and what a refresh adds to it. */
  kept: Record<string, { bytesPerSession: number; growthPerRefresh: number }>;
}

const SESSIONS = 200;
const REFRESHES = 5;
/** What lives shorter than this many seconds is not kept. */
const SHORT = 300;

const operations = (worker: Worker): Record<Counted, () => Promise<void>> => ({
  signIn: () => worker.signIn('es256'),
  singleSignOn: () => worker.singleSignOn('es256'),
  refresh: () => worker.refresh('es256'),
  userinfo: () => worker.userinfo(),
  introspection: () => worker.introspection('es256'),
});

const keptBytes = async (redis: Redis): Promise<number> => {
  let sum = 0;
  for (const key of await redis.keys('*')) {
    if ((await redis.ttl(key)) > SHORT) sum += Number(await redis.memory('USAGE', key, 'SAMPLES', 0));
  }
  return sum;
};

const keptBy = async (worker: Worker, redis: Redis): Promise<Costs['kept'][string]> => {
  const before = await keptBytes(redis);
  for (let each = 0; each < SESSIONS; each += 1) await worker.signIn('es256');
  const bytesPerSession = ((await keptBytes(redis)) - before) / SESSIONS;
  await worker.refresh('es256');
  const refreshed = await keptBytes(redis);
  for (let each = 0; each < REFRESHES; each += 1) await worker.refresh('es256');
  const growthPerRefresh = ((await keptBytes(redis)) - refreshed) / REFRESHES;
  return { bytesPerSession: Math.round(bytesPerSession), growthPerRefresh: Math.round(growthPerRefresh) };
};

const countOne = async (name: Name, databaseUrl: string, redisPort: number, db: number) => {
  const wire = await tapRedis({ port: redisPort });
  const redis = new Redis(`redis://127.0.0.1:${redisPort}/${db}`);
  await redis.flushdb();
  const server = await start(name, { redisUrl: `redis://127.0.0.1:${wire.port}/${db}`, databaseUrl });
  const worker = new Worker(server.port, server.host, server.paths);
  const all = operations(worker);
  for (const each of COUNTED) await all[each](); // scripts are known, connections are open
  const costs: Partial<Record<Counted, Cost>> = {};
  for (const each of COUNTED) {
    wire.take();
    await all[each]();
    costs[each] = wire.take();
  }
  const kept = await keptBy(worker, redis);
  worker.connection.close();
  server.stop();
  redis.disconnect();
  wire.close();
  return { costs: costs as Record<Counted, Cost>, kept };
};

/** Counts each server that keeps its state in Redis. */
export const countCosts = async (databaseUrl: string, redisPort: number): Promise<Costs> => {
  const counted: Costs = { byServer: {}, kept: {} };
  for (const [index, name] of (['plain', 'ours', 'floor'] as const).entries()) {
    const { costs, kept } = await countOne(name, databaseUrl, redisPort, 4 + index);
    counted.byServer[name] = costs;
    counted.kept[name] = kept;
  }
  return counted;
};
