import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oidc from 'openid-client';

/**
 * Everything a service needs to let Caducée (or Pro Santé Connect) identify its users: four calls on
 * `openid-client`, and the check of a back-channel logout token. Nothing here knows Koa or pages.
 */

/** What the service received when it was registered. */
export interface Registration {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** Where the service itself lives, such as `https://vaccin-covid.example`. */
  origin: string;
}

/** What the service keeps between sending the browser away and its return; never sent to the browser. */
export interface PendingSignIn {
  state: string;
  nonce: string;
  verifier: string;
  startedAt: number;
  /** The page of this service to open afterwards. */
  returnTo?: string;
}

/** Who signed in, and what is needed to ask again and to sign out. */
export interface SignedIn {
  accessToken: string;
  /** Milliseconds since the epoch. */
  accessTokenExpiresAt: number;
  refreshToken: string | undefined;
  idToken: string;
  /** The single sign-on session at the provider: a back-channel logout names it. */
  sid: string | undefined;
  subject: string;
  /** How surely the person was recognised, such as `eidas1`. */
  acr: string;
  claims: oidc.UserInfoResponse;
}

/** Whom a back-channel logout is about: one session, or every session of a subject. */
export interface LogoutNotice {
  sid: string | undefined;
  subject: string | undefined;
}

/** The provider no longer honours the session: the person has to sign in again. */
export class SessionEnded extends Error {}

const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

type Tokens = oidc.TokenEndpointResponse & oidc.TokenEndpointResponseHelpers;

/** Plain http is for a provider on this machine only; openid-client refuses it unless told. */
const isLocal = (issuer: string): boolean => {
  const { protocol, hostname } = new URL(issuer);
  return protocol === 'http:' && ['localhost', '127.0.0.1'].includes(hostname);
};

/** The relying party of one service. Discovery happens at the first use: the provider may start later. */
export const createRelyingParty = ({ issuer, clientId, clientSecret, origin }: Registration) => {
  const redirectUri = `${origin}/callback`;
  let discovered: Promise<oidc.Configuration> | undefined;
  let keys: ReturnType<typeof createRemoteJWKSet> | undefined;

  // #region discovery
  const configuration = (): Promise<oidc.Configuration> => {
    discovered ??= oidc
      .discovery(new URL(issuer), clientId, clientSecret, oidc.ClientSecretBasic(clientSecret), {
        ...(isLocal(issuer) ? { execute: [oidc.allowInsecureRequests] } : {}),
      })
      .catch((error: unknown) => {
        discovered = undefined;
        throw error;
      });
    return discovered;
  };
  // #endregion

  const signedIn = async (tokens: Tokens, before?: SignedIn): Promise<SignedIn> => {
    const claims = tokens.claims();
    const subject = claims?.sub ?? before?.subject;
    const idToken = tokens.id_token ?? before?.idToken;
    if (subject === undefined || idToken === undefined) throw new Error('no id_token in the answer');
    const userinfo = await oidc.fetchUserInfo(await configuration(), tokens.access_token, subject);
    return {
      accessToken: tokens.access_token,
      accessTokenExpiresAt: Date.now() + (tokens.expiresIn() ?? 0) * 1000,
      refreshToken: tokens.refresh_token ?? before?.refreshToken,
      idToken,
      sid: typeof claims?.['sid'] === 'string' ? claims['sid'] : before?.sid,
      subject,
      acr: typeof claims?.['acr'] === 'string' ? claims['acr'] : (before?.acr ?? ''),
      claims: userinfo,
    };
  };

  return {
    // #region sign-in
    /** The address to send the browser to, and what to keep until it comes back. */
    async begin(locale: string, loginHint?: string): Promise<{ url: URL; pending: PendingSignIn }> {
      const pending = {
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        verifier: oidc.randomPKCECodeVerifier(),
        startedAt: Date.now(),
      };
      const url = oidc.buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        scope: 'openid scope_all',
        acr_values: 'eidas1',
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: 'S256',
        ui_locales: locale,
        ...(loginHint === undefined ? {} : { login_hint: loginHint }),
      });
      return { url, pending };
    },

    /** The browser is back: exchanges the code and asks who it is. `query` is what the provider added. */
    async complete(query: string, pending: PendingSignIn): Promise<SignedIn> {
      const tokens = await oidc.authorizationCodeGrant(
        await configuration(),
        new URL(`${redirectUri}?${query}`),
        { expectedState: pending.state, expectedNonce: pending.nonce, pkceCodeVerifier: pending.verifier },
      );
      return signedIn(tokens);
    },
    // #endregion

    // #region refresh
    /** Fresh tokens and claims once the access token has expired. Throws {@link SessionEnded} when refused. */
    async refresh(session: SignedIn): Promise<SignedIn> {
      if (session.refreshToken === undefined) throw new SessionEnded('no refresh token');
      try {
        const tokens = await oidc.refreshTokenGrant(await configuration(), session.refreshToken);
        return await signedIn(tokens, session);
      } catch (error) {
        const refused =
          (error instanceof oidc.ResponseBodyError && error.error === 'invalid_grant') ||
          error instanceof oidc.WWWAuthenticateChallengeError;
        if (refused) {
          throw new SessionEnded('refused by the provider', { cause: error });
        }
        throw error;
      }
    },
    // #endregion

    // #region sign-out
    /** The address that ends the session at the provider too, and in every other service. */
    async endSessionUrl(idToken: string): Promise<URL> {
      return oidc.buildEndSessionUrl(await configuration(), {
        id_token_hint: idToken,
        post_logout_redirect_uri: `${origin}/`,
      });
    },

    /** Checks a back-channel logout token (OpenID Connect Back-Channel Logout 1.0, §2.6). */
    async readLogoutToken(logoutToken: string): Promise<LogoutNotice> {
      const { jwks_uri: jwksUri } = (await configuration()).serverMetadata();
      if (jwksUri === undefined) throw new Error('the provider publishes no keys');
      keys ??= createRemoteJWKSet(new URL(jwksUri));
      const { payload } = await jwtVerify(logoutToken, keys, {
        issuer,
        audience: clientId,
        maxTokenAge: 300,
        clockTolerance: 10,
        requiredClaims: ['jti', 'iat'],
      });
      const events = payload['events'];
      if (typeof events !== 'object' || events === null || !(LOGOUT_EVENT in events)) {
        throw new Error('not a logout token');
      }
      if ('nonce' in payload) throw new Error('a logout token has no nonce');
      const sid = typeof payload['sid'] === 'string' ? payload['sid'] : undefined;
      if (sid === undefined && payload.sub === undefined) throw new Error('nobody is named');
      return { sid, subject: payload.sub };
    },
    // #endregion
  };
};

export type RelyingParty = ReturnType<typeof createRelyingParty>;
