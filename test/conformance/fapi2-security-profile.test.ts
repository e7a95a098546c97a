import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { assertion, dpopProof, nowSeconds, serviceKey, sign, withAssertion } from '../support/client-keys.ts';
import { Browser, REDIRECT, headerOf, payloadOf } from '../http/oidc-harness.ts';
import {
  Service,
  expectRefused,
  fapi,
  harness,
  later,
  open,
  site,
  startFapi,
  thumbprint,
  visit,
  type Form,
} from './fapi2-service.ts';

/**
 * The OpenID Foundation's plan for FAPI 2.0 Security Profile Final: a case per module, named as there, with
 * private_key_jwt and DPoP; those that are about certificates once more with mutual TLS. Each goes over HTTP.
 */

let dpop: Service;
let second: Service;
let certified: Service;

beforeAll(async () => {
  await startFapi();
  dpop = new Service('fapi-dpop', serviceKey('ES256'));
  second = new Service('fapi-second', serviceKey('PS256'));
  certified = new Service('fapi-mtls', serviceKey('ES256'), await site.certificate('fapi-mtls'));
  await harness.addClient(fapi('fapi-dpop', dpop.key));
  await harness.addClient(fapi('fapi-second', second.key));
  await harness.addClient({
    ...fapi('fapi-mtls', certified.key),
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_subject_dn: 'CN=fapi-mtls,O=CADUCEE-TEST,C=FR',
    dpop_bound_access_tokens: false,
    tls_client_certificate_bound_access_tokens: true,
  });
});

describe('fapi2-security-profile-final, well-behaved services', () => {
  it('discovery-end-point-verification', async () => {
    const response = await fetch(`${harness.config.issuer}/.well-known/openid-configuration`);
    const listed = (await response.json()) as Record<string, unknown>;
    const holds = (name: string, ...values: string[]) =>
      expect([name, listed[name]]).toEqual([name, expect.arrayContaining(values)]);
    expect(listed['issuer']).toBe(harness.config.issuer);
    expect(listed['authorization_response_iss_parameter_supported']).toBe(true);
    expect(listed).toHaveProperty('pushed_authorization_request_endpoint');
    expect(listed['tls_client_certificate_bound_access_tokens']).toBe(true);
    holds(
      'token_endpoint_auth_methods_supported',
      'private_key_jwt',
      'tls_client_auth',
      'self_signed_tls_client_auth',
    );
    holds('token_endpoint_auth_signing_alg_values_supported', 'ES256', 'PS256', 'EdDSA');
    holds('dpop_signing_alg_values_supported', 'ES256', 'PS256', 'EdDSA');
    holds('id_token_signing_alg_values_supported', 'ES256');
    holds('code_challenge_methods_supported', 'S256');
    expect(listed['code_challenge_methods_supported']).not.toContain('plain');
    holds('response_types_supported', 'code');
    for (const name of [
      'token_endpoint_auth_signing_alg_values_supported',
      'request_object_signing_alg_values_supported',
      'dpop_signing_alg_values_supported',
    ]) {
      expect(listed[name]).not.toContain('none');
      expect(listed[name]).not.toContain('HS256');
    }
  });

  it('happy-flow', async () => {
    const { answer, code, verifier } = await dpop.signIn();
    expect([answer.get('state'), answer.get('iss'), answer.get('error')]).toEqual([
      'state-1',
      harness.config.issuer,
      null,
    ]);
    const { body } = await dpop.redeem(code, verifier);
    expect(body).toMatchObject({ token_type: 'DPoP', expires_in: expect.any(Number) });
    expect(headerOf(String(body['id_token']))).toMatchObject({ alg: 'ES256' });
    expect(payloadOf(String(body['id_token']))).toMatchObject({
      iss: harness.config.issuer,
      aud: 'fapi-dpop',
      nonce: 'nonce-1',
    });
    expect(payloadOf(String(body['access_token']))['cnf']).toEqual({ jkt: thumbprint(dpop.proofKey) });
    expect(await dpop.resource(String(body['access_token']))).toBe(200);
  });

  it('happy-flow, mutual TLS', async () => {
    const tokens = await certified.tokens();
    expect(tokens['token_type']).toBe('Bearer');
    const print = createHash('sha256')
      .update(new X509Certificate(certified.certificate?.cert ?? '').raw)
      .digest('base64url');
    expect(payloadOf(String(tokens['access_token']))['cnf']).toEqual({ 'x5t#S256': print });
    expect(await certified.resource(String(tokens['access_token']))).toBe(200);
  });

  it('user-rejects-authentication', async () => {
    const { form } = dpop.request();
    const { body } = await dpop.push(form);
    const browser = new Browser();
    const begun = await browser.fetch(
      `${harness.origin}/auth?${new URLSearchParams({ client_id: 'fapi-dpop', request_uri: String(body['request_uri']) }).toString()}`,
    );
    const { location } = await browser.follow(
      `${new URL(begun.headers.get('location') ?? '', harness.origin).href}/abandon`,
    );
    const answer = new URL(location ?? '').searchParams;
    expect([answer.get('error'), answer.get('state'), answer.get('iss')]).toEqual([
      'access_denied',
      'state-1',
      harness.config.issuer,
    ]);
  });

  it('ensure-authorization-request-without-state-success', async () => {
    const { answer, code } = await dpop.signIn({ state: undefined });
    expect([answer.has('state'), code !== undefined]).toEqual([false, true]);
  });

  it('ensure-authorization-request-without-nonce-success', async () => {
    const tokens = await dpop.tokens({ nonce: undefined });
    expect(payloadOf(String(tokens['id_token']))).not.toHaveProperty('nonce');
  });

  it('ensure-request-object-with-64-char-nonce-success', async () => {
    const nonce = 'n'.repeat(64);
    const tokens = await dpop.tokens({ nonce });
    expect(payloadOf(String(tokens['id_token']))['nonce']).toBe(nonce);
  });

  it('ensure-other-scope-order-succeeds', async () => {
    const tokens = await dpop.tokens({ scope: 'scope_all openid' });
    expect(await dpop.resource(String(tokens['access_token']))).toBe(200);
  });

  it('test-claims-parameter-identity-claims', async () => {
    const tokens = await dpop.tokens({
      claims: JSON.stringify({ id_token: { SubjectNameID: null, family_name: null } }),
    });
    expect(payloadOf(String(tokens['id_token']))).toMatchObject({ SubjectNameID: expect.any(String) });
  });

  it('access-token-type-header-case-sensitivity', async () => {
    const tokens = await dpop.tokens();
    for (const scheme of ['DPoP', 'dpop', 'DPOP']) {
      expect([scheme, await dpop.resource(String(tokens['access_token']), { scheme })]).toEqual([
        scheme,
        200,
      ]);
    }
    const bearer = await certified.tokens();
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      expect([scheme, await certified.resource(String(bearer['access_token']), { scheme })]).toEqual([
        scheme,
        200,
      ]);
    }
  });

  it('refresh-token', async () => {
    const tokens = await dpop.tokens();
    const refresh = async (service: Service, form: Form = {}, proof?: string) =>
      service.send(
        'token',
        {
          grant_type: 'refresh_token',
          refresh_token: tokens['refresh_token'],
          ...(await service.authenticate()),
          ...form,
        },
        { dpop: proof ?? (await service.proof()) },
      );
    const first = await refresh(dpop);
    expect(first.status).toBe(200);
    expect(first.body['refresh_token']).toBe(tokens['refresh_token']); // not rotated
    expect(payloadOf(String(first.body['access_token']))['cnf']).toEqual({ jkt: thumbprint(dpop.proofKey) });
    expect((await refresh(dpop)).status).toBe(200);
    // Another service, or no proof: no.
    expect((await refresh(second)).body['error']).toBe('invalid_grant');
    const unproved = await dpop.send('token', {
      grant_type: 'refresh_token',
      refresh_token: tokens['refresh_token'],
      ...(await dpop.authenticate()),
    });
    expect(unproved.status).toBe(400);
    // A confidential service may change the key of its proofs (RFC 9449, 5).
    const other = serviceKey('ES256');
    const moved = await refresh(dpop, {}, await dpop.proof({}, other));
    expect(payloadOf(String(moved.body['access_token']))['cnf']).toEqual({ jkt: thumbprint(other) });
  });
});

describe('fapi2-security-profile-final, DPoP', () => {
  it('check-dpop-proof-nbf-exp', async () => {
    const { code, verifier } = await dpop.signIn();
    const proof = await dpop.proof({ nbf: nowSeconds() - 5, exp: nowSeconds() + 60 });
    expect((await dpop.redeem(code, verifier, { proof })).status).toBe(200);
  });

  it.each([
    ['ensure-dpop-proof-with-iat-10seconds-before-succeeds', -10],
    ['ensure-dpop-proof-with-iat-10seconds-after-succeeds', 10],
  ])('%s', async (_name, offset) => {
    const { code, verifier } = await dpop.signIn();
    const proof = await dpop.proof({ iat: nowSeconds() + offset });
    expect((await dpop.redeem(code, verifier, { proof })).status).toBe(200);
    const tokens = await dpop.tokens();
    const token = String(tokens['access_token']);
    expect(
      await dpop.resource(token, { proof: await dpop.infoProof(token, { iat: nowSeconds() + offset }) }),
    ).toBe(200);
  });

  it('ensure-mismatched-dpop-jkt-fails', async () => {
    const { form } = dpop.request({ dpop_jkt: thumbprint(serviceKey('ES256')) });
    const proof = await dpopProof(dpop.proofKey, { htm: 'POST', htu: dpop.url('ext/par/request') });
    const { status, body } = await dpop.push(form, { dpop: proof });
    expect([status, ['invalid_request', 'invalid_dpop_proof'].includes(String(body['error']))]).toEqual([
      400,
      true,
    ]);
  });

  it('ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt', async () => {
    const proof = await dpopProof(dpop.proofKey, { htm: 'POST', htu: dpop.url('ext/par/request') });
    const { code, verifier } = await dpop.signIn({}, { dpop: proof });
    const other = await dpop.redeem(code, verifier, { proof: await dpop.proof({}, serviceKey('ES256')) });
    expect(['invalid_grant', 'invalid_dpop_proof']).toContain(other.body['error']);
  });

  it('ensure-token-endpoint-fails-with-mismatched-dpop-jkt', async () => {
    const { code, verifier } = await dpop.signIn({ dpop_jkt: thumbprint(dpop.proofKey) });
    const other = await dpop.redeem(code, verifier, { proof: await dpop.proof({}, serviceKey('ES256')) });
    expect(['invalid_grant', 'invalid_dpop_proof']).toContain(other.body['error']);
  });

  it('ensure-dpop-proof-at-par-endpoint-binding-success', async () => {
    const proof = await dpopProof(dpop.proofKey, { htm: 'POST', htu: dpop.url('ext/par/request') });
    const { code, verifier } = await dpop.signIn({}, { dpop: proof });
    expect((await dpop.redeem(code, verifier)).status).toBe(200);
  });

  it('ensure-dpop-auth-code-binding-success', async () => {
    const { code, verifier } = await dpop.signIn({ dpop_jkt: thumbprint(dpop.proofKey) });
    expect((await dpop.redeem(code, verifier)).status).toBe(200);
  });

  it('dpop-negative-tests', async () => {
    const token = String((await dpop.tokens())['access_token']);
    const proof = await dpop.infoProof(token);
    expect(await dpop.resource(token, { proof })).toBe(200);
    expect(await dpop.resource(token, { proof })).toBe(401); // replayed
    for (const changes of [
      { htm: 'POST' },
      { htu: 'https://other.example/userinfo' },
      { ath: 'x' },
      { ath: undefined },
      { iat: nowSeconds() - 3600 },
      { iat: nowSeconds() + 3600 },
      { iat: undefined },
      { jti: undefined },
      { htm: undefined },
      { htu: undefined },
    ]) {
      expect([changes, await dpop.resource(token, { proof: await dpop.infoProof(token, changes) })]).toEqual([
        changes,
        401,
      ]);
    }
    expect(await dpop.resource(token, { proof: '', scheme: 'Bearer' })).toBe(401);
    expect(await dpop.resource(token, { scheme: 'Bearer' })).not.toBe(200);
    const { kid: _kid, ...jwk } = dpop.proofKey.jwk;
    const wrongType = await sign(
      dpop.proofKey,
      { htm: 'GET', htu: dpop.url('userinfo'), jti: 'type', iat: nowSeconds() },
      { typ: 'JWT', jwk: jwk as never },
    );
    expect(await dpop.resource(token, { proof: wrongType })).toBe(401);
    const withPrivate = await sign(
      dpop.proofKey,
      { htm: 'GET', htu: dpop.url('userinfo'), jti: 'private', iat: nowSeconds() },
      { typ: 'dpop+jwt', jwk: { ...jwk, d: dpop.proofKey.privateKey.export({ format: 'jwk' }).d } as never },
    );
    expect(await dpop.resource(token, { proof: withPrivate })).toBe(401);
  });
});

describe('fapi2-security-profile-final, the authorization request', () => {
  it('ensure-registered-redirect-uri', async () => {
    const { status, body } = await dpop.push(dpop.request({ redirect_uri: `${REDIRECT}/foobar` }).form);
    expect([status, body['error']]).toEqual([400, 'invalid_request']);
  });

  it('plain-fapi-ensure-registered-redirect-uri', async () => {
    for (const uri of [
      `${REDIRECT}?dummy=1`,
      REDIRECT.replace('127.0.0.1', 'evil.example'),
      `${REDIRECT}/`,
    ]) {
      expect((await dpop.push(dpop.request({ redirect_uri: uri }).form)).status).toBe(400);
    }
  });

  it('ensure-unsigned-authorization-request-without-using-par-fails', async () => {
    expectRefused(await visit(dpop.request().form));
  });

  it('ensure-redirect-uri-in-authorization-request', async () => {
    const { status, body } = await dpop.push(dpop.request({ redirect_uri: undefined }).form);
    expect([status, body['error']]).toEqual([400, 'invalid_request']);
  });

  it.each([
    ['ensure-response-type-code-idtoken-fails', 'code id_token'],
    ['ensure-response-type-token-fails', 'token'],
  ])('%s', async (_name, responseType) => {
    const { status, body } = await dpop.push(dpop.request({ response_type: responseType }).form);
    expect([
      status,
      ['unsupported_response_type', 'unauthorized_client'].includes(String(body['error'])),
    ]).toEqual([400, true]);
  });
});

describe('fapi2-security-profile-final, the token endpoint', () => {
  it('ensure-client-id-in-token-endpoint', async () => {
    const { code, verifier } = await dpop.signIn();
    const { status } = await dpop.redeem(code, verifier, { form: { client_id: 'fapi-second' } });
    expect([400, 401]).toContain(status);
    const tls = await certified.signIn();
    const without = await certified.redeem(tls.code, tls.verifier, { auth: {} });
    expect([400, 401]).toContain(without.status);
  });

  it('ensure-holder-of-key-required', async () => {
    const { code, verifier } = await dpop.signIn();
    const { status, body } = await dpop.redeem(code, verifier, { proof: undefined });
    expect([
      status,
      ['invalid_grant', 'invalid_request', 'invalid_dpop_proof'].includes(String(body['error'])),
    ]).toEqual([400, true]);
    const tls = await certified.signIn();
    const other = await site.certificate('other');
    const refused = await certified.redeem(tls.code, tls.verifier, { certificate: other });
    expect([refused.status, refused.body['error']]).toEqual([401, 'invalid_client']);
    const token = String((await certified.tokens())['access_token']);
    expect(await certified.resource(token, { certificate: other })).toBe(401);
  });

  it('ensure-authorization-code-is-bound-to-client', async () => {
    const { code, verifier } = await dpop.signIn();
    expect((await second.redeem(code, verifier)).body['error']).toBe('invalid_grant');
  });

  it('attempt-reuse-authorization-code-after-one-second', async () => {
    const { code, verifier } = await dpop.signIn();
    const { body } = await dpop.redeem(code, verifier);
    const again = await dpop.redeem(code, verifier);
    expect([again.status, again.body['error']]).toEqual([400, 'invalid_grant']);
    expect(await dpop.resource(String(body['access_token']))).toBe(401); // and what it gave is revoked
  });

  it('attempt-to-use-expired-auth-code', async () => {
    const { code, verifier } = await dpop.signIn();
    await later(65, async () => {
      expect((await dpop.redeem(code, verifier)).body['error']).toBe('invalid_grant');
    });
  });
});

describe('fapi2-security-profile-final, private_key_jwt', () => {
  const redeemWith = async (auth: Form) => {
    const { code, verifier } = await dpop.signIn();
    return dpop.redeem(code, verifier, { auth });
  };

  it('ensure-signed-client-assertion-with-RS256-fails', async () => {
    const text = await assertion({ ...second.key, alg: 'RS256' }, 'fapi-second', harness.config.issuer);
    const { form } = second.request();
    const { status, body } = await second.send('ext/par/request', { ...form, ...withAssertion(text) });
    expect([status, body['error']]).toEqual([401, 'invalid_client']);
  });

  it('ensure-client-assertion-in-token-endpoint', async () => {
    const { status } = await redeemWith({ client_id: 'fapi-dpop' });
    expect([400, 401]).toContain(status);
  });

  it.each<[string, Record<string, unknown>]>([
    ['ensure-client-assertion-with-exp-is-5-minutes-in-past-fails', { exp: nowSeconds() - 300 }],
    ['ensure-client-assertion-with-wrong-aud-fails', { aud: 'https://www.other1.example.com/' }],
    ['ensure-client-assertion-with-no-sub-fails', { sub: undefined }],
    [
      'par-ensure-jwt-client-assertion-with-iat-nbf-over-60-seconds-in-the-future-fails',
      { iat: nowSeconds() + 75, nbf: nowSeconds() + 75 },
    ],
  ])('%s', async (_name, changes) => {
    const { status, body } = await redeemWith(await dpop.authenticate(changes));
    expect([status, body['error']]).toEqual([401, 'invalid_client']);
    const { form } = dpop.request();
    const pushed = await dpop.send('ext/par/request', { ...form, ...(await dpop.authenticate(changes)) });
    expect([pushed.status, pushed.body['error']]).toEqual([401, 'invalid_client']);
  });

  it('par-ensure-jwt-client-assertion-with-iat-nbf-8-seconds-in-the-future-is-accepted', async () => {
    const soon = { iat: nowSeconds() + 8, nbf: nowSeconds() + 8 };
    const { form } = dpop.request();
    expect((await dpop.send('ext/par/request', { ...form, ...(await dpop.authenticate(soon)) })).status).toBe(
      201,
    );
  });

  it.each([
    ['par-endpoint-as-audience-fails', () => dpop.url('ext/par/request')],
    ['par-token-endpoint-as-audience-fails', () => dpop.url('token')],
    ['par-endpoint-as-array-audience-fails', () => [harness.config.issuer]],
  ])('%s', async (_name, audience) => {
    const { form } = dpop.request();
    const { status, body } = await dpop.send('ext/par/request', {
      ...form,
      ...(await dpop.authenticate({}, audience())),
    });
    expect([status, body['error']]).toEqual([401, 'invalid_client']);
  });
});

describe('fapi2-security-profile-final, PAR and PKCE', () => {
  it('par-ensure-reused-request-uri-prior-to-auth-completion-succeeds', async () => {
    const { body } = await dpop.push(dpop.request().form);
    const parameters = { client_id: 'fapi-dpop', request_uri: String(body['request_uri']) };
    const browser = new Browser();
    const first = await browser.fetch(`${harness.origin}/auth?${new URLSearchParams(parameters).toString()}`);
    expect(first.headers.get('location')).toMatch(/\/connexion\//);
    const { answer } = await visit(parameters, browser);
    expect(answer.get('code')).not.toBeNull();
  });

  it('par-attempt-reuse-request_uri', async () => {
    const { requestUri, code } = await dpop.signIn();
    expect(code).toBeDefined();
    expectRefused(await open('fapi-dpop', requestUri), /invalid_request_uri|invalid_request/);
  });

  it('par-attempt-to-use-expired-request_uri', async () => {
    const { body } = await dpop.push(dpop.request().form);
    expect(body['expires_in']).toBeLessThan(600);
    await later(65, async () => {
      expectRefused(await open('fapi-dpop', String(body['request_uri'])), /invalid_request_uri/);
    });
  });

  it('par-ensure-request-uri-is-bound-to-client', async () => {
    const { body } = await dpop.push(dpop.request().form);
    expectRefused(await open('fapi-second', String(body['request_uri'])));
  });

  it('par-authorization-request-containing-request_uri-form-param', async () => {
    const { status, body } = await dpop.push(
      dpop.request({
        request_uri: `urn:ietf:params:oauth:request_uri:${randomBytes(16).toString('base64url')}`,
      }).form,
    );
    expect([
      status,
      ['invalid_request', 'request_uri_not_supported'].includes(String(body['error'])),
    ]).toEqual([400, true]);
  });

  it('par-test-invalid-http-method', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      expect((await fetch(dpop.url('ext/par/request'), { method })).status).toBe(405);
    }
  });

  it('par-ensure-pkce-required', async () => {
    const { form } = dpop.request({ code_challenge: undefined, code_challenge_method: undefined });
    expect((await dpop.push(form)).body['error']).toBe('invalid_request');
  });

  it('par-ensure-pkce-code-verifier-required', async () => {
    const { code, verifier } = await dpop.signIn();
    const { body } = await dpop.redeem(code, verifier, { form: { code_verifier: undefined } });
    expect(['invalid_grant', 'invalid_request']).toContain(body['error']);
  });

  it('par-incorrect-pkce-code-verifier-rejected', async () => {
    const { code } = await dpop.signIn();
    const { body } = await dpop.redeem(code, randomBytes(32).toString('base64url'));
    expect(body['error']).toBe('invalid_grant');
  });

  it('par-ensure-plain-pkce-rejected', async () => {
    const { form, verifier } = dpop.request();
    const { body } = await dpop.push({ ...form, code_challenge: verifier, code_challenge_method: 'plain' });
    expect(body['error']).toBe('invalid_request');
    const silent = await dpop.push({ ...form, code_challenge: verifier, code_challenge_method: undefined });
    expect(silent.body['error']).toBe('invalid_request');
  });

  it('par-without-duplicate-parameters', async () => {
    // Everything is pushed; the browser brings client_id and request_uri alone.
    const { answer } = await dpop.signIn();
    expect(answer.get('code')).not.toBeNull();
  });
});
