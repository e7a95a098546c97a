import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as client from 'openid-client';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  Browser,
  DOCTOR,
  REDIRECT,
  SANDBOX,
  addPractitioner,
  authorize,
  basic,
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
