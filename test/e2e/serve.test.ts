import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { onFileEnd } from '../support/cleanup.ts';
import { startInbox, TWILIO } from '../support/mail.ts';
import { ROOT, cleanEnvironment, freePortBase, runCaducee } from '../support/sandbox.ts';
import { testDatabase, testRedisUrl } from '../support/services.ts';

/** The provider as an operator runs it: production mode, PostgreSQL, Redis, behind a proxy that ends TLS. */

const PERSONAS = join(
  ROOT,
  'config',
  'personas',
  'Extraction_ProSanteConnect_Personne_activite_personas.txt',
);
let environment: Record<string, string>;
let ports: number;

beforeAll(async () => {
  const [{ url }, redisUrl, inbox] = await Promise.all([
    testDatabase({ empty: true }),
    testRedisUrl(),
    startInbox(),
  ]);
  ports = await freePortBase();
  environment = {
    CADUCEE_MODE: 'production',
    CADUCEE_ISSUER: 'https://auth.sante.example/auth/realms/esante-wallet',
    CADUCEE_TRUSTED_PROXIES: '127.0.0.1',
    CADUCEE_DATABASE_URL: url,
    CADUCEE_REDIS_URL: redisUrl,
    CADUCEE_MASTER_KEY: Buffer.alloc(32, 9).toString('base64url'),
    CADUCEE_SMTP_URL: inbox.urls().smtp,
    CADUCEE_MAIL_FROM: 'Caducée <ne-pas-repondre@sante.example>',
    CADUCEE_TWILIO_ACCOUNT_SID: TWILIO.accountSid,
    CADUCEE_TWILIO_AUTH_TOKEN: TWILIO.authToken,
    CADUCEE_TWILIO_FROM: 'Caducee',
    CADUCEE_TWILIO_BASE_URL: inbox.urls().twilio,
    CADUCEE_HELP_PHONE: '01 99 00 00 00',
    CADUCEE_HELP_HOURS: 'du lundi au vendredi',
  };
});

interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** A request as the TLS terminator forwards it. */
const get = (port: number, path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const forwarded = {
      host: 'auth.sante.example',
      'x-forwarded-proto': 'https',
      'x-forwarded-for': '192.0.2.7',
    };
    request({ host: '127.0.0.1', port, path, headers: { ...forwarded, ...headers } }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    })
      .on('error', reject)
      .end();
  });

interface Served {
  process: ChildProcess;
  log(): string;
  exited: Promise<unknown[]>;
}

/** Starts `caducee serve` and waits until it logs that it is ready. */
const serve = async (changes: Record<string, string>): Promise<Served> => {
  const child = spawn(process.execPath, [join(ROOT, 'src', 'cli.ts'), 'serve'], {
    env: cleanEnvironment({ ...environment, ...changes }),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onFileEnd(() => void child.kill('SIGKILL'));
  let log = '';
  const exited = once(child, 'exit');
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
  return { process: child, log: () => log, exited };
};

test('an incomplete configuration is told whole, and nothing starts', async () => {
  const { code, stderr } = await runCaducee(['serve'], {
    CADUCEE_DATABASE_URL: environment['CADUCEE_DATABASE_URL'] ?? '',
    CADUCEE_STORE: 'memory',
  });
  expect(code).toBe(1);
  for (const name of ['CADUCEE_ISSUER', 'CADUCEE_MASTER_KEY', 'CADUCEE_SMTP_URL', 'CADUCEE_STORE']) {
    expect(stderr).toContain(name);
  }
});

describe('an operator', () => {
  test('migrates, even twice at once, and imports a file', async () => {
    const both = await Promise.all([
      runCaducee(['migrate', '--json'], environment),
      runCaducee(['migrate', '--json'], environment),
    ]);
    expect(both.map(({ code, stderr }) => ({ code, stderr }))).toEqual([
      { code: 0, stderr: '' },
      { code: 0, stderr: '' },
    ]);
    const applied = both.flatMap(({ stdout }) => (JSON.parse(stdout) as { applied: string[] }).applied);
    expect(applied.length).toBeGreaterThan(5);
    expect(new Set(applied).size).toBe(applied.length);
    const imported = await runCaducee(['registry', 'import', PERSONAS, '--json'], environment);
    expect(imported.code, imported.stderr).toBe(0);
  }, 60_000);

  test('serves behind a proxy from two processes that share their keys, and stops them gently', async () => {
    const [first, second] = await Promise.all([
      serve({ CADUCEE_LISTEN_PORT: String(ports), CADUCEE_METRICS_PORT: String(ports + 2) }),
      serve({ CADUCEE_LISTEN_PORT: String(ports + 1) }),
    ]);
    const base = '/auth/realms/esante-wallet';
    const answers = await Promise.all(
      [ports, ports + 1].map(async (port) => ({
        ready: await get(port, '/readyz?verbose'),
        discovery: await get(port, `${base}/.well-known/wallet-openid-configuration`),
        keys: await get(port, `${base}/protocol/openid-connect/certs`),
      })),
    );
    for (const { ready, discovery } of answers) {
      expect(JSON.parse(ready.body)).toEqual({
        status: 'ok',
        checks: { database: 'ok', signingKeys: 'ok', store: 'ok' },
      });
      expect(JSON.parse(discovery.body)).toMatchObject({
        issuer: environment['CADUCEE_ISSUER'],
        authorization_endpoint: 'https://auth.sante.example/auth',
      });
      expect(discovery.headers['strict-transport-security']).toContain('max-age');
    }
    expect(answers[0]?.keys.body).toBe(answers[1]?.keys.body);
    expect((await get(ports + 2, '/metrics')).body).toContain('caducee_http_requests_total');

    first.process.kill('SIGTERM');
    second.process.kill('SIGTERM');
    expect(await Promise.all([first.exited, second.exited])).toEqual([
      [0, null],
      [0, null],
    ]);
  }, 90_000);

  test('has nothing of the sandbox on it, and does not answer for another host', async () => {
    const served = await serve({ CADUCEE_LISTEN_PORT: String(ports) });
    expect((await get(ports, '/')).body).not.toContain('899700000013');
    const authorize =
      '/auth?client_id=sandbox&response_type=code&scope=openid&redirect_uri=http%3A%2F%2Flocalhost%2Fcb';
    expect((await get(ports, authorize)).status).toBe(400);
    expect((await get(ports, '/aide', { host: 'evil.example' })).status).toBeGreaterThanOrEqual(400);
    served.process.kill('SIGTERM');
    await served.exited;
  }, 60_000);
});
