import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type SandboxClient } from '../../src/clients/sandbox.ts';
import { acquireLock } from '../../src/platform/embedded/lock.ts';
import { openLoopback } from '../../src/sandbox/loopback.ts';
import { PortsTakenError, checkPortsFree, sandboxPorts } from '../../src/sandbox/ports.ts';
import { SandboxRunningError, databaseFolder, resetSandbox } from '../../src/sandbox/reset.ts';
import { readRuntime, writeRuntime } from '../../src/sandbox/runtime.ts';
import { sandboxSecrets } from '../../src/sandbox/secrets.ts';
import { storyCommands, summarise, summaryLine, summaryText } from '../../src/sandbox/summary.ts';
import { sandboxVariables } from '../../src/sandbox/variables.ts';
import { parseConfig } from '../../src/config.ts';
import { ROOT, freePortBase } from '../support/sandbox.ts';

/** The parts of the sandbox, one by one; the whole is in test/e2e. */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'caducee-sandbox-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const mode = (path: string): number => statSync(path).mode & 0o777;

describe('ports', () => {
  it('are eleven in a row from the base', () => {
    expect(Object.values(sandboxPorts(5000))).toEqual([
      5000, 5001, 5002, 5003, 5004, 5005, 5006, 5007, 5008, 5009, 5010,
    ]);
  });

  it('that are taken are all told at once, with what to do', async () => {
    const base = await freePortBase();
    const takers = [base + 3, base + 6].map((port) => createTcpServer().listen(port, '127.0.0.1'));
    await Promise.all(takers.map((taker) => new Promise((resolve) => taker.once('listening', resolve))));
    try {
      const error = await checkPortsFree(sandboxPorts(base)).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(PortsTakenError);
      expect((error as Error).message).toContain(`Ports ${base + 3}, ${base + 6} are in use`);
      expect((error as Error).message).toContain(`CADUCEE_PORT_BASE=${base + 1000} npm start`);
    } finally {
      await Promise.all(takers.map((taker) => new Promise((resolve) => taker.close(resolve))));
    }
    await expect(checkPortsFree(sandboxPorts(base))).resolves.toBeUndefined();
  });

  it('taken on the other loopback address only are seen too', async () => {
    const base = await freePortBase();
    const taker: Server = createTcpServer();
    const present = await new Promise<boolean>((resolve) => {
      taker.once('error', () => resolve(false));
      taker.listen(base + 1, '::1', () => resolve(true));
    });
    const check = checkPortsFree(sandboxPorts(base));
    if (present) {
      await expect(check).rejects.toThrow(`Port ${base + 1} is in use`);
      await new Promise((resolve) => taker.close(resolve));
    } else await expect(check).resolves.toBeUndefined();
  });
});

describe('listening on loopback', () => {
  const get = (host: string, port: number): Promise<number | string> =>
    new Promise((resolve) => {
      request({ host, port, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
        .end();
    });

  it('answers on 127.0.0.1, on ::1 where there is one, and nowhere else', async () => {
    const opened = await openLoopback(() => createServer((_req, res) => res.end('ok')), 0);
    try {
      expect(await get('127.0.0.1', opened.port)).toBe(200);
      const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
      if (all.some(({ address }) => address === '::1')) expect(await get('::1', opened.port)).toBe(200);
      for (const { address } of all.filter(({ internal, family }) => !internal && family === 'IPv4')) {
        expect(await get(address, opened.port)).toBe('ECONNREFUSED');
      }
    } finally {
      await opened.close();
    }
    expect(await get('127.0.0.1', opened.port)).toBe('ECONNREFUSED');
  });
});

describe('secrets', () => {
  it('are made once, and only their owner can read them', async () => {
    const place = join(folder, '4000');
    const first = await sandboxSecrets(place);
    expect(await sandboxSecrets(place)).toEqual(first);
    expect(mode(place)).toBe(0o700);
    expect(mode(join(place, 'secrets.json'))).toBe(0o600);
  });

  it('differ from one sandbox to the other', async () => {
    const one = await sandboxSecrets(join(folder, '1'));
    const two = await sandboxSecrets(join(folder, '2'));
    for (const key of Object.keys(one) as (keyof typeof one)[]) expect(one[key]).not.toBe(two[key]);
  });

  it('that cannot be read are not silently replaced: phones would be lost', async () => {
    writeFileSync(join(folder, 'secrets.json'), '{');
    await expect(sandboxSecrets(folder)).rejects.toThrow('npm run reset');
  });
});

describe('variables', () => {
  const variables = async () =>
    sandboxVariables({
      root: ROOT,
      portBase: 5000,
      ports: sandboxPorts(5000),
      folder,
      secrets: await sandboxSecrets(folder),
      databaseUrl: 'postgres:///postgres?host=/tmp/x&user=app',
    });

  it('make a configuration that is accepted, on the ports asked', async () => {
    const config = parseConfig(await variables());
    expect(config).toMatchObject({
      mode: 'sandbox',
      issuer: 'http://localhost:5000/auth/realms/esante-wallet',
      appOrigin: 'http://localhost:5001',
      smtpUrl: 'smtp://127.0.0.1:5006',
      twilioBaseUrl: 'http://127.0.0.1:5007',
      store: 'postgres',
      cardOrigin: 'https://*.card.localhost:5002',
      cardListenPort: 5002,
      cardOcspUrl: 'http://localhost:5009/ocsp',
    });
  });

  it('let the environment choose servers, never addresses', async () => {
    vi.stubEnv('CADUCEE_DATABASE_URL', 'postgres://elsewhere/db');
    vi.stubEnv('CADUCEE_ISSUER', 'https://connexion.example/auth/realms/esante-wallet');
    vi.stubEnv('CADUCEE_MODE', 'production');
    const config = parseConfig(await variables());
    expect(config.databaseUrl).toBe('postgres://elsewhere/db');
    expect(config.issuer).toBe('http://localhost:5000/auth/realms/esante-wallet');
    expect(config.mode).toBe('sandbox');
  });
});

describe('reset', () => {
  it('wipes everything, and says when there was nothing', async () => {
    const place = join(folder, '4000');
    await sandboxSecrets(place);
    mkdirSync(databaseFolder(place));
    expect(await resetSandbox(place, 4000)).toBe(true);
    expect(existsSync(place)).toBe(false);
    expect(await resetSandbox(place, 4000)).toBe(false);
  });

  it('refuses while the sandbox runs, and says how to stop it', async () => {
    await writeRuntime(folder, { pid: process.pid, variables: {} });
    const error = await resetSandbox(folder, 4000).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(SandboxRunningError);
    expect((error as Error).message).toContain(`kill ${process.pid}`);
    expect(existsSync(join(folder, 'runtime.json'))).toBe(true);
  });

  it('refuses while the sandbox starts: the database is locked before anything is told', async () => {
    const release = acquireLock(`${databaseFolder(folder)}.lock`, { note: '', cleanup: [] });
    await expect(resetSandbox(folder, 4000)).rejects.toBeInstanceOf(SandboxRunningError);
    release();
    expect(await resetSandbox(folder, 4000)).toBe(true);
  });

  it('is not fooled by what a killed sandbox left', async () => {
    await writeRuntime(folder, { pid: 2 ** 22 - 1, variables: {} });
    expect(await readRuntime(folder)).toBeUndefined();
    expect(await resetSandbox(folder, 4000)).toBe(true);
  });
});

describe('what it tells', () => {
  const clients: SandboxClient[] = [
    { clientId: 'vaccin-covid', name: 'Vaccin Covid', clientSecret: 'x' },
    { clientId: 'sandbox', name: 'Bac à sable', clientSecret: 'sandbox-secret' },
    { clientId: 'sandbox-public', name: 'Bac à sable (client public)', clientSecret: undefined },
  ];
  const persona = {
    nationalId: '899700000011',
    name: 'Ada Martin',
    profession: 'Médecin',
    note: 'tout est à jour',
  };
  const summary = summarise(
    {
      issuer: 'http://localhost:5000/auth/realms/esante-wallet',
      appOrigin: 'http://localhost:5001',
      cardOrigin: 'https://*.card.localhost:5002',
    },
    sandboxPorts(5000),
    { personas: [persona], clients },
  );

  it('is one line of JSON for scripts', () => {
    const line = summaryLine(summary);
    expect(line.match(/\n/g)).toHaveLength(1);
    expect(JSON.parse(line)).toEqual({
      issuer: 'http://localhost:5000/auth/realms/esante-wallet',
      discovery: 'http://localhost:5000/auth/realms/esante-wallet/.well-known/openid-configuration',
      home: 'http://localhost:5000/',
      app: 'http://localhost:5001/',
      inbox: 'http://localhost:5005/',
      card: 'https://*.card.localhost:5002',
      cardAuthority: 'http://localhost:5009/autorite.pem',
      services: [
        { id: 'vaccin-covid', name: 'Vaccin Covid', url: 'http://localhost:5003/' },
        { id: 'si-dep', name: 'SI-DEP', url: 'http://localhost:5004/' },
        { id: 'portail', name: 'Portail', url: 'http://localhost:5008/' },
      ],
      clients: [
        { clientId: 'sandbox', clientSecret: 'sandbox-secret' },
        { clientId: 'sandbox-public' },
        { clientId: 'vaccin-covid', clientSecret: 'x' },
      ],
      personas: [{ nationalId: '899700000011', name: 'Ada Martin', note: 'tout est à jour' }],
    });
  });

  it('is addresses, people and the first command for a person', () => {
    vi.stubEnv('npm_config_user_agent', 'npm/11.0.0 node/v24.21.0 linux x64');
    const text = summaryText(summary, { portBase: 5000, folder: join(process.cwd(), '.caducee', '5000') });
    expect(text).toContain('http://localhost:5003/');
    expect(text).toContain('899700000011  Ada Martin');
    expect(text).toContain(
      'node src/cli.ts phone activate 899700000011 --pin 493027 --state .caducee/5000/phone.json --port-base 5000',
    );
  });

  it('names the port base in commands only when it is not the usual one', () => {
    vi.stubEnv('npm_config_user_agent', 'npm/11.0.0 node/v24.21.0 linux x64');
    const { approve } = storyCommands({
      nationalId: '',
      portBase: 4000,
      folder: join(process.cwd(), '.caducee', '4000'),
    });
    expect(approve).toBe('node src/cli.ts phone approve --state .caducee/4000/phone.json --number 42');
  });

  it('lets an older Node of the terminal give way to the project’s', () => {
    vi.stubEnv('npm_config_user_agent', 'npm/10.0.0 node/v20.20.2 linux x64');
    const { pending } = storyCommands({
      nationalId: '',
      portBase: 4000,
      folder: join(process.cwd(), '.caducee', '4000'),
    });
    expect(pending).toBe('npx caducee phone pending --state .caducee/4000/phone.json');
  });
});
