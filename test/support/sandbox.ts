import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A whole sandbox as a newcomer starts it, on free ports and a folder of its own; for end-to-end tests. */

export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The line that `npm run -s start -- --json` prints once all is ready. */
export interface SandboxInfo {
  issuer: string;
  discovery: string;
  home: string;
  app: string;
  inbox: string;
  card: string | null;
  cardAuthority: string;
  services: { id: string; name: string; url: string }[];
  clients: { clientId: string; clientSecret?: string }[];
  personas: { nationalId: string; name: string; note: string }[];
}

export interface RunningSandbox {
  info: SandboxInfo;
  portBase: number;
  process: ChildProcess;
  /** Everything written to standard error so far. */
  log(): string;
  /** Runs `caducee …` against this sandbox. */
  caducee(...args: string[]): Promise<CommandResult>;
  stop(): Promise<void>;
}

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

const PORTS = 11;

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });

/**
 * The first of `PORTS` consecutive free ports, looked for from a random place below 32768: above, the system gives ports to
 * outgoing connections, and one that was free an instant ago may be taken.
 */
export const freePortBase = async (): Promise<number> => {
  for (;;) {
    const base = 20_000 + Math.floor(Math.random() * 600) * 20;
    const free = await Promise.all(Array.from({ length: PORTS }, (_, index) => isFree(base + index)));
    if (free.every(Boolean)) return base;
  }
};

/** The environment of a child: this one, less what belongs to the test run itself. */
export const cleanEnvironment = (changes: Record<string, string>): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && !/^(CADUCEE_|VITEST|NODE_OPTIONS)/.test(entry[0]),
    ),
  ),
  ...changes,
});

/** Runs `caducee …` as a process of its own, from the sources or as built; never throws for a non-zero exit code. */
export const runCaducee = (
  args: readonly string[],
  environment: Record<string, string> = {},
  program = join(ROOT, 'src', 'cli.ts'),
): Promise<CommandResult> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      [program, ...args],
      { env: cleanEnvironment(environment), cwd: ROOT, maxBuffer: 32 * 1024 * 1024 },
      (error, stdout, stderr) =>
        resolve({ code: error ? (typeof error.code === 'number' ? error.code : 1) : 0, stdout, stderr }),
    );
  });

/** Starts `caducee sandbox start --json` and waits until it says that all is ready. */
export const startSandbox = async (
  options: { environment?: Record<string, string>; dataDir?: string; portBase?: number } = {},
): Promise<RunningSandbox> => {
  const portBase = options.portBase ?? (await freePortBase());
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'caducee-e2e-'));
  const environment = {
    ...options.environment,
    CADUCEE_PORT_BASE: String(portBase),
    CADUCEE_DATA_DIR: dataDir,
  };
  const child = spawn(process.execPath, [join(ROOT, 'src', 'cli.ts'), 'sandbox', 'start', '--json'], {
    env: cleanEnvironment(environment),
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const ready = new Promise<string>((resolve) =>
    createInterface({ input: child.stdout }).once('line', resolve),
  );
  const line = await Promise.race([
    ready,
    exited.then((code) =>
      Promise.reject(new Error(`the sandbox ended with ${code} before it was ready:\n${log}`)),
    ),
  ]);
  return {
    info: JSON.parse(line) as SandboxInfo,
    portBase,
    process: child,
    log: () => log,
    caducee: (...args) => runCaducee(args, environment),
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      if (!options.dataDir) rmSync(dataDir, { recursive: true, force: true });
    },
  };
};
