import type { Context } from 'koa';
import type { KoaContextWithOIDC, Provider, Session } from 'oidc-provider';
import { sha256Base64url } from '../platform/crypto.ts';
import { token } from '../platform/random.ts';

/**
 * OpenID Connect Session Management 1.0: the state of this browser's session in a cookie that our own iframe can read,
 * and `session_state` in answers, made from it. The state is a hash of the session's name, which every service knows
 * as `sid` anyway: the cookie opens nothing.
 *
 * The cookie is never deleted. Signed out is a state like another, so that a cookie that is not there means one thing:
 * the browser does not show it (cookies of third parties are blocked), and the iframe then answers "error".
 */
export interface BrowserState {
  /** The name of the cookie, for the iframe. */
  readonly cookieName: string;
  /** Brings the cookie to what the session of an answered request is. */
  sync(ctx: Context, session: Session | undefined): void;
  /** Adds `session_state` to successful answers of the authorization endpoint. */
  listen(provider: Provider): void;
}

export interface BrowserStateDeps {
  origin: string;
  /** Name of the cookie. */
  cookieName: string;
  /** Absolute life of a session. */
  sessionSeconds: number;
}

/** The state of a session, as in the cookie. */
export const stateOf = (sid: string): string => sha256Base64url(sid);

/** `session_state`: the service, its origin and the state, hashed with a salt that is told (3.2). */
export const sessionState = (
  of: { clientId: string; origin: string; state: string },
  salt = token(8),
): string => `${sha256Base64url(`${of.clientId} ${of.origin} ${of.state} ${salt}`)}.${salt}`;

const SIGNED_OUT = 'out-';

/** True once the library has ended the session of a request; not in its types. */
export const isDestroyed = (session: Session): boolean =>
  (session as { destroyed?: boolean }).destroyed === true;

/** Makes {@link BrowserState}. */
export const createBrowserState = (deps: BrowserStateDeps): BrowserState => {
  const secure = deps.origin.startsWith('https:');

  const write = (ctx: Context, value: string): void => {
    // In the iframe of a service we are the third party: without SameSite=None no browser shows the cookie there.
    // Browsers take that on https only; on the sandbox's localhost every port is the same site.
    const attributes = ['Path=/', secure ? 'SameSite=None' : 'SameSite=Lax', ...(secure ? ['Secure'] : [])];
    ctx.append('Set-Cookie', [`${deps.cookieName}=${value}; ${attributes.join('; ')}`]);
  };

  /** State, and the second at which the session ends whatever its use: the iframe then says "changed". */
  const valueOf = (session: Session & { accountId: string }): string =>
    `${stateOf(session.uid)}.${(session.loginTs ?? 0) + deps.sessionSeconds}`;

  return {
    cookieName: deps.cookieName,
    sync(ctx, session) {
      const known = ctx.cookies.get(deps.cookieName, { signed: false });
      if (session?.accountId !== undefined && !isDestroyed(session)) {
        const value = valueOf(session as Session & { accountId: string });
        if (known !== value) write(ctx, value);
      } else if (known !== undefined && !known.startsWith(SIGNED_OUT)) {
        write(ctx, `${SIGNED_OUT}${token(12)}.0`);
      }
    },
    listen(provider) {
      provider.on('authorization.success', (ctx: KoaContextWithOIDC, ...rest: unknown[]) => {
        // The answer under way, which the library's types leave out.
        const out = rest[0] as Record<string, unknown>;
        const { session, client, params } = ctx.oidc;
        const target = params?.['redirect_uri'];
        if (!session?.accountId || !client || typeof target !== 'string') return;
        const { origin } = new URL(target);
        // An application's own scheme has no origin, and no iframe.
        if (origin === 'null') return;
        const { clientId } = client;
        out['session_state'] = sessionState({ clientId, origin, state: stateOf(session.uid) });
      });
    },
  };
};
