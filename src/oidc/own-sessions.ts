import type { Context } from 'koa';
import type { Provider, Session } from 'oidc-provider';
import { type ClientDeclaration, clientSchema } from '../clients/schema.ts';
import type { Client } from '../clients/service.ts';
import { sha256Base64url } from '../platform/crypto.ts';
import { token } from '../platform/random.ts';
import type { BrowserState } from './browser-state.ts';
import { subjectOf } from './claims.ts';
import { frontChannelOf } from './front-channel.ts';
import { withLibraryCookies } from './library-cookies.ts';
import type { OidcPages } from './pages.ts';
import { supportIdOf } from './problems.ts';
import type { EndedBy, OpenSession, Sessions } from './sessions.ts';

/**
 * The sessions of the person in front of a browser, for the account page. The page is a service of ours among others:
 * it signs in by the same door, and single sign-on opens it.
 */
export interface OwnSessions {
  /** Who is signed in with this browser, or undefined. */
  current(ctx: Context): Promise<OwnSession | undefined>;
  /** All open sessions of that person, newest first. */
  list(own: OwnSession): Promise<OpenSession[]>;
  /** Where to send the browser to sign in; it comes back to {@link ACCOUNT_RETURN} with `state`. */
  signInUrl(state: string, locale: string): string;
  /**
   * Ends one of them. `here`: it was this browser's own, and the page "signed out" is drawn; `unknown`: it is not one of
   * that person's, or it ended meanwhile.
   */
  end(ctx: Context, own: OwnSession, sid: string): Promise<'here' | 'elsewhere' | 'unknown'>;
  /** Ends all of them; the page "signed out" is drawn. Says how many. */
  endAll(ctx: Context, own: OwnSession): Promise<number>;
}

export interface OwnSession {
  sid: string;
  sub: string;
  nationalId: string;
}

/** The account page as a service. */
export const ACCOUNT_CLIENT = 'caducee-compte';
/** Where a sign-in of the account page comes back to. */
export const ACCOUNT_RETURN = '/compte/retour';

/** Its registration; nobody else can have this name. */
export const accountClient = (origin: string): Client => ({
  clientId: ACCOUNT_CLIENT,
  metadata: clientSchema.parse({
    client_id: ACCOUNT_CLIENT,
    client_name: 'Mon compte',
    client_uri: `${origin}/compte`,
    redirect_uris: [`${origin}${ACCOUNT_RETURN}`],
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code'],
    scope: 'openid',
  } satisfies ClientDeclaration),
  secretHashes: [],
  secrets: [],
  disabled: false,
  createdAt: new Date(0),
  updatedAt: new Date(0),
});

export interface OwnSessionsDeps {
  provider(): Provider;
  config: { origin: string; subUuid: string };
  sessions: Pick<Sessions, 'list' | 'end' | 'endAll'>;
  browserState: Pick<BrowserState, 'sync'>;
  pages: Pick<OidcPages, 'loggedOut'>;
}

/** Makes {@link OwnSessions}. */
export const createOwnSessions = (deps: OwnSessionsDeps): OwnSessions => {
  const { config, sessions } = deps;

  const why = (ctx: Context): EndedBy => ({
    by: 'person',
    clientId: ACCOUNT_CLIENT,
    supportId: supportIdOf(ctx),
    address: ctx.ip,
  });

  /** This browser's session is gone: its cookies, and what services keep in this browser. */
  const leave = async (ctx: Context, ended: readonly OpenSession[]): Promise<void> => {
    await withLibraryCookies(ctx, deps.provider(), async () => {
      const name = deps.provider().cookieName('session');
      ctx.cookies.set(name, null, { path: '/', httpOnly: true, sameSite: 'lax' });
    });
    deps.browserState.sync(ctx, undefined);
    ctx.status = 200;
    const frames = await frontChannelOf(deps.provider(), ended);
    await deps.pages.loggedOut(ctx, { service: undefined, partly: false, frames });
  };

  return {
    async current(ctx) {
      const session: Session = await withLibraryCookies(ctx, deps.provider(), () =>
        deps.provider().Session.get(ctx),
      );
      const { accountId: sub, uid: sid } = session;
      const nationalId = sub === undefined ? undefined : subjectOf(config.subUuid, sub);
      return sub === undefined || nationalId === undefined ? undefined : { sid, sub, nationalId };
    },
    list: ({ sub }) => sessions.list({ sub }),
    signInUrl(state, locale) {
      // The code is never redeemed: that the browser has the session is all that the page wants to know.
      const query = new URLSearchParams({
        client_id: ACCOUNT_CLIENT,
        redirect_uri: `${config.origin}${ACCOUNT_RETURN}`,
        response_type: 'code',
        scope: 'openid',
        state,
        nonce: token(16),
        ui_locales: locale,
        code_challenge: sha256Base64url(token(32)),
        code_challenge_method: 'S256',
      });
      return `/auth?${query.toString()}`;
    },
    async end(ctx, own, sid) {
      const mine = (await sessions.list({ sub: own.sub })).find((each) => each.sid === sid);
      const ended = mine && (await sessions.end(sid, why(ctx)));
      if (!ended) return 'unknown';
      if (sid !== own.sid) return 'elsewhere';
      await leave(ctx, [ended]);
      return 'here';
    },
    async endAll(ctx, own) {
      const open = await sessions.list({ sub: own.sub });
      const count = await sessions.endAll({ sub: own.sub }, why(ctx));
      await leave(
        ctx,
        open.filter(({ sid }) => sid === own.sid),
      );
      return count;
    },
  };
};
