import type { Context } from 'koa';
import type { Client, Provider } from 'oidc-provider';
import { allowFormAction } from '../http/headers.ts';
import type { BrowserState } from './browser-state.ts';
import { frontChannelOf } from './front-channel.ts';
import type { TokenSigner } from './jwt.ts';
import type { OidcPages } from './pages.ts';
import { serviceOf, supportIdOf } from './problems.ts';
import type { EndedBy, OpenSession, Sessions } from './sessions.ts';

/**
 * Sign-out asked by a service (OpenID Connect RP-Initiated Logout). With an ID token of ours as hint, the session it
 * names ends at once, by GET or POST, with or without the browser's cookie. Without one the browser is asked.
 */
export interface LogoutDeps {
  provider(): Provider;
  signer(): TokenSigner;
  sessions: Sessions;
  pages: OidcPages;
  browserState: Pick<BrowserState, 'sync'>;
}

interface Hint {
  client: Client;
  sub: string;
  sid: string | undefined;
}

/** What the caller still has to do: nothing, let the library ask, or send the browser here again by GET. */
export type LogoutOutcome = 'done' | 'ask';

const first = (params: URLSearchParams, name: string): string | undefined => params.get(name) || undefined;

const refuse = async (
  ctx: Context,
  deps: LogoutDeps,
  client: Client | undefined,
  description: string,
  redirect = true,
) => {
  ctx.status = 400;
  if (!wantsPage(ctx)) {
    ctx.body = { error: 'invalid_request', error_description: description };
    return;
  }
  await deps.pages.error(ctx, {
    code: redirect ? 'redirect_unknown' : 'request_refused',
    status: 400,
    supportId: supportIdOf(ctx),
    error: 'invalid_request',
    description,
    service: serviceOf(client),
  });
};

/** Where to go afterwards: the registered address with `state`, or our own page. */
const leave = async (
  ctx: Context,
  deps: LogoutDeps,
  client: Client | undefined,
  params: URLSearchParams,
  frames: readonly string[] = [],
) => {
  const target = first(params, 'post_logout_redirect_uri');
  const service = serviceOf(client);
  if (client === undefined || target === undefined) {
    ctx.status = 200;
    await deps.pages.loggedOut(ctx, { service, partly: false, frames });
    return;
  }
  const url = new URL(target);
  const state = first(params, 'state');
  if (state !== undefined) url.searchParams.set('state', state);
  if (frames.length > 0 && wantsPage(ctx)) {
    ctx.status = 200;
    await deps.pages.loggedOut(ctx, { service, partly: false, frames, next: url.href });
    return;
  }
  ctx.redirect(url.href);
  ctx.status = 303;
};

/** A browser opens a page; a service's server, which has no iframes, gets the redirect. */
export const wantsPage = (ctx: Context): boolean => ctx.accepts('json', 'html') === 'html';

/** The library's session of this browser, without changing it. */
const browserSession = async (ctx: Context, provider: Provider) => {
  const session = await provider.Session.get(ctx);
  return session.accountId === undefined ? undefined : session;
};

/** Makes the function that handles one request to the end_session endpoint; `params` are those of query or body. */
export const createLogout = (deps: LogoutDeps) => {
  const readHint = async (token: string | undefined): Promise<Hint | undefined> => {
    const claims = token === undefined ? undefined : deps.signer().verify(token);
    const { typ, iss, aud, sub, sid } = claims ?? {};
    if (typ !== 'ID' || iss !== deps.provider().issuer) return undefined;
    if (typeof aud !== 'string' || typeof sub !== 'string') return undefined;
    const client = await deps.provider().Client.find(aud);
    return client && { client, sub, sid: typeof sid === 'string' ? sid : undefined };
  };

  const endHinted = async (ctx: Context, hint: Hint): Promise<OpenSession[]> => {
    const session = await browserSession(ctx, deps.provider());
    const why: EndedBy = {
      by: 'service',
      clientId: hint.client.clientId,
      supportId: supportIdOf(ctx),
      address: ctx.ip,
    };
    const named = hint.sid === undefined ? undefined : await deps.sessions.end(hint.sid, why);
    // The hint may be older than a new sign-in of the same person in this browser.
    const own = session?.accountId === hint.sub ? session : undefined;
    const other = own && own.uid !== hint.sid ? await deps.sessions.end(own.uid, why) : undefined;
    if (own) {
      const name = deps.provider().cookieName('session');
      ctx.cookies.set(name, null, { path: '/', httpOnly: true, sameSite: 'lax' });
      deps.browserState.sync(ctx, undefined);
    }
    return [named, other].filter((ended) => ended !== undefined);
  };

  return async (ctx: Context, params: URLSearchParams): Promise<LogoutOutcome> => {
    ctx.set('Cache-Control', 'no-store');
    const hint = await readHint(first(params, 'id_token_hint'));
    const clientId = first(params, 'client_id');
    const client =
      hint?.client ?? (clientId === undefined ? undefined : await deps.provider().Client.find(clientId));
    const target = first(params, 'post_logout_redirect_uri');
    if (hint && clientId !== undefined && clientId !== hint.client.clientId) {
      await refuse(ctx, deps, hint.client, 'client_id does not match the provided id_token_hint', false);
      return 'done';
    }
    if (client && target !== undefined && !client.postLogoutRedirectUriAllowed(target)) {
      await refuse(ctx, deps, client, 'post_logout_redirect_uri not registered');
      return 'done';
    }
    const ended = hint && (await endHinted(ctx, hint));
    if (ended) {
      await leave(ctx, deps, client, params, await frontChannelOf(deps.provider(), ended));
      return 'done';
    }
    if (ctx.method === 'POST' || (await browserSession(ctx, deps.provider()))) {
      // The form that asks ends, through us, at the service.
      allowFormAction(ctx, client === undefined ? undefined : target);
      return 'ask';
    }
    await leave(ctx, deps, client, params);
    return 'done';
  };
};
