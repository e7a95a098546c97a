import type { Configuration } from 'oidc-provider';
import { AUTH_METHODS, CLIENT_ALGORITHMS, DPOP_ALGORITHMS, usesCertificate } from '../clients/credentials.ts';
import type { Config } from '../config.ts';
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
  requestObjects: { enabled: true },
  fapi: {
    enabled: true,
    profile: (_ctx: unknown, client: Parameters<typeof own>[0] | undefined) =>
      client === undefined ? undefined : own(client).fapi_profile,
  },
});

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
