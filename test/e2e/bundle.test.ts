import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { onFileEnd } from '../support/cleanup.ts';
import { TWILIO } from '../support/mail.ts';
import { ROOT, cleanEnvironment, freePortBase, runCaducee } from '../support/sandbox.ts';
import { testDatabase, testRedisUrl } from '../support/services.ts';

/**
 * The program as `npm run build` bundles it, in a folder that holds what the image holds and nothing else: what the bundle
 * forgot is not found in the sources, nor in their packages.
 */

const folder = mkdtempSync(join(tmpdir(), 'caducee-bundle-'));
onFileEnd(() => rmSync(folder, { recursive: true, force: true }));
const program = join(folder, 'dist', 'cli.js');
let environment: Record<string, string>;
let port: number;

/** The image's files: what its stage `application` copies, but for what is built. */
const layOut = (): void => {
  const stage = /^FROM \S+ AS application\n(.*?)^FROM /ms.exec(
    readFileSync(join(ROOT, 'Dockerfile'), 'utf8'),
  )?.[1];
  const copied = [...(stage ?? '').matchAll(/^COPY (?:--from=build )?(.+) (\S+)$/gm)].flatMap(
    ([, names = '', to = '']) =>
      names.split(' ').map((name) => ({
        from: name.replace(/^\/app\//, ''),
        to: to === './' ? basename(name) : to,
      })),
  );
  for (const { from, to } of copied.filter((one) => !/^(dist$|\.cache)/.test(one.to))) {
    cpSync(join(ROOT, from), join(folder, to), { recursive: true, dereference: true });
  }
};

beforeAll(async () => {
  layOut();
  const [{ url }, redisUrl] = await Promise.all([
    testDatabase({ empty: true }),
    testRedisUrl(),
    promisify(execFile)(process.execPath, [join(ROOT, 'scripts', 'build.mjs'), join(folder, 'dist')]),
  ]);
  port = await freePortBase();
  environment = {
    CADUCEE_MODE: 'production',
    CADUCEE_ISSUER: 'https://auth.sante.example/auth/realms/esante-wallet',
    CADUCEE_LISTEN_PORT: String(port),
    CADUCEE_TRUSTED_PROXIES: '127.0.0.1',
    CADUCEE_DATABASE_URL: url,
    CADUCEE_REDIS_URL: redisUrl,
    CADUCEE_MASTER_KEY: Buffer.alloc(32, 9).toString('base64url'),
    CADUCEE_SMTP_URL: 'smtps://mail.sante.example',
    CADUCEE_MAIL_FROM: 'Caducée <ne-pas-repondre@sante.example>',
    CADUCEE_TWILIO_ACCOUNT_SID: TWILIO.accountSid,
    CADUCEE_TWILIO_AUTH_TOKEN: TWILIO.authToken,
    CADUCEE_TWILIO_FROM: 'Caducee',
    CADUCEE_HELP_PHONE: '01 99 00 00 00',
    CADUCEE_HELP_HOURS: 'du lundi au vendredi',
  };
}, 60_000);

/** A request as the TLS terminator forwards it. */
const get = (path: string): Promise<{ status: number; type: string; body: string }> =>
  new Promise((resolve, reject) => {
    const headers = {
      host: 'auth.sante.example',
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '192.0.2.7',
    };
    request({ host: '127.0.0.1', port, path, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          body: Buffer.concat(parts).toString('latin1'),
        }),
      );
    })
      .on('error', reject)
      .end();
  });

test('the bundle has every command of production, and says that the sandbox is elsewhere', async () => {
  const [help, ...commands] = await Promise.all([
    runCaducee(['--help'], {}, program),
    runCaducee(['clients', '--help'], {}, program),
    runCaducee(['cards', '--help'], {}, program),
  ]);
  expect(help.stdout).toBe((await runCaducee(['--help'])).stdout);
  expect(commands.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
    { code: 0, stderr: '' },
    { code: 0, stderr: '' },
  ]);
  const sandbox = await runCaducee(['sandbox', 'start'], {}, program);
  expect(sandbox).toMatchObject({ code: 1, stdout: '' });
  expect(sandbox.stderr).toContain('from the sources: node src/cli.ts');
}, 60_000);

test('the bundle migrates, serves pages with their style sheet and font, and stops gently', async () => {
  const migrated = await runCaducee(['migrate', '--json'], environment, program);
  expect({ code: migrated.code, stderr: migrated.stderr }).toEqual({ code: 0, stderr: '' });
  expect((JSON.parse(migrated.stdout) as { applied: string[] }).applied.length).toBeGreaterThan(5);

  const child = spawn(process.execPath, [program, 'serve'], {
    env: cleanEnvironment(environment),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onFileEnd(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  let log = '';
  const ready = new Promise<void>((resolve) =>
    child.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes('"msg":"ready"')) resolve();
    }),
  );
  await Promise.race([
    ready,
    exited.then(() => Promise.reject(new Error(`ended before it was ready:\n${log}`))),
  ]);

  const discovery = await get('/auth/realms/esante-wallet/.well-known/openid-configuration');
  expect(JSON.parse(discovery.body)).toMatchObject({ issuer: environment['CADUCEE_ISSUER'] });
  const page = await get('/aide');
  expect(page).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' });
  const style = await get(/href="(\/assets\/[^"]+\.css)"/.exec(page.body)?.[1] ?? '');
  expect(style).toMatchObject({ status: 200, type: 'text/css; charset=utf-8' });
  const font = await get(/url\((\/assets\/[^)]+\.woff2)\)/.exec(style.body)?.[1] ?? '');
  expect(font).toMatchObject({ status: 200, type: 'font/woff2' });
  expect((await get('/readyz')).status).toBe(200);

  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  expect(log).not.toContain('"level":50');
}, 60_000);
