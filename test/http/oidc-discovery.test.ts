import { beforeAll, describe, expect, it } from 'vitest';
import { startProvider, type Harness } from './oidc-harness.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startProvider('postgres');
});

const metadata = async (path: string): Promise<Record<string, unknown>> => {
  const response = await fetch(`${harness.origin}${path}`);
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
};

const REALM = '/auth/realms/esante-wallet';

describe('discovery', () => {
  it('is the same under every name it has', async () => {
    const standard = await metadata(`${REALM}/.well-known/openid-configuration`);
    for (const path of [
      `${REALM}/.well-known/wallet-openid-configuration`,
      `${REALM}/.well-known/oauth-authorization-server`,
      `/.well-known/oauth-authorization-server${REALM}`,
      `/.well-known/openid-configuration${REALM}`,
    ]) {
      expect(await metadata(path)).toEqual(standard);
    }
  });

  it('lists Pro Santé Connect’s endpoints, the front door for authorization', async () => {
    const base = `${harness.config.issuer}/protocol/openid-connect`;
    expect(await metadata(`${REALM}/.well-known/wallet-openid-configuration`)).toMatchObject({
      issuer: harness.config.issuer,
      authorization_endpoint: `${harness.origin}/auth`,
      token_endpoint: `${base}/token`,
      userinfo_endpoint: `${base}/userinfo`,
      introspection_endpoint: `${base}/token/introspect`,
      revocation_endpoint: `${base}/revoke`,
      end_session_endpoint: `${base}/logout`,
      jwks_uri: `${base}/certs`,
      acr_values_supported: ['eidas1'],
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      device_authorization_endpoint: `${base}/auth/device`,
      pushed_authorization_request_endpoint: `${base}/ext/par/request`,
      backchannel_authentication_endpoint: `${base}/ext/ciba/auth`,
      check_session_iframe: `${base}/login-status-iframe.html`,
      // Token exchange needs a host where services show certificates; this one has none.
      grant_types_supported: [
        'authorization_code',
        'refresh_token',
        'urn:ietf:params:oauth:grant-type:device_code',
        'urn:openid:params:grant-type:ciba',
      ],
      scopes_supported: ['openid', 'profile', 'identity', 'scope_all'],
      subject_types_supported: ['public'],
    });
  });

  it('lists nothing that does not answer, and no claim that is never given', async () => {
    const listed = await metadata(`${REALM}/.well-known/openid-configuration`);
    const endpoints = Object.entries(listed).filter(([name]) => /_endpoint$|^jwks_uri$/.test(name));
    expect(endpoints).toHaveLength(10);
    for (const [name, url] of endpoints) {
      const get = await fetch(String(url), { redirect: 'manual', headers: { accept: 'application/json' } });
      const post = await fetch(String(url), {
        method: 'POST',
        redirect: 'manual',
        headers: { accept: 'application/json' },
        body: new URLSearchParams(),
      });
      expect([name, get.status, post.status]).not.toContain(500);
      expect([name, get.status === 404 && post.status === 404]).toEqual([name, false]);
    }
    expect(listed['claims_supported']).not.toContain('email');
    expect(listed).not.toHaveProperty('registration_endpoint');
  });

  it('publishes both signing keys without their private halves', async () => {
    const { keys } = (await metadata(`${REALM}/protocol/openid-connect/certs`)) as {
      keys: Record<string, unknown>[];
    };
    expect(keys.map(({ alg, use, kid }) => [alg, use, String(kid).length])).toEqual(
      expect.arrayContaining([
        ['RS256', 'sig', 43],
        ['ES256', 'sig', 43],
      ]),
    );
    for (const key of keys)
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi']) expect(key).not.toHaveProperty(secret);
  });

  it('leaves other addresses to the rest of the site', async () => {
    for (const path of [
      '/',
      '/auth/',
      '/auth/realms/other/protocol/openid-connect/token',
      `${REALM}/unknown`,
    ]) {
      expect((await fetch(`${harness.origin}${path}`)).status).toBe(404);
    }
  });
});
