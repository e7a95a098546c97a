import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { generateVAPIDKeys } from 'web-push';
import { parseConfig } from '../../src/config.ts';
import { UsageError, type CommandIo } from '../../src/io.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createKeyRing } from '../../src/platform/crypto.ts';
import { runRegistryCommand } from '../../src/registry/command.ts';
import { importFile } from '../../src/registry/import.ts';
import { progressLine } from '../../src/registry/progress-bar.ts';
import { createRegistry } from '../../src/registry/service.ts';
import { unnamed } from '../support/command.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { HEADERS, doctor, file, line, rpps } from '../support/registry.ts';
import { ROOT, cleanEnvironment, runCaducee, type CommandResult } from '../support/sandbox.ts';
import { testDatabase } from '../support/services.ts';

const { db, url } = await testDatabase();
const registry = createRegistry({ db, clock: systemClock, contactDelayHours: 72 });
const folder = mkdtempSync(join(tmpdir(), 'caducee-registry-'));
onFileEnd(() => rmSync(folder, { recursive: true, force: true }));

const vapid = generateVAPIDKeys();
const environment = {
  CADUCEE_MODE: 'sandbox',
  CADUCEE_ISSUER: 'http://localhost:4000/auth/realms/esante-wallet',
  CADUCEE_DATABASE_URL: url,
  CADUCEE_STORE: 'postgres',
  CADUCEE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64url'),
  CADUCEE_SMTP_URL: 'smtp://localhost:1',
  CADUCEE_TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  CADUCEE_TWILIO_AUTH_TOKEN: 'none',
  CADUCEE_MAIL_FROM: 'Caducée <non@localhost>',
  CADUCEE_TWILIO_FROM: 'Caducee',
  CADUCEE_HELP_PHONE: '01 99 00 00 00',
  CADUCEE_HELP_HOURS: 'du lundi au vendredi',
  CADUCEE_VAPID_PUBLIC_KEY: vapid.publicKey,
  CADUCEE_VAPID_PRIVATE_KEY: vapid.privateKey,
  CADUCEE_VAPID_SUBJECT: 'mailto:non@localhost',
};

/** The command in this process, on the same database. */
const caducee = async (...args: string[]): Promise<CommandResult> => {
  const written = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof written) =>
    new Writable({
      write: (chunk: Buffer, _, done) => {
        written[name] += chunk.toString();
        done();
      },
    });
  const io: CommandIo = {
    stdin: process.stdin,
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    interactive: false,
    root: ROOT,
    locale: 'en',
  };
  const config = parseConfig(environment);
  const code = await runRegistryCommand(args, {
    io,
    portBase: 4000,
    config: async () => config,
    database: async () => db,
    keyring: async () => createKeyRing(config.masterKey),
    ...unnamed,
  });
  return { code, ...written };
};

const write = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const first = write('first.txt', file(HEADERS[50], [doctor(1), doctor(2)]));

/** An import from standard input that a test feeds and interrupts. */
const startImport = () => {
  const child = spawn(process.execPath, [join(ROOT, 'src', 'cli.ts'), 'registry', 'import', '-', '--json'], {
    env: cleanEnvironment(environment),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let stdout = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stdin.on('error', () => undefined); // it was killed while we wrote
  return { child, ended, stdout: () => stdout };
};

/** Until the import of another process holds the lock. */
const locked = async (): Promise<void> => {
  for (;;) {
    const { rowCount } = await db.query(
      "SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 7265003",
    );
    if (rowCount !== 0) return;
  }
};

describe('caducee registry', () => {
  it('imports, shows, searches', async () => {
    const imported = await caducee('import', first, '--source', 'essai', '--json');
    expect(imported).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(imported.stdout)).toMatchObject({
      source: 'essai',
      read: 2,
      added: 2,
      fileName: 'first.txt',
    });
    const { rows } = await db.query("SELECT details FROM audit_event WHERE type = 'registry_imported'");
    expect(rows).toMatchObject([{ details: { source: 'essai', added: 2, removed: 0 } }]);

    const again = await caducee('import', first, '--source=essai');
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/first\.txt: Extraction_.*, 50 columns, source essai\n/);
    expect(again.stdout).toMatch(/unchanged\s+2\n/);

    const shown = await caducee('show', rpps(1).slice(1), '--json');
    expect(JSON.parse(shown.stdout)).toMatchObject({
      nationalId: rpps(1),
      status: 'active',
      contact: { state: 'ok' },
      contactHistory: [{ origin: 'import', phone: '+33639980001' }],
    });
    const text = (await caducee('show', rpps(1))).stdout;
    for (const part of ['status   active', 'contact  ok', '  Médecin, ', ' · Libéral']) {
      expect(text).toContain(part);
    }
    const found = await caducee('search', 'nom2', '--json');
    expect(JSON.parse(found.stdout)).toMatchObject([{ nationalId: rpps(2), towns: ['LYON'] }]);
  });

  it('tells refused lines with number and reason', async () => {
    const path = write('bad.txt', `${file(HEADERS[50], [doctor(1), doctor(2)])}nonsense|\n`);
    const { code, stdout } = await caducee('import', path, '--source', 'essai');
    expect(code).toBe(0);
    expect(stdout).toContain('refused     1 (wrong_number_of_columns 1)');
    expect(stdout).toContain('line 4: wrong_number_of_columns');
  });

  it('explains what it refuses', async () => {
    const missing = write('missing.txt', HEADERS[50].replace('Code profession|', ''));
    const refused = await caducee('import', missing);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/missing column "Code profession"\. Nothing was changed\./);
    expect(JSON.parse((await caducee('import', missing, '--json')).stdout)).toMatchObject({
      error: 'missing_column',
      line: 1,
    });
    await expect(caducee('import', join(folder, 'none.txt'))).rejects.toThrow('ENOENT');
    expect((await caducee('show', rpps(999))).code).toBe(1);
    for (const wrong of [['import'], ['import', first, first], ['show', 'x'], ['search'], ['dance']]) {
      await expect(caducee(...wrong)).rejects.toBeInstanceOf(UsageError);
    }
    await expect(caducee('import', first, '--sorce', 'x')).rejects.toThrow('--sorce');
    expect((await caducee('--help')).stdout).toContain('caducee registry import FILE');
  });
});

describe('two processes', () => {
  it('the second import says so and leaves', async () => {
    const gate = Promise.withResolvers<void>();
    const slow = async function* () {
      yield Buffer.from(file(HEADERS[50], [doctor(1)]));
      await gate.promise;
      yield Buffer.from(`${line(HEADERS[50], doctor(2))}\n`);
    };
    const running = importFile(db, slow(), { clock: systemClock, contactDelayHours: 72, source: 'essai' });
    await locked();
    const second = await runCaducee(['registry', 'import', first, '--json'], environment);
    expect(second.code).toBe(1);
    expect(JSON.parse(second.stdout)).toMatchObject({ error: 'busy' });
    gate.resolve();
    expect(await running).toMatchObject({ unchanged: 2 });
  });

  it.each([
    ['SIGINT', 1],
    ['SIGKILL', null],
  ] as const)('an import stopped by %s changed nothing and leaves no lock', async (signal, code) => {
    const before = (await db.query('SELECT * FROM practitioner ORDER BY id')).rows;
    const { child, ended, stdout } = startImport();
    child.stdin.write(file(HEADERS[50], [doctor(1, { nomDexercice: 'AUTRE' }), doctor(3)]));
    await locked();
    child.kill(signal);
    expect(await ended).toBe(code);
    if (signal === 'SIGINT') expect(JSON.parse(stdout())).toMatchObject({ error: 'cancelled' });
    expect((await db.query('SELECT * FROM practitioner ORDER BY id')).rows).toEqual(before);
    expect(await registry.find(rpps(3))).toBeUndefined();
    const next = startImport();
    next.child.stdin.end(file(HEADERS[56], [doctor(900)]));
    expect([await next.ended, JSON.parse(next.stdout())]).toMatchObject([0, { persons: 1 }]);
  });
});

describe('runs', () => {
  const persons = Array.from({ length: 30 }, (_, index) => doctor(500 + index));
  const day = (name: string, ...changed: typeof persons) =>
    write(name, file(HEADERS[50], [...changed, ...persons.slice(changed.length)]));
  const json = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { stdout, code } = await caducee(...args, '--json');
    return { code, ...(JSON.parse(stdout) as Record<string, unknown>) };
  };

  it('are dried, guarded, listed, compared and rolled back', async () => {
    const base = await json('import', day('base.txt'), '--source', 'runs');
    expect(base).toMatchObject({ code: 0, added: 30, dryRun: false });
    const changed = day('two.txt', ...[500, 501].map((serial) => doctor(serial, { nomDexercice: 'AUTRE' })));
    expect(await json('import', changed, '--source', 'runs')).toMatchObject({
      code: 1,
      error: 'too_many_changes',
    });
    const refused = await caducee('import', changed, '--source', 'runs');
    expect(refused.stderr).toMatch(
      /2 of 30 persons would change.*--allow-change 6.7%\. Nothing was changed\.\n$/,
    );
    const dry = await caducee('import', changed, '--source', 'runs', '--dry-run', '--allow-change', '7%');
    expect(dry.stdout).toMatch(/changed +2\n[\s\S]*dry run: nothing was written/);
    const { run } = await json('import', changed, '--source', 'runs', '--allow-change', '7 %');
    const listed = (await caducee('runs', '--source', 'runs', '--json')).stdout;
    expect(JSON.parse(listed)).toMatchObject([
      {
        run,
        kind: 'import',
        fileName: 'two.txt',
        actor: expect.stringMatching(/./) as string,
        report: { changed: 2 },
      },
      { run: base['run'] },
    ]);
    expect((await caducee('runs', '--limit', '1')).stdout).toMatch(/import +runs +\+0 ~2 -0 +30 lines/);
    const diff = await caducee('diff', String(run), '--limit', '1');
    expect(diff.stdout).toMatch(
      /changed 2\n.*~ \d{12} +ALIX AUTRE +changed\n.*familyName: "NOM500" → "AUTRE"\n[\s\S]*and 1 more/,
    );
    expect(await json('diff', String(run))).toMatchObject({ run: { run }, counts: { changed: 2 } });
    expect(await json('rollback', String(base['run']))).toMatchObject({ code: 1, error: 'run_overlapped' });
    expect((await caducee('rollback', String(run))).stdout).toMatch(/2 persons as before, 0 added ones gone/);
    expect(await registry.find(rpps(500))).toMatchObject({ familyName: 'NOM500' });
    expect((await caducee('runs', '--source', 'runs')).stdout).toMatch(/rollback +runs +undoes run/);
    expect((await caducee('rollback', String(run))).stderr).toMatch(
      /was rolled back by run \d+\. Nothing was changed/,
    );
  });

  it('merge two identifiers of one person', async () => {
    expect(await json('merge', rpps(503), rpps(504))).toMatchObject({ subject: rpps(503), absorbed: true });
    expect(await registry.find(rpps(503))).toMatchObject({ nationalId: rpps(504), subject: rpps(503) });
    expect((await caducee('merge', rpps(505), rpps(599))).stdout).toContain('its subject stays');
    expect(await json('merge', rpps(505), rpps(599))).toMatchObject({ code: 1, error: 'same_person' });
  });

  it('generate writes an extract that import takes from a pipe', async () => {
    const { stdout, code } = await caducee(
      'generate',
      '--persons',
      '50',
      '--seed',
      '3',
      '--layout',
      'restricted',
    );
    expect(code).toBe(0);
    const summary = await json('generate', '--persons', '50', '--seed', '3', '--layout', 'restricted');
    expect(summary).toMatchObject({
      bytes: Buffer.byteLength(stdout),
      lines: stdout.trimEnd().split('\n').length - 1,
    });
    const piped = startImport();
    piped.child.stdin.end(gzipSync(stdout));
    expect([await piped.ended, JSON.parse(piped.stdout())]).toMatchObject([
      0,
      { persons: 50, refused: { count: 0 } },
    ]);
  });

  it('say how they are used', async () => {
    for (const args of [
      ['import', 'x', '--allow-change', 'a lot'],
      ['import', 'x', '--allow-change', '101%'],
      ['rollback'],
      ['rollback', 'x'],
      ['diff', '1', '2'],
      ['merge', '1'],
      ['runs', '--limit', '0'],
      ['generate', '--seed', '1'],
      ['generate', '--persons', '1', '--seed', '1', '--layout', 'none'],
    ]) {
      await expect(caducee(...args)).rejects.toBeInstanceOf(UsageError);
    }
    for (const name of ['import', 'runs', 'generate']) {
      expect((await caducee(name, '--help')).stdout).toContain('caducee registry rollback RUN');
    }
  });
});

describe('the progress bar', () => {
  it('has a share when the size is known', () => {
    const progress = { phase: 'reading', bytes: 5e6, total: 10e6, lines: 1234 } as const;
    expect(progressLine(progress)).toBe(
      `[${'#'.repeat(15)}${'.'.repeat(15)}] 50 % 5.0 MB, 1234 lines, reading`,
    );
    expect(progressLine({ ...progress, total: undefined })).toBe('5.0 MB, 1234 lines, reading');
    expect(progressLine(progress, 2000)).toContain('reading, 617 lines/s, 2 s left to read');
    expect(progressLine({ ...progress, total: undefined }, 2000)).toMatch(/617 lines\/s$/);
  });
});
