import Koa, { type Context } from 'koa';
import Router from '@koa/router';
import { type Listening, loopback } from './listen.ts';
import { type Branding, landingPage, noticePage, signedInPage } from './pages.ts';
import { type Locale, readPractitioner } from './practitioner.ts';
import {
  type PendingSignIn,
  type Registration,
  type RelyingParty,
  SessionEnded,
  type SignedIn,
  createRelyingParty,
} from './relying-party.ts';
import { type Session, type Sessions, createSessions } from './sessions.ts';
import { markSvg, stylesheet } from './style.ts';
import type { Notice } from './texts.ts';

/**
 * A complete small service: a page before sign-in, a page after it, sign-out, and the provider's back-channel.
 * One route is one function below; `createService` puts them together.
 */

/** What whoever runs a service gives it. */
export interface ServiceRegistration extends Registration {
  /** Tells two copies on one host apart in cookie names (all ports share one cookie jar); by default the port. */
  instance?: string;
  /** Hears of what went wrong, without any secret. */
  onError?: (error: unknown) => void;
}

export interface ServiceOptions extends ServiceRegistration {
  /** In cookie names: letters, digits and dashes. */
  name: string;
  brand: Branding;
}

interface Service {
  brand: Branding;
  relyingParty: RelyingParty;
  sessions: Sessions;
  cookieName: string;
  onError: (error: unknown) => void;
}

const SIGN_IN_MINUTES = 15;
const OPEN_SIGN_INS = 10;

const localeOf = ({ cookieName }: Service, ctx: Context): Locale => {
  const asked = ctx.query['lang'];
  if (asked === 'fr' || asked === 'en') {
    ctx.cookies.set(`${cookieName}.lang`, asked, { sameSite: 'lax', httpOnly: true });
    return asked;
  }
  return ctx.cookies.get(`${cookieName}.lang`) === 'en' ? 'en' : 'fr';
};

const answer = (ctx: Context, page: string, status = 200) => {
  ctx.status = status;
  ctx.type = 'html';
  ctx.body = page;
};

const leave = (ctx: Context, to: string | URL) => {
  ctx.redirect(String(to));
  ctx.status = 303;
};

/** The session's user, asked again from the provider once the access token has expired. */
const currentUser = async ({ relyingParty }: Service, session: Session): Promise<SignedIn | undefined> => {
  if (!session.user || session.user.accessTokenExpiresAt > Date.now()) return session.user;
  session.refreshing ??= relyingParty.refresh(session.user).finally(() => delete session.refreshing);
  session.user = await session.refreshing;
  return session.user;
};

const showHome = (service: Service) => async (ctx: Context) => {
  const { brand, sessions, onError } = service;
  const locale = localeOf(service, ctx);
  const session = sessions.find(ctx);
  if (!session?.user) return answer(ctx, landingPage(brand, locale));
  let user: SignedIn | undefined = session.user;
  try {
    user = await currentUser(service, session);
  } catch (error) {
    if (error instanceof SessionEnded) {
      sessions.end(ctx);
      return answer(ctx, landingPage(brand, locale, 'ended'));
    }
    // The provider is away for a moment: who was signed in stays so, with what was known.
    onError(error);
  }
  // Meanwhile the provider may have ended the session through the back channel.
  if (!user || sessions.find(ctx) !== session) return answer(ctx, landingPage(brand, locale, 'ended'));
  return answer(ctx, signedInPage(brand, locale, readPractitioner(user.claims, locale), session.csrf));
};

const startSignIn = (service: Service) => async (ctx: Context) => {
  const { brand, relyingParty, sessions, onError } = service;
  const locale = localeOf(service, ctx);
  try {
    const { url, pending } = await relyingParty.begin(locale);
    const session = sessions.find(ctx) ?? sessions.start(ctx);
    for (const state of session.pending.keys()) {
      if (session.pending.size >= OPEN_SIGN_INS) session.pending.delete(state);
    }
    session.pending.set(pending.state, pending);
    leave(ctx, url);
  } catch (error) {
    onError(error);
    answer(ctx, landingPage(brand, locale, 'unavailable'), 503);
  }
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
    return leave(ctx, '/');
  } catch (error) {
    onError(error);
    return fail('refused');
  }
};

const readForm = async (ctx: Context): Promise<URLSearchParams> => {
  let body = '';
  for await (const chunk of ctx.req) {
    body += String(chunk);
    if (body.length > 20_000) ctx.throw(413);
  }
  return new URLSearchParams(body);
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

export const createService = (options: ServiceOptions): Listening => {
  const { brand, name, onError, instance, ...registration } = options;
  const { port, protocol } = new URL(registration.origin);
  const cookieName = `${name}.${instance ?? (port || '443')}`;
  const service: Service = {
    brand,
    cookieName,
    relyingParty: createRelyingParty(registration),
    sessions: createSessions(cookieName, protocol === 'https:'),
    onError: onError ?? (() => undefined),
  };
  const router = new Router()
    .get('/', showHome(service))
    .get('/connexion', startSignIn(service))
    .get('/callback', completeSignIn(service))
    .post('/deconnexion', signOut(service))
    .post('/backchannel-logout', backchannelLogout(service))
    .get('/style.css', (ctx) => {
      ctx.type = 'css';
      ctx.body = stylesheet(brand);
    })
    .get('/mark.svg', (ctx) => {
      ctx.type = 'svg';
      ctx.body = markSvg(brand);
    })
    .get('/livez', (ctx) => {
      ctx.body = 'ok';
    });
  const app = new Koa();
  app.use(headers(registration.issuer)).use(guard(service)).use(router.routes());
  return loopback(app);
};
