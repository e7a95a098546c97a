import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { X509Certificate, createHash, randomBytes } from 'node:crypto';
import { createAudit } from '../../src/audit/record.ts';
import { createKernel } from '../../src/http/kernel.ts';
import { enter } from '../../src/http/service-certificate.ts';
import { seedSandboxClients } from '../../src/clients/sandbox.ts';
import { createClients, type Clients } from '../../src/clients/service.ts';
import { clientSchema, type ClientDeclaration } from '../../src/clients/schema.ts';
import { parseConfig, type Config } from '../../src/config.ts';
import type { CibaQuestion } from '../../src/oidc/ciba/service.ts';
import { createServiceTrust } from '../../src/card/services.ts';
import { createMtlsServer } from '../../src/http/mtls.ts';
import { createServesMtls } from '../../src/oidc/client-auth.ts';
import { ROUTES } from '../../src/oidc/configuration.ts';
import { createOidc, type Oidc } from '../../src/oidc/provider.ts';
import { createOidcPages } from '../../src/login/oidc-pages.ts';
import type { OidcPages } from '../../src/oidc/pages.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createKeyRing } from '../../src/platform/crypto.ts';
import { createLog } from '../../src/platform/log.ts';
import type { Database } from '../../src/platform/postgres.ts';
import type { ExpiringStore } from '../../src/platform/store/contract.ts';
import { createPostgresStore } from '../../src/platform/store/postgres.ts';
import { createRedisStore } from '../../src/platform/store/redis.ts';
import { createRegistry, type Exercise, type Registry } from '../../src/registry/service.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { testDatabase, testRedis, testRedisCluster } from '../support/services.ts';

/** A provider on real servers, with a login page that believes what it is told. */

export type StoreName = 'postgres' | 'redis' | 'cluster';

const openStore = async (name: StoreName, db: Database): Promise<ExpiringStore> => {
  if (name === 'postgres') return createPostgresStore(db);
  return createRedisStore(name === 'redis' ? await testRedis() : await testRedisCluster());
};

/** Who signs in when the test's login page is opened. */
export interface TestSignIn {
  nationalId: string;
  acr: string;
  amr: string[];
  authMode: string;
  deviceId?: string;
}

export const DOCTOR = '899700218896';
export const DOCTOR_SIGN_IN: TestSignIn = {
  nationalId: DOCTOR,
  acr: 'eidas1',
  amr: ['pop', 'pin', 'mfa', 'swk'],
  authMode: 'MOBILE',
  deviceId: 'dev_1',
};

export interface Harness {
  config: Config;
  origin: string;
  db: Database;
  store: ExpiringStore;
  clients: Clients;
  registry: Registry;
  oidc: Oidc;
  signIn: TestSignIn;
  /** Counts of the provider's metrics, by name. */
  counts: Record<string, number>;
  /** What services asked of people's phones (CIBA). */
  asked: CibaQuestion[];
  /** Sign-in pages shown so far. */
  logins: number;
  addClient(declaration: ClientDeclaration, secret?: string): Promise<void>;
  audit(): Promise<
    { type: string; national_id: string | null; client_id: string | null; details: Record<string, unknown> }[]
  >;
}

const fieldsOf = ({ fields }: { fields: Record<string, string> }): string =>
  Object.entries(fields)
    .map(([name, value]) => `<input name="${name}" value="${value}">`)
    .join('');

const pages: OidcPages = {
  error: (ctx, problem) => {
    ctx.type = 'html';
    ctx.body = `<h1>${problem.code}</h1><p>${problem.error}: ${problem.description ?? ''}</p>`;
  },
  logoutConfirm: (ctx, { form, service }) => {
    ctx.type = 'html';
    ctx.body = `<h1>Sign out?</h1>${form}<p>${service?.name ?? ''}</p><button form="op.logoutForm" name="logout" value="yes">`;
  },
  loggedOut: (ctx, { service, partly }) => {
    ctx.type = 'html';
    ctx.body = `<h1>Signed out${partly ? ' partly' : ''}</h1><p>${service?.name ?? ''}</p>`;
  },
  deviceCode: (ctx, { form, problem }) => {
    ctx.type = 'html';
    ctx.body = `<h1>Code?</h1><p>${problem ?? ''}</p>${fieldsOf(form)}`;
  },
  deviceConfirm: (ctx, { form, code, service }) => {
    ctx.type = 'html';
    ctx.body = `<h1>${code}</h1><p>${service.name}</p>${fieldsOf(form)}`;
  },
  deviceDone: (ctx, { service }) => {
    ctx.type = 'html';
    ctx.body = `<h1>Done</h1><p>${service?.name ?? ''}</p>`;
  },
  formPost: (ctx, { action, fields }) => {
    ctx.type = 'html';
    const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`);
    ctx.body = `<form method="post" action="${action}">${inputs.join('')}</form>`;
  },
};

const listen = async (): Promise<{ server: Server; port: number }> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onFileEnd(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return { server, port: (server.address() as AddressInfo).port };
};

/** Adds a person straight to the registry's table. */
export const addPractitioner = async (
  db: Database,
  person: {
    nationalId: string;
    familyName?: string;
    givenName?: string;
    civility?: string;
    exercises?: Partial<Exercise>[];
  },
): Promise<void> => {
  await db.query(
    `INSERT INTO practitioner (national_id, subject, source, civility, family_name, given_name, exercises, digest, created_at, updated_at)
     VALUES ($1, $1, 'test', $2, $3, $4, $5, $6, now(), now())`,
    [
      person.nationalId,
      person.civility ?? 'M',
      person.familyName ?? 'SPECIALISTE0021889',
      person.givenName ?? 'ROBERT',
      JSON.stringify(person.exercises ?? []),
      createHash('sha256').update(person.nationalId).digest(),
    ],
  );
};

const DOCTOR_EXERCISES = [
  {
    codeProfession: '10',
    codeCategorieProfessionnelle: 'C',
    codeCiviliteDexercice: 'DR',
    nomDexercice: 'SPECIALISTE0021889',
    prenomDexercice: 'ROBERT',
    codeTypeSavoirFaire: 'S',
    codeSavoirFaire: 'SM26',
    activities: [
      {
        codeModeExercice: 'L',
        codeSecteurDactivite: 'SA07',
        raisonSocialeSite: 'CABINET M SPECIALISTE0021889',
        identifiantTechniqueDeLaStructure: 'R10000',
      },
      {
        codeModeExercice: 'S',
        codeSecteurDactivite: 'SA01',
        raisonSocialeSite: 'HOPITAL GENERIQUE',
        identifiantTechniqueDeLaStructure: 'F0B0193488',
      },
    ],
  },
] as unknown as Partial<Exercise>[]; // stored activities leave out their empty keys

const configure = (origin: string, overrides: Record<string, string>): Config =>
  parseConfig({
    CADUCEE_MODE: 'sandbox',
    CADUCEE_ISSUER: `${origin}/auth/realms/esante-wallet`,
    CADUCEE_DATABASE_URL: 'postgres://unused/unused',
    CADUCEE_STORE: 'postgres',
    CADUCEE_MASTER_KEY: randomBytes(32).toString('base64url'),
    CADUCEE_SMTP_URL: 'smtp://localhost:1',
    CADUCEE_MAIL_FROM: 'Caducée <x@localhost>',
    CADUCEE_TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    CADUCEE_TWILIO_AUTH_TOKEN: 'unused',
    CADUCEE_TWILIO_FROM: 'CADUCEE',
    CADUCEE_HELP_PHONE: '0 800 000 000',
    CADUCEE_HELP_HOURS: 'de 8 h à 20 h',
    ...overrides,
  });

/** A request with this header arrives as if its service had shown the certificate (base64 of its DER). */
export const SHOWN_CERTIFICATE = 'x-test-shown';

/**
 * Starts a provider on this store, or one that is open. `overrides` are settings; the pages are plain ones unless told; `beside` another one
 * it is a second node, on the same database, store and issuer.
 */
export const startProvider = async (
  storeName: StoreName,
  overrides: Record<string, string> = {},
  options: { pages?: 'plain' | 'real'; beside?: Harness; store?: ExpiringStore } = {},
): Promise<Harness> => {
  const { server, port } = await listen();
  const origin = `http://localhost:${port}`;
  const { beside } = options;
  const config = beside?.config ?? configure(origin, overrides);
  const db = beside?.db ?? (await testDatabase()).db;
  const store = options.store ?? beside?.store ?? (await openStore(storeName, db));
  if (!beside) onFileEnd(() => store.close());
  const clients = createClients({ db });
  await seedSandboxClients(clients, {
    vaccinCovid: 'http://localhost:4003',
    siDep: 'http://localhost:4004',
    portal: 'http://localhost:4008',
  });
  const registry = createRegistry({ db, clock: systemClock, contactDelayHours: 72 });
  if (!beside) await addPractitioner(db, { nationalId: DOCTOR, exercises: DOCTOR_EXERCISES });
  const log = createLog('silent');
  const counts: Record<string, number> = {};
  const kernel = createKernel({ config, log });
  const asked: CibaQuestion[] = [];
  const oidc = await createOidc({
    config,
    db,
    store,
    registry,
    clients,
    keyring: createKeyRing(config.masterKey),
    audit: createAudit({ clock: systemClock }),
    clock: systemClock,
    log,
    pages: options.pages === 'real' ? createOidcPages(kernel.render, config) : pages,
    certificateTrust:
      config.mtlsTrustFile === undefined ? undefined : createServiceTrust(config.mtlsTrustFile, systemClock),
    ask: async (question) => void asked.push(question),
    metrics: (name) => (counts[name] = (counts[name] ?? 0) + 1),
  });
  oidc.deliveries.start();
  onFileEnd(() => oidc.deliveries.stop());
  const harness: Harness = {
    config,
    origin,
    db,
    store,
    clients,
    registry,
    oidc,
    counts,
    asked,
    signIn: { ...DOCTOR_SIGN_IN },
    logins: 0,
    addClient: async (declaration, secret) => {
      await clients.upsert(clientSchema.parse(declaration), secret === undefined ? {} : { secret });
    },
    audit: async () =>
      (
        await db.query<Awaited<ReturnType<Harness['audit']>>[number]>(
          'SELECT type, national_id, client_id, details FROM audit_event ORDER BY id',
        )
      ).rows,
  };
  kernel.app.use(oidc.middleware);
  kernel.answerDirectly(oidc.direct);
  kernel.app.use(async (ctx, next) => {
    if (!ctx.path.startsWith('/connexion/')) return next();
    harness.logins += 1;
    if (ctx.path.endsWith('/abandon')) {
      return oidc.abort(ctx, { error: 'access_denied', error_description: 'abandoned' });
    }
    if (ctx.query['look'] !== undefined) {
      ctx.body = (await oidc.interaction(ctx)) ?? {};
      return;
    }
    await oidc.finishSignIn(ctx, { ...harness.signIn, authTime: new Date() });
  });
  const handler = kernel.handler();
  server.on('request', (request, response) => {
    // What the services' own host does (src/http/mtls.ts), for tests that are not about TLS.
    const shown = request.headers[SHOWN_CERTIFICATE];
    if (typeof shown === 'string') enter(request, new X509Certificate(Buffer.from(shown, 'base64')));
    handler(request, response);
  });
  if (config.mtlsOrigin !== undefined) {
    const mtls = createMtlsServer(config, {
      ...{ origin: config.mtlsOrigin, handler, log },
      serves: createServesMtls(config.issuer, ROUTES),
    });
    await new Promise<void>((resolve) => mtls.listen(config.mtlsListenPort, '127.0.0.1', resolve));
    onFileEnd(() => {
      mtls.closeAllConnections();
      return new Promise((resolve) => mtls.close(resolve));
    });
  }
  return harness;
};

interface Cookie {
  name: string;
  value: string;
  path: string;
}

/** A browser without scripts: cookies by path, redirects followed one at a time. */
export class Browser {
  readonly cookies: Cookie[] = [];

  #send(url: string): string {
    const { pathname } = new URL(url);
    return this.cookies
      .filter(({ path }) => pathname === path || pathname.startsWith(path.endsWith('/') ? path : `${path}/`))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');
  }

  #keep(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split('; ');
      const name = pair.slice(0, pair.indexOf('='));
      const value = pair.slice(pair.indexOf('=') + 1);
      const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/';
      const expires = attributes.find((attribute) => /^expires=/i.test(attribute))?.slice(8);
      const at = this.cookies.findIndex((cookie) => cookie.name === name && cookie.path === path);
      if (at !== -1) this.cookies.splice(at, 1);
      if (value !== '' && !(expires && Date.parse(expires) <= Date.now()))
        this.cookies.push({ name, value, path });
    }
  }

  /** One request, redirects not followed. */
  async fetch(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers({ accept: 'text/html' });
    new Headers(init.headers).forEach((value, name) => headers.set(name, value));
    const cookie = this.#send(url);
    if (cookie) headers.set('cookie', cookie);
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    this.#keep(response);
    return response;
  }

  /** Follows redirects as long as they stay on this origin; gives the last answer and the address it points to. */
  async follow(
    url: string,
    init: RequestInit = {},
  ): Promise<{ response: Response; location: string | undefined }> {
    const { origin } = new URL(url);
    let response = await this.fetch(url, init);
    for (let hops = 0; hops < 10; hops += 1) {
      const location = response.headers.get('location');
      if (!location) return { response, location: undefined };
      const target = new URL(location, url).href;
      if (new URL(target).origin !== origin) return { response, location: target };
      response = await this.fetch(target);
    }
    throw new Error('redirected for ever');
  }
}

export const REDIRECT = 'http://127.0.0.1:45678/callback';

/** PKCE and the rest of an authorization request. */
export const authorizationRequest = (
  harness: Pick<Harness, 'origin'>,
  parameters: Record<string, string | undefined> = {},
) => {
  const verifier = randomBytes(32).toString('base64url');
  const all = {
    client_id: 'sandbox',
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope: 'openid scope_all',
    acr_values: 'eidas1',
    state: 'state-1',
    nonce: 'nonce-1',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    ...parameters,
  };
  const query = new URLSearchParams(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return { url: `${harness.origin}/auth?${query.toString()}`, query, verifier };
};

export const basic = (id: string, secret: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});

export const SANDBOX = basic('sandbox', 'sandbox-secret');

/** A POST to an endpoint below the issuer; the body of the answer as JSON. */
export const post = async (
  harness: Pick<Harness, 'config'>,
  path: string,
  form: Record<string, string>,
  headers: Record<string, string> = SANDBOX,
): Promise<{ status: number; body: Record<string, unknown>; response: Response }> => {
  const response = await fetch(`${harness.config.issuer}/protocol/openid-connect/${path}`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(form),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: text ? (JSON.parse(text) as Record<string, unknown>) : {},
    response,
  };
};

export interface Tokens {
  access_token: string;
  refresh_token: string;
  id_token: string;
  expires_in: number;
  refresh_expires_in: number;
  session_state: string;
  scope: string;
  [key: string]: unknown;
}

/** Goes to the service's callback; the query it receives. */
export const authorize = async (
  harness: Harness,
  browser: Browser,
  parameters: Record<string, string | undefined> = {},
): Promise<{ answer: URLSearchParams; verifier: string; location: string }> => {
  const { url, verifier } = authorizationRequest(harness, parameters);
  const { response, location } = await browser.follow(url);
  if (location === undefined) throw new Error(`stopped at ${response.status}: ${await response.text()}`);
  return { answer: new URL(location).searchParams, verifier, location };
};

/** A whole sign-in of `sandbox`: the tokens. */
export const signIn = async (
  harness: Harness,
  browser = new Browser(),
  parameters: Record<string, string | undefined> = {},
): Promise<Tokens> => {
  const { answer, verifier } = await authorize(harness, browser, parameters);
  const code = answer.get('code');
  if (!code) throw new Error(`no code: ${answer.toString()}`);
  const { status, body } = await post(harness, 'token', {
    grant_type: 'authorization_code',
    code,
    redirect_uri: parameters['redirect_uri'] ?? REDIRECT,
    code_verifier: verifier,
  });
  if (status !== 200) throw new Error(`no tokens: ${JSON.stringify(body)}`);
  return body as Tokens;
};

export const refresh = (harness: Harness, token: string) =>
  post(harness, 'token', { grant_type: 'refresh_token', refresh_token: token });

/** The payload of a JWT, unverified. */
export const payloadOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>;

export const headerOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>;

export const userinfo = (harness: Harness, accessToken: string): Promise<Response> =>
  fetch(`${harness.config.issuer}/protocol/openid-connect/userinfo`, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
