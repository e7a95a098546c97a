import { Cluster, Redis } from 'ioredis';

/** One Redis or a Redis Cluster: what the store needs, both give. */
export type RedisClient = Redis | Cluster;

/** What is read of the configuration; the cluster wins when both are there. */
export interface RedisSettings {
  readonly redisUrl?: string | undefined;
  readonly redisCluster?: readonly string[] | undefined;
}

// A Redis that is away must be an error within seconds, never a page that hangs; one that stays connected and says nothing
// is the store's to give up (store/redis.ts).
const PATIENCE = { connectTimeout: 3000, maxRetriesPerRequest: 1 } as const;
const retryStrategy = (times: number): number => Math.min(times * 50, 1000);

/**
 * One Redis; the commands given in one turn of the event loop leave in one write. The client's own way of that, its
 * pipelines, keeps each of them alive until the collector looks through the whole heap, and costs twice as much.
 */
class TurnwiseRedis extends Redis {
  #held: Redis['stream'] | undefined;

  override sendCommand(...given: Parameters<Redis['sendCommand']>): unknown {
    if (this.status === 'ready' && this.#held !== this.stream) this.#hold(this.stream);
    return super.sendCommand(...given);
  }

  #hold(stream: Redis['stream']): void {
    this.#held = stream;
    stream.cork();
    setImmediate(() => {
      this.#held = undefined;
      stream.uncork();
    });
  }
}

const openOne = (text: string): Redis => {
  if (!text.startsWith('unix:')) return new TurnwiseRedis(text, { ...PATIENCE, retryStrategy });
  const url = new URL(text);
  return new TurnwiseRedis({
    ...PATIENCE,
    retryStrategy,
    path: decodeURIComponent(url.pathname),
    db: Number(url.searchParams.get('db') ?? 0),
    ...(url.password ? { password: decodeURIComponent(url.password) } : {}),
  });
};

interface Node {
  host: string;
  port: number;
  options: { username?: string; password?: string; tls?: object };
}

/** A node of a cluster, `host:port` or `rediss://user:password@host:port`. */
const parseNode = (text: string): Node => {
  const url = new URL(text.includes('://') ? text : `redis://${text}`);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || 6379),
    options: {
      ...(url.username ? { username: decodeURIComponent(url.username) } : {}),
      ...(url.password ? { password: decodeURIComponent(url.password) } : {}),
      ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
    },
  };
};

const openCluster = (nodes: readonly string[]): Cluster => {
  const parsed = nodes.map(parseNode);
  const cluster = new Cluster(
    parsed.map(({ host, port }) => ({ host, port })),
    {
      redisOptions: { ...PATIENCE, ...parsed[0]?.options },
      enableAutoPipelining: true,
      clusterRetryStrategy: retryStrategy,
      // With TLS the certificate names the host: it must not be resolved before.
      ...(parsed[0]?.options.tls ? { dnsLookup: (address, callback) => callback(null, address) } : {}),
    },
  );
  // Commands wait for the first connection, not for a later one: unlike a single Redis, a cluster that is away keeps them
  // in its queue for ever, and would execute them long after their callers gave up.
  cluster.once('ready', () => (cluster.options.enableOfflineQueue = false));
  return cluster;
};

/**
 * Connects to the Redis or the Redis Cluster of the configuration, in the background: a Redis that is away makes commands
 * fail, and is found again when it is back. `onError` hears of each lost connection. The caller ends it with `disconnect()`.
 */
export const openRedis = (
  settings: RedisSettings,
  onError: (error: Error) => void = () => undefined,
): RedisClient => {
  const { redisUrl, redisCluster } = settings;
  const open = (): RedisClient => {
    if (redisCluster && redisCluster.length > 0) return openCluster(redisCluster);
    if (!redisUrl) throw new Error('neither a Redis URL nor the nodes of a Redis Cluster are configured');
    return openOne(redisUrl);
  };
  const client = open();
  client.on('error', onError);
  return client;
};
