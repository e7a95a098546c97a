import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { sealAudit } from '../../src/audit/seal.ts';
import { verifyAudit } from '../../src/audit/verify.ts';
import { distributionFolders, findPostgres } from '../../src/platform/embedded/binaries.ts';
import { embeddedUrl, startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import { migrate, readMigrations } from '../../src/platform/migrate.ts';
import { type Database, openDatabase } from '../../src/platform/postgres.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { approveByNumber, startEcpsSite } from '../support/ecps-site.ts';

/**
 * The drill of docs/operations.md: dump, restore into an empty database, chain verified, phones sign in. On the
 * distribution's PostgreSQL, which brings pg_dump, so that the schema is tried on an older PostgreSQL too.
 */

const folder = mkdtempSync(join(tmpdir(), 'caducee-restore-'));

const startServer = async () => {
  const binaries = findPostgres(distributionFolders().filter((path) => existsSync(join(path, 'pg_dump'))));
  const server = await startEmbeddedPostgres({ dataDir: join(folder, 'pg'), durable: false, binaries });
  onFileEnd(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const admin = openDatabase(server.url, { max: 1 });
  const open = async (name: string): Promise<{ db: Database; url: string }> => {
    await admin.query(`CREATE DATABASE ${name}`);
    const url = embeddedUrl(server.url, name);
    const db = openDatabase(url);
    onFileEnd(() => db.close().catch(() => undefined));
    return { db, url };
  };
  onFileEnd(() => admin.close());
  const program = (name: string, ...args: string[]): string =>
    execFileSync(join(dirname(binaries.postgres), name), args, { encoding: 'utf8' });
  return { open, program };
};

test('a dump, restored into an empty database, is the same house: its chain holds and its phones sign in', async () => {
  const { open, program } = await startServer();
  const before = await open('before');
  await migrate(before.db, await readMigrations(join(import.meta.dirname, '..', '..', 'migrations')));
  const site = await startEcpsSite({ database: before.db });
  const person = site.person();
  const { vault } = await site.activated(person);
  await sealAudit(before.db);
  const events = await site.audited(person.nationalId);
  await site.stop();

  const dump = join(folder, 'caducee.dump');
  program('pg_dump', '--format=custom', `--file=${dump}`, before.url);
  await before.db.close();
  const after = await open('after');
  program(
    'pg_restore',
    '--exit-on-error',
    '--no-owner',
    '--single-transaction',
    `--dbname=${after.url}`,
    dump,
  );

  const { port } = new URL(site.origin);
  const restored = await startEcpsSite({ database: after.db, port: Number(port) });
  expect(
    await migrate(after.db, await readMigrations(join(import.meta.dirname, '..', '..', 'migrations'))),
  ).toEqual([]);
  expect(await restored.audited(person.nationalId)).toEqual(events);
  const phone = restored.phone(vault);
  const page = await restored.start({ nationalId: person.nationalId });
  await approveByNumber(phone, page);
  expect(await restored.ecps.approvals.finish(page.txn, page.browserToken)).toMatchObject({
    nationalId: person.nationalId,
  });
  await sealAudit(after.db);
  expect(await verifyAudit(after.db)).toMatchObject({ ok: true });
});
