import { X509Certificate, createHash } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { TOKEN_EXCHANGE, parseClient } from '../../src/clients/schema.ts';
import { register, type Parameters, type Rp } from '../conformance/rp.ts';
import { mtlsFetch, mtlsSite } from '../support/mtls.ts';
import { serviceCertificate } from '../support/service-certificate.ts';
import {
  Browser,
  DOCTOR,
  SHOWN_CERTIFICATE,
  payloadOf,
  post,
  signIn,
  startProvider,
  userinfo,
  type Harness,
  type StoreName,
} from './oidc-harness.ts';

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const ALL = { scope: 'openid scope_all' };

/** A service of the espace de confiance: it shows its certificate at each request. */
class Trusted {
  readonly rp: Rp;
  readonly thumbprint: string;
  readonly #shown: Record<string, string>;

  constructor(rp: Rp, der: Buffer) {
    this.rp = rp;
    this.thumbprint = createHash('sha256').update(der).digest('base64url');
    this.#shown = { [SHOWN_CERTIFICATE]: der.toString('base64') };
  }

  post(path: string, form: Parameters) {
    return this.rp.post(
      path,
      { client_id: this.rp.clientId, client_secret: undefined, ...form },
      this.#shown,
    );
  }

  exchange(subject: string, audience: string | undefined, more: Parameters = {}) {
    return this.post('token', {
      grant_type: TOKEN_EXCHANGE,
      subject_token: subject,
      subject_token_type: ACCESS_TOKEN,
      audience,
      ...more,
    });
  }
}

describe.each(['postgres', 'cluster'] satisfies StoreName[])('token exchange, the state in %s', (store) => {
  let harness: Harness;
  let software: Rp;
  let proxy: Trusted;
  let dmp: Trusted;
  let registry: Trusted;

  const trusted = async (clientId: string, audiences: string[]): Promise<Trusted> => {
    const { certificate, jwks } = serviceCertificate(clientId);
    const rp = await register(harness, {
      client_id: clientId,
      grant_types: audiences.length === 0 ? [] : [TOKEN_EXCHANGE],
      token_exchange_audiences: audiences,
      token_endpoint_auth_method: 'self_signed_tls_client_auth',
      jwks,
      trusted_space: true,
    });
    return new Trusted(rp, certificate.raw);
  };

  beforeAll(async () => {
    harness = await startProvider(store, {
      CADUCEE_MTLS_ORIGIN: 'https://localhost:4010',
      CADUCEE_MTLS_LISTEN_PORT: '0',
      CADUCEE_MTLS_HOP_ADDRESSES: '127.0.0.1',
      CADUCEE_MTLS_HOP_SECRET: 'h'.repeat(43),
    });
    software = await register(harness, { client_id: 'software' });
    proxy = await trusted('proxy', ['dmp-api', 'gone-api']);
    dmp = await trusted('dmp-api', ['registry-api']);
    registry = await trusted('registry-api', []);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const subject = async () => (await software.signIn(new Browser(), ALL)).access_token;

  it('gives a token for a declared API: of the same person, bound to the caller’s certificate', async () => {
    const first = await subject();
    const { status, body } = await proxy.exchange(first, 'dmp-api', { scope: 'openid' });
    expect([status, body]).toEqual([
      200,
      {
        access_token: expect.any(String),
        issued_token_type: ACCESS_TOKEN,
        token_type: 'Bearer',
        expires_in: expect.any(Number),
        scope: 'openid',
      },
    ]);
    const claims = payloadOf(String(body['access_token']));
    const before = payloadOf(first);
    expect(claims).toMatchObject({
      sub: before['sub'],
      preferred_username: DOCTOR,
      aud: 'dmp-api',
      azp: 'proxy',
      scope: 'openid',
      act: { sub: 'proxy', client_id: 'proxy' },
      cnf: { 'x5t#S256': proxy.thumbprint },
      acr: before['acr'],
      authMode: before['authMode'],
      auth_time: before['auth_time'],
    });
    expect(Number(claims['exp'])).toBeLessThanOrEqual(Number(before['exp']));
    // The API sees it at introspection, whole; so does who may see all; another service sees nothing.
    const token = String(body['access_token']);
    expect((await dmp.post('token/introspect', { token })).body).toMatchObject({
      active: true,
      aud: 'dmp-api',
      act: { sub: 'proxy' },
      cnf: { 'x5t#S256': proxy.thumbprint },
      client_id: 'proxy',
      username: DOCTOR,
    });
    expect((await registry.post('token/introspect', { token })).body).toEqual({ active: false });
    expect((await software.post('token/introspect', { token })).body).toEqual({ active: false });
    // It was made for the API, not for us.
    expect((await userinfo(harness, token)).status).toBe(401);
  });

  it('keeps the chain of who acts', async () => {
    const one = (await proxy.exchange(await subject(), 'dmp-api')).body;
    const two = (await dmp.exchange(String(one['access_token']), 'registry-api')).body;
    expect(payloadOf(String(two['access_token']))).toMatchObject({
      aud: 'registry-api',
      azp: 'dmp-api',
      act: { sub: 'dmp-api', act: { sub: 'proxy' } },
      cnf: { 'x5t#S256': dmp.thumbprint },
    });
    // A token made for one API is of no use to another service, not even to the one that obtained it.
    expect((await proxy.exchange(String(one['access_token']), 'dmp-api')).body['error']).toBe(
      'invalid_request',
    );
  });

  it('never lives longer than the token it came from', async () => {
    const first = await subject();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 100_000 });
    const { body } = await proxy.exchange(first, 'dmp-api');
    expect(Number(body['expires_in'])).toBeLessThanOrEqual(20);
    const token = String(body['access_token']);
    expect(payloadOf(token)['exp']).toBe(payloadOf(first)['exp']);
    vi.setSystemTime(Date.now() + 21_000);
    expect((await dmp.post('token/introspect', { token })).body).toEqual({ active: false });
    expect((await proxy.exchange(first, 'dmp-api')).body['error']).toBe('invalid_request');
  });

  it.each([
    ['a scope that the subject does not have', { scope: 'openid identity' }, 'invalid_scope'],
    ['an API that is not declared', { audience: 'registry-api' }, 'invalid_target'],
    ['an API that is declared and not registered', { audience: 'gone-api' }, 'invalid_target'],
    ['no API', { audience: undefined }, 'invalid_target'],
    ['a resource', { resource: 'https://dmp.example' }, 'invalid_target'],
    ['no subject', { subject_token: undefined }, 'invalid_request'],
    ['no type', { subject_token_type: undefined }, 'invalid_request'],
    [
      'another type of subject',
      { subject_token_type: 'urn:ietf:params:oauth:token-type:id_token' },
      'invalid_request',
    ],
    [
      'another type of answer',
      { requested_token_type: 'urn:ietf:params:oauth:token-type:saml2' },
      'invalid_request',
    ],
    ['another actor', { actor_token: 'x', actor_token_type: ACCESS_TOKEN }, 'invalid_request'],
  ] satisfies [string, Parameters, string][])('refuses %s', async (_what, parameters, error) => {
    const { status, body } = await proxy.exchange(await subject(), 'dmp-api', parameters);
    expect([status, body['error']]).toEqual([400, error]);
  });

  it('refuses what is not a live access token of ours', async () => {
    const tokens = await software.signIn();
    const [header, payload] = tokens.access_token.split('.');
    const handle = String(payloadOf(tokens.access_token)['jti']);
    const none = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${payload}.`;
    const forged = [tokens.id_token, tokens.refresh_token, handle, `${header}.${payload}.AAAA`, none, 'x'];
    for (const token of forged) {
      expect((await proxy.exchange(token, 'dmp-api')).body['error']).toBe('invalid_request');
    }
  });

  it('is for services declared for it, with their certificate', async () => {
    const first = await subject();
    const form = { subject_token: first, subject_token_type: ACCESS_TOKEN, audience: 'dmp-api' };
    const undeclared = await software.post('token', { grant_type: TOKEN_EXCHANGE, ...form });
    expect([undeclared.status, undeclared.body['error']]).toEqual([400, 'unauthorized_client']);
    const bare = await proxy.rp.post('token', { client_id: 'proxy', grant_type: TOKEN_EXCHANGE, ...form });
    expect([bare.status, bare.body['error']]).toEqual([401, 'invalid_client']);
    const declared = {
      client_id: 'x',
      client_name: 'X',
      grant_types: [TOKEN_EXCHANGE],
      token_exchange_audiences: ['y'],
    };
    expect(parseClient(declared)).toMatchObject({
      ok: false,
      problems: [expect.stringMatching(/^grant_types .*trusted_space/)],
    });
  });

  it.each([
    [
      'the sign-in is signed out',
      async (access: string) => {
        const sid = String(payloadOf(access)['sid']);
        await harness.oidc.sessions.end(sid, { by: 'registration' });
      },
    ],
    [
      'everything of the person ends',
      async () => void (await harness.oidc.endSessionsOf({ nationalId: DOCTOR })),
    ],
    [
      'everything of the first service ends',
      async () => void (await harness.oidc.endSessionsOf({ clientId: 'software' })),
    ],
    ['the phone is revoked', async () => void (await harness.oidc.endSessionsOf({ deviceId: 'dev_1' }))],
  ])('ends when %s', async (_what, end) => {
    const first = await subject();
    const one = String((await proxy.exchange(first, 'dmp-api')).body['access_token']);
    const two = String((await dmp.exchange(one, 'registry-api')).body['access_token']);
    expect((await registry.post('token/introspect', { token: two })).body['active']).toBe(true);
    await end(first);
    expect((await dmp.post('token/introspect', { token: one })).body).toEqual({ active: false });
    expect((await registry.post('token/introspect', { token: two })).body).toEqual({ active: false });
  });

  it('can be revoked by who obtained it, alone', async () => {
    const first = await subject();
    const token = String((await proxy.exchange(first, 'dmp-api')).body['access_token']);
    await software.post('revoke', { token });
    expect((await dmp.post('token/introspect', { token })).body['active']).toBe(true);
    expect((await proxy.post('revoke', { token })).status).toBe(200);
    expect((await dmp.post('token/introspect', { token })).body).toEqual({ active: false });
    expect((await userinfo(harness, first)).status).toBe(200);
  });

  it('leaves its row', async () => {
    await proxy.exchange(await subject(), 'dmp-api');
    expect((await harness.audit()).findLast(({ type }) => type === 'tokens_issued')).toMatchObject({
      client_id: 'proxy',
      national_id: DOCTOR,
      details: { grantType: TOKEN_EXCHANGE, audience: 'dmp-api' },
    });
    expect(harness.counts['exchange']).toBeGreaterThan(0);
  });
});

describe('token exchange over TLS, with the sandbox’s own services', () => {
  it('binds the token to the certificate of that connection, and takes none of another', async () => {
    const site = await mtlsSite();
    const harness = await startProvider('postgres', site.settings);
    const certificate = await site.certificate('sandbox-mtls');
    const other = await site.certificate('other');
    const { access_token: subject } = await signIn(harness);
    const endpoint = new URL(`${harness.config.issuer}/protocol/openid-connect/token`).pathname;
    const form = {
      grant_type: TOKEN_EXCHANGE,
      client_id: 'sandbox-mtls',
      subject_token: subject,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      audience: 'sandbox',
    };
    const exchanged = await mtlsFetch(`${site.origin}${endpoint}`, { site, certificate, form });
    expect(exchanged.status).toBe(200);
    const token = String(exchanged.body['access_token']);
    const der = new X509Certificate(certificate.cert).raw;
    expect(payloadOf(token)).toMatchObject({
      aud: 'sandbox',
      cnf: { 'x5t#S256': createHash('sha256').update(der).digest('base64url') },
      act: { sub: 'sandbox-mtls' },
    });
    expect((await post(harness, 'token/introspect', { token })).body).toMatchObject({
      active: true,
      aud: 'sandbox',
    });
    for (const shown of [other, undefined]) {
      const refused = await mtlsFetch(`${site.origin}${endpoint}`, { site, certificate: shown, form });
      expect([refused.status, refused.body['error']]).toEqual([401, 'invalid_client']);
    }
    expect((await post(harness, 'token', form, {})).status).toBe(401);
  });
});
