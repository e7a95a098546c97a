import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import {
  assertion,
  dpopProof,
  nowSeconds,
  serviceKey,
  sign,
  withAssertion,
  type ServiceKey,
} from '../support/client-keys.ts';
import {
  Browser,
  REDIRECT,
  SANDBOX,
  authorizationRequest,
  authorize,
  basic,
  payloadOf,
  post,
  startProvider,
  type Harness,
} from './oidc-harness.ts';

/** Requests that are pushed (RFC 9126), signed (RFC 9101), and tokens bound to a key (RFC 9449). */

let harness: Harness;
const key = serviceKey('ES256');
const other = serviceKey('ES256');
beforeAll(async () => {
  harness = await startProvider('postgres');
  const common = { client_name: 'Service', redirect_uris: [REDIRECT] };
  await harness.addClient(
    { ...common, client_id: 'pushes', require_pushed_authorization_requests: true },
    'pushes-secret',
  );
  await harness.addClient(
    { ...common, client_id: 'signs', require_signed_request_object: true, jwks: { keys: [key.jwk] } },
    'signs-secret',
  );
  await harness.addClient(
    { ...common, client_id: 'signs-too', request_object_signing_alg: 'ES256', jwks: { keys: [other.jwk] } },
    'signs-too-secret',
  );
  await harness.addClient(
    { ...common, client_id: 'proves', dpop_bound_access_tokens: true },
    'proves-secret',
  );
  await harness.addClient({
    ...common,
    client_id: 'pushes-signed',
    token_endpoint_auth_method: 'private_key_jwt',
    require_pushed_authorization_requests: true,
    jwks: { keys: [key.jwk] },
  });
});

const url = (path: string): string => `${harness.config.issuer}/protocol/openid-connect/${path}`;
const push = (clientId: string, form: Record<string, string>) =>
  post(harness, 'ext/par/request', form, basic(clientId, `${clientId}-secret`));
const request = (clientId: string, more: Record<string, string | undefined> = {}) => {
  const { query, verifier } = authorizationRequest(harness, { client_id: clientId, ...more });
  return { form: Object.fromEntries(query), verifier };
};
/** Where the browser ends with these parameters: the answer to the service, or the error page. */
const open = async (parameters: Record<string, string>, browser = new Browser()) => {
  const { response, location } = await browser.follow(
    `${harness.origin}/auth?${new URLSearchParams(parameters).toString()}`,
  );
  if (location !== undefined) return { answer: new URL(location).searchParams, page: undefined };
  return { answer: new URLSearchParams(), page: await response.text() };
};

describe('a pushed request', () => {
  it('brings a code, once', async () => {
    const { form, verifier } = request('pushes', { state: 'pushed' });
    const { status, body } = await push('pushes', form);
    expect([status, body['expires_in']]).toEqual([201, 60]);
    expect(body['request_uri']).toMatch(/^urn:ietf:params:oauth:request_uri:[\w-]{20,}$/);
    const parameters = { client_id: 'pushes', request_uri: String(body['request_uri']) };
    const { answer } = await open(parameters);
    expect([answer.get('state'), answer.get('iss')]).toEqual(['pushed', harness.config.issuer]);
    const tokens = await post(
      harness,
      'token',
      {
        grant_type: 'authorization_code',
        code: answer.get('code') ?? '',
        redirect_uri: REDIRECT,
        code_verifier: verifier,
      },
      basic('pushes', 'pushes-secret'),
    );
    expect(tokens.status).toBe(200);
    const again = await open(parameters);
    expect(again.answer.get('code')).toBeNull();
    expect(again.page ?? again.answer.get('error')).toMatch(/invalid_request_uri/);
  });

  it('is what counts: nothing beside request_uri is looked at', async () => {
    const { form } = request('pushes', { state: 'pushed', nonce: 'pushed' });
    const { body } = await push('pushes', form);
    const { answer } = await open({
      client_id: 'pushes',
      request_uri: String(body['request_uri']),
      state: 'tampered',
      redirect_uri: 'https://evil.example/',
    });
    expect(answer.get('state')).toBe('pushed');
  });

  it('of another service opens nothing', async () => {
    const { body } = await push('pushes', request('pushes').form);
    const { page, answer } = await open({ client_id: 'sandbox', request_uri: String(body['request_uri']) });
    expect(answer.get('code')).toBeNull();
    expect(page ?? answer.get('error')).toMatch(/invalid_request|mismatch/);
  });

  it('is asked for where it is registered so, and every request that is wrong is refused when it is pushed', async () => {
    const { answer } = await open(request('pushes').form);
    expect(answer.get('error')).toBe('invalid_request');
    for (const [change, error] of [
      [{ redirect_uri: 'https://evil.example/' }, 'invalid_request'],
      [{ code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
      [{ response_type: 'token' }, 'unsupported_response_type'],
      [{ request_uri: 'urn:ietf:params:oauth:request_uri:x' }, undefined],
    ] as const) {
      const { status, body } = await push('pushes', request('pushes', { ...change }).form);
      expect(status).toBe(400);
      if (error !== undefined) expect(body['error']).toBe(error);
    }
    expect((await push('pushes', { ...request('pushes').form, client_id: 'sandbox' })).status).toBe(400);
    const anonymous = await post(harness, 'ext/par/request', request('pushes').form, {});
    expect(anonymous.body['error']).toBe('invalid_client');
    const get = await fetch(url('ext/par/request'));
    expect(get.status).toBe(405);
  });

  it('that is unknown or made up opens a page, not a redirect', async () => {
    for (const uri of [
      'urn:ietf:params:oauth:request_uri:unknown',
      'https://evil.example/request.jwt',
      'urn:ietf:params:oauth:request_uri:../../x',
    ]) {
      const { answer, page } = await open({ client_id: 'pushes', request_uri: uri });
      expect(answer.get('code')).toBeNull();
      expect(page).toBeDefined();
    }
  });

  it('ends after a minute', async () => {
    const { body } = await push('pushes', request('pushes').form);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 65_000 });
    try {
      const { answer, page } = await open({ client_id: 'pushes', request_uri: String(body['request_uri']) });
      expect(answer.get('code')).toBeNull();
      expect(page ?? answer.get('error')).toMatch(/invalid_request_uri/);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a signed request', () => {
  const claims = (clientId: string, more: Record<string, unknown> = {}) => ({
    ...request(clientId).form,
    iss: clientId,
    aud: harness.config.issuer,
    jti: randomUUID(),
    iat: nowSeconds(),
    nbf: nowSeconds(),
    exp: nowSeconds() + 60,
    ...more,
  });
  const send = (clientId: string, text: string) => open({ client_id: clientId, request: text });

  it('brings a code; what stands beside it counts for nothing', async () => {
    const { answer } = await open({
      client_id: 'signs',
      request: await sign(key, claims('signs', { state: 'signed' })),
      state: 'tampered',
      scope: 'openid',
    });
    expect([answer.get('state'), answer.get('code') === null]).toEqual(['signed', false]);
    expect(
      (await send('signs-too', await sign(other, claims('signs-too')))).answer.get('code'),
    ).not.toBeNull();
  });

  it('is asked for where it is registered so', async () => {
    const { answer, page } = await open(request('signs').form);
    expect(answer.get('code')).toBeNull();
    expect(page ?? answer.get('error')).toMatch(/invalid_request/);
  });

  it.each<[string, () => string | Promise<string>]>([
    [
      'unsigned',
      () => {
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
        return `${part({ alg: 'none' })}.${part(claims('signs'))}.`;
      },
    ],
    ['signed by another service', () => sign(other, claims('signs'))],
    ['another service’s', () => sign(other, claims('signs-too'))],
    ['expired', () => sign(key, claims('signs', { exp: nowSeconds() - 120 }))],
    ['for somebody else', () => sign(key, claims('signs', { aud: 'https://other.example' }))],
    ['issued by another', () => sign(key, claims('signs', { iss: 'signs-too' }))],
    ['for another client', () => sign(key, claims('signs', { client_id: 'signs-too' }))],
    [
      'with an unregistered address',
      () => sign(key, claims('signs', { redirect_uri: 'https://evil.example/' })),
    ],
    ['nested', async () => sign(key, claims('signs', { request: await sign(key, claims('signs')) }))],
    ['cut', async () => (await sign(key, claims('signs'))).slice(0, -10)],
  ])('that is %s brings nothing', async (_name, make) => {
    const { answer } = await send('signs', await make());
    expect(answer.get('code')).toBeNull();
  });

  it('can be pushed, by who authenticates with a key', async () => {
    const form = {
      client_id: 'pushes-signed',
      request: await sign(key, claims('pushes-signed', { state: 'both' })),
      ...withAssertion(await assertion(key, 'pushes-signed', harness.config.issuer)),
    };
    const { status, body } = await post(harness, 'ext/par/request', form, {});
    expect(status).toBe(201);
    const { answer } = await open({ client_id: 'pushes-signed', request_uri: String(body['request_uri']) });
    expect([answer.get('state'), answer.get('code') === null]).toEqual(['both', false]);
  });
});

describe('tokens bound to a key', () => {
  const secret = basic('proves', 'proves-secret');
  const proofKey = serviceKey('ES256');

  const exchange = async (proof: string | undefined, more: Record<string, string | undefined> = {}) => {
    const { answer, verifier } = await authorize(harness, new Browser(), { client_id: 'proves', ...more });
    return post(
      harness,
      'token',
      {
        grant_type: 'authorization_code',
        code: answer.get('code') ?? '',
        redirect_uri: REDIRECT,
        code_verifier: verifier,
      },
      { ...secret, ...(proof === undefined ? {} : { dpop: proof }) },
    );
  };
  const tokenProof = (by: ServiceKey = proofKey, changes = {}) =>
    dpopProof(by, { htm: 'POST', htu: url('token') }, changes);
  const userinfo = (accessToken: string, proof?: string, scheme = 'DPoP') =>
    fetch(url('userinfo'), {
      headers: { authorization: `${scheme} ${accessToken}`, ...(proof === undefined ? {} : { dpop: proof }) },
    });
  const infoProof = (accessToken: string, by: ServiceKey = proofKey, changes = {}) =>
    dpopProof(by, { htm: 'GET', htu: url('userinfo'), accessToken }, changes);

  it('are told so, and work with a fresh proof each time', async () => {
    const { status, body } = await exchange(await tokenProof());
    expect([status, body['token_type']]).toEqual([200, 'DPoP']);
    const token = String(body['access_token']);
    expect(payloadOf(token)['cnf']).toEqual({ jkt: expect.any(String) });
    const proof = await infoProof(token);
    expect((await userinfo(token, proof)).status).toBe(200);
    expect((await userinfo(token, proof)).status).toBe(401); // replayed
    expect((await userinfo(token, await infoProof(token))).status).toBe(200);
    const about = await post(harness, 'token/introspect', { token }, secret);
    expect(about.body).toMatchObject({ active: true, cnf: payloadOf(token)['cnf'] });
    const refreshed = await post(
      harness,
      'token',
      { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) },
      { ...secret, dpop: await tokenProof() },
    );
    expect(payloadOf(String(refreshed.body['access_token']))['cnf']).toEqual(payloadOf(token)['cnf']);
  });

  it('are not given without a proof, nor for a wrong one', async () => {
    expect((await exchange(undefined)).body['error']).toBe('invalid_grant');
    for (const changes of [
      { htm: 'GET' },
      { htu: url('userinfo') },
      { htu: 'https://evil.example/token' },
      { iat: nowSeconds() - 3600, jti: 'old' },
      { jti: undefined },
      { nonce: 'made-up' },
    ]) {
      const { status, body } = await exchange(await tokenProof(proofKey, changes));
      expect([
        changes,
        status,
        ['invalid_dpop_proof', 'use_dpop_nonce'].includes(String(body['error'])),
      ]).toEqual([changes, 400, true]);
    }
    expect((await exchange('no.jwt.atall')).body['error']).toBe('invalid_dpop_proof');
  });

  it('are of no use to who has the token alone', async () => {
    const token = String((await exchange(await tokenProof())).body['access_token']);
    expect((await userinfo(token, undefined, 'Bearer')).status).toBe(401);
    expect((await userinfo(token, undefined)).status).not.toBe(200);
    const stranger = serviceKey('ES256');
    expect((await userinfo(token, await infoProof(token, stranger))).status).toBe(401);
    expect((await userinfo(token, await infoProof('another token'))).status).toBe(401);
    expect((await userinfo(token, await infoProof(token, proofKey, { htm: 'POST' }))).status).toBe(401);
    expect((await userinfo(token, await infoProof(token, proofKey, { htu: url('token') }))).status).toBe(401);
  });

  it('one proof serves one of 16 requests at once', async () => {
    const token = String((await exchange(await tokenProof())).body['access_token']);
    const proof = await infoProof(token);
    const all = await Promise.all(Array.from({ length: 16 }, () => userinfo(token, proof)));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('come with a nonce where the clock is off, and a stale one is asked anew', async () => {
    const late = await exchange(await tokenProof(proofKey, { iat: nowSeconds() - 3600 }));
    expect(late.body['error']).toBe('use_dpop_nonce');
    const nonce = late.response.headers.get('dpop-nonce') ?? '';
    expect(nonce).not.toBe('');
    const { status } = await exchange(await tokenProof(proofKey, { iat: nowSeconds() - 3600, nonce }));
    expect(status).toBe(200);
    const stale = await exchange(await tokenProof(proofKey, { nonce: `${nonce.slice(0, -2)}xx` }));
    expect([stale.body['error'], stale.response.headers.get('dpop-nonce')]).toEqual([
      'use_dpop_nonce',
      nonce,
    ]);
  });

  it('keep a code for the key that was announced (dpop_jkt)', async () => {
    const { jkt } = payloadOf(String((await exchange(await tokenProof())).body['access_token']))['cnf'] as {
      jkt: string;
    };
    const stranger = serviceKey('ES256');
    expect((await exchange(await tokenProof(stranger), { dpop_jkt: jkt })).body['error']).toBe(
      'invalid_grant',
    );
    expect((await exchange(await tokenProof(), { dpop_jkt: jkt })).status).toBe(200);
  });

  it('are for whoever sends a proof, registered for it or not', async () => {
    const { answer, verifier } = await authorize(harness, new Browser());
    const { body } = await post(
      harness,
      'token',
      {
        grant_type: 'authorization_code',
        code: answer.get('code') ?? '',
        redirect_uri: REDIRECT,
        code_verifier: verifier,
      },
      { ...SANDBOX, dpop: await tokenProof() },
    );
    expect(body['token_type']).toBe('DPoP');
    expect((await userinfo(String(body['access_token']), undefined, 'Bearer')).status).toBe(401);
  });
});
