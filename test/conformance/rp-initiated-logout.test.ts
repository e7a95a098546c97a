import { beforeAll, describe, expect, it } from 'vitest';
import { addPractitioner, Browser, DOCTOR } from '../http/oidc-harness.ts';
import { startLogoutSite, startService, type LogoutSite, type Service } from '../support/logout-site.ts';

/**
 * The modules of the OpenID Foundation's plan for RP-Initiated Logout, and then every combination of method, hint,
 * redirect, client_id and session.
 */

let site: LogoutSite;
let service: Service;
beforeAll(async () => {
  site = await startLogoutSite();
  service = await startService();
  await site.register('rp', service);
  await site.register('other', service);
});

const signedIn = async () => {
  const browser = new Browser();
  const tokens = await site.signIn(browser, 'rp', service);
  return { browser, tokens, hint: tokens.id_token, back: `${service.origin}/bye` };
};
const isOpen = (browser: Browser) => site.isOpen(browser, 'rp', service);

/** The button "Se déconnecter de tout" of a page. */
const confirm = async (browser: Browser, page: string) => {
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
  const action = /action="([^"]+)"/.exec(page)?.[1] ?? '';
  return browser.follow(action, { method: 'POST', body: new URLSearchParams({ xsrf, logout: 'yes' }) });
};
const ASKS = 'op.logoutForm';
const DONE = 'Vous êtes déconnecté';

/** Another payload under the same signature. */
const modified = (token: string): string => {
  const [header, payload = '', signature] = token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  const changed = Buffer.from(JSON.stringify({ ...claims, nonce: 'modified' })).toString('base64url');
  return `${header}.${changed}.${signature}`;
};

describe('the plan', () => {
  it('oidcc-rp-initiated-logout-discovery-endpoint-verification', async () => {
    const listed = (await (
      await fetch(`${site.harness.config.issuer}/.well-known/openid-configuration`)
    ).json()) as Record<string, unknown>;
    expect(listed['end_session_endpoint']).toBe(site.logoutUrl);
  });

  it('oidcc-rp-initiated-logout', async () => {
    const { browser, hint, back } = await signedIn();
    const { location } = await browser.follow(
      site.logout({ id_token_hint: hint, post_logout_redirect_uri: back, state: 's-1' }),
    );
    expect(location).toBe(`${back}?state=s-1`);
    expect(await isOpen(browser)).toBe(false);
  });

  it('oidcc-rp-initiated-logout-no-state', async () => {
    const { browser, hint, back } = await signedIn();
    const { location } = await browser.follow(
      site.logout({ id_token_hint: hint, post_logout_redirect_uri: back }),
    );
    expect(location).toBe(back);
  });

  it('oidcc-rp-initiated-logout-no-post-logout-redirect-uri', async () => {
    const { browser, hint } = await signedIn();
    const { response, location } = await browser.follow(site.logout({ id_token_hint: hint, state: 's' }));
    expect(location).toBeUndefined();
    expect(await response.text()).toContain(DONE);
    expect(await isOpen(browser)).toBe(false);
  });

  it('oidcc-rp-initiated-logout-no-params', async () => {
    const { browser } = await signedIn();
    const { response } = await browser.follow(site.logoutUrl);
    const page = await response.text();
    expect(page).toContain(ASKS);
    expect(await isOpen(browser)).toBe(true);
    const after = await browser.follow(site.logoutUrl);
    const { response: done, location } = await confirm(browser, await after.response.text());
    expect(location).toBeUndefined();
    expect(await done.text()).toContain(DONE);
    expect(await isOpen(browser)).toBe(false);
  });

  it('oidcc-rp-initiated-logout-only-state', async () => {
    const { browser } = await signedIn();
    const { response } = await browser.follow(site.logout({ state: 'only' }));
    const { response: done, location } = await confirm(browser, await response.text());
    expect(location).toBeUndefined();
    expect(await done.text()).toContain(DONE);
  });

  it('oidcc-rp-initiated-logout-no-id-token-hint', async () => {
    const { browser, back } = await signedIn();
    // Nobody says whose address it is: it is not gone to.
    const { response } = await browser.follow(site.logout({ post_logout_redirect_uri: back, state: 's' }));
    const { location, response: done } = await confirm(browser, await response.text());
    expect(location).toBeUndefined();
    expect(await done.text()).toContain(DONE);
  });

  it('oidcc-rp-initiated-logout-bad-post-logout-redirect-uri', async () => {
    const { browser, hint } = await signedIn();
    const { response, location } = await browser.follow(
      site.logout({ id_token_hint: hint, post_logout_redirect_uri: `${service.origin}/elsewhere` }),
    );
    expect([response.status, location]).toEqual([400, undefined]);
    expect(await response.text()).toContain('post_logout_redirect_uri not registered');
    expect(await isOpen(browser)).toBe(true);
  });

  it('oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri', async () => {
    const { browser, hint, back } = await signedIn();
    const { response, location } = await browser.follow(
      site.logout({ id_token_hint: hint, post_logout_redirect_uri: `${back}?foo=bar` }),
    );
    expect([response.status, location]).toEqual([400, undefined]);
  });

  it.each([
    ['oidcc-rp-initiated-logout-modified-id-token-hint', modified],
    ['oidcc-rp-initiated-logout-bad-id-token-hint', () => 'not-a-token'],
  ])('%s', async (_module, change) => {
    const { browser, hint, back } = await signedIn();
    const url = site.logout({ id_token_hint: change(hint), post_logout_redirect_uri: back, state: 's' });
    const { response, location } = await browser.follow(url);
    expect(location).toBeUndefined();
    const page = await response.text();
    expect(page).toContain(ASKS);
    expect(await isOpen(browser)).toBe(true);
    const asked = await browser.follow(url);
    // Even when the person agrees, an unproven service's address is not gone to.
    expect((await confirm(browser, await asked.response.text())).location).toBeUndefined();
    expect(await isOpen(browser)).toBe(false);
  });
});

const METHODS = ['GET', 'POST'] as const;
const HINTS = ['none', 'valid', 'modified', 'access-token', 'of-other-service'] as const;
const REDIRECTS = ['none', 'registered', 'unregistered'] as const;
const CLIENT_IDS = ['none', 'own', 'other', 'unknown'] as const;
const SESSIONS = ['same-browser', 'no-cookie', 'another-person'] as const;

type Outcome = 'refused' | 'asked' | 'page' | 'redirect';

/** What the rules say, without a word of the implementation. */
const expected = (of: {
  hint: (typeof HINTS)[number];
  redirect: (typeof REDIRECTS)[number];
  clientId: (typeof CLIENT_IDS)[number];
  session: (typeof SESSIONS)[number];
}): { outcome: Outcome; ends: boolean } => {
  const hinted = of.hint === 'valid' ? 'rp' : of.hint === 'of-other-service' ? 'other' : undefined;
  const named = { none: undefined, own: 'rp', other: 'other', unknown: 'unknown' }[of.clientId];
  if (hinted !== undefined && named !== undefined && named !== hinted) {
    return { outcome: 'refused', ends: false };
  }
  const client = hinted ?? (named === 'unknown' ? undefined : named);
  if (client !== undefined && of.redirect === 'unregistered') return { outcome: 'refused', ends: false };
  const left: Outcome = client !== undefined && of.redirect === 'registered' ? 'redirect' : 'page';
  if (hinted !== undefined) return { outcome: left, ends: true };
  if (of.session === 'no-cookie') return { outcome: named === 'unknown' ? 'page' : left, ends: false };
  return { outcome: named === 'unknown' ? 'refused' : 'asked', ends: false };
};

describe('every combination', () => {
  const combinations = METHODS.flatMap((method) =>
    HINTS.flatMap((hint) =>
      REDIRECTS.flatMap((redirect) =>
        CLIENT_IDS.flatMap((clientId) =>
          SESSIONS.map((session) => ({ method, hint, redirect, clientId, session })),
        ),
      ),
    ),
  );

  it(`of ${combinations.length} does what the rules say`, { timeout: 300_000 }, async () => {
    const nurse = '810200000007';
    await addPractitioner(site.harness.db, { nationalId: nurse });
    const another = new Browser();
    site.harness.signIn.nationalId = nurse;
    await site.signIn(another, 'rp', service);
    site.harness.signIn.nationalId = DOCTOR;

    let open = await signedIn();
    const outcomes: unknown[] = [];
    const wanted: unknown[] = [];
    for (const one of combinations) {
      const second = await site.signIn(open.browser, 'other', service);
      const hints = {
        none: undefined,
        valid: open.hint,
        modified: modified(open.hint),
        'access-token': open.tokens.access_token,
        'of-other-service': second.id_token,
      };
      const redirects = {
        none: undefined,
        registered: open.back,
        unregistered: 'https://evil.example/bye',
      };
      const clientIds = { none: undefined, own: 'rp', other: 'other', unknown: 'nobody' };
      const parameters = Object.entries({
        id_token_hint: hints[one.hint],
        post_logout_redirect_uri: redirects[one.redirect],
        client_id: clientIds[one.clientId],
        state: 's',
      }).filter((entry): entry is [string, string] => entry[1] !== undefined);
      const browser = {
        'same-browser': open.browser,
        'no-cookie': new Browser(),
        'another-person': another,
      }[one.session];
      const { response, location } = await (one.method === 'GET'
        ? browser.follow(site.logout(Object.fromEntries(parameters)))
        : browser.follow(site.logoutUrl, { method: 'POST', body: new URLSearchParams(parameters) }));
      const page = await response.text();
      const outcome: Outcome =
        location === undefined
          ? response.status >= 400
            ? 'refused'
            : page.includes(ASKS)
              ? 'asked'
              : 'page'
          : 'redirect';
      if (location !== undefined) expect(location).toBe(`${open.back}?state=s`);
      const stillOpen = await isOpen(open.browser);
      outcomes.push({ ...one, outcome, ends: !stillOpen });
      wanted.push({ ...one, ...expected(one) });
      // Whoever else uses a browser is not signed out by someone's hint.
      if (one.session === 'another-person') expect(await isOpen(another)).toBe(true);
      if (!stillOpen) open = await signedIn();
    }
    expect(outcomes).toEqual(wanted);
  });
});
