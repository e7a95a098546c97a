import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { exportAudit } from '../../src/audit/export.ts';
import { createAuditKey } from '../../src/audit/key.ts';
import { addMonths } from '../../src/audit/partitions.ts';
import { makeCheckpoint } from '../../src/audit/checkpoint.ts';
import { sealAudit } from '../../src/audit/seal.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { createKeyRing } from '../../src/platform/crypto.ts';
import { embeddedUrl, startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import { migrate, readMigrations } from '../../src/platform/migrate.ts';
import { openDatabase } from '../../src/platform/postgres.ts';

/**
 * `npm run bench:audit [-- EVENTS]`: a million events over a year, sealed, verified and exported by the product's own code on
 * a database of its own. Fails when verification takes a minute or more, or when memory,
 * which does not depend on the number of events, passes its bound.
 */

const EVENTS = Number(process.argv[2] ?? 1_000_000);
const BOUND_SECONDS = 60;
const BOUND_MEGABYTES = 400;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const timed = async <T>(what: string, count: number, work: () => Promise<T>): Promise<[T, number]> => {
  const start = performance.now();
  const result = await work();
  const seconds = (performance.now() - start) / 1000;
  say(`${what.padEnd(9)} ${seconds.toFixed(1).padStart(7)} s  ${Math.round(count / seconds)} events/s`);
  return [result, seconds];
};

const folder = mkdtempSync(join(tmpdir(), 'caducee-bench-audit-'));
const server = await startEmbeddedPostgres({ dataDir: join(folder, 'pg'), durable: false });
const admin = openDatabase(server.url, { max: 1 });
await admin.query('CREATE DATABASE bench');
const db = openDatabase(embeddedUrl(server.url, 'bench'));
let peak = 0;
const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 100);
try {
  await migrate(db, await readMigrations(join(import.meta.dirname, '..', '..', 'migrations')));
  const clock = new ManualClock();
  await db.query(
    `INSERT INTO audit_event (at, type, national_id, client_id, device_id, address, details)
     SELECT $2::timestamptz + n * (interval '365 days' / $1),
       CASE n % 3 WHEN 0 THEN 'sign_in_granted' WHEN 1 THEN 'tokens_issued' ELSE 'ecps.pin_evaluated' END,
       '8' || lpad((n::bigint * 7919 % 1000000)::text, 11, '0'), 'vaccin-covid', 'dev_01HZX' || n % 5000, '192.0.2.' || n % 250,
       CASE n % 3 WHEN 1 THEN '{}'::jsonb
         ELSE jsonb_build_object('acr', 'eidas1', 'authMode', 'MOBILE', 'singleSignOn', n % 2 = 0, 'tries', n % 5) END
     FROM generate_series(1, $1::int) n`,
    [EVENTS, clock.now()],
  );
  clock.advance(86_400 * 365);
  const months = await addMonths(db, { clock });
  await db.query('VACUUM ANALYZE audit_event');
  say(`${EVENTS} events in ${months.length} months and what was before`);
  await timed('sealed', EVENTS, () => sealAudit(db));
  await db.query('VACUUM ANALYZE audit_event');
  const key = await createAuditKey(createKeyRing(Buffer.alloc(32, 7)));
  await makeCheckpoint(db, { key, clock });
  peak = process.memoryUsage().rss;
  const [result, seconds] = await timed('verified', EVENTS, () => verifyAudit(db, [], { key }));
  if (!result.ok || result.length !== EVENTS || result.compared !== 1)
    throw new Error('the trail is not whole');
  let bytes = 0;
  const nowhere = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      bytes += chunk.length;
      done();
    },
  });
  await timed('exported', EVENTS, () => exportAudit(db, nowhere, { format: 'ecs' }));
  const megabytes = Math.round(peak / 1_048_576);
  say(`${Math.round(bytes / 1_048_576)} MB exported; at most ${megabytes} MB in memory`);
  if (seconds >= BOUND_SECONDS || megabytes > BOUND_MEGABYTES) {
    say(`beyond the bound: ${BOUND_SECONDS} s, ${BOUND_MEGABYTES} MB`);
    process.exitCode = 1;
  }
} finally {
  clearInterval(watch);
  await db.close();
  await admin.close();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}
