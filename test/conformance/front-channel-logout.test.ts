import { AxeBuilder } from '@axe-core/playwright';
import type { BrowserContext, Page } from 'playwright-core';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { authorizationRequest, Browser } from '../http/oidc-harness.ts';
import { launchBrowser } from '../support/browser.ts';
import { startLogoutSite, startService, type LogoutSite, type Service } from '../support/logout-site.ts';

/** The modules of the OpenID Foundation's plan for Front-Channel Logout, in a real browser. */

/** SCREENSHOTS=folder keeps what the page looks like. */
const SHOTS = process.env['SCREENSHOTS'];
let site: LogoutSite;
let one: Service;
let two: Service;
let context: BrowserContext;
let page: Page;
beforeAll(async () => {
  site = await startLogoutSite();
  [one, two] = [await startService(), await startService()];
  for (const [id, service] of [
    ['one', one],
    ['two', two],
  ] as const) {
    await site.register(id, service, {
      frontchannel_logout_uri: `${service.origin}/front?keep=1`,
      frontchannel_logout_session_required: true,
    });
  }
  const browser = await launchBrowser();
  context = await browser.newContext({ locale: 'fr-FR' });
});
beforeEach(async () => {
  for (const service of [one, two]) {
    service.asked.length = 0;
    service.pages = {};
  }
  await context.clearCookies();
  page = await context.newPage();
  return async () => page.close();
});

const signIn = async (clientId: string, service: Service): Promise<string> => {
  const { url, verifier } = authorizationRequest(site.harness, {
    client_id: clientId,
    redirect_uri: `${service.origin}/callback`,
  });
  await page.goto(url);
  await page.waitForURL(`${service.origin}/callback*`);
  const response = await fetch(`${site.harness.config.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:secret`).toString('base64')}` },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: new URL(page.url()).searchParams.get('code') ?? '',
      redirect_uri: `${service.origin}/callback`,
      code_verifier: verifier,
    }),
  });
  return ((await response.json()) as { id_token: string }).id_token;
};

/** What axe has to say of our own page; the iframes are the services'. */
const violations = async (): Promise<string[]> => {
  const { violations: found } = await new AxeBuilder({ page })
    .exclude('iframe')
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return found.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
};

/** The first address that each service's iframe was opened at. */
const opened = (service: Service): URLSearchParams | undefined => service.at('/front')[0]?.url.searchParams;

describe('the plan', () => {
  it('oidcc-frontchannel-rp-initiated-logout-discovery-endpoint-verification', async () => {
    const response = await fetch(`${site.harness.config.issuer}/.well-known/openid-configuration`);
    expect(await response.json()).toMatchObject({
      frontchannel_logout_supported: true,
      frontchannel_logout_session_supported: true,
    });
  });

  it('oidcc-frontchannel-rp-initiated-logout: each service in an iframe with iss and sid, then back', async () => {
    const hint = await signIn('one', one);
    await signIn('two', two);
    const [session] = await site.harness.oidc.sessions.list({ clientId: 'two' });
    await page.goto(
      site.logout({ id_token_hint: hint, post_logout_redirect_uri: `${one.origin}/bye`, state: 's' }),
    );
    await page.waitForURL(`${one.origin}/bye?state=s`);
    for (const service of [one, two]) {
      expect(Object.fromEntries(opened(service) ?? [])).toEqual({
        keep: '1',
        iss: site.harness.config.issuer,
        sid: session?.sid,
      });
    }
    expect(await site.harness.oidc.sessions.list({ clientId: 'two' })).not.toContainEqual(
      expect.objectContaining({ sid: session?.sid }),
    );
  });
});

describe('beyond the plan', () => {
  it('allows these origins in iframes, and no other', async () => {
    const browser = new Browser();
    const tokens = await site.signIn(browser, 'one', one);
    await site.signIn(browser, 'two', two);
    const { response } = await browser.follow(site.logout({ id_token_hint: tokens.id_token }));
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(/frame-src ([^;]+)/.exec(policy)?.[1]?.split(' ').sort()).toEqual([one.origin, two.origin].sort());
    expect(policy).toContain("frame-ancestors 'none'");
  });

  it('opens them on the page of a sign-out that returns nowhere', async () => {
    await signIn('one', one);
    await page.goto(site.logoutUrl);
    await page.click('button[name=logout]');
    await page.waitForSelector('.done');
    await expect.poll(() => opened(one)?.get('iss')).toBe(site.harness.config.issuer);
    expect(opened(two)).toBeUndefined();
    expect(await page.locator('h1').textContent()).toBe('Vous êtes déconnecté');
    expect(await violations()).toEqual([]);
  });

  it('of one service left alone, opens that one only', async () => {
    await signIn('one', one);
    await signIn('two', two);
    await page.goto(site.logout({ client_id: 'one' }));
    await page.click('button.second');
    await page.waitForSelector('.done');
    await expect.poll(() => opened(one)).toBeDefined();
    expect(opened(two)).toBeUndefined();
  });

  it('does not wait for ever for a service that hangs', async () => {
    two.pages['/front'] = () => ({ hang: true });
    const hint = await signIn('one', one);
    await signIn('two', two);
    await page.goto(site.logout({ id_token_hint: hint, post_logout_redirect_uri: `${one.origin}/bye` }), {
      waitUntil: 'commit',
    });
    await page.waitForURL(`${one.origin}/bye`, { timeout: 15_000 });
    expect(opened(two)).toBeDefined();
  });

  it('says what it waits for, to everybody', async () => {
    const hint = await signIn('one', one);
    // Without its script the page stays.
    await page.route('**/assets/sign-out.*.js', (route) => route.abort());
    await page.goto(site.logout({ id_token_hint: hint, post_logout_redirect_uri: `${one.origin}/bye` }), {
      waitUntil: 'commit',
    });
    await expect.poll(() => page.locator('a[data-next]').count()).toBe(1);
    expect(await page.locator('[role=status]').textContent()).toContain('Nous prévenons les services');
    if (SHOTS) await page.screenshot({ path: `${SHOTS}/signing-out.png` });
    expect(await violations()).toEqual([]);
    await page.getByRole('link', { name: 'Continuer sans attendre' }).click();
    await page.waitForURL(`${one.origin}/bye`);
  });

  it('goes on without scripts too', async () => {
    const browser = context.browser();
    const bare = await browser?.newContext({ javaScriptEnabled: false });
    const other = await bare?.newPage();
    if (!bare || !other) throw new Error('no browser');
    const { url } = authorizationRequest(site.harness, {
      client_id: 'one',
      redirect_uri: `${one.origin}/callback`,
    });
    await other.goto(url);
    await other.goto(site.logout({ client_id: 'one', post_logout_redirect_uri: `${one.origin}/bye` }));
    await other.click('button[name=logout]');
    await other.waitForURL(`${one.origin}/bye`);
    expect(opened(one)?.get('iss')).toBe(site.harness.config.issuer);
    await bare.close();
  });

  it('lets nobody out of the iframe: a service cannot take the page over', async () => {
    one.pages['/front'] = () => ({
      body: '<!doctype html><script>try { top.location = "https://evil.example/" } catch {}</script>',
    });
    const hint = await signIn('one', one);
    await page.goto(site.logout({ id_token_hint: hint }));
    await expect.poll(() => opened(one)).toBeDefined();
    await page.waitForLoadState('load');
    expect(page.url()).toContain(site.harness.origin);
  });

  it('redirects a service’s server as before: it has no iframes', async () => {
    const browser = new Browser();
    const tokens = await site.signIn(browser, 'one', one);
    const response = await fetch(site.logoutUrl, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({
        id_token_hint: tokens.id_token,
        post_logout_redirect_uri: `${one.origin}/bye`,
      }),
    });
    expect([response.status, response.headers.get('location')]).toEqual([303, `${one.origin}/bye`]);
  });

  it('refuses an address that is not at the service’s own origin', async () => {
    await expect(
      site.register('elsewhere', one, { frontchannel_logout_uri: 'https://evil.example/out' }),
    ).rejects.toThrow('origin of one of redirect_uris');
  });
});
