import { decodeJwt, decodeProtectedHeader } from 'jose';
import { beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Browser, DOCTOR } from '../http/oidc-harness.ts';
import { startLogoutSite, startService, type LogoutSite, type Service } from '../support/logout-site.ts';

/** The modules of the OpenID Foundation's plan for Back-Channel Logout, and what the standard says beyond them. */

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

let site: LogoutSite;
let service: Service;
let other: Service;
beforeAll(async () => {
  site = await startLogoutSite();
  service = await startService();
  other = await startService();
  for (const [id, one] of [
    ['rp', service],
    ['other', other],
  ] as const) {
    await site.register(id, one, {
      backchannel_logout_uri: `${one.origin}/backchannel`,
      backchannel_logout_session_required: true,
    });
  }
  await site.register('deaf', service);
});
beforeEach(() => {
  service.asked.length = 0;
  other.asked.length = 0;
});

const told = (one: Service): string[] =>
  one.at('/backchannel').map(({ form }) => form.get('logout_token') ?? '');
const settled = () => site.harness.oidc.deliveries.drain();

describe('the plan', () => {
  it('oidcc-backchannel-rp-initiated-logout-discovery-endpoint-verification', async () => {
    const response = await fetch(`${site.harness.config.issuer}/.well-known/openid-configuration`);
    expect(await response.json()).toMatchObject({
      backchannel_logout_supported: true,
      backchannel_logout_session_supported: true,
      end_session_endpoint: site.logoutUrl,
    });
  });

  it('oidcc-backchannel-rp-initiated-logout', async () => {
    const browser = new Browser();
    const tokens = await site.signIn(browser, 'rp', service);
    await browser.follow(
      site.logout({ id_token_hint: tokens.id_token, post_logout_redirect_uri: `${service.origin}/bye` }),
    );
    await settled();
    const [asked] = service.at('/backchannel');
    expect(asked?.method).toBe('POST');
    expect(asked?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect([...(asked?.form.keys() ?? [])]).toEqual(['logout_token']);
    const [token = ''] = told(service);
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'RS256', typ: 'logout+jwt' });
    const { payload } = await site.verify(token, 'rp');
    expect(Object.keys(payload).sort()).toEqual(
      ['aud', 'events', 'exp', 'iat', 'iss', 'jti', 'sid', 'sub'].sort(),
    );
    expect(payload).toMatchObject({
      sub: (await site.verify(tokens.id_token, 'rp')).payload.sub,
      sid: tokens.session_state,
      events: { [EVENT]: {} },
    });
    // Prohibited, so that no ID token passes for a logout token (2.4).
    expect(payload).not.toHaveProperty('nonce');
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(120);
  });
});

describe('beyond the plan', () => {
  it('tells each service of the session once, and none that did not ask', async () => {
    const browser = new Browser();
    const tokens = await site.signIn(browser, 'rp', service);
    await site.signIn(browser, 'other', other);
    await site.signIn(browser, 'deaf', service);
    await browser.follow(site.logout({ id_token_hint: tokens.id_token }));
    await settled();
    expect(told(service)).toHaveLength(1);
    expect(told(other)).toHaveLength(1);
    const payloads = await Promise.all([
      site.verify(told(service)[0] ?? '', 'rp'),
      site.verify(told(other)[0] ?? '', 'other'),
    ]);
    const [one, two] = payloads.map(({ payload }) => payload);
    expect(one?.['sid']).toBe(two?.['sid']);
    expect(one?.jti).not.toBe(two?.jti);
  });

  it('a logout token is no ID token: it is no hint, no bearer', async () => {
    const browser = new Browser();
    const tokens = await site.signIn(browser, 'rp', service);
    await browser.follow(site.logout({ id_token_hint: tokens.id_token }));
    await settled();
    const [token = ''] = told(service);
    const next = new Browser();
    await site.signIn(next, 'rp', service);
    const { response } = await next.follow(site.logout({ id_token_hint: token }));
    expect(await response.text()).toContain('op.logoutForm');
    const userinfo = await fetch(`${site.harness.config.issuer}/protocol/openid-connect/userinfo`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(userinfo.status).toBe(401);
  });

  it('is sent without the browser: a service’s server ends the session by POST', async () => {
    const browser = new Browser();
    const tokens = await site.signIn(browser, 'rp', service);
    await site.signIn(browser, 'other', other);
    const answer = await fetch(site.logoutUrl, {
      method: 'POST',
      body: new URLSearchParams({ id_token_hint: tokens.id_token }),
    });
    expect(answer.status).toBe(200);
    await settled();
    expect([told(service).length, told(other).length]).toEqual([1, 1]);
  });

  it('of one service left alone, tells that one only', async () => {
    const browser = new Browser();
    await site.signIn(browser, 'rp', service);
    await site.signIn(browser, 'other', other);
    const { response } = await browser.follow(site.logout({ client_id: 'rp' }));
    const page = await response.text();
    const { response: after } = await browser.follow(/action="([^"]+)"/.exec(page)?.[1] ?? '', {
      method: 'POST',
      body: new URLSearchParams({ xsrf: /name="xsrf" value="([^"]+)"/.exec(page)?.[1] ?? '' }),
    });
    expect(await after.text()).toContain('Les autres restent ouverts');
    await settled();
    expect([told(service).length, told(other).length]).toEqual([1, 0]);
    expect(await site.isOpen(browser, 'other', other)).toBe(true);
  });

  it('signs anew for each try: what is delivered hours later verifies, and is no replay', async () => {
    service.pages['/backchannel'] = () => ({ status: 503 });
    const browser = new Browser();
    const tokens = await site.signIn(browser, 'rp', service);
    await browser.follow(site.logout({ id_token_hint: tokens.id_token }));
    await settled();
    delete service.pages['/backchannel'];
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * 3600 * 1000 });
    try {
      await settled();
      const [first = '', second = ''] = told(service);
      await expect(site.verify(first, 'rp')).rejects.toThrow('exp');
      const [one, two] = [decodeJwt(first), (await site.verify(second, 'rp')).payload];
      expect([two.sub, two['sid']]).toEqual([one.sub, one['sid']]);
      expect(two.jti).not.toBe(one.jti);
    } finally {
      vi.useRealTimers();
    }
    const audit = await site.harness.audit();
    expect(audit.filter(({ type }) => type === 'sign_out_delivered').at(-1)).toMatchObject({
      client_id: 'rp',
      details: { attempts: 2 },
    });
  });

  it('does not keep the person waiting for a service that hangs', async () => {
    service.pages['/backchannel'] = () => ({ hang: true });
    const browser = new Browser();
    const tokens = await site.signIn(browser, 'rp', service);
    await site.signIn(browser, 'other', other);
    const { location } = await browser.follow(
      site.logout({ id_token_hint: tokens.id_token, post_logout_redirect_uri: `${service.origin}/bye` }),
    );
    // The answer is there while the service still has the request in hand.
    expect(location).toBe(`${service.origin}/bye`);
    await expect.poll(() => told(other).length).toBe(1);
    await settled();
    const [fate] = await site.harness.oidc.deliveries.fate({ clientId: 'rp', state: 'queued' });
    expect(fate).toMatchObject({
      attempts: 1,
      nationalId: DOCTOR,
      lastError: expect.stringContaining('5000 ms'),
    });
    delete service.pages['/backchannel'];
  });
});
