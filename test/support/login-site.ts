import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Router from '@koa/router';
import type { Context } from 'koa';
import type { Config } from '../../src/config.ts';
import { Refusal } from '../../src/http/errors.ts';
import { createKernel, type Kernel } from '../../src/http/kernel.ts';
import { createOidcPages } from '../../src/login/oidc-pages.ts';
import type {
  ApprovalContext,
  ApprovalState,
  Approvals,
  Interaction,
  SignedIn,
  SignInProvider,
} from '../../src/login/ports.ts';
import { loginRoutes } from '../../src/login/routes.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { token } from '../../src/platform/random.ts';
import { PassThrough } from 'node:stream';
import { onFileEnd } from './cleanup.ts';
import { testConfig } from './config.ts';

/**
 * The sign-in pages on a real server, with the rooms behind them (provider, e-CPS) written here in memory, so that a test
 * decides what the phone answers. The whole story with the real rooms is in test/e2e.
 */

const listen = (server: Server, port = 0): Promise<number> =>
  new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

const freePort = async (): Promise<number> => {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
};

interface Asked {
  token: string;
  state: ApprovalState;
  nationalId: string | undefined;
  context: ApprovalContext;
  address: string | undefined;
  number: string | undefined;
  verifier?: string;
  listeners: Set<() => void>;
}

/** The phone's side, in a test's hands. */
export class PhoneInHand implements Approvals {
  readonly asked: Asked[] = [];
  readonly #known = new Set<string>();
  readonly #clock: ManualClock;
  /** More than five open questions: the QR only. */
  qrOnly = false;

  constructor(clock: ManualClock) {
    this.#clock = clock;
  }

  get last(): Asked {
    const last = this.asked.at(-1);
    if (!last) throw new Error('no phone was asked');
    return last;
  }

  #of(txn: string, browserToken: string): Asked | undefined {
    const asked = this.asked[Number(txn)];
    return asked?.token === browserToken ? asked : undefined;
  }

  /** The phone answers the last question. */
  answer(state: ApprovalState, verifier?: string): void {
    this.last.state = state;
    if (verifier !== undefined) this.last.verifier = verifier;
    for (const listener of this.last.listeners) listener();
  }

  rememberBrowser: Approvals['rememberBrowser'] = async (nationalId, key) => {
    this.#known.add(`${nationalId} ${key}`);
  };
  isKnown: Approvals['isKnown'] = async (nationalId, key) => this.#known.has(`${nationalId} ${key}`);
  start: Approvals['start'] = async ({ nationalId, browserToken, context, address }) => {
    const number = nationalId === undefined || this.qrOnly ? undefined : '42';
    this.asked.push({
      token: browserToken,
      state: 'waiting',
      nationalId,
      context,
      address,
      number,
      listeners: new Set(),
    });
    return {
      txn: String(this.asked.length - 1),
      number,
      expiresAt: new Date(this.#clock.now().getTime() + 120_000),
    };
  };
  qr: Approvals['qr'] = async (txn, browserToken) => this.#of(txn, browserToken) && `ECPS2:${token(24)}`;
  link: Approvals['link'] = async (txn, browserToken) =>
    this.#of(txn, browserToken) && `http://localhost:1/lien#${txn}`;
  status: Approvals['status'] = async (txn, browserToken) => {
    const asked = this.#of(txn, browserToken);
    if (!asked) return 'expired';
    // An approval made on the same phone opens nothing by waiting.
    return asked.verifier === undefined ? asked.state : 'waiting';
  };
  watch: Approvals['watch'] = async (txn, onChange) => {
    const listeners = this.asked[Number(txn)]?.listeners;
    listeners?.add(onChange);
    return async () => void listeners?.delete(onChange);
  };
  finish: Approvals['finish'] = async (txn, browserToken, verifier) => {
    const asked = this.#of(txn, browserToken);
    if (asked?.state !== 'approved' || asked.verifier !== verifier) return undefined;
    asked.state = 'expired';
    return {
      nationalId: asked.nationalId ?? '810000000017',
      practitionerId: 'p1',
      deviceId: 'd1',
      flow: verifier === undefined ? 'cross' : 'same',
      amr: ['pop', 'pin', 'mfa', 'swk', ...(verifier === undefined ? [] : ['phr'])],
      acr: 'eidas1',
      at: this.#clock.now(),
    };
  };
}

/** A provider with one service; the interaction is tied to a cookie as the real one is. */
export class ProviderInHand implements SignInProvider {
  readonly interactions = new Map<string, Interaction>();
  readonly finished: ({ uid: string } & SignedIn)[] = [];
  readonly #service: string;

  constructor(service: string) {
    this.#service = service;
  }

  /** Begins as a service does; the answer sets the cookie. */
  begin(ctx: Context, extra: Partial<Interaction> = {}): string {
    const uid = token(12);
    this.interactions.set(uid, {
      uid,
      service: { clientId: 'vaccin-covid', name: 'Vaccin Covid', host: new URL(this.#service).host },
      redirectUri: `${this.#service}/retour`,
      homeUrl: `${this.#service}/`,
      acr: 'eidas1',
      ...extra,
    });
    ctx.cookies.set('interaction', uid, { path: `/connexion/${uid}`, httpOnly: true });
    return uid;
  }

  interaction: SignInProvider['interaction'] = async (ctx) => {
    const uid = ctx.cookies.get('interaction');
    return uid === undefined ? undefined : this.interactions.get(uid);
  };
  finishSignIn: SignInProvider['finishSignIn'] = async (ctx, signedIn) => {
    const uid = ctx.cookies.get('interaction') ?? '';
    this.finished.push({ uid, ...signedIn });
    const known = this.interactions.get(uid);
    if (known) this.interactions.set(uid, { ...known, resumeUrl: `${this.#service}/retour?code=c` });
    ctx.status = 303;
    ctx.redirect(`${this.#service}/retour?code=c`);
  };
  abort: SignInProvider['abort'] = async (ctx, { error }) => {
    ctx.status = 303;
    ctx.redirect(`${this.#service}/retour?error=${error}`);
  };
}

export interface LoginSite {
  origin: string;
  /** Origin of the service, another one. */
  service: string;
  phone: PhoneInHand;
  provider: ProviderInHand;
  clock: ManualClock;
  kernel: Kernel;
  config: Config;
  /** What was logged so far. */
  log(): string;
  limits: { allowed: boolean; retryAfter: number };
}

const serviceServer = async (): Promise<string> => {
  const server = createServer((req, res) => {
    res.setHeader('content-type', 'text/html; charset=utf-8');
    res.end(
      `<!doctype html><html lang="fr"><title>Vaccin Covid</title><h1>Vaccin Covid</h1><p id="url">${(req.url ?? '').replace(/[^\w?=/&-]/g, '')}</p></html>`,
    );
  });
  const port = await listen(server);
  onFileEnd(() => new Promise((resolve) => server.closeAllConnections() ?? server.close(resolve)));
  return `http://localhost:${port}`;
};

/** Pages that only the tests have: the service's beginning, and every page of the provider. */
const testRoutes = (site: Omit<LoginSite, 'log'>): Router => {
  const router = new Router();
  const pages = createOidcPages(site.kernel.render, site.config);
  const service = { clientId: 'vaccin-covid', name: 'Vaccin Covid', uri: `${site.service}/` };
  const action = `${site.service}/retour`;
  router.get('/commencer', (ctx) => {
    const { ui_locales: uiLocales, login_hint: loginHint } = ctx.query;
    const uid = site.provider.begin(ctx, {
      ...(typeof uiLocales === 'string' ? { uiLocales } : {}),
      ...(typeof loginHint === 'string' ? { loginHint } : {}),
    });
    ctx.redirect(`/connexion/${uid}`);
  });
  router.get('/pages/erreur', (ctx) =>
    pages.error(ctx, {
      code: 'redirect_unknown',
      status: 400,
      supportId: 'K7QF-2M9A',
      error: 'invalid_redirect_uri',
      description: 'redirect_uri did not match',
      service,
    }),
  );
  router.get('/pages/deconnexion', (ctx) =>
    pages.logoutConfirm(ctx, {
      form: '<form id="op.logoutForm" method="post" action="/fin"><input type="hidden" name="xsrf" value="x"/></form>',
      service,
    }),
  );
  router.get('/pages/deconnecte', (ctx) => pages.loggedOut(ctx, { service, partly: false }));
  const device = { action: '/appareil', fields: { xsrf: 'x' } };
  router.get('/pages/appareil', (ctx) =>
    pages.deviceCode(ctx, { form: device, typed: undefined, problem: undefined }),
  );
  router.get('/pages/appareil/inconnu', (ctx) =>
    pages.deviceCode(ctx, { form: device, typed: 'ZZZZ-ZZZZ', problem: 'unknown' }),
  );
  router.get('/pages/appareil/confirmer', (ctx) =>
    pages.deviceConfirm(ctx, { form: device, code: 'WDJB-MJHT', service }),
  );
  router.get('/pages/appareil/fait', (ctx) => pages.deviceDone(ctx, { service }));
  router.get('/pages/form-post', (ctx) =>
    pages.formPost(ctx, { action, fields: { code: '"<c>', state: 's' } }),
  );
  router.get('/pages/refus/:code', (ctx) => {
    const { code = '' } = ctx.params as Record<string, string>;
    throw new Refusal(code, 409, {
      retryAfter: 150,
      triesLeft: 2,
      availableAt: new Date('2021-01-12T08:05:00Z'),
    });
  });
  router.get('/pages/panne', () => {
    throw new Error('the secret is 0000');
  });
  return router;
};

/** Starts the site; everything ends with the test file. */
export const startLoginSite = async (changes: Record<string, string> = {}): Promise<LoginSite> => {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const config = testConfig({ CADUCEE_ISSUER: `${origin}/auth/realms/esante-wallet`, ...changes });
  const lines: string[] = [];
  const sink = new PassThrough().on('data', (chunk: Buffer) => lines.push(chunk.toString()));
  const log = createLog('trace', sink);
  const kernel = createKernel({ config, log });
  const clock = new ManualClock('2021-01-04T08:00:00Z');
  const service = await serviceServer();
  const phone = new PhoneInHand(clock);
  const provider = new ProviderInHand(service);
  const limits = { allowed: true, retryAfter: 0 };
  const site = { origin, service, phone, provider, clock, kernel, config, limits };
  kernel.app.use(
    loginRoutes({
      kernel,
      config,
      oidc: provider,
      approvals: phone,
      registry: { find: async () => ({ givenName: 'Élodie', familyName: 'Martin' }) },
      limits: { hit: async () => limits },
      geo: { place: () => 'Lyon' },
      clock,
      log,
    }),
  );
  kernel.app.use(testRoutes(site).routes() as never);
  const server = kernel.server();
  await listen(server, port);
  onFileEnd(
    () =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  );
  return { ...site, log: () => lines.join('') };
};
