import { mkdtempSync } from 'node:fs';
import { type IncomingHttpHeaders, createServer, request } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { beforeAll, expect, describe, test } from 'vitest';
import { createKernel } from '../../src/http/kernel.ts';
import { type PhoneBuild, buildPhone, readBuild, writeBuild } from '../../src/phone/build.ts';
import { createPhoneServer, servesPhone } from '../../src/phone/server.ts';
import { createLog } from '../../src/platform/log.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { testConfig } from '../support/config.ts';

/** The app as a browser gets it, behind a proxy that ends TLS: `ecps.sante.example` beside `auth.sante.example`. */

const APP_HOST = 'ecps.sante.example';
const FIRST_LOAD_BYTES = 150_000;

const config = testConfig({
  CADUCEE_MODE: 'production',
  CADUCEE_ISSUER: 'https://auth.sante.example/auth/realms/esante-wallet',
  CADUCEE_APP_ORIGIN: `https://${APP_HOST}`,
  CADUCEE_TRUSTED_PROXIES: '127.0.0.1',
});
let build: PhoneBuild;
let port: number;

beforeAll(async () => {
  build = await buildPhone();
  const log = createLog('silent');
  const kernel = createKernel({ config, log });
  kernel.app.use(createPhoneServer({ config, log, build: async () => build }));
  kernel.app.use((ctx) => {
    ctx.body = 'the provider';
  });
  const server = createServer(kernel.handler());
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  onFileEnd(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  port = (server.address() as AddressInfo).port;
});

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** A request as the proxy forwards it. */
const ask = (
  path: string,
  { method = 'GET', ...headers }: Record<string, string> = {},
  host = APP_HOST,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const req = request(
      { port, path, method, headers: { host, 'x-forwarded-proto': 'https', ...headers } },
      (res) => {
        const chunks: Buffer[] = [];
        res.on('data', (chunk: Buffer) => chunks.push(chunk));
        res.on('end', () =>
          resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(chunks) }),
        );
      },
    );
    req.on('error', reject);
    req.end();
  });

const page = async (): Promise<string> => (await ask('/')).body.toString();

describe('the host of the app', () => {
  test('shows the app and nothing of the provider, which keeps its own host', async () => {
    for (const path of ['/', '/activer', '/l', '/.well-known/openid-configuration/x']) {
      const answer = await ask(path);
      expect(answer.status).toBe(200);
      expect(answer.body.toString()).toContain('id="config"');
    }
    expect((await ask('/', {}, 'auth.sante.example')).body.toString()).toBe('the provider');
    expect((await ask('/nothing.js')).status).toBe(404);
    expect((await ask('/', { method: 'POST' })).status).toBe(405);
  });

  test('is not served where it has no origin of its own', () => {
    expect(servesPhone(config)).toBe(true);
    expect(servesPhone({ origin: config.origin, appOrigin: config.origin })).toBe(false);
  });

  test('has a policy that lets in own scripts only, and one way to make markup', async () => {
    const { headers } = await ask('/');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain(`default-src 'none'`);
    expect(policy).toContain(`script-src 'self';`);
    expect(policy).toContain(`connect-src 'self' https://auth.sante.example;`);
    expect(policy).toContain(`require-trusted-types-for 'script'`);
    expect(policy).toContain('trusted-types caducee');
    expect(policy).not.toMatch(/unsafe|nonce|data:|\*/);
    expect(headers['permissions-policy']).toContain('camera=(self)');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['strict-transport-security']).toContain('max-age=');
    expect(headers['cache-control']).toBe('no-cache');
  });

  test('allows WebAssembly in the worker of the PIN alone', async () => {
    const allowed = await Promise.all(
      [...build.files.map(({ path }) => path), '/sw.js', '/'].map(async (path) => {
        const { headers } = await ask(path);
        return String(headers['content-security-policy']).includes('wasm-unsafe-eval') ? path : undefined;
      }),
    );
    expect(allowed.filter(Boolean)).toEqual([build.workers.pin]);
  });

  test('names every file it needs, from this origin, and tells the app no secret', async () => {
    const text = await page();
    const named = [...text.matchAll(/\s(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(named.length).toBeGreaterThan(5);
    for (const path of named.filter((target) => !target.startsWith('#'))) {
      expect(path).toMatch(/^\/[^/]/);
      expect((await ask(path)).status, path).toBe(200);
    }
    const told = /<script type="application\/json" id="config">([\s\S]*?)<\/script>/.exec(text)?.[1] ?? '';
    expect(Object.keys(JSON.parse(told) as object).toSorted()).toEqual([
      'defaultLocale',
      'helpHours',
      'helpPhone',
      'mailFrom',
      'ordreUrl',
      'origin',
      'timeZone',
      'workers',
    ]);
  });
});

describe('what it weighs', () => {
  test('a first visit downloads less than 150 kB, fonts included', async () => {
    const text = await page();
    const named = [...text.matchAll(/\s(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1] ?? '');
    const paths = [...new Set(['/', ...named])];
    const sizes = await Promise.all(
      paths.map(async (path) => (await ask(path, { 'accept-encoding': 'gzip, br' })).body.length),
    );
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect(total).toBeGreaterThan(20_000);
    expect(total).toBeLessThan(FIRST_LOAD_BYTES);
  });

  test('is compressed as the browser can read it', async () => {
    const plain = await ask(build.entry);
    const br = await ask(build.entry, { 'accept-encoding': 'br' });
    const gzip = await ask(build.entry, { 'accept-encoding': 'gzip' });
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(brotliDecompressSync(br.body).equals(plain.body)).toBe(true);
    expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
    expect(br.headers['cache-control']).toContain('immutable');
    expect(br.headers.vary).toMatch(/accept-encoding/i);
  });
});

describe('installing', () => {
  test('the manifest names an app that stands alone, with icons that exist', async () => {
    const { headers, body } = await ask('/manifest.webmanifest');
    expect(headers['content-type']).toContain('application/manifest+json');
    const manifest = JSON.parse(body.toString()) as {
      display: string;
      icons: { src: string; purpose: string }[];
    };
    expect(manifest.display).toBe('standalone');
    expect(manifest.icons.map(({ purpose }) => purpose)).toContain('maskable');
    for (const { src } of manifest.icons) expect((await ask(src)).headers['content-type']).toBe('image/png');
  });

  test('the service worker keeps files that exist, under a version that follows their content', async () => {
    const worker = await ask('/sw.js');
    expect(worker.headers['cache-control']).toBe('no-cache');
    const known = /^const BUILD = (\{.*\});/.exec(worker.body.toString())?.[1] ?? '';
    const { version, files } = JSON.parse(known) as { version: string; files: string[] };
    expect(version).toMatch(/^[0-9a-f]{16}$/);
    expect(files).toContain('/');
    expect(files).toContain(build.entry);
    for (const file of files) expect((await ask(file)).status, file).toBe(200);
  });

  test('a bundle written beforehand serves the same bytes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'caducee-phone-'));
    expect(await readBuild(folder)).toBeUndefined();
    await writeBuild(build, folder);
    const again = await readBuild(folder);
    const bytes = ({ files }: PhoneBuild) =>
      Object.fromEntries(files.map(({ path, content }) => [path, content.toString('base64')]));
    expect(again && bytes(again)).toEqual(bytes(build));
    expect(again?.entry).toBe(build.entry);
    expect(again?.serviceWorker).toBe(build.serviceWorker);
  });
});

test('the trace of an e-CPS is a cookie without content that no script reads', async () => {
  expect((await ask('/trace')).body.toString()).toBe('0');
  const put = await ask('/trace', { method: 'PUT' });
  const cookie = String(put.headers['set-cookie']);
  expect(put.status).toBe(204);
  expect(cookie).toMatch(/^__Host-ecps=1; /);
  for (const attribute of [/httponly/i, /samesite=strict/i, /secure/i, /path=\//i]) {
    expect(cookie).toMatch(attribute);
  }
  const kept = await ask('/trace', { cookie: '__Host-ecps=1' });
  expect(kept.body.toString()).toBe('1');
  expect(kept.headers['cache-control']).toBe('no-store');
  expect(String((await ask('/trace', { method: 'DELETE' })).headers['set-cookie'])).toMatch(/1970/);
});
