import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import Provider, { type Configuration } from 'oidc-provider';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Listening } from '../../examples/shared/listen.ts';
import { createSiDep } from '../../examples/si-dep/service.ts';
import { createVaccinCovid } from '../../examples/vaccin-covid/service.ts';

/**
 * The example services against the OpenID library itself, with a sign-in that asks nothing: what they do is theirs, not
 * an effect of our provider. The whole story with our provider is in test/e2e.
 */

const SECRET = 'a-secret-of-the-test';
const CLAIMS = {
  given_name: 'Ada',
  family_name: "N'Guyen <b>",
  SubjectNameID: '899700000011',
  SubjectRefPro: {
    codeCivilite: 'MME',
    exercices: [
      {
        codeProfession: '10',
        codeCategorieProfessionnelle: 'C',
        codeCiviliteDexercice: 'DR',
        activities: [
          { raisonSocialeSite: 'CABINET DES LILAS', codePostal: '93260', codeSecteurDactivite: 'SA07' },
        ],
      },
    ],
  },
};

/** A browser: one cookie jar for each origin, redirects followed one by one. */
class Browser {
  #jar = new Map<string, Map<string, string>>();
  visited: string[] = [];

  async request(url: string | URL, init: RequestInit = {}): Promise<Response> {
    const { origin } = new URL(url);
    const jar = this.#jar.get(origin) ?? new Map<string, string>();
    this.#jar.set(origin, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /expires=Thu, 01 Jan 1970/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    return response;
  }

  async open(
    url: string | URL,
    init: RequestInit = {},
  ): Promise<{ url: string; status: number; text: string }> {
    let response = await this.request(url, init);
    let at = String(url);
    for (let hops = 0; hops < 20 && response.headers.has('location'); hops += 1) {
      at = new URL(response.headers.get('location') ?? '', at).href;
      this.visited.push(at);
      response = await this.request(at);
    }
    return { url: at, status: response.status, text: await response.text() };
  }

  cookies(origin: string): string[] {
    return [...(this.#jar.get(origin)?.keys() ?? [])];
  }
}

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );

interface Site {
  origin: string;
  service: Listening;
}

let provider: Provider;
let issuer: string;
let providerServer: Server;
let vaccin: Site;
let sidep: Site;
const errors: unknown[] = [];

/** A port that is known before the service runs, for the redirect address belongs to the registration. */
const freePort = async (): Promise<number> => {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
};

const client = (clientId: string, origin: string) => ({
  client_id: clientId,
  client_secret: SECRET,
  redirect_uris: [`${origin}/callback`],
  post_logout_redirect_uris: [`${origin}/`],
  backchannel_logout_uri: `${origin}/backchannel-logout`,
  backchannel_logout_session_required: true,
  grant_types: ['authorization_code', 'refresh_token'],
});

const configuration = async (origins: string[]): Promise<Configuration> => {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return {
    clients: origins.map((origin, index) => client(index === 0 ? 'vaccin-covid' : 'si-dep', origin)),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), use: 'sig', kid: 'test' }] },
    cookies: { keys: ['test'] },
    scopes: ['openid', 'scope_all', 'offline_access'],
    claims: { openid: ['sub'], scope_all: Object.keys(CLAIMS) },
    acrValues: ['eidas1'],
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, ...CLAIMS }) }),
    issueRefreshToken: () => true,
    ttl: {
      AccessToken: 120,
      RefreshToken: 1800,
      IdToken: 120,
      Session: 14_400,
      Grant: 14_400,
      Interaction: 600,
    },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true, logoutSource: (ctx, form) => void (ctx.body = form) },
    },
    interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
    // The library refuses to call this machine, which is right everywhere but here.
    fetch: (url, init) => {
      const { dispatcher: _dispatcher, ...options } = (init ?? {}) as RequestInit & { dispatcher?: unknown };
      return fetch(url, options);
    },
  };
};

/** Whoever comes is signed in as the same person. */
const interactions = (app: Koa, oidc: Provider) =>
  app.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next();
    const { params, grantId } = await oidc.interactionDetails(ctx.req, ctx.res);
    const grant =
      (grantId && (await oidc.Grant.find(grantId))) ||
      new oidc.Grant({ accountId: 'ada', clientId: String(params['client_id']) });
    grant.addOIDCScope('openid scope_all');
    ctx.respond = false;
    await oidc.interactionFinished(ctx.req, ctx.res, {
      login: { accountId: 'ada' },
      consent: { grantId: await grant.save() },
    });
  });

const startProvider = async (port: number, origins: string[]): Promise<void> => {
  provider = new Provider(issuer, await configuration(origins));
  const app = interactions(new Koa(), provider);
  app.use(async (ctx) => {
    ctx.respond = false;
    await provider.callback()(ctx.req, ctx.res);
  });
  providerServer = createServer(app.callback());
  await new Promise<void>((resolve) => providerServer.listen(port, '127.0.0.1', resolve));
};

const stopProvider = () =>
  new Promise<void>((resolve) => {
    providerServer.close(() => resolve());
    providerServer.closeAllConnections();
  });

const origins: string[] = [];
let providerPort: number;

beforeAll(async () => {
  const ports = [await freePort(), await freePort(), await freePort()] as const;
  providerPort = ports[0];
  issuer = `http://localhost:${providerPort}`;
  origins.push(`http://localhost:${ports[1]}`, `http://localhost:${ports[2]}`);
  const registration = { issuer, clientSecret: SECRET, onError: (error: unknown) => errors.push(error) };
  const [first = '', second = ''] = origins;
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
  if (providerServer.listening) await stopProvider();
});

afterEach(() => {
  vi.useRealTimers();
  errors.length = 0;
});

const csrfOf = (page: string): string => /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
const post = (form: Record<string, string>): RequestInit => ({
  method: 'POST',
  body: new URLSearchParams(form),
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
    await startProvider(providerPort, origins);
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
    provider.on('grant.success', refreshed);
    later(121);
    const pages = await Promise.all([1, 2, 3, 4].map(() => browser.open(`${vaccin.origin}/`)));
    provider.removeListener('grant.success', refreshed);
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
    await stopProvider();
    later(121);
    const { text } = await browser.open(`${vaccin.origin}/`);
    await new Promise<void>((resolve) => providerServer.listen(providerPort, '127.0.0.1', resolve));
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
