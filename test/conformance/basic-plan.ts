import { createHash } from 'node:crypto';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseClient } from '../../src/clients/schema.ts';
import {
  Browser,
  DOCTOR,
  headerOf,
  payloadOf,
  post,
  startProvider,
  userinfo,
  type Harness,
  type Tokens,
} from '../http/oidc-harness.ts';
import { register, type Parameters, type Rp } from './rp.ts';

/**
 * The modules of the OpenID Foundation's plan for Basic OPs, by their names, in their order; the plan for Form Post OPs
 * is the same with `response_mode=form_post`. Its services send no PKCE, and one module no nonce: they are registered so.
 */

const unsigned = (payload: object): string =>
  [{ alg: 'none', typ: 'oauth-authz-req+jwt' }, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.') + '.';

/** Declares the plan's tests. */
export const basicPlan = (responseMode: 'default' | 'form_post'): void => {
  const mode: Parameters = responseMode === 'default' ? {} : { response_mode: responseMode };
  const without: Parameters = { ...mode, code_challenge: undefined, code_challenge_method: undefined };
  let harness: Harness;
  let rp: Rp;
  let second: Rp;

  beforeAll(async () => {
    harness = await startProvider('postgres', {}, { pages: 'real' });
    const declaration = {
      scope: 'openid profile identity scope_all',
      compatibility: ['pkce_optional' as const],
    };
    rp = await register(harness, declaration);
    second = await register(harness, declaration);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const authorize = (browser: Browser, parameters: Parameters = {}) =>
    rp.authorize(browser, { ...without, ...parameters });
  const signIn = (browser = new Browser(), parameters: Parameters = {}, who = rp): Promise<Tokens> =>
    who.signIn(browser, { ...without, ...parameters });
  const wait = (seconds: number): void => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
  };
  const verified = async (token: string) =>
    jwtVerify(token, createRemoteJWKSet(new URL(`${harness.config.issuer}/protocol/openid-connect/certs`)), {
      issuer: harness.config.issuer,
      audience: rp.clientId,
      requiredClaims: ['sub', 'iat', 'exp', 'auth_time', 'acr'],
    });
  const claimsOf = async (tokens: Tokens) =>
    (await (await userinfo(harness, tokens.access_token)).json()) as Record<string, unknown>;
  const endpoint = () => `${harness.config.issuer}/protocol/openid-connect/userinfo`;
  const bearer = (tokens: Tokens) => ({ authorization: `Bearer ${tokens.access_token}` });

  describe('responses and ID tokens', () => {
    it('oidcc-server', async () => {
      const outcome = await authorize(new Browser());
      expect(outcome.answer.get('state')).toBe(`state-${rp.clientId}`);
      const { body, response } = await rp.redeem(outcome, { code_verifier: undefined });
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('content-type')).toContain('application/json');
      const tokens = body as Tokens;
      const { payload } = await verified(tokens.id_token);
      expect(payload['nonce']).toBe(`nonce-${rp.clientId}`);
      const half = createHash('sha256').update(tokens.access_token).digest().subarray(0, 16);
      expect(payload['at_hash']).toBe(half.toString('base64url'));
      expect((await claimsOf(tokens))['sub']).toBe(payload.sub);
    });

    it('oidcc-response-type-missing', async () => {
      const { answer, response, location } = await authorize(new Browser(), { response_type: undefined });
      const said = location === undefined ? await response.text() : String(answer.get('error'));
      expect(said).toMatch(/invalid_request|unsupported_response_type/);
      expect(answer.get('code')).toBeNull();
    });

    it('oidcc-idtoken-signature', async () => {
      const { id_token: token } = await signIn();
      const { protectedHeader } = await verified(token);
      const { keys } = (await (
        await fetch(`${harness.config.issuer}/protocol/openid-connect/certs`)
      ).json()) as { keys: { kid: string; alg: string }[] };
      expect(keys.find(({ kid }) => kid === protectedHeader.kid)?.alg).toBe(protectedHeader.alg);
      const [header, payload, signature = ''] = token.split('.');
      const spoilt = `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
      await expect(verified(spoilt)).rejects.toThrow(/signature/);
    });

    it('oidcc-idtoken-unsigned', async () => {
      const declaration = { client_id: 'u', client_name: 'U', redirect_uris: ['https://u.example/cb'] };
      expect(parseClient({ ...declaration, id_token_signed_response_alg: 'none' }).ok).toBe(false);
      expect(headerOf((await signIn()).id_token)['alg']).toBe('RS256');
    });
  });

  describe('userinfo', () => {
    it('oidcc-userinfo-get', async () => {
      const tokens = await signIn();
      const response = await fetch(endpoint(), { headers: bearer(tokens) });
      expect(response.headers.get('content-type')).toContain('application/json');
      expect(await response.json()).toEqual({ sub: payloadOf(tokens.id_token)['sub'] });
    });

    it('oidcc-userinfo-post-header', async () => {
      const tokens = await signIn();
      const response = await fetch(endpoint(), { method: 'POST', headers: bearer(tokens) });
      expect(await response.json()).toEqual({ sub: payloadOf(tokens.id_token)['sub'] });
    });

    it('oidcc-userinfo-post-body', async () => {
      const tokens = await signIn();
      const body = new URLSearchParams({ access_token: tokens.access_token });
      const response = await fetch(endpoint(), { method: 'POST', body });
      expect(await response.json()).toEqual({ sub: payloadOf(tokens.id_token)['sub'] });
    });
  });

  it('oidcc-ensure-request-without-nonce-succeeds-for-code-flow', async () => {
    const older = await register(harness, { compatibility: ['pkce_optional', 'nonce_optional'] });
    const tokens = await signIn(new Browser(), { nonce: undefined }, older);
    expect(payloadOf(tokens.id_token)).not.toHaveProperty('nonce');
  });

  describe('scopes', () => {
    it('oidcc-scope-profile', async () => {
      const tokens = await signIn(new Browser(), { scope: 'openid profile' });
      expect(await claimsOf(tokens)).toEqual({
        sub: expect.any(String),
        given_name: 'ROBERT',
        family_name: 'SPECIALISTE0021889',
        preferred_username: DOCTOR,
      });
    });

    it.each(['email', 'address', 'phone'])('oidcc-scope-%s', async (scope) => {
      // Not in scopes_supported: it is left aside, and nothing of it is said.
      const tokens = await signIn(new Browser(), { scope: `openid ${scope}` });
      expect(tokens.scope).toBe('openid');
      expect(Object.keys(await claimsOf(tokens))).toEqual(['sub']);
    });

    it('oidcc-scope-all', async () => {
      const tokens = await signIn(new Browser(), { scope: 'openid profile email address phone scope_all' });
      expect(await claimsOf(tokens)).toMatchObject({ given_name: 'ROBERT', SubjectNameID: DOCTOR });
      expect(await claimsOf(tokens)).not.toHaveProperty('email');
    });

    it('oidcc-ensure-other-scope-order-succeeds', async () => {
      const tokens = await signIn(new Browser(), { scope: 'scope_all openid' });
      expect(tokens.id_token).toBeTruthy();
    });
  });

  it.each(['page', 'popup'])('oidcc-display-%s', async (display) => {
    expect((await signIn(new Browser(), { display })).id_token).toBeTruthy();
  });

  describe('prompt and max_age', () => {
    it('oidcc-prompt-login', async () => {
      const browser = new Browser();
      const first = payloadOf((await signIn(browser)).id_token);
      wait(2);
      const again = payloadOf((await signIn(browser, { prompt: 'login' })).id_token);
      expect(again['sub']).toBe(first['sub']);
      expect(Number(again['auth_time'])).toBeGreaterThan(Number(first['auth_time']));
    });

    it('oidcc-prompt-none-not-logged-in', async () => {
      const { answer } = await authorize(new Browser(), { prompt: 'none' });
      expect([answer.get('error'), answer.get('state')]).toEqual(['login_required', `state-${rp.clientId}`]);
    });

    it('oidcc-prompt-none-logged-in', async () => {
      const browser = new Browser();
      const first = payloadOf((await signIn(browser)).id_token);
      wait(2);
      const again = payloadOf((await signIn(browser, { prompt: 'none' })).id_token);
      expect([again['sub'], again['auth_time']]).toEqual([first['sub'], first['auth_time']]);
    });

    it('oidcc-max-age-1', async () => {
      const browser = new Browser();
      const first = payloadOf((await signIn(browser)).id_token);
      wait(3);
      const again = payloadOf((await signIn(browser, { max_age: '1' })).id_token);
      expect(Number(again['auth_time'])).toBeGreaterThan(Number(first['auth_time']));
      expect(Number(again['iat']) - Number(again['auth_time'])).toBeLessThanOrEqual(1);
    });

    it('oidcc-max-age-10000', async () => {
      const browser = new Browser();
      const first = payloadOf((await signIn(browser)).id_token);
      wait(3);
      const again = payloadOf((await signIn(browser, { max_age: '10000' })).id_token);
      expect(again['auth_time']).toBe(first['auth_time']);
    });
  });

  describe('parameters that may be there', () => {
    it('oidcc-ensure-request-with-unknown-parameter-succeeds', async () => {
      expect((await signIn(new Browser(), { extra: 'foobar' })).id_token).toBeTruthy();
    });

    it('oidcc-id-token-hint', async () => {
      const browser = new Browser();
      const first = await signIn(browser);
      const again = await signIn(browser, { prompt: 'none', id_token_hint: first.id_token });
      expect(payloadOf(again.id_token)['sub']).toBe(payloadOf(first.id_token)['sub']);
    });

    it('oidcc-login-hint', async () => {
      expect((await signIn(new Browser(), { login_hint: 'buffy@op.example' })).id_token).toBeTruthy();
    });

    it('oidcc-ui-locales', async () => {
      expect((await signIn(new Browser(), { ui_locales: 'se' })).id_token).toBeTruthy();
    });

    it('oidcc-claims-locales', async () => {
      expect((await signIn(new Browser(), { claims_locales: 'se' })).id_token).toBeTruthy();
    });

    it('oidcc-ensure-request-with-acr-values-succeeds', async () => {
      const listed = (await (
        await fetch(`${harness.config.issuer}/.well-known/openid-configuration`)
      ).json()) as { acr_values_supported: string[] };
      const acr = listed.acr_values_supported.join(' ');
      expect(acr.split(' ')).toContain(
        payloadOf((await signIn(new Browser(), { acr_values: acr })).id_token)['acr'],
      );
    });
  });

  describe('codes', () => {
    it('oidcc-codereuse', async () => {
      const outcome = await authorize(new Browser());
      const redeem = () => rp.redeem(outcome, { code_verifier: undefined });
      expect((await redeem()).status).toBe(200);
      const { status, body } = await redeem();
      expect([status, body['error']]).toEqual([400, 'invalid_grant']);
    });

    it('oidcc-codereuse-30seconds', async () => {
      const outcome = await authorize(new Browser());
      const redeem = () => rp.redeem(outcome, { code_verifier: undefined });
      const tokens = (await redeem()).body as Tokens;
      wait(30);
      expect((await redeem()).body['error']).toBe('invalid_grant');
      expect((await userinfo(harness, tokens.access_token)).status).toBe(401);
    });

    it('oidcc-ensure-registered-redirect-uri', async () => {
      const { location, response } = await authorize(new Browser(), {
        redirect_uri: `${rp.redirectUri}/other`,
      });
      expect([location, response.status]).toEqual([undefined, 400]);
      expect(await response.text()).toContain('invalid_redirect_uri');
    });

    it('oidcc-ensure-post-request-succeeds', async () => {
      const browser = new Browser();
      const { query } = rp.request(without);
      const asked = await browser.fetch(`${harness.origin}/auth`, { method: 'POST', body: query });
      const { response, location } = await browser.follow(
        new URL(asked.headers.get('location') ?? '', harness.origin).href,
      );
      expect(location ?? (await response.text())).toMatch(/code/);
    });
  });

  it('oidcc-server-client-secret-post', async () => {
    const byBody = await register(harness, {
      token_endpoint_auth_method: 'client_secret_post',
      compatibility: ['pkce_optional'],
    });
    expect((await signIn(new Browser(), {}, byBody)).id_token).toBeTruthy();
  });

  describe('request objects and claims', () => {
    const request = () =>
      unsigned({ ...Object.fromEntries(rp.request(without).query), state: 'from-the-object' });

    it('oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported', async () => {
      const { answer } = await authorize(new Browser(), { request_uri: 'https://rp.example/request.jwt' });
      expect(answer.get('error')).toBe('request_uri_not_supported');
    });

    it('oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported', async () => {
      const { answer } = await authorize(new Browser(), { request: request() });
      expect(answer.get('error')).toMatch(/request_not_supported|invalid_request_object/);
      expect(answer.get('code')).toBeNull();
    });

    it('oidcc-claims-essential', async () => {
      const claims = JSON.stringify({ userinfo: { given_name: { essential: true } } });
      expect(await claimsOf(await signIn(new Browser(), { claims }))).toEqual({
        sub: expect.any(String),
        given_name: 'ROBERT',
      });
    });

    it('oidcc-ensure-request-object-with-redirect-uri', async () => {
      const { location, answer } = await authorize(new Browser(), {
        request: request(),
        redirect_uri: `${rp.redirectUri}/not-registered`,
      });
      expect(answer.get('code')).toBeNull();
      expect(location ?? '').not.toContain('not-registered');
    });
  });

  it('oidcc-refresh-token', async () => {
    const first = await signIn();
    const { status, body } = await rp.refresh(first.refresh_token);
    expect(status).toBe(200);
    const [before, after] = [payloadOf(first.id_token), payloadOf(String(body['id_token']))];
    for (const name of ['iss', 'sub', 'aud', 'azp', 'auth_time']) expect(after[name]).toBe(before[name]);
    expect(body['access_token']).not.toBe(first.access_token);
    // Another service with it is refused, and loses nobody anything.
    expect((await second.refresh(String(body['refresh_token']))).body['error']).toBe('invalid_grant');
    expect((await rp.refresh(String(body['refresh_token']))).status).toBe(200);
  });

  it('oidcc-ensure-request-with-valid-pkce-succeeds', async () => {
    expect((await rp.signIn(new Browser(), mode)).id_token).toBeTruthy();
  });

  it('errors come the same way as codes', async () => {
    const { answer, location } = await authorize(new Browser(), { scope: 'openid', max_age: '-1' });
    expect([answer.get('error'), location?.startsWith(rp.redirectUri)]).toEqual(['invalid_request', true]);
    // The plan's other helper must be of use to no one else: the code of one service is refused to another.
    const outcome = await authorize(new Browser());
    const stolen = await post(
      harness,
      'token',
      {
        grant_type: 'authorization_code',
        code: outcome.answer.get('code') ?? '',
        redirect_uri: rp.redirectUri,
      },
      { authorization: `Basic ${Buffer.from(`${second.clientId}:${second.secret}`).toString('base64')}` },
    );
    expect(stolen.body['error']).toBe('invalid_grant');
  });
};
