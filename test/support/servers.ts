import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createSocket, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { migrate, readMigrations } from '../../src/platform/migrate.ts';
import { openDatabase } from '../../src/platform/postgres.ts';
import { embeddedUrl, startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import { supervise, type Supervised } from '../../src/platform/embedded/supervise.ts';

/**
 * The real servers of the tests. This side runs once, in vitest's main process, and starts each server when a test file
 * first asks for it over a Unix socket; all of them die with that process (they run under the product's own supervisor).
 */

const root = join(import.meta.dirname, '..', '..');

/** Name of the migrated database from which each test file's own is copied. */
export const TEMPLATE = 'caducee_template';

/** What the services say about themselves. */
export interface ServiceAnswers {
  postgres: { url: string };
  redis: { url: string };
  cluster: { nodes: string[] };
}

interface Running {
  stop(): Promise<void>;
}
type Started<K extends keyof ServiceAnswers> = Running & { answer: ServiceAnswers[K] };

const startPostgres = async (folder: string): Promise<Started<'postgres'>> => {
  const server = await startEmbeddedPostgres({
    dataDir: join(folder, 'pg'),
    durable: false,
    maxConnections: 400,
  });
  const admin = openDatabase(server.url);
  await admin.query(`CREATE DATABASE ${TEMPLATE}`);
  await admin.close();
  const template = openDatabase(embeddedUrl(server.url, TEMPLATE));
  await migrate(template, await readMigrations(join(root, 'migrations')));
  await template.close();
  return { answer: { url: server.url }, stop: () => server.stop() };
};

/** redis-server of the system, or the one that scripts/test.mjs unpacked. */
export const findRedis = (): string => {
  const unpacked = join(root, '.cache', 'redis', 'redis-server');
  if (existsSync(unpacked)) return unpacked;
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return 'redis-server';
  } catch {
    throw new Error(
      'redis-server is not installed; `npm test` installs it on Debian (macOS: brew install redis)',
    );
  }
};

/** One redis-server that dies with this process; ready when it says so. */
export const superviseRedis = (args: readonly string[]): Promise<Supervised> =>
  supervise(
    {
      command: findRedis(),
      args: [...args, '--save', '', '--appendonly', 'no', '--daemonize', 'no'],
      stopSignal: 'SIGTERM',
      graceMs: 5000,
      forceSignal: 'SIGKILL',
      cleanup: [],
    },
    { isReady: (line) => /Ready to accept connections|ready to accept connections/.test(line) },
  );

const startRedis = async (folder: string): Promise<Started<'redis'>> => {
  const socket = join(folder, 'redis.sock');
  const server = await superviseRedis([
    '--port',
    '0',
    '--unixsocket',
    socket,
    '--dir',
    folder,
    '--databases',
    '256',
  ]);
  return { answer: { url: `unix://${socket}` }, stop: () => server.stop() };
};

/** Ports of 127.0.0.1 that were free an instant ago. */
export const freePorts = async (count: number): Promise<number[]> => {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createSocket>>((resolve, reject) => {
          const server = createSocket().once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
};

/** Makes one cluster of three masters without replicas: slots, introductions, agreement. */
const join3 = async (nodes: { port: number; bus: number }[]): Promise<void> => {
  const clients = nodes.map(({ port }) => new Redis({ host: '127.0.0.1', port }));
  const share = Math.ceil(16_384 / clients.length);
  try {
    for (const [index, client] of clients.entries()) {
      await client.call('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
      const last = Math.min((index + 1) * share, 16_384) - 1;
      await client.call('CLUSTER', 'ADDSLOTSRANGE', String(index * share), String(last));
    }
    for (const { port, bus } of nodes.slice(1)) {
      await clients[0]?.call('CLUSTER', 'MEET', '127.0.0.1', String(port), String(bus));
    }
    const deadline = performance.now() + 20_000;
    for (const client of clients) {
      for (;;) {
        const info = String(await client.call('CLUSTER', 'INFO'));
        if (/cluster_state:ok/.test(info) && /cluster_known_nodes:3/.test(info)) break;
        if (performance.now() > deadline) throw new Error(`the Redis Cluster does not form:\n${info}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    }
  } finally {
    for (const client of clients) client.disconnect();
  }
};

/** A Redis Cluster of three masters; `folder` holds its files. */
export const startCluster = async (folder: string): Promise<Started<'cluster'>> => {
  const ports = await freePorts(6);
  const nodes = [0, 1, 2].map((index) => ({ port: ports[index] ?? 0, bus: ports[index + 3] ?? 0 }));
  const servers = await Promise.all(
    nodes.map(({ port, bus }, index) =>
      superviseRedis(
        [
          `--port ${port} --bind 127.0.0.1 --dir ${folder} --cluster-enabled yes --cluster-port ${bus}`,
          `--cluster-announce-ip 127.0.0.1 --cluster-config-file node${index}.conf --cluster-node-timeout 2000`,
        ].flatMap((line) => line.split(' ')),
      ),
    ),
  );
  await join3(nodes);
  return {
    answer: { nodes: nodes.map(({ port }) => `127.0.0.1:${port}`) },
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
};

/** Opens the socket on which test files ask for servers. */
export const startServices = async (): Promise<{ socket: string; stop(): Promise<void> }> => {
  const folder = mkdtempSync('/tmp/caducee-test-');
  const starters = { postgres: startPostgres, redis: startRedis, cluster: startCluster };
  const started = new Map<string, Promise<Running & { answer: unknown }>>();

  const broker = createServer((request, response) => {
    const name = (request.url ?? '').slice(1) as keyof typeof starters;
    const running = started.get(name) ?? starters[name](folder);
    started.set(name, running);
    running.then(
      ({ answer }) => response.end(JSON.stringify(answer)),
      (error: unknown) => response.writeHead(500).end(String(error instanceof Error ? error.stack : error)),
    );
  });
  const socket = join(folder, 'services.sock');
  await new Promise<void>((resolve) => broker.listen(socket, resolve));

  return {
    socket,
    stop: async () => {
      broker.closeAllConnections();
      broker.close();
      await Promise.allSettled([...started.values()].map(async (service) => (await service).stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
