import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { processIdentity } from '../../src/platform/embedded/process.ts';
import { ROOT, type SandboxInfo, cleanEnvironment, freePortBase, runCaducee } from '../support/sandbox.ts';

/**
 * `npm start` as a newcomer types it: what it tells, where it listens, and that it leaves nothing behind however it
 * ends. Reads /proc, so Linux only.
 */

const folders: string[] = [];
const running = new Set<ChildProcess>();

const temporary = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'caducee-start-'));
  folders.push(folder);
  return folder;
};

interface Start {
  npm: ChildProcess;
  info: SandboxInfo;
  base: number;
  dataDir: string;
  environment: Record<string, string>;
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

const parentOf = (pid: number): number | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
};

/** Every process below this one, with what tells it from a later one of the same number. */
const descendants = (root: number): Map<number, string> => {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const parents = new Map(pids.map((pid) => [pid, parentOf(pid)]));
  const below = (pid: number): boolean => {
    for (let up = parents.get(pid); up !== undefined && up > 1; up = parents.get(up))
      if (up === root) return true;
    return false;
  };
  return new Map(pids.filter(below).map((pid) => [pid, processIdentity(pid) ?? '']));
};

const alive = (processes: Map<number, string>): number[] =>
  [...processes].filter(([pid, identity]) => processIdentity(pid) === identity).map(([pid]) => pid);

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });

/** Waits for what another process does, which tells nobody; bounded. */
const until = async (condition: () => boolean | Promise<boolean>, seconds = 15): Promise<boolean> => {
  const deadline = performance.now() + seconds * 1000;
  while (performance.now() < deadline) {
    if (await condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return condition();
};

const start = async (options: { base?: number; dataDir?: string } = {}): Promise<Start> => {
  const base = options.base ?? (await freePortBase());
  const dataDir = options.dataDir ?? temporary();
  const environment = { CADUCEE_PORT_BASE: String(base), CADUCEE_DATA_DIR: dataDir };
  const npm = spawn('npm', ['run', '-s', 'start', '--', '--json'], {
    cwd: ROOT,
    env: cleanEnvironment(environment),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running.add(npm);
  let log = '';
  npm.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    npm.once('exit', (code, signal) => {
      running.delete(npm);
      resolve({ code, signal });
    }),
  );
  const line = await Promise.race([
    new Promise<string>((resolve) => createInterface({ input: npm.stdout }).once('line', resolve)),
    exited.then(() => Promise.reject(new Error(`npm start ended before it was ready:\n${log}`))),
  ]);
  return { npm, info: JSON.parse(line) as SandboxInfo, base, dataDir, environment, exited };
};

/** The server among the processes of npm. */
const serverOf = ({ npm }: Start): number => {
  const found = [...descendants(npm.pid ?? 0).keys()].find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').includes('src/cli.ts sandbox start'),
  );
  if (found === undefined) throw new Error('no server runs under npm');
  return found;
};

/** The folder of PostgreSQL's socket, from what the sandbox leaves for the commands. */
const socketFolderOf = ({ dataDir, base }: Start): string => {
  const runtime = JSON.parse(readFileSync(join(dataDir, String(base), 'runtime.json'), 'utf8')) as {
    variables: Record<string, string>;
  };
  return new URL(runtime.variables['CADUCEE_DATABASE_URL'] ?? '').searchParams.get('host') ?? '';
};

/** After the end: no process of the sandbox lives, its ports are free. */
const expectNothingLeft = async (processes: Map<number, string>, base: number): Promise<void> => {
  expect(processes.size).toBeGreaterThanOrEqual(4); // server, supervisor, postgres and its children
  await until(() => alive(processes).length === 0);
  expect(alive(processes)).toEqual([]);
  for (let port = base; port < base + 9; port += 1) expect([port, await isFree(port)]).toEqual([port, true]);
};

afterEach(async () => {
  for (const child of running) {
    const below = descendants(child.pid ?? 0);
    child.kill('SIGTERM');
    await until(() => alive(below).length === 0);
  }
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe.runIf(process.platform === 'linux')('npm start', () => {
  describe('while it runs', () => {
    let sandbox: Start;
    beforeAll(async () => {
      sandbox = await start();
      running.delete(sandbox.npm); // the hook after each test leaves this one alone
    });
    afterAll(async () => {
      running.add(sandbox.npm);
      sandbox.npm.kill('SIGTERM');
      await sandbox.exited;
    });

    it('tells on one line all that a script needs', () => {
      const { info, base } = sandbox;
      expect(info).toMatchObject({
        issuer: `http://localhost:${base}/auth/realms/esante-wallet`,
        home: `http://localhost:${base}/`,
        app: `http://localhost:${base + 1}/`,
        inbox: `http://localhost:${base + 5}/`,
        card: `https://*.card.localhost:${base + 2}`,
        cardAuthority: `http://localhost:${base + 9}/autorite.pem`,
      });
      expect(info.services.map(({ id }) => id)).toEqual(['vaccin-covid', 'si-dep', 'portail']);
      expect(info.personas.length).toBeGreaterThanOrEqual(40);
      expect(info.clients).toContainEqual({ clientId: 'sandbox', clientSecret: 'sandbox-secret' });
      expect(info.clients).toContainEqual({ clientId: 'sandbox-public' });
    });

    it('answers at every address that it tells', async () => {
      const { info } = sandbox;
      const urls = [info.home, info.app, info.inbox, info.discovery, ...info.services.map(({ url }) => url)];
      for (const url of urls) expect([url, (await fetch(url)).status]).toEqual([url, 200]);
      const metadata = (await (await fetch(info.discovery)).json()) as { issuer: string };
      expect(metadata.issuer).toBe(info.issuer);
    });

    it('links from its home page to what there is, and every link leads somewhere', async () => {
      const page = await (await fetch(sandbox.info.home, { headers: { 'accept-language': 'fr' } })).text();
      const links = [...page.matchAll(/href="([^"#]+)"/g)].map(([, href = '']) =>
        href.replaceAll('&amp;', '&'),
      );
      expect(links).toContain(sandbox.info.inbox);
      expect(links).toContain(sandbox.info.discovery);
      for (const href of new Set(links)) {
        const { status } = await fetch(new URL(href, sandbox.info.home));
        expect([href, status]).toEqual([href, 200]);
      }
    });

    it('lists every person on the home page, in both languages', async () => {
      for (const [language, word] of [
        ['fr', 'Identifiant national'],
        ['en', 'National identifier'],
      ] as const) {
        const answer = await fetch(sandbox.info.home, { headers: { 'accept-language': language } });
        const page = await answer.text();
        expect(page).toContain(word);
        for (const { nationalId } of sandbox.info.personas) expect(page).toContain(nationalId);
      }
    });

    it('listens on loopback only, on its own ports only', () => {
      const pids = [...descendants(sandbox.npm.pid ?? 0).keys()];
      const inodes = new Set(pids.flatMap(socketsOf));
      const listening = [...readTcp('/proc/net/tcp'), ...readTcp('/proc/net/tcp6')].filter(
        ({ inode, state }) => state === '0A' && inodes.has(inode),
      );
      const ports = new Set(listening.map(({ port }) => port - sandbox.base));
      expect([...ports].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
      const LOOPBACK = ['0100007F', '00000000000000000000000001000000'];
      expect(listening.filter(({ address }) => !LOOPBACK.includes(address))).toEqual([]);
    });

    it('keeps its secrets readable by their owner only', () => {
      const folder = join(sandbox.dataDir, String(sandbox.base));
      for (const file of ['secrets.json', 'runtime.json']) {
        expect([file, statSync(join(folder, file)).mode & 0o077]).toEqual([file, 0]);
      }
      expect(statSync(folder).mode & 0o077).toBe(0);
    });

    it('is found by the commands, on the same port base', async () => {
      const status = await runCaducee(['sandbox', 'status', '--json'], sandbox.environment);
      expect(status.code).toBe(0);
      expect(JSON.parse(status.stdout)).toMatchObject({ running: true, home: sandbox.info.home });
      const other = await runCaducee(['sandbox', 'status', '--port-base', '9000'], sandbox.environment);
      expect(other.code).toBe(1);
      expect(other.stdout).toContain('npm start');
    });

    it('refuses to be reset, and to be started twice, each with the way on', async () => {
      const reset = await runCaducee(['sandbox', 'reset'], sandbox.environment);
      expect(reset.code).toBe(1);
      expect(reset.stderr).toMatch(/kill \d+/);
      const second = await runCaducee(['sandbox', 'start'], sandbox.environment);
      expect(second.code).toBe(1);
      expect(second.stderr).toContain('CADUCEE_PORT_BASE=');
      expect((await fetch(sandbox.info.home)).status).toBe(200);
    });

    it('serves the phone app on its own origin, for any address of the app', async () => {
      for (const path of ['', 'l', 'activer']) {
        const page = await (await fetch(`${sandbox.info.app}${path}`)).text();
        expect(page).toContain('<script type="application/json" id="config">');
        expect(page).toContain(sandbox.info.home.slice(0, -1));
      }
    });
  });

  it('keeps the data from one start to the next, and reset begins afresh', async () => {
    const first = await start();
    const device = await runCaducee(
      [
        ...['phone', 'activate', first.info.personas[0]?.nationalId ?? '', '--pin', '493027', '--json'],
        ...['--state', join(first.dataDir, 'phone.json')],
      ],
      first.environment,
    );
    expect(device.code, device.stderr).toBe(0);
    first.npm.kill('SIGTERM');
    await first.exited;

    const secrets = join(first.dataDir, String(first.base), 'secrets.json');
    const before = readFileSync(secrets, 'utf8');
    const second = await start(first);
    const devices = () =>
      runCaducee(['devices', 'list', first.info.personas[0]?.nationalId ?? '', '--json'], first.environment);
    expect(readFileSync(secrets, 'utf8')).toBe(before);
    expect((await devices()).stdout).toContain('active');
    second.npm.kill('SIGTERM');
    await second.exited;

    const reset = await runCaducee(['sandbox', 'reset', '--json'], first.environment);
    expect(JSON.parse(reset.stdout)).toEqual({ wiped: true });
    expect(existsSync(join(first.dataDir, String(first.base)))).toBe(false);
  }, 120_000);

  it.each([
    ['Ctrl-C in its terminal', (sandbox: Start) => process.kill(-(sandbox.npm.pid ?? 0), 'SIGINT')],
    ['SIGTERM to npm', (sandbox: Start) => sandbox.npm.kill('SIGTERM')],
    ['SIGTERM to the server', (sandbox: Start) => process.kill(serverOf(sandbox), 'SIGTERM')],
    ['kill -9 of npm', (sandbox: Start) => sandbox.npm.kill('SIGKILL')],
    ['kill -9 of the server', (sandbox: Start) => process.kill(serverOf(sandbox), 'SIGKILL')],
  ])(
    'leaves nothing behind after %s',
    async (_name, end) => {
      const sandbox = await start();
      const processes = descendants(sandbox.npm.pid ?? 0);
      const socketFolder = socketFolderOf(sandbox);
      expect(existsSync(socketFolder)).toBe(true);
      end(sandbox);
      await sandbox.exited;
      await expectNothingLeft(processes, sandbox.base);
      expect(existsSync(socketFolder)).toBe(false);
      // And the next start finds its data whole.
      const again = await start(sandbox);
      expect((await fetch(again.info.home)).status).toBe(200);
    },
    120_000,
  );
});

const socketsOf = (pid: number): string[] => {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      return inode === undefined ? [] : [inode];
    });
  } catch {
    return [];
  }
};

const readTcp = (path: string) =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(1)
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const fields = line.trim().split(/\s+/);
      const [address = '', port = ''] = (fields[1] ?? '').split(':');
      return { address, port: Number.parseInt(port, 16), state: fields[3], inode: fields[9] ?? '' };
    });
