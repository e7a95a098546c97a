import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'pg';
import { Provider, type ClientMetadata, type JWK } from 'oidc-provider';
import { CLAIMS_BY_SCOPE, userinfoClaims } from '../../../src/oidc/claims.ts';
import type { Practitioner } from '../../../src/registry/service.ts';
import {
  CALLBACK,
  EXERCISES,
  HOLDER,
  LIBRARY_PATHS,
  SECRET,
  SERVICES,
  settings,
  tellReady,
} from '../targets.ts';
import { createPlainAdapter } from './plain-adapter.ts';

/**
 * V: oidc-provider as its documentation has it, with a straightforward Redis adapter. The same claims, algorithms, lifetimes and
 * refresh rotation as ours, the person from memory, and the same rows of the audit, each written when its event comes.
 */

const { redisUrl, databaseUrl } = settings();
const CIBA = 'urn:openid:params:grant-type:ciba';

const practitioner = {
  ...{ id: HOLDER, nationalId: HOLDER, subject: HOLDER, familyName: 'DUPONT', givenName: 'CLAIRE' },
  ...{ civility: 'MME', status: 'active', exercises: EXERCISES, source: 'bench' },
  otherIds: [{ identifiant: HOLDER, origine: 'RPPS', qualite: 1 }],
} as unknown as Practitioner; // stored exercises leave out their empty keys

const jwk = (alg: string, key: object): JWK => ({ ...key, alg, use: 'sig', kid: alg }) as JWK;
const jwks = {
  keys: [
    jwk('RS256', generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })),
    jwk('ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })),
  ],
};

const service = (id: string, more: Partial<ClientMetadata>): ClientMetadata => ({
  client_id: id,
  client_secret: SECRET,
  redirect_uris: [CALLBACK],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'client_secret_basic',
  ...more,
});

const server = createServer();
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;
server.keepAliveTimeout = 65_000;

const db = new Pool({ connectionString: databaseUrl, max: 10 });
const audit = (type: string, clientId: string | undefined, details: object): void => {
  db.query(
    'INSERT INTO audit_event (at, type, national_id, client_id, support_id, address, details) VALUES (now(), $1, $2, $3, $4, $5, $6)',
    [type, HOLDER, clientId, randomBytes(6).toString('hex'), '127.0.0.1', JSON.stringify(details)],
  ).catch((error: unknown) => {
    throw error;
  });
};

const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: createPlainAdapter(redisUrl),
  jwks,
  clients: [
    ...SERVICES.map(({ id, algorithm }) => service(id, { id_token_signed_response_alg: algorithm })),
    service('ciba', {
      grant_types: [CIBA, 'refresh_token'],
      response_types: [],
      redirect_uris: [],
      backchannel_token_delivery_mode: 'poll',
    }),
  ],
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  scopes: ['openid', 'scope_all'],
  claims: Object.fromEntries(Object.entries(CLAIMS_BY_SCOPE).map(([scope, names]) => [scope, [...names]])),
  acrValues: ['eidas1'],
  features: {
    devInteractions: { enabled: false },
    introspection: { enabled: true },
    revocation: { enabled: true },
    ciba: {
      enabled: true,
      deliveryModes: ['poll'],
      processLoginHint: async (_ctx, hint) => hint,
      validateRequestContext: async () => undefined,
      verifyUserCode: async () => undefined,
      triggerAuthenticationDevice: async () => undefined,
    },
  },
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  pkce: { required: () => true },
  ttl: {
    ...{ AccessToken: 120, AuthorizationCode: 60, IdToken: 120, Interaction: 1800, RefreshToken: 1800 },
    ...{ Session: 14_400, Grant: 14_400, BackchannelAuthenticationRequest: 120 },
  },
  findAccount: (_ctx, sub) => ({
    accountId: sub,
    claims: () => userinfoClaims(practitioner, sub, 'MOBILE'),
  }),
  interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
});
provider.on('authorization.success', (ctx) =>
  audit('sign_in_granted', ctx.oidc.client?.clientId, { acr: 'eidas1', authMode: 'MOBILE' }),
);
provider.on('grant.success', (ctx) => {
  if (ctx.oidc.params?.['grant_type'] === 'authorization_code') {
    audit('tokens_issued', ctx.oidc.client?.clientId, {});
  }
});

const answer = provider.callback();
server.on('request', (request, response) => {
  if (!request.url?.startsWith('/interaction/')) {
    void answer(request, response);
    return;
  }
  const approve = async (): Promise<void> => {
    const { params } = await provider.interactionDetails(request, response);
    const grant = new provider.Grant({ accountId: HOLDER, clientId: String(params['client_id']) });
    grant.addOIDCScope(String(params['scope']));
    const login = { accountId: HOLDER, acr: 'eidas1', amr: ['pop', 'pin', 'mfa'] };
    const result = { login, consent: { grantId: await grant.save() } };
    await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  };
  approve().catch((error: unknown) => response.writeHead(500).end(String(error)));
});
await db.query('SELECT 1');
tellReady(port, LIBRARY_PATHS);
