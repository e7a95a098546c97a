import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import { migrate, readMigrations } from '../../src/platform/migrate.ts';
import { openDatabase } from '../../src/platform/postgres.ts';
import { freePorts, superviseRedis } from '../support/servers.ts';
import { countCosts } from './costs.ts';
import { measure, median, repeat, type Sample } from './measure.ts';
import { pin, start, type Name, type Running } from './processes.ts';
import { makeReport, rowOf, type Result } from './report.ts';
import { MAIN, SIGNED, type Measured } from './scenarios.ts';
import { addHolder } from './seed.ts';
import { measureStart } from './startup.ts';

/**
 * `npm run bench`: this provider beside a plain oidc-provider with a straightforward Redis adapter, a floor written by hand and
 * bare Koa; docs/performance.md tells the method. `--quick` measures for a short time, `--json` ends with one line of JSON,
 * `--only=signInEs256,refresh` measures some. Fails when a goal is missed.
 */

const args = process.argv.slice(2);
const json = args.includes('--json');
const quick = args.includes('--quick');
const only = args
  .find((arg) => arg.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',');
const ROUNDS = 3;
const [WINDOW, WARM_UP] = quick ? [500, 300] : [2000, 2000];

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
for (const [index, name] of (['plain', 'ours', 'floor', 'koa', 'whole'] as const).entries()) {
  servers.set(name, await start(name, { redisUrl: redisUrl(index), databaseUrl: postgres.url }));
}
const serverOf = (name: Name): Running => servers.get(name) as Running;

/** Medians of one scenario, by server. */
const measureAll = async (scenario: Measured): Promise<Result> => {
  const samples = new Map<Name, Sample[]>(scenario.servers.map((name) => [name, []]));
  for (const name of scenario.servers) await measure(serverOf(name), redisPid, scenario, WINDOW); // warm
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, all] of samples) {
      all.push(await measure(serverOf(name), redisPid, scenario, WINDOW));
    }
  }
  const medians = [...samples].map(([name, all]): [Name, Sample] => {
    const of = (field: keyof Sample): number => median(all.map((sample) => sample[field]));
    return [
      name,
      { count: of('count'), cpu: of('cpu'), redisCpu: of('redisCpu'), p50: of('p50'), p99: of('p99') },
    ];
  });
  return { scenario, medians: new Map(medians), load: loadavg()[0] ?? 0 };
};

const wanted = (all: readonly Measured[]): Measured[] => all.filter(({ key }) => !only || only.includes(key));
say(`warming up: ${WARM_UP} sign-ins each`);
for (const server of servers.values()) {
  if (server.name === 'koa') await repeat(server, WARM_UP * 4, (worker) => worker.get('/'));
  else if (server.name !== 'whole') {
    await repeat(server, WARM_UP / 2, (worker) => worker.signIn('es256'));
    await repeat(server, WARM_UP / 2, (worker) => worker.signIn('rs256'));
  }
}
const results: Result[] = [];
for (const scenario of wanted([...MAIN, ...SIGNED])) {
  const result = await measureAll(scenario);
  results.push(result);
  say(rowOf(result));
}
for (const server of servers.values()) server.stop();

const costs = await countCosts(postgres.url, redisPort);
const readyMs = await measureStart(redisUrl(8), postgres.url);
const report = makeReport(results, costs, readyMs);
say(`\n${report.text}`);
if (json) process.stdout.write(`${JSON.stringify(report.json)}\n`);
process.exitCode = report.missed.length === 0 ? 0 : 1;

redis.disconnect();
await db.close();
await redisServer.stop();
await postgres.stop();
