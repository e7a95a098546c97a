import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as forward } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { createBrowserState } from '../../src/oidc/browser-state.ts';
import { authorizationRequest, Browser, startProvider, type Harness } from '../http/oidc-harness.ts';
import { BROWSER_ARGS, launchBrowser } from '../support/browser.ts';
import { findChromium } from '../support/chromium.ts';
import { listen } from '../support/card-site.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { startLogoutSite, startService, type LogoutSite, type Service } from '../support/logout-site.ts';

/** The modules of the OpenID Foundation's plan for Session Management, in a real browser. */

let site: LogoutSite;
/** A service of the provider's own site, where its cookie is readable. */
let near: Service;
/** A service of another site: the provider's iframe there is a third party, and its cookie is not shown. */
let far: Service;
beforeAll(async () => {
  site = await startLogoutSite();
  [near, far] = [await startService('localhost'), await startService('127.0.0.1')];
  for (const service of [near, far]) {
    service.pages['/watch'] = () => ({ body: watchPage(frameUrl()) });
    service.pages['/callback'] = () => ({ body: '<!doctype html>signed in' });
  }
  await site.register('near', near);
  await site.register('far', far);
});

const frameUrl = () => `${site.harness.config.issuer}/protocol/openid-connect/login-status-iframe.html`;

/** A provider on https, behind a proxy that ends TLS. */
const startSecure = async (): Promise<{ harness: Harness; origin: string }> => {
  const folder = mkdtempSync(join(tmpdir(), 'caducee-tls-'));
  onFileEnd(() => rmSync(folder, { recursive: true, force: true }));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert],
  ]);
  let target = '';
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    const forwarded = forward(
      new URL(request.url ?? '/', target),
      { method: request.method, headers: { ...request.headers, 'x-forwarded-proto': 'https' } },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    request.pipe(forwarded);
  });
  const origin = `https://localhost:${await listen(server)}`;
  onFileEnd(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const harness = await startProvider('postgres', {
    CADUCEE_ISSUER: `${origin}/auth/realms/esante-wallet`,
    CADUCEE_TRUSTED_PROXIES: '127.0.0.1',
  });
  target = harness.origin;
  await harness.addClient(
    { client_id: 'far', client_name: 'Far', redirect_uris: [`${far.origin}/callback`] },
    'secret',
  );
  return { harness, origin };
};

/** A service's own iframe, as the standard's example has it. */
const watchPage = (frame: string): string => `<!doctype html><iframe id="op" src="${frame}"></iframe>
<script>
  const op = document.getElementById('op');
  const loaded = new Promise((resolve) => op.addEventListener('load', resolve));
  window.ask = async (message) => {
    await loaded;
    return new Promise((resolve) => {
      addEventListener('message', (event) => {
        if (event.origin === new URL(op.src).origin) resolve(event.data);
      }, { once: true });
      op.contentWindow.postMessage(message, new URL(op.src).origin);
    });
  };
</script>`;

const ask = (page: Page, message: unknown): Promise<string> =>
  page.evaluate(
    (text) => (globalThis as unknown as { ask(text: unknown): Promise<string> }).ask(text),
    message,
  );

/** Signs in with a page of a browser; the answer that the service received. */
const signIn = async (page: Page, clientId: string, service: Service) => {
  const { url } = authorizationRequest(site.harness, {
    client_id: clientId,
    redirect_uri: `${service.origin}/callback`,
  });
  await page.goto(url);
  await page.waitForURL(`${service.origin}/callback*`);
  return new URL(page.url()).searchParams;
};

describe('the plan', () => {
  it('oidcc-session-management-discovery-endpoint-verification', async () => {
    const response = await fetch(`${site.harness.config.issuer}/.well-known/openid-configuration`);
    expect(await response.json()).toMatchObject({ check_session_iframe: frameUrl() });
    const frame = await fetch(frameUrl());
    expect(frame.status).toBe(200);
    expect(frame.headers.get('x-frame-options')).toBeNull();
    expect(frame.headers.get('content-security-policy')).toContain('frame-ancestors *');
  });

  it('oidcc-session-management-rp-initiated-logout: unchanged, then changed', async () => {
    const browser = await launchBrowser();
    const context = await browser.newContext();
    const page = await context.newPage();
    const answer = await signIn(page, 'near', near);
    const state = answer.get('session_state') ?? '';
    expect(state).toMatch(/^[\w-]{43}\.[\w-]+$/);
    await page.goto(`${near.origin}/watch`);
    expect(await ask(page, `near ${state}`)).toBe('unchanged');

    const other = await context.newPage();
    await other.goto(site.logoutUrl);
    await other.click('button[name=logout]');
    await other.waitForSelector('.done');
    expect(await ask(page, `near ${state}`)).toBe('changed');

    // Another sign-in is another session.
    const next = await signIn(other, 'near', near);
    expect(await ask(page, `near ${state}`)).toBe('changed');
    expect(await ask(page, `near ${next.get('session_state')}`)).toBe('unchanged');
    await context.close();
  });
});

describe('beyond the plan', () => {
  it('hashes service, origin, state and salt as the standard says', async () => {
    const browser = new Browser();
    const { location } = await browser.follow(
      authorizationRequest(site.harness, { client_id: 'near', redirect_uri: `${near.origin}/callback` }).url,
    );
    const [digest, salt] = (new URL(location ?? '').searchParams.get('session_state') ?? '').split('.');
    const cookie = browser.cookies.find(({ name }) => name.endsWith('_state'))?.value ?? '';
    const [state] = cookie.split('.');
    expect(digest).toBe(
      createHash('sha256').update(`near ${near.origin} ${state} ${salt}`).digest('base64url'),
    );
  });

  it('answers error to what is no question, and changed to another service’s answer', async () => {
    const browser = await launchBrowser();
    const page = await browser.newPage();
    const answer = await signIn(page, 'near', near);
    await page.goto(`${near.origin}/watch`);
    for (const message of ['', 'near', 'near a b', 7, null, { near: 1 }]) {
      expect([message, await ask(page, message)]).toEqual([message, 'error']);
    }
    expect(await ask(page, `far ${answer.get('session_state')}`)).toBe('changed');
    // Keycloak's own scripts send the session's name.
    const [, port] = near.origin.split('localhost:');
    expect(port).toBeDefined();
    expect(await ask(page, `near 11111111-1111-4111-8111-111111111111`)).toBe('changed');
    await page.close();
  });

  it('understands Keycloak’s scripts, which send the session’s name', async () => {
    const browser = await launchBrowser();
    const context = await browser.newContext();
    const page = await context.newPage();
    await signIn(page, 'near', near);
    const [{ sid } = { sid: '' }] = await site.harness.oidc.sessions.list({ clientId: 'near' });
    await page.goto(`${near.origin}/watch`);
    expect(await ask(page, `near ${sid}`)).toBe('unchanged');
    await context.close();
  });

  it('answers error, never changed, where the browser does not show the cookie', async () => {
    const browser = await launchBrowser(['--test-third-party-cookie-phaseout']);
    const context = await browser.newContext();
    const page = await context.newPage();
    const answer = await signIn(page, 'far', far);
    await page.goto(`${far.origin}/watch`);
    expect(await ask(page, `far ${answer.get('session_state')}`)).toBe('error');
    await context.close();
  });

  it.each([
    ['is shown', 0, 'unchanged'],
    ['is not shown', 1, 'error'],
  ])('on https, at a service of another site, where its cookie %s', async (_what, mode, expected) => {
    const secure = await startSecure();
    // A profile that says whether third parties have cookies: in private windows, as test contexts are, they have none.
    const profile = mkdtempSync(join(tmpdir(), 'caducee-profile-'));
    onFileEnd(() => rmSync(profile, { recursive: true, force: true }));
    mkdirSync(join(profile, 'Default'));
    writeFileSync(
      join(profile, 'Default', 'Preferences'),
      JSON.stringify({ profile: { cookie_controls_mode: mode, block_third_party_cookies: mode === 1 } }),
    );
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: findChromium(),
      args: BROWSER_ARGS,
      ignoreHTTPSErrors: true,
    });
    onFileEnd(() => context.close());
    const page = await context.newPage();
    const { query } = authorizationRequest(secure.harness, {
      client_id: 'far',
      redirect_uri: `${far.origin}/callback`,
    });
    await page.goto(`${secure.origin}/auth?${query.toString()}`);
    await page.waitForURL(`${far.origin}/callback*`);
    const state = new URL(page.url()).searchParams.get('session_state') ?? '';
    far.pages['/watch-secure'] = () => ({
      body: watchPage(`${secure.harness.config.issuer}/protocol/openid-connect/login-status-iframe.html`),
    });
    await page.goto(`${far.origin}/watch-secure`);
    expect(await ask(page, `far ${state}`)).toBe(expected);
  });

  it('says changed once the four hours are over', async () => {
    const browser = await launchBrowser();
    const context = await browser.newContext();
    const page = await context.newPage();
    const answer = await signIn(page, 'near', near);
    const message = `near ${answer.get('session_state')}`;
    const later = Date.now() + 4 * 3600 * 1000;
    await context.clock.install({ time: later - 60_000 });
    await page.goto(`${near.origin}/watch`);
    expect(await ask(page, message)).toBe('unchanged');
    await context.clock.setFixedTime(later + 1000);
    expect(await ask(page, message)).toBe('changed');
    await context.close();
  });

  it('sets a cookie that an iframe of another site may read, on https', () => {
    const set: string[] = [];
    const context = {
      cookies: { get: () => undefined },
      append: (_name: string, [value]: [string]) => set.push(value),
    };
    const state = createBrowserState({
      origin: 'https://idp.example',
      cookieName: '__Host-caducee_state',
      sessionSeconds: 14_400,
    });
    const session = { accountId: 'a', uid: 'u', loginTs: 1000 };
    state.sync(context as never, session as never);
    expect(set).toEqual([
      expect.stringMatching(/^__Host-caducee_state=[\w-]{43}\.15400; Path=\/; SameSite=None; Secure$/),
    ]);
  });
});
