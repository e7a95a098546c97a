import { beforeAll, describe, expect, it } from 'vitest';
import { post, startProvider, type Harness } from './oidc-harness.ts';

/** Values that no code, token or client of ours can have: whoever sends them is told so, and nothing breaks. */
const MALFORMED = {
  zero: '\0',
  long: 'x'.repeat(3000),
  'long with a grant': `a.${'b'.repeat(2000)}`,
  'long like a JWT': `eyJhbGciOiJSUzI1NiJ9.${'b'.repeat(2000)}.c`,
};

describe.each(Object.entries(MALFORMED))('a malformed value: %s', (_name, value) => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startProvider('postgres');
  });
  const send = (path: string, form: Record<string, string>) =>
    post(harness, path, { client_id: 'sandbox', client_secret: 'sandbox-secret', ...form }, {});

  it('as code or refresh token is an invalid grant', async () => {
    const code = { grant_type: 'authorization_code', code: value, redirect_uri: 'http://localhost:1/cb' };
    for (const form of [code, { grant_type: 'refresh_token', refresh_token: value }]) {
      const { status, body } = await send('token', form);
      expect([status, body['error']]).toEqual([400, 'invalid_grant']);
    }
  });

  it('as token is no token: not active, already revoked, not let in', async () => {
    expect((await send('token/introspect', { token: value })).body).toEqual({ active: false });
    expect((await send('revoke', { token: value })).status).toBe(200);
    expect((await send('userinfo', { access_token: value })).status).toBe(401);
  });

  it('as client is an unknown service', async () => {
    const token = await send('token', { grant_type: 'authorization_code', code: 'x', client_id: value });
    expect(token.status).toBe(401);
    const page = await fetch(
      `${harness.origin}/auth?${new URLSearchParams({ client_id: value }).toString()}`,
    );
    expect(page.status).toBe(400);
    const query = new URLSearchParams({ client_id: value }).toString();
    const out = await fetch(`${harness.config.issuer}/protocol/openid-connect/logout?${query}`);
    expect(out.status).toBe(200);
  });
});
