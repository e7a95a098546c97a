import { SignJWT, generateKeyPair } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Listening } from '../../examples/shared/listen.ts';
import { createSiDep } from '../../examples/si-dep/service.ts';
import { createVaccinCovid } from '../../examples/vaccin-covid/service.ts';
import {
  Browser,
  SECRET,
  type TestProvider,
  createTestProvider,
  csrfOf,
  freePort,
  post,
} from './examples-harness.ts';

/**
 * The example services against the OpenID library itself, with a sign-in that asks nothing: what they do is theirs, not
 * an effect of our provider. The whole story with our provider is in test/e2e.
 */

interface Site {
  origin: string;
  service: Listening;
}

let provider: TestProvider;
let issuer: string;
let vaccin: Site;
let sidep: Site;
const errors: unknown[] = [];

beforeAll(async () => {
  const ports = [await freePort(), await freePort(), await freePort()] as const;
  issuer = `http://localhost:${ports[0]}`;
  const [first, second] = [`http://localhost:${ports[1]}`, `http://localhost:${ports[2]}`];
  provider = await createTestProvider(ports[0], { 'vaccin-covid': first, 'si-dep': second });
  const registration = { issuer, clientSecret: SECRET, onError: (error: unknown) => errors.push(error) };
  vaccin = {
    origin: first,
    service: createVaccinCovid({ ...registration, clientId: 'vaccin-covid', origin: first }),
  };
  sidep = { origin: second, service: createSiDep({ ...registration, clientId: 'si-dep', origin: second }) };
  await vaccin.service.start(ports[1]);
  await sidep.service.start(ports[2]);
});

afterAll(async () => {
  await vaccin.service.stop();
  await sidep.service.stop();
  await provider.stop();
});

afterEach(() => {
  vi.useRealTimers();
  errors.length = 0;
});

/** Signs out of one service; the library's own confirmation form is answered as a person would. */
const signOut = async (browser: Browser, site: Site): Promise<string> => {
  const { text } = await browser.open(`${site.origin}/`);
  const confirmation = await browser.open(`${site.origin}/deconnexion`, post({ csrf: csrfOf(text) }));
  const action = /action="([^"]+)"/.exec(confirmation.text)?.[1] ?? '';
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(confirmation.text)?.[1] ?? '';
  return (await browser.open(action, post({ xsrf, logout: 'yes' }))).url;
};

describe('before the provider runs', () => {
  it('shows its page, and says so when somebody wants to sign in', async () => {
    const browser = new Browser();
    const landing = await browser.open(`${vaccin.origin}/`);
    expect(landing.status).toBe(200);
    expect(landing.text).toContain('identifier avec Caducée');
    const answer = await browser.open(`${vaccin.origin}/connexion`);
    expect(answer.status).toBe(503);
    expect(answer.text).toContain('ne répond pas');
    expect(errors).toHaveLength(1);
  });

  it('finds it once it runs', async () => {
    await provider.listen();
    expect((await new Browser().open(`${vaccin.origin}/connexion`)).text).toContain('Bonjour Dr Ada');
  });
});

describe('signing in', () => {
  it('greets by title, name and profession, and escapes what the claims bring', async () => {
    const { text, url } = await new Browser().open(`${vaccin.origin}/connexion`);
    expect(url).toBe(`${vaccin.origin}/`);
    expect(text).toContain('Bonjour Dr Ada N&#39;Guyen &lt;b&gt;');
    expect(text).toContain('Médecin');
    expect(text).toContain('899700000011');
    expect(text).toContain('CABINET DES LILAS');
    expect(text).toContain('Cabinet individuel · 93260');
  });

  it('speaks English to who chose it, and goes on speaking it', async () => {
    const browser = new Browser();
    await browser.open(`${vaccin.origin}/?lang=en`);
    const { text } = await browser.open(`${vaccin.origin}/connexion`);
    expect(text).toContain('Hello Dr Ada');
    expect(browser.visited.find((url) => url.includes('client_id='))).toContain('ui_locales=en');
  });

  it('asks with state, nonce and PKCE, for openid scope_all at eidas1', async () => {
    const response = await new Browser().request(`${vaccin.origin}/connexion`);
    const { searchParams } = new URL(response.headers.get('location') ?? '');
    expect(Object.fromEntries(searchParams)).toMatchObject({
      response_type: 'code',
      scope: 'openid scope_all',
      acr_values: 'eidas1',
      code_challenge_method: 'S256',
      redirect_uri: `${vaccin.origin}/callback`,
    });
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(searchParams.get(name)?.length).toBeGreaterThanOrEqual(43);
    }
  });

  it('names its cookies after the service and the port', async () => {
    const browser = new Browser();
    await browser.open(`${vaccin.origin}/connexion`);
    expect(browser.cookies(vaccin.origin)).toEqual([`vaccin-covid.${new URL(vaccin.origin).port}`]);
  });

  it('opens a new session: the name that the browser had before signing in is worth nothing after', async () => {
    const browser = new Browser();
    const first = await browser.request(`${vaccin.origin}/connexion`);
    const before = first.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const { text } = await browser.open(first.headers.get('location') ?? '');
    expect(text).toContain('Bonjour');
    const stranger = await fetch(`${vaccin.origin}/`, { headers: { cookie: before } });
    expect(await stranger.text()).not.toContain('Bonjour');
  });

  it('refuses the return of a sign-in that another browser began', async () => {
    const attacker = new Browser();
    const begun = await attacker.request(`${vaccin.origin}/connexion`);
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? '';
    const answer = await new Browser().open(`${vaccin.origin}/callback?code=x&state=${state}`);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('autre navigateur');
  });

  it('refuses a state that served already, without losing who is signed in', async () => {
    const browser = new Browser();
    await browser.open(`${vaccin.origin}/connexion`);
    const returned = browser.visited.find((url) => url.startsWith(`${vaccin.origin}/callback`)) ?? '';
    expect((await browser.open(returned)).text).toContain('Bonjour');
    expect((await new Browser().open(returned)).status).toBe(400);
  });

  it('tells who refused at the provider that they may start again', async () => {
    const browser = new Browser();
    const begun = await browser.request(`${vaccin.origin}/connexion`);
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? '';
    const query = new URLSearchParams({ error: 'access_denied', state, iss: issuer });
    const answer = await browser.open(`${vaccin.origin}/callback?${query.toString()}`);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('pas abouti');
  });

  it('refuses a cookie whose signature is not its own', async () => {
    const name = `vaccin-covid.${new URL(vaccin.origin).port}`;
    const answer = await fetch(`${vaccin.origin}/`, { headers: { cookie: `${name}=abc.def` } });
    expect(await answer.text()).not.toContain('Bonjour');
  });
});

describe('staying signed in', () => {
  const later = (seconds: number) => {
    const now = Date.now();
    vi.useFakeTimers({ toFake: ['Date'], now: now + seconds * 1000 });
  };

  it('asks for fresh tokens once the access token has expired, once for requests that come together', async () => {
    const browser = new Browser();
    await browser.open(`${vaccin.origin}/connexion`);
    const refreshed = vi.fn();
    provider.provider.on('grant.success', refreshed);
    later(121);
    const pages = await Promise.all([1, 2, 3, 4].map(() => browser.open(`${vaccin.origin}/`)));
    provider.provider.removeListener('grant.success', refreshed);
    expect(pages.map(({ text }) => text.includes('Bonjour Dr Ada'))).toEqual([true, true, true, true]);
    expect(refreshed).toHaveBeenCalledTimes(1);
  });

  it('ends when the provider no longer honours the refresh token, and says so', async () => {
    const browser = new Browser();
    await browser.open(`${vaccin.origin}/connexion`);
    later(1_801);
    expect((await browser.open(`${vaccin.origin}/`)).text).toContain('session a pris fin');
    expect((await browser.open(`${vaccin.origin}/`)).text).not.toContain('session a pris fin');
  });

  it('goes on with what it knew while the provider is away', async () => {
    const browser = new Browser();
    await browser.open(`${vaccin.origin}/connexion`);
    await provider.stop();
    later(121);
    const { text } = await browser.open(`${vaccin.origin}/`);
    await provider.listen();
    expect(text).toContain('Bonjour Dr Ada');
    expect(errors).toHaveLength(1);
  });
});

describe('signing out', () => {
  it('is true here, at the provider and in the other service', async () => {
    const browser = new Browser();
    await browser.open(`${vaccin.origin}/connexion`);
    expect((await browser.open(`${sidep.origin}/connexion`)).text).toContain('Bonjour Dr Ada');
    expect(await signOut(browser, vaccin)).toContain(`${vaccin.origin}/`);
    expect((await browser.open(`${vaccin.origin}/`)).text).not.toContain('Bonjour');
    expect((await browser.open(`${sidep.origin}/`)).text).not.toContain('Bonjour');
  });

  it('leaves other people’s sessions alone', async () => {
    const browser = new Browser();
    const other = new Browser();
    await browser.open(`${vaccin.origin}/connexion`);
    await other.open(`${vaccin.origin}/connexion`);
    await signOut(browser, vaccin);
    expect((await other.open(`${vaccin.origin}/`)).text).toContain('Bonjour');
  });

  it('needs the form of its own page', async () => {
    const browser = new Browser();
    await browser.open(`${vaccin.origin}/connexion`);
    await browser.open(`${vaccin.origin}/deconnexion`, post({ csrf: 'guessed' }));
    expect((await browser.open(`${vaccin.origin}/`)).text).toContain('Bonjour');
  });

  const logoutToken = async (changes: Record<string, unknown>) => {
    const { privateKey } = await generateKeyPair('RS256');
    return new SignJWT({
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      sub: 'ada',
      ...changes,
    })
      .setProtectedHeader({ alg: 'RS256', kid: 'test', typ: 'logout+jwt' })
      .setIssuer(issuer)
      .setAudience('vaccin-covid')
      .setIssuedAt()
      .setJti('jti')
      .sign(privateKey);
  };

  it('refuses a logout token that the provider did not sign, and ends nothing', async () => {
    const browser = new Browser();
    await browser.open(`${vaccin.origin}/connexion`);
    const answer = await fetch(
      `${vaccin.origin}/backchannel-logout`,
      post({ logout_token: await logoutToken({}) }),
    );
    expect(answer.status).toBe(400);
    expect((await browser.open(`${vaccin.origin}/`)).text).toContain('Bonjour');
  });
});

describe('every page', () => {
  it('has a strict content security policy and is never stored', async () => {
    const { headers } = await fetch(`${vaccin.origin}/`);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('content-security-policy')).toContain(`form-action 'self' ${issuer}`);
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('has a page for an address that does not exist', async () => {
    const answer = await fetch(`${sidep.origin}/nowhere`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('existe pas');
  });
});
