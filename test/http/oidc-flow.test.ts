import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as client from 'openid-client';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  Browser,
  DOCTOR,
  REDIRECT,
  SANDBOX,
  addPractitioner,
  authorizationRequest,
  authorize,
  basic,
  headerOf,
  payloadOf,
  post,
  refresh,
  signIn,
  startProvider,
  userinfo,
  type Harness,
  type StoreName,
} from './oidc-harness.ts';

const SUB = `f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:${DOCTOR}`;

describe.each(['postgres', 'redis'] satisfies StoreName[])('a sign-in, its state in %s', (store) => {
  let harness: Harness;
  let issuer: string;
  beforeAll(async () => {
    harness = await startProvider(store);
    issuer = harness.config.issuer;
  });

  const verify = (token: string, audience?: string) =>
    jwtVerify(token, createRemoteJWKSet(new URL(`${issuer}/protocol/openid-connect/certs`)), {
      issuer,
      ...(audience === undefined ? {} : { audience }),
    });

  it('gives the token response of Pro Santé Connect', async () => {
    const tokens = await signIn(harness);
    expect(Object.keys(tokens).sort()).toEqual(
      'access_token expires_in id_token not-before-policy refresh_expires_in refresh_token scope session_state token_type'.split(
        ' ',
      ),
    );
    expect(tokens).toMatchObject({
      token_type: 'Bearer',
      expires_in: 120,
      refresh_expires_in: 1800,
      'not-before-policy': 0,
      scope: 'openid scope_all',
      session_state: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
    });
  });

  it('signs ID and access token with the published key, true to the means used', async () => {
    const tokens = await signIn(harness);
    const { payload: id, protectedHeader } = await verify(tokens.id_token, 'sandbox');
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: expect.any(String) });
    expect(id).toMatchObject({
      sub: SUB,
      typ: 'ID',
      azp: 'sandbox',
      nonce: 'nonce-1',
      acr: 'eidas1',
      amr: ['pop', 'pin', 'mfa', 'swk'],
      authMode: 'MOBILE',
      sid: tokens.session_state,
      session_state: tokens.session_state,
      SubjectNameID: DOCTOR,
      preferred_username: DOCTOR,
      given_name: 'ROBERT',
      family_name: 'SPECIALISTE0021889',
      otherIds: [{ identifiant: DOCTOR, origine: 'RPPS', qualite: 1 }],
    });
    expect(id.exp).toBe((id.iat ?? 0) + 120);
    const { payload: access } = await verify(tokens.access_token);
    expect(Object.keys(access)).toEqual(
      'exp iat auth_time jti iss sub typ azp nonce session_state acr scope sid authMode otherIds preferred_username'.split(
        ' ',
      ),
    );
    expect(access).toMatchObject({
      typ: 'Bearer',
      nonce: 'nonce-1',
      auth_time: id['auth_time'],
      authMode: 'MOBILE',
    });
  });

  it('answers userinfo by GET and by POST with every claim', async () => {
    const { access_token: token } = await signIn(harness);
    const byGet = (await (await userinfo(harness, token)).json()) as Record<string, unknown>;
    expect(byGet).toMatchObject({
      sub: SUB,
      SubjectNameID: DOCTOR,
      SubjectRole: ['10^1.2.250.1.213.1.1.5.5'],
      SubjectOrganization: 'CABINET M SPECIALISTE0021889',
      authMode: 'MOBILE',
      codeCivilite: 'M',
    });
    expect(Object.keys(byGet)).toHaveLength(19);
    const endpoint = `${issuer}/protocol/openid-connect/userinfo`;
    const bearer = { authorization: `Bearer ${token}` };
    expect(await (await fetch(endpoint, { method: 'POST', headers: bearer })).json()).toEqual(byGet);
    const inBody = await fetch(endpoint, {
      method: 'POST',
      body: new URLSearchParams({ access_token: token }),
    });
    expect(await inBody.json()).toEqual(byGet);
  });

  it('works with openid-client, by its own discovery', async () => {
    const configuration = await client.discovery(
      new URL(issuer),
      'sandbox',
      undefined,
      client.ClientSecretBasic('sandbox-secret'),
      { execute: [client.allowInsecureRequests] },
    );
    const verifier = client.randomPKCECodeVerifier();
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: REDIRECT,
      scope: 'openid scope_all',
      acr_values: 'eidas1',
      state: 's',
      nonce: 'n',
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    const { location } = await new Browser().follow(url.href);
    const tokens = await client.authorizationCodeGrant(configuration, new URL(location ?? ''), {
      pkceCodeVerifier: verifier,
      expectedState: 's',
      expectedNonce: 'n',
      idTokenExpected: true,
    });
    const claims = await client.fetchUserInfo(configuration, tokens.access_token, SUB);
    expect(claims['SubjectNameID']).toBe(DOCTOR);
    const again = await client.refreshTokenGrant(configuration, tokens.refresh_token ?? '');
    expect(again.access_token).not.toBe(tokens.access_token);
    expect(await client.tokenIntrospection(configuration, again.access_token)).toMatchObject({
      active: true,
    });
    await client.tokenRevocation(configuration, again.access_token);
    expect(await client.tokenIntrospection(configuration, again.access_token)).toMatchObject({
      active: false,
    });
  });

  it('rotates refresh tokens, and ends the family when an old one comes back', async () => {
    const first = await signIn(harness);
    const second = await refresh(harness, first.refresh_token);
    expect(second).toMatchObject({
      status: 200,
      body: { refresh_expires_in: 1800, scope: 'openid scope_all' },
    });
    const { refresh_token: rotated, access_token: access } = second.body as {
      refresh_token: string;
      access_token: string;
    };
    expect(rotated).not.toBe(first.refresh_token);
    expect(payloadOf(String(second.body['id_token']))).toMatchObject({
      sub: SUB,
      authMode: 'MOBILE',
      acr: 'eidas1',
    });
    expect(payloadOf(access)).toMatchObject({ authMode: 'MOBILE', nonce: 'nonce-1' });
    expect((await userinfo(harness, access)).status).toBe(200);

    expect(await refresh(harness, first.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    expect(await refresh(harness, rotated)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await userinfo(harness, access)).status).toBe(401);
  });

  it('revokes what a replayed code gave', async () => {
    const { answer, verifier } = await authorize(harness, new Browser());
    const redeem = () =>
      post(harness, 'token', {
        grant_type: 'authorization_code',
        code: answer.get('code') ?? '',
        redirect_uri: REDIRECT,
        code_verifier: verifier,
      });
    const given = await redeem();
    expect(given.status).toBe(200);
    expect(await redeem()).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await userinfo(harness, String(given.body['access_token']))).status).toBe(401);
    expect((await refresh(harness, String(given.body['refresh_token']))).status).toBe(400);
    expect((await harness.audit()).map(({ type }) => type)).toContain('token_replayed');
  });

  it('introspects its signed token, and only for who may', async () => {
    const tokens = await signIn(harness);
    const introspect = (headers: Record<string, string>, token = tokens.access_token) =>
      post(harness, 'token/introspect', { token }, headers);
    const { body } = await introspect(SANDBOX);
    expect(Object.keys(body).sort()).toEqual(
      'exp iat auth_time jti iss sub typ azp nonce session_state preferred_username acr scope sid authMode otherIds client_id username active'
        .split(' ')
        .sort(),
    );
    expect(body).toMatchObject({
      ...payloadOf(tokens.access_token),
      active: true,
      client_id: 'sandbox',
      username: DOCTOR,
    });
    expect((await introspect(basic('si-dep', 'si-dep-secret'))).body).toEqual({ active: false });
    expect(
      await post(
        harness,
        'token/introspect',
        { token: tokens.access_token, client_id: 'sandbox-public' },
        {},
      ),
    ).toMatchObject({ body: { active: false } });
    const refreshToken = await introspect(SANDBOX, tokens.refresh_token);
    expect(refreshToken.body).toMatchObject({ active: true, typ: 'Refresh', username: DOCTOR });
    expect(JSON.stringify(refreshToken.body)).not.toContain(tokens.refresh_token);
  });

  it('refuses a token that is forged, bare of its signature, or of another kind', async () => {
    const tokens = await signIn(harness);
    const [header, payload, signature] = tokens.access_token.split('.') as [string, string, string];
    const forgedPayload = Buffer.from(
      JSON.stringify({ ...payloadOf(tokens.access_token), sub: 'x' }),
    ).toString('base64url');
    const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    const jti = String(payloadOf(tokens.access_token)['jti']);
    const wrong = [
      `${header}.${forgedPayload}.${signature}`,
      `${none}.${payload}.x`,
      jti,
      tokens.id_token,
      tokens.refresh_token,
    ];
    for (const token of wrong) {
      expect((await userinfo(harness, token)).status).toBe(401);
    }
    for (const token of [wrong[0], wrong[1], jti, tokens.id_token]) {
      expect((await post(harness, 'token/introspect', { token: token ?? '' })).body).toEqual({
        active: false,
      });
    }
    expect((await userinfo(harness, tokens.access_token)).status).toBe(200);
  });

  it('revokes: an access token alone, a refresh token with all its family', async () => {
    const tokens = await signIn(harness);
    expect((await post(harness, 'revoke', { token: tokens.access_token })).status).toBe(200);
    expect((await userinfo(harness, tokens.access_token)).status).toBe(401);
    const next = await refresh(harness, tokens.refresh_token);
    expect(next.status).toBe(200);
    expect((await post(harness, 'revoke', { token: String(next.body['refresh_token']) })).status).toBe(200);
    expect((await userinfo(harness, String(next.body['access_token']))).status).toBe(401);
    expect((await post(harness, 'revoke', { token: 'unknown' })).status).toBe(200);
  });

  it('gives someone without place of practice empty lists', async () => {
    const retired = `8100${String(Math.random()).slice(2, 10)}`;
    await addPractitioner(harness.db, { nationalId: retired });
    harness.signIn.nationalId = retired;
    const { access_token: token } = await signIn(harness);
    harness.signIn.nationalId = DOCTOR;
    expect(await (await userinfo(harness, token)).json()).toMatchObject({
      preferred_username: retired,
      SubjectRole: [],
      Secteur_Activite: '',
      SubjectOrganization: '',
      SubjectRefPro: { exercices: [] },
    });
  });

  it('stops for who is struck off: refresh, userinfo, introspection, the open session', async () => {
    const id = `8101${String(Math.random()).slice(2, 10)}`;
    await addPractitioner(harness.db, { nationalId: id });
    harness.signIn.nationalId = id;
    const browser = new Browser();
    const tokens = await signIn(harness, browser);
    harness.signIn.nationalId = DOCTOR;
    const person = await harness.registry.find(id);
    await harness.registry.setStatus(person?.id ?? '', 'struck_off');
    expect(await refresh(harness, tokens.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    expect((await userinfo(harness, tokens.access_token)).status).toBe(401);
    expect((await post(harness, 'token/introspect', { token: tokens.access_token })).body).toEqual({
      active: false,
    });
    const { answer } = await authorize(harness, browser, { prompt: 'none' });
    expect(answer.get('error')).toBe('login_required');
  });
});

describe('what services ask for', () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startProvider('postgres');
    await harness.addClient(
      {
        client_id: 'modern',
        client_name: 'Modern',
        redirect_uris: ['https://modern.example/cb'],
        id_token_signed_response_alg: 'ES256',
        require_pkce: true,
        access_token_format: 'opaque',
        token_endpoint_auth_method: 'client_secret_post',
      },
      'modern-secret',
    );
  });

  it('takes an authorization request by POST, answering 303 to GET', async () => {
    const { query } = authorizationRequest(harness);
    const browser = new Browser();
    const response = await browser.fetch(`${harness.origin}/auth`, { method: 'POST', body: query });
    expect(response.status).toBe(303);
    const { location } = await browser.follow(
      new URL(response.headers.get('location') ?? '', harness.origin).href,
    );
    expect(new URL(location ?? '').searchParams.get('code')).toBeTruthy();
  });

  it('answers at Keycloak’s address too', async () => {
    const { query } = authorizationRequest(harness);
    const url = `${harness.config.issuer}/protocol/openid-connect/auth?${query.toString()}`;
    const { location } = await new Browser().follow(url);
    expect(new URL(location ?? '').searchParams.get('iss')).toBe(harness.config.issuer);
  });

  it('understands a lone scope_all, acr for acr_values, and prompt=consent', async () => {
    const tokens = await signIn(harness, new Browser(), { scope: 'scope_all' });
    expect(tokens.scope.split(' ').sort()).toEqual(['openid', 'scope_all']);
    const { answer } = await authorize(harness, new Browser(), {
      acr_values: undefined,
      acr: 'eidas1',
      prompt: 'consent',
    });
    expect(answer.get('code')).toBeTruthy();
  });

  it('answers the truth to an acr it does not have, and refuses it only if essential', async () => {
    const asked = await signIn(harness, new Browser(), { acr_values: 'eidas3' });
    expect(payloadOf(asked.id_token)['acr']).toBe('eidas1');
    const essential = (acr: object) => JSON.stringify({ id_token: { acr: { essential: true, ...acr } } });
    for (const acr of [{ value: 'eidas3' }, { values: ['eidas2', 'eidas3'] }]) {
      const { answer } = await authorize(harness, new Browser(), { claims: essential(acr) });
      expect(answer.get('error')).toBe('unmet_authentication_requirements');
    }
    const reached = await authorize(harness, new Browser(), {
      claims: essential({ values: ['eidas3', 'eidas1'] }),
    });
    expect(reached.answer.get('code')).toBeTruthy();
    harness.signIn.acr = 'eidas0';
    const missed = await authorize(harness, new Browser(), { claims: essential({ value: 'eidas1' }) });
    harness.signIn.acr = 'eidas1';
    expect(missed.answer.get('error')).toBe('unmet_authentication_requirements');
  });

  it('takes equal secrets by Basic and in the body as one, and refuses different ones', async () => {
    const tokens = await signIn(harness);
    const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id: 'sandbox' };
    expect((await post(harness, 'token', { ...form, client_secret: 'other' })).body).toMatchObject({
      error: 'invalid_request',
    });
    expect((await post(harness, 'token', { ...form, client_secret: 'sandbox-secret' })).status).toBe(200);
  });

  it('requires PKCE of public clients, and accepts confidential ones without', async () => {
    const plain = { code_challenge: undefined, code_challenge_method: undefined };
    const without = await authorize(harness, new Browser(), { client_id: 'sandbox-public', ...plain });
    expect(without.answer.get('error')).toBe('invalid_request');
    const weak = await authorize(harness, new Browser(), {
      client_id: 'sandbox-public',
      code_challenge_method: 'plain',
    });
    expect(weak.answer.get('error')).toBe('invalid_request');
    const confidential = await authorize(harness, new Browser(), plain);
    const form = {
      grant_type: 'authorization_code',
      code: confidential.answer.get('code') ?? '',
      redirect_uri: REDIRECT,
    };
    expect((await post(harness, 'token', form)).status).toBe(200);
    const strict = await authorize(harness, new Browser(), {
      client_id: 'modern',
      redirect_uri: 'https://modern.example/cb',
      ...plain,
    });
    expect(strict.answer.get('error')).toBe('invalid_request');
  });

  it('refuses a wrong verifier, a wrong secret, another client’s code', async () => {
    const { answer, verifier } = await authorize(harness, new Browser());
    const form = { grant_type: 'authorization_code', code: answer.get('code') ?? '', redirect_uri: REDIRECT };
    const code = { ...form, code_verifier: verifier };
    expect((await post(harness, 'token', { ...form, code_verifier: 'x'.repeat(43) })).body).toMatchObject({
      error: 'invalid_grant',
    });
    expect(await post(harness, 'token', code, basic('sandbox', 'wrong'))).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect((await post(harness, 'token', code, basic('si-dep', 'si-dep-secret'))).body).toMatchObject({
      error: 'invalid_grant',
    });
    expect((await post(harness, 'token', { ...code, redirect_uri: `${REDIRECT}/` })).body).toMatchObject({
      error: 'invalid_grant',
    });
    expect((await post(harness, 'token', code)).status).toBe(200);
  });

  it('signs by ES256 and gives opaque tokens to who chose them', async () => {
    const redirect = 'https://modern.example/cb';
    const { answer, verifier } = await authorize(harness, new Browser(), {
      client_id: 'modern',
      redirect_uri: redirect,
    });
    const { body } = await post(
      harness,
      'token',
      {
        grant_type: 'authorization_code',
        code: answer.get('code') ?? '',
        redirect_uri: redirect,
        code_verifier: verifier,
        client_id: 'modern',
        client_secret: 'modern-secret',
      },
      {},
    );
    expect(headerOf(String(body['id_token']))).toMatchObject({ alg: 'ES256', typ: 'JWT' });
    expect(String(body['access_token']).split('.')).toHaveLength(2);
    expect((await userinfo(harness, String(body['access_token']))).status).toBe(200);
  });

  it('lets the sandbox’s own clients return to any address of this machine, and no other', async () => {
    for (const redirect of ['http://localhost:1234/any/path', 'http://[::1]:9/cb']) {
      const { location } = await authorize(harness, new Browser(), {
        client_id: 'sandbox-public',
        redirect_uri: redirect,
      });
      expect(location).toContain(new URL(redirect).host);
    }
    for (const parameters of [
      { redirect_uri: 'https://evil.example/cb' },
      { redirect_uri: 'http://localhost.evil.example/' },
      { client_id: 'si-dep', redirect_uri: 'http://localhost:1234/callback' },
    ]) {
      const { response, location } = await new Browser().follow(
        authorizationRequest(harness, parameters).url,
      );
      expect(location).toBeUndefined();
      expect(response.status).toBe(400);
      expect(await response.text()).toContain('redirect_unknown');
    }
    const unknown = await new Browser().follow(authorizationRequest(harness, { client_id: 'nobody' }).url);
    expect(await unknown.response.text()).toContain('service_unknown');
  });

  it('answers by form_post with our page, errors included', async () => {
    const { response } = await new Browser().follow(
      authorizationRequest(harness, { response_mode: 'form_post' }).url,
    );
    const page = await response.text();
    expect(page).toContain(`action="${REDIRECT}"`);
    expect(page).toMatch(/name="code"/);
    expect(response.headers.get('content-security-policy')).toContain(
      `form-action 'self' ${new URL(REDIRECT).origin}`,
    );
    const refused = await new Browser().follow(
      authorizationRequest(harness, { response_mode: 'form_post', prompt: 'none' }).url,
    );
    expect(await refused.response.text()).toContain('login_required');
  });

  it('tells the sign-in pages what is asked, and the service when it is abandoned', async () => {
    const browser = new Browser();
    const { url } = authorizationRequest(harness, {
      login_hint: DOCTOR,
      ui_locales: 'en',
      acr_values: 'eidas2',
    });
    const started = await browser.fetch(url);
    const page = new URL(started.headers.get('location') ?? '', harness.origin).href;
    expect(page).toContain('/connexion/');
    expect(await (await browser.fetch(`${page}?look=1`)).json()).toEqual({
      uid: page.slice(page.lastIndexOf('/') + 1),
      service: { clientId: 'sandbox', name: 'Bac à sable', host: new URL(REDIRECT).host },
      redirectUri: REDIRECT,
      acr: 'eidas2',
      uiLocales: 'en',
      loginHint: DOCTOR,
    });
    expect(await (await new Browser().fetch(`${page}?look=1`)).json()).toEqual({});
    const { location } = await browser.follow(`${page}/abandon`);
    const answer = new URL(location ?? '').searchParams;
    expect([answer.get('error'), answer.get('state')]).toEqual(['access_denied', 'state-1']);
    expect((await browser.fetch(page)).status).toBe(400);
  });

  it('never answers a spoofed host', async () => {
    const { request } = await import('node:http');
    const status = await new Promise((resolve) => {
      request(
        `${harness.config.issuer}/.well-known/openid-configuration`,
        { headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example' } },
        (response) => {
          let body = '';
          response.on('data', (chunk: Buffer) => (body += chunk.toString()));
          response.on('end', () => resolve([response.statusCode, body.includes('evil.example')]));
        },
      ).end();
    });
    expect(status).toEqual([expect.any(Number), false]);
  });

  it('lets a disabled service do nothing', async () => {
    await harness.addClient(
      { client_id: 'former', client_name: 'Former', redirect_uris: [REDIRECT] },
      'former-secret',
    );
    const { answer, verifier } = await authorize(harness, new Browser(), { client_id: 'former' });
    await harness.clients.setDisabled('former', true);
    const form = {
      grant_type: 'authorization_code',
      code: answer.get('code') ?? '',
      redirect_uri: REDIRECT,
      code_verifier: verifier,
    };
    expect((await post(harness, 'token', form, basic('former', 'former-secret'))).status).toBe(401);
  });

  it('writes who signed in where, and counts the rest', async () => {
    const before = (await harness.audit()).length;
    const tokens = await signIn(harness);
    await userinfo(harness, tokens.access_token);
    await refresh(harness, tokens.refresh_token);
    const rows = (await harness.audit()).slice(before);
    expect(rows).toEqual([
      {
        type: 'sign_in_granted',
        national_id: DOCTOR,
        client_id: 'sandbox',
        details: { acr: 'eidas1', authMode: 'MOBILE', singleSignOn: false },
      },
      { type: 'tokens_issued', national_id: DOCTOR, client_id: 'sandbox', details: {} },
    ]);
    expect(harness.counts).toMatchObject({ userinfo: expect.any(Number), refresh: expect.any(Number) });
  });
});
