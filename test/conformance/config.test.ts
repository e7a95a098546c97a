import { importJWK } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { startProvider } from '../http/oidc-harness.ts';

/** The OpenID Foundation's plan for Config OPs; test/http/oidc-metadata.test.ts exercises each member. */

describe('oidcc-config-certification-test-plan', () => {
  let issuer: string;
  let metadata: Record<string, unknown>;
  let response: Response;
  beforeAll(async () => {
    const harness = await startProvider('postgres');
    ({ issuer } = harness.config);
    response = await fetch(`${issuer}/.well-known/openid-configuration`);
    metadata = (await response.json()) as Record<string, unknown>;
  });

  it('oidcc-discovery-endpoint-verification', async () => {
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('application/json'),
    ]);
    expect(metadata['issuer']).toBe(issuer);
    for (const name of [
      'authorization_endpoint',
      'token_endpoint',
      'userinfo_endpoint',
      'jwks_uri',
      'response_types_supported',
      'subject_types_supported',
      'id_token_signing_alg_values_supported',
      'scopes_supported',
      'claims_supported',
    ]) {
      expect(metadata).toHaveProperty(name);
    }
    expect(metadata['id_token_signing_alg_values_supported']).toContain('RS256');
    expect(metadata['scopes_supported']).toContain('openid');
    expect(metadata['response_types_supported']).toContain('code');
    expect(metadata['claims_parameter_supported']).toBe(true);
    for (const [name, value] of Object.entries(metadata)) {
      if (/_(endpoint|uri|iframe)$/.test(name)) expect(URL.canParse(String(value))).toBe(true);
      if (Array.isArray(value)) expect(value.length).toBeGreaterThan(0);
    }
  });

  it('its keys are public, can be used, and each has its own name', async () => {
    const { keys } = (await (await fetch(String(metadata['jwks_uri']))).json()) as {
      keys: ({ kid: string; alg: string; use: string } & Record<string, unknown>)[];
    };
    expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length);
    for (const key of keys) {
      expect(key.use).toBe('sig');
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) expect(key).not.toHaveProperty(secret);
      // oxlint-disable-next-line no-await-in-loop -- one failure is told at a time
      await expect(importJWK(key, key.alg)).resolves.toBeTruthy();
    }
    const listed = metadata['id_token_signing_alg_values_supported'] as string[];
    for (const algorithm of listed) expect(keys.some(({ alg }) => alg === algorithm)).toBe(true);
  });

  it('is found where RFC 8414 and Pro Santé Connect look for it, and may be read from any page', async () => {
    const { origin, pathname } = new URL(issuer);
    for (const url of [
      `${issuer}/.well-known/wallet-openid-configuration`,
      `${origin}/.well-known/oauth-authorization-server${pathname}`,
      `${origin}/.well-known/openid-configuration${pathname}`,
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- three addresses
      const there = await fetch(url, { headers: { origin: 'https://rp.example' } });
      expect(there.headers.get('access-control-allow-origin')).toBeOneOf(['*', 'https://rp.example']);
      // oxlint-disable-next-line no-await-in-loop -- three addresses
      expect(await there.json()).toEqual(metadata);
    }
  });
});
