import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Log } from '../log.ts';
import { findPostgres, type PostgresBinaries } from './binaries.ts';
import { acquireLock } from './lock.ts';
import { processCommand, processIdentity } from './process.ts';
import { choosePrivileges, giveTo, withPrivileges, type Privileges } from './privileges.ts';
import { SERVER_ENVIRONMENT, supervise } from './supervise.ts';

/** PostgreSQL of the sandbox and of the tests: the real one, on a Unix socket that only this user can open. */
export interface EmbeddedPostgres {
  /** Of the database `postgres`, as superuser `app`. */
  readonly url: string;
  readonly pid: number;
  readonly supervisorPid: number;
  /** Resolves when it has ended, asked or not. */
  readonly exited: Promise<number>;
  /** Stops it cleanly, waits, and gives the data directory free. */
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  /** Made and initialised when it does not exist. */
  dataDir: string;
  /** Hears what PostgreSQL says. */
  log?: Pick<Log, 'debug'>;
  /** False: no write waits for the disk; only for data nobody would miss. */
  durable: boolean;
  /** Told to who tries to start a second one on the same directory: an address, for example. */
  note?: string;
  maxConnections?: number;
  /** By default those of the npm package, else of the distribution. */
  binaries?: PostgresBinaries;
  /** By default the best that the machine allows. */
  privileges?: Privileges;
}

const run = promisify(execFile);
const USER = 'app';

/** The URL of a database of the server that listens in `socketDir`. */
const socketUrl = (socketDir: string, database: string): string =>
  `postgres:///${database}?host=${encodeURIComponent(socketDir)}&user=${USER}`;

/** Another database of the same embedded server. */
export const embeddedUrl = (url: string, database: string): string =>
  url.replace(/^postgres:\/\/\/[^?]*/, () => `postgres:///${database}`);

/** initdb in a folder beside, then a rename: a start that is killed leaves no half-made directory. */
const initialise = async (
  binaries: PostgresBinaries,
  dataDir: string,
  privileges: Privileges,
): Promise<void> => {
  const draft = `${dataDir}.new`;
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  giveTo(privileges, draft);
  const locale = process.platform === 'darwin' ? 'C' : 'C.UTF-8'; // macOS has no C.UTF-8
  const options = `-U ${USER} -A trust -E UTF8 --locale=${locale} --no-instructions --no-sync`.split(' ');
  const { command, args } = withPrivileges(privileges, binaries.initdb, ['-D', draft, ...options]);
  try {
    await run(command, args, {
      env: SERVER_ENVIRONMENT,
      cwd: '/',
    });
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw new Error(`PostgreSQL could not make ${dataDir}: ${(error as { stderr?: string }).stderr ?? ''}`, {
      cause: error,
    });
  }
  renameSync(draft, dataDir);
};

const checkVersion = (binaries: PostgresBinaries, dataDir: string): void => {
  const version = readFileSync(join(dataDir, 'PG_VERSION'), 'utf8').trim();
  if (version === String(binaries.major)) return;
  throw new Error(
    `${dataDir} was made by PostgreSQL ${version}, but this one is ${binaries.major}: remove it (npm run reset) or install PostgreSQL ${version}`,
  );
};

/** The postmaster that postmaster.pid names, if it is one and runs. */
const runningPostmaster = (dataDir: string): number | undefined => {
  const file = join(dataDir, 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (processIdentity(pid) === undefined) return undefined; // stale: PostgreSQL itself sees that
  if (processCommand(pid)?.includes(dataDir)) return pid;
  rmSync(file, { force: true }); // another process has that number now; PostgreSQL would take it for its own kind
  return undefined;
};

/**
 * Waits for the end of the server of a process that was killed: its supervisor is stopping it. Where that was killed
 * too (and the system has no death signal), stops it from here.
 */
const outlast = async (dataDir: string): Promise<void> => {
  const deadline = performance.now() + 20_000;
  const askAt = performance.now() + 2_000;
  let asked = false;
  for (let pid = runningPostmaster(dataDir); pid !== undefined; pid = runningPostmaster(dataDir)) {
    if (performance.now() > deadline) throw new Error(`PostgreSQL (process ${pid}) still runs on ${dataDir}`);
    if (!asked && performance.now() > askAt) {
      process.kill(pid, 'SIGINT');
      asked = true;
    }
    await delay(20);
  }
};

const serverArguments = (dataDir: string, socketDir: string, options: EmbeddedPostgresOptions): string[] => {
  const settings: Record<string, string> = {
    listen_addresses: '',
    unix_socket_directories: socketDir,
    unix_socket_permissions: '0700',
    shared_buffers: '64MB',
    max_connections: String(options.maxConnections ?? 100),
    lc_messages: 'C',
    timezone: 'UTC',
    logging_collector: 'off',
    ...(options.durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  };
  return ['-D', dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
};

/**
 * Starts PostgreSQL on `dataDir`. It ends with this process, however that ends (see supervisor.ts). A second start on a
 * directory in use throws {@link import('./lock.ts').LockedError}; a lock left by a killed process is recovered.
 */
export const startEmbeddedPostgres = async (options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> => {
  const dataDir = resolve(options.dataDir);
  const privileges = options.privileges ?? choosePrivileges();
  const binaries = options.binaries ?? findPostgres();
  mkdirSync(dirname(dataDir), { recursive: true });
  // A socket's path has at most 107 bytes, which a project's folder may exceed: /tmp, whatever TMPDIR says.
  const socketDir = mkdtempSync(join(existsSync('/tmp') ? '/tmp' : tmpdir(), 'caducee-pg-'));
  const discard = (): void => rmSync(socketDir, { recursive: true, force: true });
  let release: () => void;
  try {
    release = acquireLock(`${dataDir}.lock`, { note: options.note ?? '', cleanup: [socketDir] });
  } catch (error) {
    discard();
    throw error;
  }
  try {
    await outlast(dataDir);
    if (existsSync(join(dataDir, 'PG_VERSION'))) checkVersion(binaries, dataDir);
    else await initialise(binaries, dataDir, privileges);
    chmodSync(dataDir, 0o700);
    giveTo(privileges, dataDir);
    giveTo(privileges, socketDir);
    const server = await supervise(
      {
        ...withPrivileges(privileges, binaries.postgres, serverArguments(dataDir, socketDir, options)),
        stopSignal: 'SIGINT', // "fast": ends sessions, then writes everything
        graceMs: 20_000,
        forceSignal: 'SIGQUIT',
        cleanup: [socketDir],
      },
      {
        isReady: (line) => line.includes('database system is ready to accept connections'),
        onLine: (line) => options.log?.debug({ line }, 'postgresql'),
      },
    );
    const exited = server.exited.finally(() => {
      discard(); // the supervisor did, unless it was killed
      release();
    });
    return {
      url: socketUrl(socketDir, 'postgres'),
      pid: server.pid,
      supervisorPid: server.supervisorPid,
      exited,
      stop: async () => {
        await server.stop();
        await exited;
      },
    };
  } catch (error) {
    discard();
    release();
    throw error;
  }
};
