import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import Provider, { type Configuration } from 'oidc-provider';
import { exportJWK, generateKeyPair } from 'jose';

/**
 * A provider that is not ours (the OpenID library itself, with a sign-in that asks nothing) and a browser, so that what
 * the example services do is theirs. Whom it signs in is the `login_hint` of the request, or else Ada.
 */

/** No connection is kept: a service that starts anew on the same port would be met by one to the old. */
export const ONCE = { connection: 'close' };

export const SECRET = 'a-secret-of-the-test';

const doctor = (givenName: string, familyName: string, nationalId: string, activities: unknown[]) => ({
  given_name: givenName,
  family_name: familyName,
  SubjectNameID: nationalId,
  SubjectRefPro: {
    codeCivilite: 'MME',
    exercices: [
      { codeProfession: '10', codeCategorieProfessionnelle: 'C', codeCiviliteDexercice: 'DR', activities },
    ],
  },
});

/** Who there is: a doctor, another without place of practice, one whose claims say no more than who, an employee. */
export const PEOPLE: Record<string, Record<string, unknown>> = {
  ada: doctor('Ada', "N'Guyen <b>", '899700000011', [
    { raisonSocialeSite: 'CABINET DES LILAS', codePostal: '93260', codeSecteurDactivite: 'SA07' },
  ]),
  ben: doctor('Ben', 'Oumar', '899700000029', []),
  cleo: { given_name: 'Cléo', family_name: 'Petit', SubjectNameID: '899700000037' },
  employee: { given_name: 'Dan', family_name: 'Roy', SubjectNameID: '3990000001/CPET00001' },
};
const CLAIM_NAMES = Object.keys(PEOPLE['ada'] ?? {});

/** A browser: one cookie jar for each origin, redirects followed one by one. */
export class Browser {
  #jar = new Map<string, Map<string, string>>();
  visited: string[] = [];

  async request(url: string | URL, init: RequestInit = {}): Promise<Response> {
    const { origin } = new URL(url);
    const jar = this.#jar.get(origin) ?? new Map<string, string>();
    this.#jar.set(origin, jar);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, {
      ...init,
      redirect: 'manual',
      headers: { ...init.headers, ...ONCE, cookie },
    });
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

/** A port that is known before the service runs, for the redirect address belongs to the registration. */
export const freePort = async (): Promise<number> => {
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

const configuration = async (clients: Record<string, string>): Promise<Configuration> => {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  return {
    clients: Object.entries(clients).map(([id, origin]) => client(id, origin)),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), use: 'sig', kid: 'test' }] },
    cookies: { keys: ['test'] },
    scopes: ['openid', 'scope_all', 'offline_access'],
    claims: { openid: ['sub'], scope_all: CLAIM_NAMES },
    acrValues: ['eidas1'],
    findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ sub, ...PEOPLE[sub] }) }),
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
      const headers = new Headers(options.headers);
      headers.set('connection', 'close');
      return fetch(url, { ...options, headers });
    },
  };
};

/** Whoever comes is signed in: as who the request hints at. */
const interactions = (app: Koa, oidc: Provider) =>
  app.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/interaction/')) return next();
    const { params, grantId, session } = await oidc.interactionDetails(ctx.req, ctx.res);
    const accountId = String(params['login_hint'] ?? session?.accountId ?? 'ada');
    const grant =
      (grantId && (await oidc.Grant.find(grantId))) ||
      new oidc.Grant({ accountId, clientId: String(params['client_id']) });
    grant.addOIDCScope('openid scope_all');
    ctx.respond = false;
    await oidc.interactionFinished(ctx.req, ctx.res, {
      login: { accountId, acr: 'eidas1' },
      consent: { grantId: await grant.save() },
    });
  });

export interface TestProvider {
  provider: Provider;
  listen(): Promise<void>;
  stop(): Promise<void>;
}

/** The provider on a port of this machine, with these clients (name → origin); it listens when asked to. */
export const createTestProvider = async (
  port: number,
  clients: Record<string, string>,
): Promise<TestProvider> => {
  const provider = new Provider(`http://localhost:${port}`, await configuration(clients));
  const app = interactions(new Koa(), provider);
  app.use(async (ctx) => {
    ctx.respond = false;
    await provider.callback()(ctx.req, ctx.res);
  });
  const server = createServer(app.callback());
  return {
    provider,
    listen: () => new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve())),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

export const csrfOf = (page: string): string => /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
export const post = (form: Record<string, string>): RequestInit => ({
  method: 'POST',
  body: new URLSearchParams(form),
});
