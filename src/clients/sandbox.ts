import { CIBA, DEVICE_CODE, TOKEN_EXCHANGE, clientSchema, type ClientDeclaration } from './schema.ts';
import type { Clients } from './service.ts';

/** A preregistered client of the sandbox; its secret is public knowledge, which is why production has none of them. */
export interface SandboxClient {
  clientId: string;
  name: string;
  clientSecret: string | undefined;
}

/** Where the sandbox's example services live. */
export interface SandboxServices {
  vaccinCovid: string;
  siDep: string;
  portal: string;
}

interface Preregistered {
  declaration: ClientDeclaration;
  secret?: string;
}

const service = (clientId: string, name: string, origin: string): Preregistered => ({
  declaration: {
    client_id: clientId,
    client_name: name,
    client_uri: origin,
    redirect_uris: [`${origin}/callback`],
    post_logout_redirect_uris: [`${origin}/`, origin],
    backchannel_logout_uri: `${origin}/backchannel-logout`,
    backchannel_logout_session_required: true,
  },
  secret: `${clientId}-secret`,
});

/** For scripts and for trying things out: any address on this machine may be the service. */
const scripted = (clientId: string, name: string): ClientDeclaration => ({
  client_id: clientId,
  client_name: name,
  redirect_uris: ['http://localhost/callback'],
  post_logout_redirect_uris: ['http://localhost/'],
  scope: 'openid profile identity scope_all',
  loopback_redirects: true,
  // What Pro Santé Connect accepts of today's services, so that they can be tried as they are.
  compatibility: ['nonce_optional', 'scope_all_alone', 'any_acr'],
});

const preregistered = (services: SandboxServices): Preregistered[] => [
  service('vaccin-covid', 'Vaccin Covid', services.vaccinCovid),
  service('si-dep', 'SI-DEP', services.siDep),
  service('portail', 'Portail', services.portal),
  {
    declaration: {
      ...scripted('sandbox', 'Bac à sable'),
      introspect_any: true,
      grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE, CIBA],
      backchannel_token_delivery_mode: 'poll',
      compatibility: ['pkce_optional', 'nonce_optional', 'scope_all_alone', 'secret_sent_twice', 'any_acr'],
    },
    secret: 'sandbox-secret',
  },
  {
    declaration: {
      ...scripted('sandbox-public', 'Bac à sable (client public)'),
      grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE],
      token_endpoint_auth_method: 'none',
    },
  },
  {
    declaration: {
      ...scripted('sandbox-mtls', 'Bac à sable (espace de confiance)'),
      introspect_any: true,
      trusted_space: true,
      // The API for which it may exchange tokens is played by `sandbox`.
      grant_types: ['authorization_code', 'refresh_token', TOKEN_EXCHANGE],
      token_exchange_audiences: ['sandbox'],
      token_endpoint_auth_method: 'tls_client_auth',
      tls_client_auth_subject_dn: 'CN=sandbox-mtls,O=CADUCEE-TEST,C=FR',
    },
  },
];

/**
 * Registers the sandbox's clients: the example services, `sandbox` (secret `sandbox-secret`), `sandbox-public` and
 * `sandbox-mtls` (certificate of the sandbox's own authority), the latter three with any redirect address on this machine.
 * Idempotent.
 */
export const seedSandboxClients = async (
  clients: Clients,
  services: SandboxServices,
): Promise<SandboxClient[]> => {
  const seeded: SandboxClient[] = [];
  for (const { declaration, secret } of preregistered(services)) {
    const metadata = clientSchema.parse(declaration);
    await clients.upsert(metadata, secret === undefined ? {} : { secret });
    seeded.push({ clientId: metadata.client_id, name: metadata.client_name, clientSecret: secret });
  }
  return seeded;
};
