import type { AdapterFactory, Client, Configuration, JWKS, KoaContextWithOIDC } from 'oidc-provider';
import { OWN_METADATA, SCOPES, isLoopbackUrl } from '../clients/schema.ts';
import type { Config } from '../config.ts';
import { epochSeconds, type Clock } from '../platform/clock.ts';
import type { KeyRing } from '../platform/crypto.ts';
import type { CardRefused, CarriesMeans } from './accounts.ts';
import { expiryOf } from './ciba/rules.ts';
import { CLAIMS_BY_SCOPE } from './claims.ts';
import { ALGORITHMS, type SigningKey } from './keys.ts';
import { LIFETIMES } from './lifetimes.ts';
import {
  CLIENT_JWA,
  authMethods,
  clientAuthDiscovery,
  clientAuthFeatures,
  clientFetch,
  checkAssertion,
  rotates,
  type ClientAuthDeps,
} from './client-auth.ts';
import { allows, own } from './client-model.ts';
import { createExtraParams } from './compatibility.ts';
import { createPolicy } from './policy.ts';
import { STATUS_FRAME } from './status-frame.ts';
import { extraOfExchanged } from './token-exchange.ts';

/** Where the endpoints are, below the issuer: Keycloak's layout. */
const BASE = '/protocol/openid-connect';
export const ROUTES = {
  authorization: `${BASE}/auth`,
  token: `${BASE}/token`,
  userinfo: `${BASE}/userinfo`,
  introspection: `${BASE}/token/introspect`,
  revocation: `${BASE}/revoke`,
  pushed_authorization_request: `${BASE}/ext/par/request`,
  end_session: `${BASE}/logout`,
  jwks: `${BASE}/certs`,
  device_authorization: `${BASE}/auth/device`,
  code_verification: `${BASE}/device`,
  backchannel_authentication: `${BASE}/ext/ciba/auth`,
} as const;

/** What the library's configuration is made from. */
export interface ConfigurationDeps extends ClientAuthDeps {
  config: Config;
  keyring: KeyRing;
  clock: Clock;
  keys: readonly SigningKey[];
  adapter: AdapterFactory;
  findAccount: NonNullable<Configuration['findAccount']>;
  renderError: NonNullable<Configuration['renderError']>;
  logoutConfirm: (ctx: KoaContextWithOIDC) => void | Promise<void>;
  loggedOut: (ctx: KoaContextWithOIDC) => void | Promise<void>;
  loadGrant: NonNullable<Configuration['loadExistingGrant']>;
  ciba: NonNullable<NonNullable<Configuration['features']>['ciba']>;
  deviceFlow: NonNullable<NonNullable<Configuration['features']>['deviceFlow']>;
  cardRefused?: CardRefused | undefined;
}

/** Cookie names carry product and port: one host with many ports is one cookie jar. */
export const cookieNames = (origin: string) => {
  const { protocol, port } = new URL(origin);
  const secure = protocol === 'https:';
  const name = (prefix: string, short: string) =>
    `${secure ? prefix : ''}caducee${port === '' ? '' : `_${port}`}_${short}`;
  // Only a cookie for the whole host may be called __Host-; the other two are set on one path.
  return {
    session: name('__Host-', 'sso'),
    interaction: name('__Secure-', 'interaction'),
    resume: name('__Secure-', 'resume'),
    // Ours, for the iframe of Session Management.
    browserState: name('__Host-', 'state'),
  };
};

/** The library refuses names that it does not know. */
const libraryCookieNames = (origin: string) => {
  const { session, interaction, resume } = cookieNames(origin);
  return { session, interaction, resume };
};

const cookies = ({ config, keyring }: ConfigurationDeps): Configuration['cookies'] => {
  const options = {
    httpOnly: true,
    sameSite: 'lax',
    secure: config.origin.startsWith('https:'),
    signed: true,
    overwrite: true,
  } as const;
  return {
    names: libraryCookieNames(config.origin),
    keys: [keyring.derive('cookies/oidc').toString('base64url')],
    long: options,
    short: options,
  };
};

const jwks = (keys: readonly SigningKey[]): JWKS => ({
  keys: keys.map(({ kid, algorithm, privateKey }) => ({
    ...(privateKey.export({ format: 'jwk' }) as JWKS['keys'][number]),
    kid,
    alg: algorithm,
    use: 'sig',
  })),
});

/** When single sign-on ends for a session or token: 30 minutes after its last use, never later than 4 hours after sign-in. */
export const sessionExpiry = (
  config: Pick<Config, 'idleSeconds' | 'sessionSeconds'>,
  signedInAt: number | undefined,
  now: number,
): number => Math.min(now + config.idleSeconds, (signedInAt ?? now) + config.sessionSeconds);

const ttl = ({ config, clock }: ConfigurationDeps): Configuration['ttl'] => {
  const left = (signedInAt: number | undefined, limits = config): number => {
    const now = epochSeconds(clock.now());
    return Math.max(1, sessionExpiry(limits, signedInAt, now) - now);
  };
  return {
    AccessToken: LIFETIMES.accessToken,
    IdToken: LIFETIMES.accessToken,
    BackchannelAuthenticationRequest: (ctx) => expiryOf(ctx),
    AuthorizationCode: LIFETIMES.code,
    DeviceCode: LIFETIMES.deviceCode,
    Interaction: LIFETIMES.interaction,
    Grant: config.sessionSeconds,
    // Who refreshes without rotation keeps one token for the whole session, whose idleness is counted apart.
    RefreshToken: (_ctx, token, client) =>
      rotates(client)
        ? left(token.authTime)
        : left(token.authTime, { ...config, idleSeconds: config.sessionSeconds }),
    Session: (_ctx, session) => left(session.loginTs),
  };
};

/** The service's own pages may call back-channel endpoints from a browser only when the client has no secret to lose. */
const allowsOrigin = (config: Config, client: Client, origin: string): boolean => {
  if (client.tokenEndpointAuthMethod !== 'none') return false;
  if (config.mode === 'sandbox' && own(client).loopback_redirects && isLoopbackUrl(origin)) return true;
  return (client.redirectUris ?? []).some((uri) => URL.canParse(uri) && new URL(uri).origin === origin);
};

/** Whose tokens a service may look into: its own, those made for its API, or those of all in the espace de confiance. */
export const mayIntrospect = (client: Client, token: object): boolean => {
  const { clientId, aud } = token as { clientId?: unknown; aud?: unknown };
  return (
    client.tokenEndpointAuthMethod !== 'none' &&
    (clientId === client.clientId || aud === client.clientId || own(client).introspect_any === true)
  );
};

const features = (deps: ConfigurationDeps): Configuration['features'] => ({
  devInteractions: { enabled: false },
  ...clientAuthFeatures(deps),
  resourceIndicators: { enabled: false },
  claimsParameter: { enabled: true },
  backchannelLogout: { enabled: true },
  ciba: deps.ciba,
  deviceFlow: deps.deviceFlow,
  userinfo: { enabled: true },
  jwtUserinfo: { enabled: true },
  revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
  introspection: {
    enabled: true,
    allowedPolicy: (_ctx, client, token) => mayIntrospect(client, token),
  },
  rpInitiatedLogout: {
    enabled: true,
    logoutSource: (ctx) => deps.logoutConfirm(ctx),
    postLogoutSuccessSource: (ctx) => deps.loggedOut(ctx),
  },
});

/** What an access token keeps beyond the library's own, for its JWT, for introspection and for userinfo. */
export const extraTokenClaims: NonNullable<Configuration['extraTokenClaims']> = (ctx, token) => {
  if (token.kind !== 'AccessToken') return undefined;
  const exchanged = extraOfExchanged(token);
  if (exchanged) return exchanged;
  const { RefreshToken, AuthorizationCode, DeviceCode, BackchannelAuthenticationRequest } = ctx.oidc.entities;
  const source = RefreshToken ?? AuthorizationCode ?? DeviceCode ?? BackchannelAuthenticationRequest;
  const { authMode } = (source ?? {}) as CarriesMeans;
  return { acr: source?.acr, auth_time: source?.authTime, nonce: source?.nonce, authMode };
};

/** The library's configuration. */
export const createConfiguration = (deps: ConfigurationDeps): Configuration => {
  const { config } = deps;
  const acrs = [...new Set([config.acrEcps, ...(config.cardOrigin === undefined ? [] : [config.acrCard])])];
  return {
    adapter: deps.adapter,
    jwks: jwks(deps.keys),
    cookies: cookies(deps),
    ttl: ttl(deps),
    features: features(deps),
    routes: ROUTES,
    scopes: [...SCOPES],
    claims: {
      acr: null,
      auth_time: null,
      iss: null,
      sid: null,
      ...Object.fromEntries(Object.entries(CLAIMS_BY_SCOPE).map(([scope, names]) => [scope, [...names]])),
      openid: ['sub', 'acr', 'amr', 'auth_time'],
    },
    acrValues: acrs,
    responseTypes: ['code'],
    subjectTypes: ['public'],
    clientAuthMethods: [...authMethods(deps)],
    enabledJWA: {
      ...CLIENT_JWA,
      idTokenSigningAlgValues: [...ALGORITHMS],
      userinfoSigningAlgValues: [...ALGORITHMS],
    },
    clientDefaults: { id_token_signed_response_alg: 'RS256' },
    extraClientMetadata: { properties: [...OWN_METADATA, 'secret_hashes', 'ended_secret_hashes'] },
    clientBasedCORS: (_ctx, origin, client) => allowsOrigin(config, client, origin),
    pkce: {
      required: (_ctx, client) =>
        client.tokenEndpointAuthMethod === 'none' || !allows(client, 'pkce_optional'),
    },
    // OpenID Connect wants it said each time, even where only one is registered.
    allowOmittingSingleRegisteredRedirectUri: false,
    extraParams: createExtraParams(acrs),
    formats: { bitsOfOpaqueRandomness: (_ctx, token) => (token.kind === 'Grant' ? 128 : 256) },
    findAccount: deps.findAccount,
    loadExistingGrant: deps.loadGrant,
    extraTokenClaims,
    // A code always gives a refresh token; it lives no longer than the session.
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: () => true,
    rotateRefreshToken: (ctx) => rotates(ctx.oidc.client),
    // Revoking an access token ends that token; anything else that is revoked ends the grant and all it gave.
    revokeGrantPolicy: (ctx) =>
      !(ctx.oidc.route === 'revocation' && ctx.oidc.entities.AccessToken !== undefined),
    interactions: {
      policy: createPolicy(acrs, deps.clock, deps.cardRefused),
      url: (_ctx, interaction) => `/connexion/${interaction.uid}`,
    },
    renderError: deps.renderError,
    fetch: clientFetch(deps),
    assertJwtClientAuthClaimsAndHeader: checkAssertion,
    discovery: {
      claim_types_supported: ['normal'],
      ui_locales_supported: ['fr', 'en'],
      frontchannel_logout_supported: true,
      frontchannel_logout_session_supported: true,
      check_session_iframe: `${config.issuer}${STATUS_FRAME}`,
      prompt_values_supported: ['none', 'login'],
      ...clientAuthDiscovery(deps, ROUTES),
    },
  };
};
