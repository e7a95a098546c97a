import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import { migrate, readMigrations } from '../../src/platform/migrate.ts';
import { openDatabase } from '../../src/platform/postgres.ts';
import { freePorts, superviseRedis } from '../support/servers.ts';
import { measure, median, repeat, type Sample } from './measure.ts';
import { pin, start, type Name, type Running } from './processes.ts';
import { MAIN, type Measured } from './scenarios.ts';
import { addHolder } from './seed.ts';

/**
 * `npm run bench`: this provider beside a plain oidc-provider with a straightforward Redis adapter, a floor written by hand and
 * bare Koa; docs/performance.md tells the method.
 */

const args = process.argv.slice(2);
const json = args.includes('--json');
const quick = args.includes('--quick');
const only = args
  .find((arg) => arg.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',');
const [ROUNDS, WINDOW, WARM_UP] = quick ? [3, 500, 300] : [3, 2000, 2000];

const say = (text: string): void => void (json ? process.stderr : process.stdout).write(`${text}\n`);

const folder = mkdtempSync(join(tmpdir(), 'caducee-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
pin(process.pid, 1);
const [redisPort = 0] = await freePorts(1);
const redisServer = await superviseRedis([
  '--port',
  String(redisPort),
  '--bind',
  '127.0.0.1',
  '--dir',
  folder,
]);
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'pg'), durable: false });
const db = openDatabase(postgres.url);
await migrate(db, await readMigrations(join(import.meta.dirname, '..', '..', 'migrations')));
await addHolder(db);
const redisUrl = (number: number): string => `redis://127.0.0.1:${redisPort}/${number}`;
const redis = new Redis(redisUrl(0));
const redisPid = Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]);

const servers = new Map<Name, Running>();
for (const [index, name] of (['plain', 'ours', 'floor', 'koa'] as const).entries()) {
  servers.set(name, await start(name, { redisUrl: redisUrl(index), databaseUrl: postgres.url }));
}

const measured = MAIN.filter(({ key }) => !only || only.includes(key));
say(`warming up: ${WARM_UP} sign-ins each`);
for (const server of servers.values()) {
  if (server.name === 'koa') await repeat(server, WARM_UP * 4, (worker) => worker.get('/'));
  else {
    await repeat(server, WARM_UP / 2, (worker) => worker.signIn('es256'));
    await repeat(server, WARM_UP / 2, (worker) => worker.signIn('rs256'));
  }
}

const samples = new Map<string, Sample[]>();
const keyOf = (scenario: Measured, name: Name): string => `${scenario.key} ${name}`;
for (const scenario of measured) {
  for (const name of scenario.servers) {
    const server = servers.get(name) as Running;
    await measure(server, redisPid, scenario, WINDOW / 3); // warm
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of scenario.servers) {
      const sample = await measure(servers.get(name) as Running, redisPid, scenario, WINDOW);
      const key = keyOf(scenario, name);
      samples.set(key, [...(samples.get(key) ?? []), sample]);
    }
  }
  const of = (name: Name, field: keyof Sample): number =>
    median((samples.get(keyOf(scenario, name)) ?? []).map((sample) => sample[field]));
  const told = scenario.servers.map(
    (name) =>
      `${name} ${of(name, 'cpu').toFixed(0)} (redis ${of(name, 'redisCpu').toFixed(0)}, p99 ${of(name, 'p99').toFixed(0)})`,
  );
  say(
    `${scenario.name.padEnd(24)} ratio ${(of('ours', 'cpu') / of(scenario.servers.includes('koa') ? 'koa' : 'plain', 'cpu')).toFixed(2)}  ${told.join('  ')}`,
  );
}
for (const server of servers.values()) server.stop();
say(`${cpus()[0]?.model ?? ''}, load ${loadavg()[0]?.toFixed(1)}`);
redis.disconnect();
await db.close();
await redisServer.stop();
await postgres.stop();
