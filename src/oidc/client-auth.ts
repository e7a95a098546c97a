import { errors, type Client, type Configuration, type KoaContextWithOIDC } from 'oidc-provider';
import {
  AUTH_METHODS,
  CLIENT_ALGORITHMS,
  DPOP_ALGORITHMS,
  FAPI_ALGORITHMS,
  usesCertificate,
} from '../clients/credentials.ts';
import type { Config } from '../config.ts';
import { epochSeconds, systemClock } from '../platform/clock.ts';
import type { KeyRing } from '../platform/crypto.ts';
import type { Outgoing } from '../platform/outgoing.ts';
import { createMtls, type CertificateTrust } from './client-certificates.ts';
import { own } from './client-model.ts';

/** How services prove who they are and what binds their tokens: this part of the library's configuration. */

export interface ClientAuthDeps {
  config: Pick<Config, 'mtlsOrigin' | 'issuer'>;
  keyring: KeyRing;
  outgoing: Pick<Outgoing, 'fetch'>;
  /** Judges the certificates of `tls_client_auth`; without it that method does not exist. */
  certificateTrust?: CertificateTrust | undefined;
}

/** Endpoints that services call from server to server; those that the services' own host answers. */
export const BACK_CHANNEL = [
  'token',
  'userinfo',
  'introspection',
  'revocation',
  'pushed_authorization_request',
  'backchannel_authentication',
  'device_authorization',
] as const;

type Routes = Readonly<Record<string, string>>;

/** Name, in discovery, of each of these endpoints that there is. */
const endpointNames = (routes: Routes) =>
  BACK_CHANNEL.filter((name) => routes[name] !== undefined).map(
    (name) => [name, `${name}_endpoint`] as const,
  );

/** Paths that the services' own host answers. */
export const createServesMtls = (issuer: string, routes: Routes): ((path: string) => boolean) => {
  const base = new URL(issuer).pathname.replace(/\/$/, '');
  const paths = new Set(endpointNames(routes).map(([name]) => `${base}${routes[name]}`));
  return (path) => paths.has(path.replace(/\/$/, ''));
};

/** The methods that work with this configuration: those discovery lists. */
export const authMethods = ({ config, certificateTrust }: ClientAuthDeps) =>
  AUTH_METHODS.filter(
    (method) =>
      !usesCertificate(method) ||
      (config.mtlsOrigin !== undefined && (method !== 'tls_client_auth' || certificateTrust !== undefined)),
  );

/** This part of the library's features. */
export const clientAuthFeatures = (deps: ClientAuthDeps) => ({
  // Nonces are given, and asked for when the clock of a proof is off.
  dPoP: { enabled: true, nonceSecret: deps.keyring.derive('dpop-nonce', 32), requireNonce: () => false },
  mTLS: deps.config.mtlsOrigin === undefined ? { enabled: false } : createMtls(deps.certificateTrust),
  pushedAuthorizationRequests: { enabled: true },
  requestObjects: { enabled: true, assertJwtClaimsAndHeader: checkRequestObject },
  fapi: {
    enabled: true,
    profile: (_ctx: unknown, client: Parameters<typeof own>[0] | undefined) =>
      client === undefined ? undefined : own(client).fapi_profile,
  },
});

/** Longest life of a client assertion: for as long must it be remembered that it served. */
const LONGEST_ASSERTION = 24 * 3600;
/** Seconds by which a service's clock may be ahead (FAPI 2.0, 5.3.2.1). */
const AHEAD = 60;

/** What is asked of a client assertion beyond its signature, audience and single use. */
export const checkAssertion: NonNullable<Configuration['assertJwtClientAuthClaimsAndHeader']> = async (
  ctx,
  claims,
  header,
) => {
  const now = epochSeconds(systemClock.now()); // the library's clock
  const { aud, exp, iat } = claims as { aud?: unknown; exp?: number; iat?: number };
  if (exp !== undefined && exp > now + LONGEST_ASSERTION) {
    throw new errors.InvalidClientAuth('client assertion expires too late');
  }
  if (iat !== undefined && iat > now + AHEAD) {
    throw new errors.InvalidClientAuth('client assertion issued in the future');
  }
  const { client } = ctx.oidc;
  if (!client || own(client).fapi_profile === undefined) return;
  if (aud !== ctx.oidc.issuer) {
    throw new errors.InvalidClientAuth('audience (aud) must equal the issuer identifier url');
  }
  if (!FAPI_ALGORITHMS.includes(String(header['alg']))) throw new errors.InvalidClientAuth('alg mismatch');
};

/** Longest time between `nbf` and `exp` of a FAPI request object. */
const LONGEST_REQUEST = 3600;

/** What is asked of a signed request beyond its signature, issuer and audience. */
const checkRequestObject = (
  ctx: KoaContextWithOIDC,
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>>,
  client: Client,
): void => {
  const fapi = own(client).fapi_profile !== undefined;
  const required = [
    ...(fapi ? ['exp', 'aud', 'nbf'] : []),
    ...(ctx.oidc.route === 'backchannel_authentication' ? ['exp', 'iat', 'nbf', 'jti'] : []),
  ];
  const missing = required.find((name) => claims[name] === undefined);
  if (missing !== undefined) {
    throw new errors.InvalidRequestObject(`Request Object is missing the '${missing}' claim`);
  }
  if (!fapi) return;
  const life = Number(claims['exp']) - Number(claims['nbf']);
  if (!(life > 0 && life <= LONGEST_REQUEST)) {
    throw new errors.InvalidRequestObject("Request Object 'exp' claim too far from 'nbf' claim");
  }
  // A request that was pushed unsigned comes back as one without signature, by the library's own hand.
  const pushed = ctx.oidc.entities.PushedAuthorizationRequest !== undefined;
  if (!pushed && !FAPI_ALGORITHMS.includes(String(header['alg']))) {
    throw new errors.InvalidRequestObject('unsupported signed request alg');
  }
};

/**
 * Whether refresh tokens are replaced at each use. Those that are bound to a key need not be, and FAPI 2.0 (5.3.2.1) asks
 * that they are not: an answer that is lost costs the session.
 */
export const rotates = (client: Client | undefined): boolean =>
  client === undefined || own(client).fapi_profile === undefined;

/** Signatures of services: by keys of theirs, never by a shared secret. */
export const CLIENT_JWA = {
  clientAuthSigningAlgValues: [...CLIENT_ALGORITHMS],
  requestObjectSigningAlgValues: [...CLIENT_ALGORITHMS],
  dPoPSigningAlgValues: [...DPOP_ALGORITHMS],
};

/** What discovery says of it beyond the library's own. */
export const clientAuthDiscovery = (deps: ClientAuthDeps, routes: Routes): Record<string, unknown> => {
  const { mtlsOrigin, issuer } = deps.config;
  const methods = authMethods(deps);
  const base = new URL(issuer).pathname.replace(/\/$/, '');
  const asked = {
    introspection_endpoint_auth_methods_supported: methods.filter((method) => method !== 'none'),
    introspection_endpoint_auth_signing_alg_values_supported: [...CLIENT_ALGORITHMS],
    revocation_endpoint_auth_methods_supported: methods,
    revocation_endpoint_auth_signing_alg_values_supported: [...CLIENT_ALGORITHMS],
  };
  if (mtlsOrigin === undefined) return asked;
  const aliases = endpointNames(routes).map(([name, listed]) => [
    listed,
    `${mtlsOrigin}${base}${routes[name]}`,
  ]);
  return { ...asked, mtls_endpoint_aliases: Object.fromEntries(aliases) };
};

/** The library's requests to addresses of services, through the guarded way out. */
export const clientFetch =
  ({ outgoing }: ClientAuthDeps): NonNullable<Configuration['fetch']> =>
  (url, options) =>
    outgoing.fetch(url, options);
