import { createHash } from 'node:crypto';
import { Cluster, type Redis } from 'ioredis';
import { createPatience } from '../patience.ts';
import type { RedisClient } from '../redis.ts';
import { applyOne } from './changes.ts';
import type { ExpiringStore } from './contract.ts';
import { checkKey, checkKeys, checkMessage, checkTtl, checkValue } from './keys.ts';
import { createListeners } from './listeners.ts';

/** A script of one key. */
interface Script {
  text: string;
  sha: string;
}

const script = (text: string): Script => ({ text, sha: createHash('sha1').update(text).digest('hex') });

const REPLACE = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
else redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
return 1`);

const INCREMENT = script(`
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return count`);

const ADD_MEMBER = script(`
redis.call('SADD', KEYS[1], ARGV[1])
if redis.call('PTTL', KEYS[1]) < ARGV[2] * 1000 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
return 1`);

/** Runs a script by its hash, and sends it whole to a node that does not know it yet. */
const runScript = async (
  redis: RedisClient,
  { text, sha }: Script,
  key: string,
  ...args: readonly (string | number)[]
): Promise<number> => {
  try {
    return Number(await redis.evalsha(sha, 1, key, ...args));
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return Number(await redis.eval(text, 1, key, ...args));
  }
};

const CHANNEL = 'caducee:';
/** A Redis that stays connected and says nothing is an error after this, or twice as long at most. */
const PATIENCE_MS = 2000;

/** Subscriptions on a connection of their own, made when first needed. A cluster keeps one by itself. */
const createSubscriptions = (redis: RedisClient) => {
  let connection: RedisClient | undefined;
  const listeners = createListeners();
  const connect = (): RedisClient => {
    if (connection) return connection;
    // A subscription outlives a Redis that is away: it waits instead of failing after one try.
    connection =
      redis instanceof Cluster ? redis : (redis as Redis).duplicate({ maxRetriesPerRequest: null });
    connection.on('error', () => undefined); // the main connection's owner hears of the same trouble
    connection.on('message', (channel: string, message: string) =>
      listeners.emit(channel.slice(CHANNEL.length), message),
    );
    return connection;
  };
  return {
    subscribe: async (channel: string, listener: (message: string) => void) => {
      const subscriber = connect();
      const remove = listeners.add(channel, listener);
      // Also when others listen already: their SUBSCRIBE may still be under way.
      await subscriber.subscribe(CHANNEL + channel);
      return async () => {
        if (remove() === 0) await subscriber.unsubscribe(CHANNEL + channel).catch(() => undefined);
      };
    },
    close: () => {
      if (connection && connection !== redis) connection.disconnect();
    },
  };
};

/**
 * The expiring state in Redis (6.2 or later) or Redis Cluster. `close()` ends what the store itself opened (its
 * subscriptions); the client belongs to the caller.
 */
export const createRedisStore = (redis: RedisClient): ExpiringStore => {
  const subscriptions = createSubscriptions(redis);
  const patiently = createPatience(PATIENCE_MS, () => new Error('Redis timed out'));
  const store: ExpiringStore = {
    get: async (key) => (await patiently(redis.get(checkKey(key)))) ?? undefined,
    getMany: async (keys) =>
      keys.length === 0
        ? []
        : (await patiently(redis.mget(...checkKeys(keys)))).map((value) => value ?? undefined),
    set: async (key, value, ttlSeconds) => {
      await patiently(redis.set(checkKey(key), checkValue(value), 'EX', checkTtl(ttlSeconds)));
    },
    setIfAbsent: async (key, value, ttlSeconds) =>
      (await patiently(redis.set(checkKey(key), checkValue(value), 'EX', checkTtl(ttlSeconds), 'NX'))) ===
      'OK',
    replace: async (key, expected, value, ttlSeconds) => {
      const ttl = ttlSeconds === undefined ? '' : checkTtl(ttlSeconds);
      return (
        (await patiently(
          runScript(redis, REPLACE, checkKey(key), checkValue(expected), checkValue(value), ttl),
        )) === 1
      );
    },
    take: async (key) => (await patiently(redis.getdel(checkKey(key)))) ?? undefined,
    delete: async (...keys) => {
      if (keys.length > 0) await patiently(redis.del(...checkKeys(keys)));
    },
    increment: async (key, ttlSeconds) =>
      patiently(runScript(redis, INCREMENT, checkKey(key), checkTtl(ttlSeconds))),
    ttl: async (key) => {
      const milliseconds = await patiently(redis.pttl(checkKey(key)));
      return milliseconds < 0 ? undefined : Math.max(1, Math.ceil(milliseconds / 1000));
    },
    addMember: async (key, member, ttlSeconds) => {
      await patiently(runScript(redis, ADD_MEMBER, checkKey(key), checkValue(member), checkTtl(ttlSeconds)));
    },
    removeMember: async (key, member) => {
      await patiently(redis.srem(checkKey(key), checkValue(member)));
    },
    members: async (key) => [...(await patiently(redis.smembers(checkKey(key))))],
    // Commands given in one turn of the event loop leave together (../redis.ts).
    apply: async (changes) => Promise.all(changes.map((change) => applyOne(store, change))),
    publish: async (channel, message) => {
      await patiently(redis.publish(CHANNEL + checkKey(channel), checkMessage(message)));
    },
    subscribe: async (channel, listener) => patiently(subscriptions.subscribe(checkKey(channel), listener)),
    ping: async () => {
      // Through the slot of a key: in a cluster PING would only say that some node lives.
      await patiently(redis.exists('ping'));
    },
    close: async () => subscriptions.close(),
  };
  return store;
};
