import { fork } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { from as copyFrom } from 'pg-copy-streams';
import { systemClock } from '../../src/platform/clock.ts';
import { embeddedUrl, startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import { migrate, readMigrations } from '../../src/platform/migrate.ts';
import { openDatabase, type Database } from '../../src/platform/postgres.ts';
import { generate, headerOf, testNumber } from '../../src/registry/generate.ts';
import { EXTRACTION, LIBRE_ACCES } from '../../src/registry/layouts.ts';
import { createRegistry } from '../../src/registry/service.ts';

/**
 * `npm run bench:registry [-- --lines N] [--layout public|restricted] [--rounds N] [--json]`: the import of a national extract beside a raw
 * COPY of the same file, in the same run and on the same server; the same file again; the file of the day after; and what a
 * sign-in's lookup takes meanwhile. Imports run in a process of their own, whose peak of memory is told.
 */

const { values } = parseArgs({
  options: {
    ...{ lines: { type: 'string' }, layout: { type: 'string' }, rounds: { type: 'string' } },
    json: { type: 'boolean' },
  } as const,
});
const layout = values.layout === 'restricted' ? 'restricted' : 'public';
/** The generator writes 1.7 lines a person. */
const persons = Math.round(Number(values.lines ?? 2_000_000) / 1.7);
/** How often the raw copy is measured; an import lies between two of them. */
const RAW = Math.max(2, Number(values.rounds ?? 3));
const LOOKUPS_A_SECOND = 200;

interface Imported {
  seconds: number;
  read: number;
  persons: number;
  added: number;
  changed: number;
  unchanged: number;
  removed: number;
  peakMb: number;
  nodeCpuSeconds: number;
}

const say = (text: string): void => void (values.json ? process.stderr : process.stdout).write(`${text}\n`);

const write = (path: string, day: number): Promise<void> =>
  pipeline(Readable.from(generate({ persons, seed: 1, layout, day })), createWriteStream(path));

/** Every column as text into a plain table, and nothing else: no key, no index, no check. */
const rawCopy = async (db: Database, path: string): Promise<number> => {
  const columns = headerOf(layout === 'public' ? LIBRE_ACCES : EXTRACTION).split('|').length;
  await db.query(`CREATE TABLE raw (${Array.from({ length: columns }, (_, n) => `c${n} text`).join(', ')})`);
  const start = performance.now();
  await db.withConnection(async (client) => {
    const target = client.query(
      copyFrom(`COPY raw FROM STDIN (FORMAT csv, HEADER, DELIMITER '|', QUOTE E'\\x01')`),
    );
    await pipeline(createReadStream(path, { highWaterMark: 1 << 18 }), target);
  });
  const seconds = (performance.now() - start) / 1000;
  await db.query('DROP TABLE raw');
  await db.query('CHECKPOINT');
  return seconds;
};

const runImport = (url: string, path: string): Promise<Imported> =>
  new Promise((resolve, reject) => {
    const child = fork(join(import.meta.dirname, 'registry-import.ts'), [url, path], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    let text = '';
    child.stdout?.on('data', (bytes: Buffer) => (text += bytes.toString()));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve(JSON.parse(text) as Imported) : reject(new Error(`the import ended with ${code}`)),
    );
  });

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;

/** Asks for persons at a steady pace until `until` settles; times in milliseconds, waiting for a turn included. */
const lookUp = async (db: Database, until: Promise<unknown>) => {
  const registry = createRegistry({ db, clock: systemClock, contactDelayHours: 72 });
  const times: number[] = [];
  const open = new Set<Promise<void>>();
  let done = false;
  const end = (): void => void (done = true);
  until.then(end, end);
  const start = performance.now();
  for (let count = 0; !done; count++) {
    const due = start + (count * 1000) / LOOKUPS_A_SECOND;
    const wait = due - performance.now();
    if (wait > 1) await delay(wait);
    const index = (Math.imul(count, 7919) >>> 0) % persons;
    const asked = performance.now();
    const lookup = registry.find(`8${testNumber(index)}`).then((found) => {
      if (!found) throw new Error(`person ${index} is not found`);
      times.push(performance.now() - asked);
    });
    open.add(lookup);
    void lookup.finally(() => open.delete(lookup));
  }
  await Promise.all(open);
  times.sort((a, b) => a - b);
  return { count: times.length, p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
};

const median = (list: readonly number[]): number =>
  list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;
const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

const folder = await mkdtemp(join(tmpdir(), 'caducee-bench-'));
const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'pg'), durable: true });
const admin = openDatabase(postgres.url, { max: 1 });
try {
  const files = [join(folder, 'day0.txt'), join(folder, 'day1.txt')] as const;
  say(`Writing two extracts of ${persons} invented persons…`);
  for (const [day, path] of files.entries()) await write(path, day);
  const [{ size }, load] = [await stat(files[0]), loadavg()[0]];
  await admin.query('CREATE DATABASE bench');
  const url = embeddedUrl(postgres.url, 'bench');
  const db = openDatabase(url, { max: 4 });
  await migrate(db, await readMigrations(join(import.meta.dirname, '..', '..', 'migrations')));

  const raw: number[] = [];
  const firsts: Imported[] = [];
  for (let turn = 0; turn < RAW; turn++) {
    raw.push(await rawCopy(db, files[0]));
    if (turn === RAW - 1) break;
    await db.query('TRUNCATE practitioner, import_run CASCADE');
    await db.query('CHECKPOINT');
    firsts.push(await runImport(url, files[0]));
    say(
      `  raw COPY ${raw.at(-1)?.toFixed(1)} s, first import ${firsts.at(-1)?.seconds.toFixed(1)} s, peak ${firsts.at(-1)?.peakMb} MB`,
    );
  }
  await db.query('VACUUM ANALYZE practitioner');
  await db.query('CHECKPOINT');
  const before = await lookUp(db, delay(10_000));
  const unchanged = runImport(url, files[0]);
  const duringUnchanged = await lookUp(db, unchanged);
  say(`  the same file again ${(await unchanged).seconds.toFixed(1)} s, peak ${(await unchanged).peakMb} MB`);
  const daily = runImport(url, files[1]);
  const duringDaily = await lookUp(db, daily);
  const [again, day1] = [await unchanged, await daily];
  say(`  the file of the next day ${day1.seconds.toFixed(1)} s, peak ${day1.peakMb} MB`);
  say(`  lookups ${JSON.stringify({ before, duringUnchanged, duringDaily })}`);
  const { rows } = await db.query<{ size: string }>(
    `SELECT pg_size_pretty(pg_total_relation_size('practitioner')) AS size`,
  );
  await db.close();

  const [first] = firsts.toSorted((a, b) => a.seconds - b.seconds);
  const rawSeconds = median(raw);
  const lines = first?.read ?? 0;
  const row = (name: string, run: Imported) => ({
    name,
    seconds: round(run.seconds),
    linesPerSecond: Math.round(run.read / run.seconds),
    ofRawCopy: round(rawSeconds / run.seconds),
    peakMb: run.peakMb,
    nodeCpuSeconds: round(run.nodeCpuSeconds),
  });
  const result = {
    ...{
      layout,
      lines,
      megabytes: Math.round(size / 1e6),
      persons: first?.persons,
      cores: cpus().length,
      load,
    },
    rawCopy: raw.map((seconds) => round(seconds)),
    imports: [
      ...firsts.map((run) => row('first import', run)),
      row('the same file again', again),
      row('the file of the next day', day1),
    ],
    nextDay: { added: day1.added, changed: day1.changed, removed: day1.removed },
    lookups: { before, duringUnchanged, duringDaily },
    registrySize: rows[0]?.size,
  };
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else {
    say(
      `${lines} lines, ${result.megabytes} MB, ${first?.persons} persons, ${layout} layout; ${result.cores} cores, load ${load?.toFixed(1)} at the start`,
    );
    say(
      `  raw COPY of the file: ${raw.map((seconds) => seconds.toFixed(1)).join(', ')} s (${Math.round(lines / rawSeconds)} lines/s)`,
    );
    for (const { name, seconds, linesPerSecond, ofRawCopy, peakMb } of result.imports) {
      say(
        `  ${name.padEnd(26)}${seconds.toFixed(1).padStart(7)} s${String(linesPerSecond).padStart(9)} lines/s  ${ofRawCopy.toFixed(2)} of raw COPY  peak ${peakMb} MB`,
      );
    }
    for (const [name, { count, p50, p99 }] of Object.entries(result.lookups)) {
      say(`  lookup ${name.padEnd(18)} p50 ${p50.toFixed(2)} ms  p99 ${p99.toFixed(2)} ms  (${count})`);
    }
    say(`  next day: ${JSON.stringify(result.nextDay)}; registry on disk ${result.registrySize}`);
  }
} finally {
  await admin.close();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}
