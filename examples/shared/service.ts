import Koa, { type Context } from 'koa';
import Router from '@koa/router';
import { type Listening, loopback } from './listen.ts';
import { type Branding, type Link, landingPage, noticePage, signedInPage } from './pages.ts';
import type { Content } from './html.ts';
import { type PendingSignIn, type Registration, createRelyingParty } from './relying-party.ts';
import { type Session, createSessions } from './sessions.ts';
import { markSvg, printScript, stylesheet } from './style.ts';
import type { Notice } from './texts.ts';
import {
  type Kit,
  type Service,
  type Visit,
  answer,
  createKit,
  leave,
  localeOf,
  ownPath,
  readForm,
  whoIsThere,
} from './visit.ts';

/**
 * A complete small service: a page before sign-in, a page after it, sign-out, and the provider's back-channel.
 * One route is one function below; `createService` puts them together, and adds the routes that are a service's own.
 */

/** What whoever runs a service gives it. */
export interface ServiceRegistration extends Registration {
  /** Tells two copies on one host apart in cookie names (all ports share one cookie jar); by default the port. */
  instance?: string;
  /** Hears of what went wrong, without any secret. */
  onError?: (error: unknown) => void;
  /** The time; the machine's by default. */
  now?: () => Date;
}

export interface ServiceOptions extends ServiceRegistration {
  /** In cookie names: letters, digits and dashes. */
  name: string;
  brand: Branding;
  /** The service's own pages. */
  routes?: (kit: Kit) => Router;
  /** What the page after sign-in offers, above who it is. */
  home?: (visit: Visit) => Content;
  /** Addresses open to all, shown before sign-in. */
  open?: readonly Link[];
  /** Closes what the service opened, once it no longer listens. */
  close?: () => void;
}

const SIGN_IN_MINUTES = 15;
const OPEN_SIGN_INS = 10;

const showHome =
  (service: Service, { home, open = [] }: Pick<ServiceOptions, 'home' | 'open'>) =>
  async (ctx: Context) => {
    const { brand } = service;
    const locale = localeOf(service, ctx);
    const visit = await whoIsThere(service, ctx);
    if (typeof visit === 'string') {
      return answer(ctx, landingPage(brand, locale, { open, kind: visit === 'ended' ? visit : undefined }));
    }
    const { person, session } = visit;
    return answer(ctx, signedInPage(brand, locale, person, session.csrf, home?.(visit)));
  };

/** Sends the browser to the provider; it comes back to `returnTo`, an address of ours. */
const sendToProvider = async (
  service: Service,
  ctx: Context,
  { returnTo, loginHint }: { returnTo?: string | undefined; loginHint?: string | undefined },
) => {
  const { brand, relyingParty, sessions, onError } = service;
  const locale = localeOf(service, ctx);
  try {
    const { url, pending } = await relyingParty.begin(locale, loginHint);
    const session = sessions.find(ctx) ?? sessions.start(ctx);
    for (const state of session.pending.keys()) {
      if (session.pending.size >= OPEN_SIGN_INS) session.pending.delete(state);
    }
    session.pending.set(pending.state, returnTo === undefined ? pending : { ...pending, returnTo });
    leave(ctx, url);
  } catch (error) {
    onError(error);
    answer(ctx, landingPage(brand, locale, { kind: 'unavailable' }), 503);
  }
};

const startSignIn = (service: Service) => (ctx: Context) =>
  sendToProvider(service, ctx, { returnTo: ownPath(service.origin, ctx.query['retour']) });

/**
 * Another site sends somebody here to be signed in (OpenID Connect Core, §4: third-party initiated login), by a link or
 * a form. It names the provider, which must be ours, and may name the page to open, which must be ours too.
 */
const startElsewhere = (service: Service) => async (ctx: Context) => {
  const given = ctx.method === 'POST' ? await readForm(ctx) : new URLSearchParams(ctx.querystring);
  if (given.get('iss') !== service.issuer) {
    return answer(ctx, noticePage(service.brand, localeOf(service, ctx), 'otherProvider'), 400);
  }
  return sendToProvider(service, ctx, {
    returnTo: ownPath(service.origin, given.get('target_link_uri')),
    loginHint: given.get('login_hint') ?? undefined,
  });
};

/** The sign-in that this browser started with this `state`; it serves once. */
const takePending = (session: Session | undefined, state: unknown): PendingSignIn | undefined => {
  const pending = typeof state === 'string' ? session?.pending.get(state) : undefined;
  if (pending) session?.pending.delete(pending.state);
  return pending && Date.now() - pending.startedAt < SIGN_IN_MINUTES * 60_000 ? pending : undefined;
};

const completeSignIn = (service: Service) => async (ctx: Context) => {
  const { brand, relyingParty, sessions, onError } = service;
  const locale = localeOf(service, ctx);
  const fail = (kind: Notice) => answer(ctx, noticePage(brand, locale, kind), 400);
  const session = sessions.find(ctx);
  const pending = takePending(session, ctx.query['state']);
  // A second visit to the same address (the back button) by who is signed in already.
  if (!pending && session?.user) return leave(ctx, '/');
  if (!pending) return fail('lost');
  try {
    const user = await relyingParty.complete(ctx.querystring, pending);
    sessions.start(ctx, user);
    return leave(ctx, pending.returnTo ?? '/');
  } catch (error) {
    onError(error);
    return fail('refused');
  }
};

const signOut = (service: Service) => async (ctx: Context) => {
  const { relyingParty, sessions, onError } = service;
  const session = sessions.find(ctx);
  const form = await readForm(ctx);
  if (!session?.user || form.get('csrf') !== session.csrf) return leave(ctx, '/');
  sessions.end(ctx);
  try {
    return leave(ctx, await relyingParty.endSessionUrl(session.user.idToken));
  } catch (error) {
    onError(error);
    return leave(ctx, '/');
  }
};

const backchannelLogout = (service: Service) => async (ctx: Context) => {
  ctx.set('Cache-Control', 'no-store');
  try {
    const token = (await readForm(ctx)).get('logout_token') ?? '';
    service.sessions.endNamed(await service.relyingParty.readLogoutToken(token));
    ctx.status = 200;
    ctx.body = '';
  } catch (error) {
    service.onError(error);
    ctx.status = 400;
    ctx.body = { error: 'invalid_request' };
  }
};

const headers = (issuer: string): Koa.Middleware => {
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "script-src 'self'",
    "img-src 'self'",
    // Chromium applies form-action to the redirects that follow a form: sign-in and sign-out go to the provider.
    `form-action 'self' ${new URL(issuer).origin}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
  return async (ctx, next) => {
    ctx.set({
      'Content-Security-Policy': policy,
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
      'Cache-Control': 'no-store',
    });
    await next();
  };
};

/** The last resort: a page, never a stack trace, and a page for addresses that do not exist. */
const guard =
  (service: Service): Koa.Middleware =>
  async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      service.onError(error);
      return answer(ctx, noticePage(service.brand, localeOf(service, ctx), 'failed'), 500);
    }
    if (ctx.status === 404) answer(ctx, noticePage(service.brand, localeOf(service, ctx), 'notFound'), 404);
  };

/** A form of somebody who is not signed in any more, or from another site's page: nothing was changed. */
const refuseForm = (service: Service) => (ctx: Context) =>
  answer(ctx, noticePage(service.brand, localeOf(service, ctx), 'formLost'), 403);

const asset = (type: string, text: string) => (ctx: Context) => {
  ctx.type = type;
  ctx.body = text;
};

const ownRoutes = (service: Service, options: ServiceOptions): Router =>
  new Router()
    .get('/', showHome(service, options))
    .get('/connexion', startSignIn(service))
    .all('/connexion/initier', startElsewhere(service))
    .get('/callback', completeSignIn(service))
    .post('/deconnexion', signOut(service))
    .post('/backchannel-logout', backchannelLogout(service))
    .get('/style.css', asset('css', stylesheet(service.brand)))
    .get('/mark.svg', asset('svg', markSvg(service.brand)))
    .get('/print.js', asset('js', printScript))
    .get('/livez', asset('text', 'ok'));

export const createService = (options: ServiceOptions): Listening => {
  const { brand, name, onError, instance, now, issuer, clientId, clientSecret, origin } = options;
  const { port, protocol } = new URL(origin);
  const cookieName = `${name}.${instance ?? (port || '443')}`;
  const service: Service = {
    brand,
    cookieName,
    issuer,
    origin,
    relyingParty: createRelyingParty({ issuer, clientId, clientSecret, origin }),
    sessions: createSessions(cookieName, protocol === 'https:'),
    onError: onError ?? (() => undefined),
    now: now ?? (() => new Date()),
  };
  const app = new Koa();
  app.use(headers(issuer)).use(guard(service)).use(ownRoutes(service, options).routes());
  const own = options.routes?.(createKit(service, refuseForm(service)));
  if (own) app.use(own.routes());
  const listening = loopback(app);
  return {
    start: listening.start,
    async stop() {
      await listening.stop();
      options.close?.();
    },
  };
};
