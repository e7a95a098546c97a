import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startApache } from '../support/apache.ts';
import { launchBrowser } from '../support/browser.ts';
import { freePort } from '../support/card-site.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { cleanEnvironment, ROOT, type RunningSandbox, startSandbox } from '../support/sandbox.ts';

/**
 * Services as people really build them, with the configuration that docs/relying-party.md shows: signed in with the
 * virtual phone through a real browser, claims seen, refreshed, signed out by themselves and from elsewhere.
 */

const PIN = '493027';
let sandbox: RunningSandbox;
let browser: Browser;
let folder: string;
let state: string;
let nationalId: string;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caducee-rp-'));
  state = join(folder, 'phone.json');
  [sandbox, browser] = await Promise.all([startSandbox(), launchBrowser()]);
  nationalId = sandbox.info.personas.find(({ note }) => /commencez par elle/.test(note))?.nationalId ?? '';
  const done = await sandbox.caducee('phone', 'activate', nationalId, '--pin', PIN, '--state', state);
  expect(done.code, done.stderr).toBe(0);
});
afterAll(async () => {
  await sandbox.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  context = await browser.newContext({ locale: 'fr-FR' });
  page = await context.newPage();
});
afterEach(() => context.close());

/** Registers a service as an operator does; its secret. */
const register = async (
  clientId: string,
  service: string,
  declaration: Record<string, unknown>,
): Promise<string> => {
  const file = join(folder, `${clientId}.json`);
  writeFileSync(
    file,
    JSON.stringify({
      client_id: clientId,
      client_name: `Service ${clientId}`,
      post_logout_redirect_uris: [`${service}/`, service],
      ...declaration,
    }),
  );
  const { stdout, stderr, code } = await sandbox.caducee('clients', 'apply', file, '--json');
  expect(code, stderr).toBe(0);
  return /"secret":"([^"]+)"/.exec(stdout)?.[1] ?? '';
};

/** Runs one of examples/relying-parties; it says "ready" once it listens. */
const run = async (program: string, environment: Record<string, string>): Promise<ChildProcess> => {
  const child = spawn(process.execPath, [join(ROOT, 'examples', 'relying-parties', program)], {
    env: cleanEnvironment(environment),
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  onFileEnd(async () => {
    child.kill('SIGTERM');
    await exited;
  });
  await Promise.race([
    new Promise((resolve) => createInterface({ input: child.stdout }).once('line', resolve)),
    exited.then((code) => Promise.reject(new Error(`${program} ended with ${String(code)}`))),
  ]);
  return child;
};

/** Proves who one is on the sign-in page that is shown. */
const prove = async (): Promise<void> => {
  await page.getByLabel(/Identifiant national/).fill(nationalId);
  await page.getByRole('button', { name: 'Continuer' }).click();
  const number = (await page.locator('[data-number]').getAttribute('data-number')) ?? '';
  const approved = await sandbox.caducee('phone', 'approve', '--state', state, '--number', number);
  expect(approved.code, approved.stderr).toBe(0);
};

const shown = async (): Promise<Record<string, unknown>> =>
  JSON.parse(await page.locator('body').innerText()) as Record<string, unknown>;

/** The person signs out at another service, of everything. */
const signOutElsewhere = async (): Promise<void> => {
  const other = await context.newPage();
  await other.goto(`${sandbox.info.issuer}/protocol/openid-connect/logout`);
  await other.click('button[name=logout]');
  await other.waitForSelector('.done');
  await other.close();
};

/** What the provider says of its last delivery to a service. */
const lastDelivery = async (clientId: string): Promise<string | undefined> => {
  const { stdout } = await sandbox.caducee('deliveries', 'list', '--service', clientId, '--json');
  return (JSON.parse(stdout) as { deliveries: { state: string }[] }).deliveries[0]?.state;
};

const isSignInPage = async (): Promise<void> => {
  await expect.poll(() => page.url()).toContain('/connexion/');
};

describe('Apache with mod_auth_openidc', () => {
  let service: string;
  beforeAll(async () => {
    service = `http://localhost:${await freePort()}`;
    const secret = await register('apache', service, {
      redirect_uris: [`${service}/prive/retour`],
      backchannel_logout_uri: `${service}/prive/retour?logout=backchannel`,
      backchannel_logout_session_required: true,
    });
    await startApache(service, {
      CADUCEE_ISSUER: sandbox.info.issuer,
      CLIENT_ID: 'apache',
      CLIENT_SECRET: secret,
      OIDC_CRYPTO_PASSPHRASE: 'only for this test',
    });
  });

  const signIn = async (): Promise<void> => {
    await page.goto(`${service}/prive/`);
    await prove();
    await page.waitForURL(`${service}/prive/`);
  };

  it('signs in, and its environment has the claims', async () => {
    await signIn();
    const told = await shown();
    expect(told).toMatchObject({ user: nationalId, mode: 'MOBILE' });
    expect(told['userinfo']).toMatchObject({
      SubjectNameID: nationalId,
      SubjectRefPro: { exercices: expect.any(Array) },
    });
  });

  it('refreshes before the access token ends', async () => {
    await signIn();
    const before = await (await page.request.get(`${service}/prive/retour?info=json`)).json();
    const { access_token: token } = before as { access_token: string };
    const query = new URLSearchParams({ refresh: `${service}/`, access_token: token });
    await page.goto(`${service}/prive/retour?${query.toString()}`);
    expect(page.url()).toBe(`${service}/`);
    const after = await (await page.request.get(`${service}/prive/retour?info=json`)).json();
    expect((after as { access_token: string }).access_token).not.toBe(token);
  });

  it('signs out by itself: there, here, and back', async () => {
    await signIn();
    await page.goto(`${service}/prive/retour?logout=${encodeURIComponent(`${service}/`)}`);
    await page.waitForURL(`${service}/`);
    await page.goto(`${service}/prive/`);
    await isSignInPage();
  });

  it('is told of a sign-out elsewhere, and its session ends', async () => {
    await signIn();
    await signOutElsewhere();
    await expect.poll(() => lastDelivery('apache'), { timeout: 30_000 }).toBe('sent');
    await page.goto(`${service}/prive/`);
    await isSignInPage();
  });
});

describe('express-openid-connect', () => {
  let service: string;
  beforeAll(async () => {
    service = `http://localhost:${await freePort()}`;
    const secret = await register('express', service, {
      redirect_uris: [`${service}/callback`],
      backchannel_logout_uri: `${service}/backchannel-logout`,
      backchannel_logout_session_required: true,
    });
    await run('express-openid-connect.mjs', {
      CADUCEE_ISSUER: sandbox.info.issuer,
      SERVICE: service,
      CLIENT_ID: 'express',
      CLIENT_SECRET: secret,
      COOKIE_SECRET: 'only for this test, long enough',
    });
  });

  const signIn = async (): Promise<void> => {
    await page.goto(`${service}/prive`);
    await prove();
    await page.waitForURL(`${service}/prive`);
  };

  it('signs in, sees the claims, refreshes', async () => {
    await signIn();
    expect(await shown()).toMatchObject({ SubjectNameID: nationalId, authMode: 'MOBILE' });
    await page.goto(`${service}/rafraichir`);
    expect(await shown()).toEqual({ refreshed: true });
  });

  it('signs out by itself, everywhere', async () => {
    await signIn();
    await page.goto(`${service}/logout`);
    await page.waitForURL((url) => url.origin === service);
    expect(await shown()).toEqual({ signedIn: false });
    await page.goto(`${service}/prive`);
    await isSignInPage();
  });

  it('is told of a sign-out elsewhere, and its session ends', async () => {
    await signIn();
    await signOutElsewhere();
    await expect.poll(() => lastDelivery('express'), { timeout: 30_000 }).toBe('sent');
    await page.goto(`${service}/`);
    expect(await shown()).toEqual({ signedIn: false });
  });
});

describe('passport-openidconnect', () => {
  let service: string;
  beforeAll(async () => {
    service = `http://localhost:${await freePort()}`;
    const secret = await register('passport', service, {
      redirect_uris: [`${service}/callback`],
      token_endpoint_auth_method: 'client_secret_post',
      compatibility: ['pkce_optional'],
    });
    await run('passport-openidconnect.mjs', {
      CADUCEE_ISSUER: sandbox.info.issuer,
      SERVICE: service,
      CLIENT_ID: 'passport',
      CLIENT_SECRET: secret,
      COOKIE_SECRET: 'only for this test',
    });
  });

  it('signs in, sees who it is, signs out everywhere', async () => {
    await page.goto(`${service}/prive`);
    await prove();
    await page.waitForURL(`${service}/prive`);
    expect(await shown()).toMatchObject({ username: nationalId, name: { familyName: expect.any(String) } });
    await page.goto(`${service}/deconnexion`);
    await page.waitForURL(`${service}/`);
    expect(await shown()).toEqual({ signedIn: false });
    await page.goto(`${service}/prive`);
    await isSignInPage();
  });
});

describe('openid-client', () => {
  let service: string;
  beforeAll(async () => {
    service = `http://localhost:${await freePort()}`;
    const secret = await register('client', service, {
      redirect_uris: [`${service}/callback`],
      backchannel_logout_uri: `${service}/backchannel-logout`,
      backchannel_logout_session_required: true,
    });
    await run('openid-client.mjs', {
      CADUCEE_ISSUER: sandbox.info.issuer,
      SERVICE: service,
      CLIENT_ID: 'client',
      CLIENT_SECRET: secret,
    });
  });

  const signIn = async (): Promise<void> => {
    await page.goto(`${service}/prive`);
    await prove();
    await page.waitForURL(`${service}/prive`);
  };

  it('signs in, sees the claims, refreshes, signs out everywhere', async () => {
    await signIn();
    expect(await shown()).toMatchObject({ SubjectNameID: nationalId, authMode: 'MOBILE' });
    await page.goto(`${service}/rafraichir`);
    expect(await shown()).toEqual({ refreshed: true });
    await page.goto(`${service}/deconnexion`);
    await page.waitForURL(`${service}/`);
    expect(await shown()).toEqual({ signedIn: false });
    await page.goto(`${service}/prive`);
    await isSignInPage();
  });

  it('is told of a sign-out elsewhere, and its session ends', async () => {
    await signIn();
    await signOutElsewhere();
    await expect.poll(() => lastDelivery('client'), { timeout: 30_000 }).toBe('sent');
    await page.goto(`${service}/`);
    expect(await shown()).toEqual({ signedIn: false });
  });
});
