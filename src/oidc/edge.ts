import type { Context, Middleware } from 'koa';
import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider';
import type { Deliveries } from '../deliveries/service.ts';
import { readForm } from '../http/body.ts';
import { allowFormAction } from '../http/headers.ts';
import { completeAnswer, type AnswersDeps } from './answers.ts';
import { type BrowserState, isDestroyed } from './browser-state.ts';
import { ROUTES } from './configuration.ts';
import {
  DEVICE_PAGE,
  DEVICE_QR,
  answerDeviceQr,
  drawDeviceCode,
  type createDeviceGuard,
} from './device-flow.ts';
import type { Metadata } from './direct/metadata.ts';
import type { Events } from './events.ts';
import { frontChannelOf } from './front-channel.ts';
import { withLibraryCookies } from './library-cookies.ts';
import { type createLogout, wantsPage } from './logout.ts';
import { refuseMethod } from './methods.ts';
import type { OidcPages } from './pages.ts';
import { serviceOf } from './problems.ts';
import type { Sessions } from './sessions.ts';
import type { Records } from './unit.ts';
import { STATUS_FRAME, answerStatusFrame } from './status-frame.ts';

/**
 * The provider's front: which addresses are its own, and what happens around the library's handling of them. The
 * library works on the same Koa context, so that headers, language and errors are those of the whole site.
 */
export interface EdgeDeps {
  provider(): Provider;
  records: Records;
  metadata: Metadata;
  issuer: string;
  /** Where the pages are. */
  origin: string;
  events: Events;
  guardDevices: ReturnType<typeof createDeviceGuard>;
  pages: OidcPages;
  sessions: Pick<Sessions, 'touch'>;
  deliveries: Pick<Deliveries, 'kick'>;
  answers: AnswersDeps;
  logout: ReturnType<typeof createLogout>;
  browserState: BrowserState;
}

/** Largest form taken by POST to the authorization and logout endpoints: it becomes the query of a GET. */
const FORM_LIMIT = 12 * 1024;

const WELL_KNOWN = '/.well-known';
const DISCOVERY = `${WELL_KNOWN}/openid-configuration`;

/** Translates an address of ours to the library's path below the issuer; undefined for what is not the provider's. */
export const createPaths = (issuer: string): ((path: string) => string | undefined) => {
  const base = new URL(issuer).pathname.replace(/\/$/, '');
  return (path) => {
    if (path === '/auth') return ROUTES.authorization;
    if (path === DEVICE_PAGE) return ROUTES.code_verification;
    // RFC 8414 puts the well-known part in front of the issuer's path.
    if (path === `${WELL_KNOWN}/oauth-authorization-server${base}`) return DISCOVERY;
    if (path === `${WELL_KNOWN}/openid-configuration${base}`) return DISCOVERY;
    if (!path.startsWith(`${base}/`)) return undefined;
    const inner = path.slice(base.length).replace(/(?<=.)\/$/, '');
    if (inner === `${WELL_KNOWN}/wallet-openid-configuration`) return DISCOVERY;
    return inner.startsWith('/protocol/openid-connect/') || inner.startsWith(`${WELL_KNOWN}/`)
      ? inner
      : undefined;
  };
};

/**
 * Gives the context the library's cookies, which are signed, while it has the request. Says how to give the context its own
 * again.
 */
const lendCookies = (ctx: Context, provider: Provider, secure: boolean): (() => void) => {
  const own = ctx.cookies;
  const Jar = own.constructor as new (
    request: Context['req'],
    response: Context['res'],
    options: { keys: string[]; secure: boolean },
  ) => Context['cookies'];
  ctx.cookies = new Jar(ctx.req, ctx.res, { keys: provider.keys as string[], secure });
  return () => {
    ctx.cookies = own;
  };
};

/**
 * The context as the library gets it. It would define `oidc` there as a getter made for this request, and the engine keeps
 * getters among what is old: each would hold its whole request until the collector looks through the whole heap. Here it
 * becomes a plain value.
 */
const asGiven: ProxyHandler<Context> = {
  get: (ctx, key) => ctx[key as keyof Context] as unknown,
  set: (ctx, key, value) => {
    (ctx as Record<PropertyKey, unknown>)[key] = value;
    return true;
  },
  defineProperty: (ctx, key, { get, ...more }) =>
    Reflect.defineProperty(ctx, key, get ? { configurable: true, value: get() as unknown } : more),
};

/** Runs the library's own handler on this context, below another path; says whether it knew the path. */
const runLibrary = async (
  ctx: Context,
  provider: Provider,
  inner: string,
  search: string,
): Promise<boolean> => {
  const handler = provider.middleware[0] as Middleware | undefined;
  if (!handler) throw new Error('the library has no handler any more');
  const { url } = ctx;
  const secure = provider.issuer.startsWith('https:');
  const giveBack = lendCookies(ctx, provider, secure);
  // The issuer says whether we are on https, not what reached this process.
  Object.defineProperty(ctx, 'secure', { configurable: true, value: secure });
  ctx.url = inner + search;
  let known = true;
  try {
    await handler(new Proxy(ctx, asGiven), async () => {
      known = false;
    });
  } finally {
    ctx.url = url;
    giveBack();
  }
  return known;
};

/**
 * Another person's session is open in this browser: the library closes it with a form that posts itself by an inline
 * script, which our content policy refuses; it is drawn as a page of ours.
 */
const drawChangeOfPerson = async (ctx: KoaContextWithOIDC, pages: OidcPages): Promise<void> => {
  const secret = ctx.oidc.session?.state?.['secret'];
  if (!/^(device_)?resume$/.test(ctx.oidc.route) || ctx.status !== 200 || typeof secret !== 'string') return;
  if (ctx.body === undefined) return;
  // The parameters are not yet taken out of the interaction here; the form ends, by redirects, at the service.
  allowFormAction(ctx, ctx.oidc.entities.Interaction?.params['redirect_uri'] as string | undefined);
  await pages.formPost(ctx, {
    action: ctx.oidc.urlFor('end_session_confirm'),
    fields: { xsrf: secret, logout: 'yes' },
  });
};

/** A confirmed sign-out: services are told in iframes before the browser goes on. */
const drawSignedOut = async (ctx: KoaContextWithOIDC, deps: EdgeDeps): Promise<void> => {
  if (ctx.oidc.route !== 'end_session_confirm' || ctx.status !== 303 || !wantsPage(ctx)) return;
  const { session, client } = ctx.oidc;
  const partly = session === undefined || !isDestroyed(session);
  const left = partly ? [client?.clientId] : Object.keys(session?.authorizations ?? {});
  const clientIds = left.filter((clientId) => clientId !== undefined);
  const frames = await frontChannelOf(deps.provider(), [{ sid: session?.uid ?? '', clientIds }]);
  if (frames.length === 0) return;
  const location = ctx.response.get('Location');
  const own = location.startsWith(ctx.oidc.urlFor('end_session_success'));
  ctx.remove('Location');
  ctx.status = 200;
  const next = own ? undefined : new URL(location, deps.issuer).href;
  await deps.pages.loggedOut(ctx, { service: serviceOf(client), partly, frames, next });
};

/** A refresh is a use of the session: it is idle from now. */
const keepAlive = async (ctx: KoaContextWithOIDC, { sessions }: EdgeDeps): Promise<void> => {
  if (ctx.oidc.route !== 'token' || ctx.status !== 200) return;
  const uid = ctx.oidc.entities.AccessToken?.sessionUid;
  if (uid !== undefined) await sessions.touch(uid);
};

const counted = { userinfo: 'userinfo', introspection: 'introspection', revocation: 'revocation' } as const;

/** What serves once had served: known as a rule before the library answers, and never given out after. */
const sendChanges = async (ctx: KoaContextWithOIDC, { records, provider }: EdgeDeps): Promise<void> => {
  try {
    await records.flush();
  } catch (error) {
    if (!(error instanceof errors.InvalidGrant)) throw error;
    if (ctx.status !== 200) return;
    ctx.status = error.statusCode;
    ctx.body = { error: error.error, error_description: error.error_description };
    provider().emit('grant.error', ctx, error);
  }
};

const throughLibrary = (ctx: Context, deps: EdgeDeps, inner: string, search: string): Promise<boolean> =>
  deps.records.unit(() => inOneUnit(ctx, deps, inner, search), ctx.req);

const inOneUnit = async (ctx: Context, deps: EdgeDeps, inner: string, search: string): Promise<boolean> => {
  if (!(await runLibrary(ctx, deps.provider(), inner, search))) return false;
  const answered = ctx as KoaContextWithOIDC;
  await drawChangeOfPerson(answered, deps.pages);
  await drawDeviceCode(answered, deps.pages);
  await drawSignedOut(answered, deps);
  if (answered.oidc.session) deps.browserState.sync(ctx, answered.oidc.session);
  await completeAnswer(answered, deps.answers);
  deps.metadata.keep(answered);
  await keepAlive(answered, deps);
  await sendChanges(answered, deps);
  const counter = Object.hasOwn(counted, answered.oidc.route)
    ? counted[answered.oidc.route as keyof typeof counted]
    : undefined;
  if (counter && ctx.status === 200) deps.events.count(counter, answered.oidc.client?.clientId);
  await deps.events.settle(ctx);
  // The library has queued the news of a confirmed sign-out, and ended the session.
  if (answered.oidc.route === 'end_session_confirm') deps.deliveries.kick();
  return true;
};

/** A form becomes the query of a GET, with which the browser sends its cookies (they are SameSite=Lax). */
const toGet = (ctx: Context, params: URLSearchParams): void => {
  ctx.redirect(`${ctx.path}?${params.toString()}`);
  ctx.status = 303;
  ctx.set('Cache-Control', 'no-store');
};

const endSession = async (ctx: Context, deps: EdgeDeps, inner: string): Promise<void> => {
  const params =
    ctx.method === 'POST' ? await readForm(ctx, FORM_LIMIT) : new URLSearchParams(ctx.querystring);
  const outcome = await withLibraryCookies(ctx, deps.provider(), () => deps.logout(ctx, params));
  if (outcome === 'done') return;
  // A hint that named no session of ours is no hint.
  params.delete('id_token_hint');
  if (ctx.method === 'POST') toGet(ctx, params);
  else await throughLibrary(ctx, deps, inner, `?${params.toString()}`);
};

/** The middleware: everything of the provider, and nothing else. */
export const createEdge = (deps: EdgeDeps): Middleware => {
  const innerPath = createPaths(deps.issuer);
  return async (ctx, next) => {
    if (ctx.path === DEVICE_QR && ctx.method === 'GET') return answerDeviceQr(ctx, deps.origin);
    const inner = innerPath(ctx.path);
    if (inner === undefined) return next();
    const form = ctx.method === 'POST';
    if (form && inner === ROUTES.code_verification) await deps.guardDevices(ctx, 'typed');
    if (form && inner === ROUTES.device_authorization && !(await deps.guardDevices(ctx, 'asked'))) return;
    // To the library a GET there would be a sign-in to resume, named “device”.
    if (inner === ROUTES.device_authorization && !form && ctx.method !== 'OPTIONS') {
      refuseMethod(ctx, inner);
      return;
    }
    if (inner === STATUS_FRAME && ctx.method === 'GET') {
      answerStatusFrame(ctx, deps.browserState.cookieName);
      return;
    }
    if (inner === ROUTES.authorization && form) return toGet(ctx, await readForm(ctx, FORM_LIMIT));
    if (inner === ROUTES.end_session && (form || ctx.method === 'GET')) return endSession(ctx, deps, inner);
    if (await throughLibrary(ctx, deps, inner, ctx.search)) return;
    if (!refuseMethod(ctx, inner)) return next();
  };
};
