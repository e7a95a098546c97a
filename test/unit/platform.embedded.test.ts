import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { openDatabase } from '../../src/platform/postgres.ts';
import { embeddedUrl, startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import type { Privileges } from '../../src/platform/embedded/privileges.ts';
import { processIdentity } from '../../src/platform/embedded/process.ts';

const folder = mkdtempSync('/tmp/caducee-embedded-test-');
const programs = join(import.meta.dirname, '..', 'support', 'programs');
const children: ChildProcess[] = [];
let count = 0;
const newDataDir = (): string => join(folder, `data${(count += 1)}`);

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Started {
  own: number;
  pid: number;
  supervisorPid: number;
  url: string;
  error?: string;
}

const start = (program: string, ...args: string[]): Promise<Started> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(programs, program), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true, // a process group of its own, to which a terminal's Ctrl-C can be sent
    });
    children.push(child);
    createInterface({ input: child.stdout }).once('line', (line) => resolve(JSON.parse(line) as Started));
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)));
  });

/** Processes whose command line names the data directory: PostgreSQL, its workers, the supervisor. */
const processesOn = (dataDir: string): string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return command.includes(dataDir) ? [`${pid} ${command}`] : [];
      } catch {
        return [];
      }
    });

const parentOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
};

const nothingLeft = async (started: Started, dataDir: string): Promise<void> => {
  await vi.waitFor(() => expect(processesOn(dataDir)).toEqual([]), { timeout: 15_000, interval: 20 });
  for (const pid of [started.own, started.pid, started.supervisorPid]) {
    await vi.waitFor(() => expect(processIdentity(pid)).toBeUndefined(), { timeout: 5000, interval: 20 });
  }
};

const shutDownCleanly = async (dataDir: string): Promise<boolean> => {
  const lines: string[] = [];
  const again = await startEmbeddedPostgres({
    dataDir,
    durable: false,
    log: { debug: (...args: unknown[]) => void lines.push(JSON.stringify(args)) },
  });
  await again.stop();
  return lines.some((line) => line.includes('database system was shut down at'));
};

test.each(['plain', 'a$$b', 'a$&b', 'a$1b'])('the address of the database %s names that one', (name) => {
  const url = embeddedUrl('postgres:///postgres?host=%2Ftmp&user=caducee', name);
  expect(url).toBe(`postgres:///${name}?host=%2Ftmp&user=caducee`);
});

describe.runIf(process.platform === 'linux')('embedded PostgreSQL', { timeout: 60_000 }, () => {
  const arrangements: Privileges[] = process.getuid?.() === 0 ? ['namespace', 'drop'] : ['deathsig', 'plain'];

  test.each(arrangements)('keeps its data from one run to the next (%s)', async (privileges) => {
    const dataDir = newDataDir();
    const first = await startEmbeddedPostgres({ dataDir, durable: true, privileges });
    const one = openDatabase(first.url);
    await one.query('CREATE TABLE kept AS SELECT 42 AS answer');
    await one.close();
    await first.stop();
    await first.stop(); // harmless
    expect(existsSync(`${dataDir}.lock`)).toBe(false);

    const second = await startEmbeddedPostgres({ dataDir, durable: false, privileges });
    const two = openDatabase(second.url);
    const { rows } = await two.query('SELECT answer FROM kept');
    await two.close();
    await second.stop();
    expect(rows).toEqual([{ answer: 42 }]);
    expect(processesOn(dataDir)).toEqual([]);
  });

  test('passes from one arrangement of privileges to the other', async () => {
    const dataDir = newDataDir();
    for (const privileges of [...arrangements, ...arrangements]) {
      const server = await startEmbeddedPostgres({ dataDir, durable: false, privileges });
      await server.stop();
    }
    expect(readFileSync(join(dataDir, 'PG_VERSION'), 'utf8')).toMatch(/^\d+\n$/);
  });

  test.each(arrangements)('kill -9 of the server: PostgreSQL is stopped cleanly (%s)', async (privileges) => {
    const dataDir = newDataDir();
    const started = await start('embedded.ts', dataDir, privileges);
    process.kill(started.own, 'SIGKILL');
    await nothingLeft(started, dataDir);
    const socketDir = new URL(started.url.replace('///', '//x/')).searchParams.get('host') ?? '';
    expect(existsSync(socketDir)).toBe(false);
    expect(await shutDownCleanly(dataDir)).toBe(true);
  });

  test('kill -9 of what started the server (npm): nothing is left', async () => {
    const dataDir = newDataDir();
    const started = await start('parent.ts', dataDir);
    process.kill(parentOf(started.own), 'SIGKILL');
    await nothingLeft(started, dataDir);
    expect(await shutDownCleanly(dataDir)).toBe(true);
  });

  test.each(arrangements.filter((name) => name !== 'plain'))(
    'kill -9 of the supervisor and the server at once: nothing is left (%s)',
    async (privileges) => {
      const dataDir = newDataDir();
      const started = await start('embedded.ts', dataDir, privileges);
      process.kill(started.supervisorPid, 'SIGKILL');
      process.kill(started.own, 'SIGKILL');
      await nothingLeft(started, dataDir);
      expect(await shutDownCleanly(dataDir)).toBe(true);
    },
  );

  test('Ctrl-C in the terminal reaches the server, not PostgreSQL, which it stops itself', async () => {
    const dataDir = newDataDir();
    const started = await start('embedded.ts', dataDir);
    const session = (pid: number): string | undefined => {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3];
    };
    expect(session(started.pid)).toBe(session(started.supervisorPid));
    expect(session(started.pid)).not.toBe(session(started.own));
    process.kill(-started.own, 'SIGINT'); // what the terminal does: the whole foreground group
    await nothingLeft(started, dataDir);
    expect(await shutDownCleanly(dataDir)).toBe(true);
  });

  test('a second start on the same directory names who runs', async () => {
    const dataDir = newDataDir();
    const started = await start('embedded.ts', dataDir);
    await expect(startEmbeddedPostgres({ dataDir, durable: false })).rejects.toThrow(
      `${dataDir} is in use by process ${started.own} (port 4000); stop it first`,
    );
    expect(processIdentity(started.pid)).toBeDefined(); // and did it no harm
  });

  test('of several starts at once after a kill -9, exactly one gets the directory', async () => {
    const dataDir = newDataDir();
    const started = await start('embedded.ts', dataDir);
    process.kill(started.own, 'SIGKILL');
    const results = await Promise.allSettled(Array.from({ length: 4 }, () => start('embedded.ts', dataDir)));
    const values = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(values.filter(({ error }) => error === undefined)).toHaveLength(1);
    expect(values.filter(({ error }) => error?.includes('is in use by process'))).toHaveLength(3);
  });

  test('a lock and a postmaster.pid whose numbers now belong to other processes do not block', async () => {
    const dataDir = newDataDir();
    await (await startEmbeddedPostgres({ dataDir, durable: false })).stop();
    writeFileSync(
      `${dataDir}.lock`,
      JSON.stringify({ pid: process.pid, identity: 'another birth', note: '', cleanup: [] }),
    );
    writeFileSync(
      join(dataDir, 'postmaster.pid'),
      `${process.pid}\n${dataDir}\n0\n5432\n/nowhere\n\n\nready\n`,
    );
    const server = await startEmbeddedPostgres({ dataDir, durable: false });
    expect(server.pid).toBeGreaterThan(0);
    await server.stop();
  });

  test('a directory of another version of PostgreSQL is refused with what to do', async () => {
    const dataDir = newDataDir();
    await (await startEmbeddedPostgres({ dataDir, durable: false })).stop();
    writeFileSync(join(dataDir, 'PG_VERSION'), '9\n');
    await expect(startEmbeddedPostgres({ dataDir, durable: false })).rejects.toThrow(
      /was made by PostgreSQL 9, but this one is \d+: remove it/,
    );
    expect(existsSync(`${dataDir}.lock`)).toBe(false);
  });

  test('a start that fails leaves neither lock nor process', async () => {
    const dataDir = newDataDir();
    await (await startEmbeddedPostgres({ dataDir, durable: false })).stop();
    writeFileSync(join(dataDir, 'postgresql.conf'), 'no_such_setting = 1\n');
    await expect(startEmbeddedPostgres({ dataDir, durable: false })).rejects.toThrow(/no_such_setting/);
    expect(existsSync(`${dataDir}.lock`)).toBe(false);
    expect(processesOn(dataDir)).toEqual([]);
  });
});
