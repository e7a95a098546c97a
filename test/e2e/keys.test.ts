import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../src/platform/postgres.ts';
import { bytes } from '../../src/platform/random.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { cleanEnvironment, freePortBase, ROOT, runCaducee } from '../support/sandbox.ts';
import { testDatabase, testRedisUrl } from '../support/services.ts';

/** Two processes on one database while an operator rotates, ends and encrypts keys anew: nobody is restarted. */

let environment: Record<string, string>;
let db: Database;
const nodes: { port: number; child: ChildProcess }[] = [];
const folder = mkdtempSync(join(tmpdir(), 'caducee-keys-'));
onFileEnd(() => rmSync(folder, { recursive: true, force: true }));

const serve = async (port: number, changes: Record<string, string> = {}): Promise<ChildProcess> => {
  const child = spawn(process.execPath, [join(ROOT, 'src', 'cli.ts'), 'serve'], {
    env: cleanEnvironment({ ...environment, CADUCEE_LISTEN_PORT: String(port), ...changes }),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onFileEnd(() => void child.kill('SIGKILL'));
  let log = '';
  const ready = new Promise<void>((resolve) =>
    child.stderr?.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes('"msg":"ready"')) resolve();
    }),
  );
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(log)));
  await Promise.race([ready, ended]);
  return child;
};

const get = (port: number, path: string): Promise<Record<string, unknown>> =>
  new Promise((resolve, reject) => {
    const headers = {
      host: 'auth.sante.example',
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '192.0.2.7',
    };
    request({ host: '127.0.0.1', port, path, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve(JSON.parse(body) as Record<string, unknown>));
    })
      .on('error', reject)
      .end();
  });

const jwks = async (port: number): Promise<string[]> => {
  const { keys } = await get(port, '/auth/realms/esante-wallet/protocol/openid-connect/certs');
  return (keys as { kid: string }[]).map(({ kid }) => kid).sort();
};

interface Listed {
  kid: string;
  algorithm: string;
  state: string;
  kms: string;
  compromised: boolean;
}

const keys = async (...args: string[]): Promise<Record<string, unknown>> => {
  const { code, stdout, stderr } = await runCaducee(['keys', ...args, '--json'], environment);
  expect(stderr.includes('Error'), stderr).toBe(false);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Record<string, unknown>;
};
const listed = async (): Promise<Listed[]> => (await keys('list'))['keys'] as Listed[];

/** Both processes show the same, and these. */
const bothShow = async (expected: (kids: string[]) => boolean): Promise<void> => {
  await expect
    .poll(
      async () => {
        const shown = await Promise.all(nodes.map(({ port }) => jwks(port)));
        return shown.every((kids) => expected(kids) && kids.join() === shown[0]?.join());
      },
      { timeout: 15_000, interval: 250 },
    )
    .toBe(true);
};

beforeAll(async () => {
  const [database, redisUrl, first] = await Promise.all([testDatabase(), testRedisUrl(), freePortBase()]);
  db = database.db;
  environment = {
    CADUCEE_MODE: 'production',
    CADUCEE_OPERATORS: 'anyone',
    CADUCEE_ISSUER: 'https://auth.sante.example/auth/realms/esante-wallet',
    CADUCEE_TRUSTED_PROXIES: '127.0.0.1',
    CADUCEE_DATABASE_URL: database.url,
    CADUCEE_REDIS_URL: redisUrl,
    CADUCEE_MASTER_KEY: bytes(32).toString('base64url'),
    CADUCEE_SMTP_URL: 'smtp://127.0.0.1:1',
    CADUCEE_MAIL_FROM: 'Caducée <x@sante.example>',
    CADUCEE_TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    CADUCEE_TWILIO_AUTH_TOKEN: 'unused',
    CADUCEE_TWILIO_FROM: 'Caducee',
    CADUCEE_HELP_PHONE: '01 99 00 00 00',
    CADUCEE_HELP_HOURS: 'du lundi au vendredi',
  };
  for (const port of [first, first + 1]) nodes.push({ port, child: await serve(port) });
}, 60_000);

afterAll(async () => {
  await Promise.all(
    nodes.map(async ({ child }) => {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    }),
  );
});

describe('two processes', () => {
  test('show one more key of each algorithm after four operators rotated at once', async () => {
    const before = await jwks(nodes[0]?.port ?? 0);
    expect(before).toHaveLength(2);
    // A key that has just begun to sign is not replaced.
    expect((await keys('rotate'))['rotations']).toMatchObject([{ done: 'fresh' }, { done: 'fresh' }]);
    await db.query(`UPDATE signing_key SET activated_at = activated_at - interval '2 minutes'`);
    const all = await Promise.all(Array.from({ length: 4 }, () => keys('rotate')));
    const done = all.flatMap(({ rotations }) => rotations as { done: string }[]).map((one) => one.done);
    expect(done.filter((one) => one === 'announced')).toHaveLength(2);
    expect(done.filter((one) => one === 'waiting')).toHaveLength(6);
    await bothShow((kids) => kids.length === 4 && before.every((kid) => kids.includes(kid)));
  });

  test('go on with a key rotated in a hurry, and drop a compromised one', async () => {
    const active = async () =>
      (await listed()).find(({ state, algorithm }) => state === 'active' && algorithm === 'ES256')?.kid ?? '';
    const old = await active();
    const { rotations } = await keys('rotate', '--now', '--algorithm', 'es256');
    expect(rotations).toMatchObject([{ algorithm: 'ES256', done: 'promoted', retired: old }]);
    expect(await active()).not.toBe(old);
    await bothShow((kids) => kids.includes(old));
    expect(await keys('retire', old, '--compromised')).toMatchObject({ done: 'withdrawn', kid: old });
    await bothShow((kids) => !kids.includes(old));
    expect((await listed()).find(({ kid }) => kid === old)).toMatchObject({ compromised: true });
  }, 60_000);

  test('go on while the keys are encrypted with another key management, and the next process reads them', async () => {
    const file = join(folder, 'kms');
    writeFileSync(file, bytes(32), { mode: 0o600 });
    const before = await jwks(nodes[0]?.port ?? 0);
    Object.assign(environment, { CADUCEE_KMS: 'file', CADUCEE_KMS_FILE: file });
    expect((await keys('rewrap'))['signingKeys']).toHaveLength(before.length);
    expect((await keys('rewrap'))['signingKeys']).toHaveLength(0);
    expect(
      new Set((await listed()).filter(({ state }) => state !== 'withdrawn').map(({ kms }) => kms)),
    ).toEqual(new Set(['file']));
    await bothShow((kids) => kids.join() === before.join());
    const port = (nodes[1]?.port ?? 0) + 1;
    nodes.push({ port, child: await serve(port) });
    await bothShow((kids) => kids.join() === before.join());
    await expect(serve(port + 1, { CADUCEE_KMS: 'env', CADUCEE_KMS_FILE: '' })).rejects.toThrow(/"file"/);
  }, 60_000);

  test('read everything after the master key changed, once it was encrypted anew', async () => {
    const former = environment['CADUCEE_MASTER_KEY'] ?? '';
    const port = (nodes[1]?.port ?? 0) + 3;
    Object.assign(environment, {
      CADUCEE_MASTER_KEY: bytes(32).toString('base64url'),
      CADUCEE_MASTER_KEY_PREVIOUS: former,
    });
    // The signing keys are under the file; the e-CPS's two keys are under the master key.
    expect(await keys('rewrap')).toEqual({ signingKeys: [], others: 2 });
    delete environment['CADUCEE_MASTER_KEY_PREVIOUS'];
    const child = await serve(port);
    nodes.push({ port, child });
    expect(await jwks(port)).toEqual(await jwks(nodes[0]?.port ?? 0));
  }, 60_000);

  test('tell in --help what there is, and refuse what there is not', async () => {
    const help = await runCaducee(['keys', '--help'], environment);
    for (const verb of ['list', 'rotate', 'retire', 'rewrap']) expect(help.stdout).toContain(`keys ${verb}`);
    expect((await runCaducee(['keys', 'burn'], environment)).code).toBe(2);
    expect((await runCaducee(['keys', 'rotate', '--algorithm', 'HS256'], environment)).code).toBe(2);
    expect((await runCaducee(['keys', 'retire', 'nobody'], environment)).code).toBe(1);
  });
});
