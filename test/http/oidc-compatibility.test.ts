import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { COMPATIBILITY_NAMES, type Compatibility } from '../../src/clients/compatibility.ts';
import { register, type Parameters, type Rp } from '../conformance/rp.ts';
import { Browser, DOCTOR, basic, payloadOf, startProvider, userinfo, type Harness } from './oidc-harness.ts';

/** Each compatibility, for a service that does not have it and for one that has nothing else. */

let harness: Harness;
beforeAll(async () => {
  harness = await startProvider('postgres');
});

const service = (...compatibility: Compatibility[]): Promise<Rp> =>
  register(harness, { compatibility, scope: 'openid identity scope_all' });

const WITHOUT_PKCE: Parameters = { code_challenge: undefined, code_challenge_method: undefined };
const ALL: Parameters = { scope: 'openid scope_all' };

/** Every test of the first group is named after the compatibility it is about. */
const tested = new Set<string>();
afterEach(({ task }) => {
  vi.useRealTimers();
  tested.add(task.name);
});

describe('off, and on', () => {
  it('pkce_optional', async () => {
    const strict = await service();
    expect((await strict.authorize(new Browser(), WITHOUT_PKCE)).answer.get('error')).toBe('invalid_request');
    const old = await service('pkce_optional');
    expect((await old.signIn(new Browser(), WITHOUT_PKCE)).access_token).toBeTruthy();
    // A challenge that was sent is held to: otherwise a thief of the code would just leave out the verifier.
    const sent = await old.authorize();
    expect((await old.redeem(sent, { code_verifier: undefined })).body['error']).toBe('invalid_grant');
    // And a verifier without a challenge is a downgrade somebody made on the way.
    const stripped = await old.authorize(new Browser(), WITHOUT_PKCE);
    expect((await old.redeem(stripped)).body['error']).toBe('invalid_grant');
  });

  it('nonce_optional', async () => {
    const strict = await service();
    expect((await strict.authorize(new Browser(), { nonce: undefined })).answer.get('error')).toBe(
      'invalid_request',
    );
    const old = await service('nonce_optional');
    const tokens = await old.signIn(new Browser(), { nonce: undefined });
    expect(payloadOf(tokens.id_token)).not.toHaveProperty('nonce');
    expect(payloadOf((await old.signIn()).id_token)['nonce']).toBe(`nonce-${old.clientId}`);
  });

  it('scope_all_alone', async () => {
    const alone = { scope: 'scope_all' };
    const strict = await service();
    expect((await strict.authorize(new Browser(), alone)).answer.get('error')).toBe('invalid_scope');
    const old = await service('scope_all_alone');
    const tokens = await old.signIn(new Browser(), alone);
    expect(tokens.scope.split(' ').sort()).toEqual(['openid', 'scope_all']);
    expect(payloadOf(tokens.id_token)['SubjectNameID']).toBe(DOCTOR);
  });

  it('secret_sent_twice', async () => {
    const redeemTwice = async (rp: Rp, secret = rp.secret) =>
      rp.redeem(await rp.authorize(), { client_id: rp.clientId, client_secret: secret });
    const strict = await service();
    expect((await redeemTwice(strict)).body).toMatchObject({
      error: 'invalid_request',
      error_description: expect.stringContaining('one mechanism'),
    });
    const old = await service('secret_sent_twice');
    expect((await redeemTwice(old)).status).toBe(200);
    expect((await redeemTwice(old, 'another')).body['error']).toBe('invalid_request');
    // Equal and wrong is wrong.
    const wrong = await old.post(
      'token',
      { grant_type: 'refresh_token', refresh_token: 'x', client_id: old.clientId, client_secret: 'wrong' },
      basic(old.clientId, 'wrong'),
    );
    expect(wrong.status).toBe(401);
  });

  it('any_acr', async () => {
    const strict = await service();
    for (const acr of ['eidas2', 'eidas3', 'eidas3 eidas2']) {
      expect((await strict.authorize(new Browser(), { acr_values: acr })).answer.get('error')).toBe(
        'unmet_authentication_requirements',
      );
    }
    expect((await strict.signIn(new Browser(), { acr_values: 'eidas3 eidas1' })).id_token).toBeTruthy();
    const old = await service('any_acr');
    for (const acr of ['eidas2', 'eidas3']) {
      const tokens = await old.signIn(new Browser(), { acr_values: acr });
      expect(payloadOf(tokens.id_token)['acr']).toBe('eidas1');
      expect(payloadOf(tokens.access_token)['acr']).toBe('eidas1');
    }
  });

  it('claims_in_id_token', async () => {
    const strict = await (await service()).signIn(new Browser(), ALL);
    expect(payloadOf(strict.id_token)).not.toHaveProperty('SubjectRefPro');
    const old = await (await service('claims_in_id_token')).signIn(new Browser(), ALL);
    const said = (await (await userinfo(harness, old.access_token)).json()) as Record<string, unknown>;
    expect(payloadOf(old.id_token)).toMatchObject(said);
    expect(Object.keys(said).length).toBeGreaterThan(15);
    // No more than the scopes of this request.
    const rp = await service('claims_in_id_token');
    const narrow = await rp.signIn(new Browser(), { scope: 'openid identity' });
    expect(payloadOf(narrow.id_token)).toHaveProperty('codeCivilite');
    expect(payloadOf(narrow.id_token)).not.toHaveProperty('SubjectRefPro');
  });

  it('refresh_token_jwt', async () => {
    expect((await (await service()).signIn()).refresh_token.split('.').length).toBeLessThan(3);
    const old = await service('refresh_token_jwt');
    const tokens = await old.signIn();
    const claims = payloadOf(tokens.refresh_token);
    expect(claims).toMatchObject({
      typ: 'Refresh',
      iss: harness.config.issuer,
      aud: harness.config.issuer,
      azp: old.clientId,
      sid: tokens.session_state,
      scope: 'openid',
    });
    expect(Number(claims['exp']) - Number(claims['iat'])).toBe(1800);
    // The identifier inside, from a log, is worth nothing; nor is a token with another signature or of another kind.
    const [header, payload, signature] = tokens.refresh_token.split('.') as [string, string, string];
    const flipped = `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    for (const forged of [String(claims['jti']), flipped, tokens.access_token, tokens.id_token]) {
      expect((await old.refresh(forged)).body['error']).toBe('invalid_grant');
    }
    const next = (await old.refresh(tokens.refresh_token)).body;
    expect(payloadOf(String(next['refresh_token']))['typ']).toBe('Refresh');
    const told = await old.post('token/introspect', { token: String(next['refresh_token']) });
    expect(told.body).toMatchObject({ active: true, typ: 'Refresh' });
    expect((await old.post('revoke', { token: String(next['refresh_token']) })).status).toBe(200);
    expect((await old.refresh(String(next['refresh_token']))).body['error']).toBe('invalid_grant');
    expect((await userinfo(harness, String(next['access_token']))).status).toBe(401);
  });

  it('older_claim_names', async () => {
    const everywhere = async (rp: Rp) => {
      const tokens = await rp.signIn(new Browser(), ALL);
      const told = await rp.post('token/introspect', { token: tokens.access_token });
      return [
        payloadOf(tokens.id_token),
        payloadOf(tokens.access_token),
        (await (await userinfo(harness, tokens.access_token)).json()) as Record<string, unknown>,
        told.body,
      ];
    };
    for (const claims of await everywhere(await service())) {
      expect(claims).toHaveProperty('otherIds');
      expect(claims).not.toHaveProperty('otherIDs');
    }
    for (const claims of await everywhere(await service('older_claim_names'))) {
      expect(claims['otherIDs']).toEqual(claims['otherIds']);
      expect(claims['otherIds']).toEqual([{ identifiant: DOCTOR, origine: 'RPPS', qualite: 1 }]);
    }
  });

  it('older_refresh_tokens', async () => {
    const strict = await service();
    const first = await strict.signIn();
    const second = (await strict.refresh(first.refresh_token)).body;
    expect((await strict.refresh(first.refresh_token)).body['error']).toBe('invalid_grant');
    expect((await strict.refresh(String(second['refresh_token']))).body['error']).toBe('invalid_grant');

    const old = await service('older_refresh_tokens');
    const tokens = await old.signIn();
    const next = (await old.refresh(tokens.refresh_token)).body;
    expect(next['refresh_token']).not.toBe(tokens.refresh_token);
    const again = await old.refresh(tokens.refresh_token);
    expect(again.status).toBe(200);
    for (const token of [next['refresh_token'], again.body['refresh_token']]) {
      expect((await old.refresh(String(token))).status).toBe(200);
    }
    // A code still serves once, and what was given still ends together.
    expect((await old.post('revoke', { token: tokens.refresh_token })).status).toBe(200);
    expect((await old.refresh(String(again.body['refresh_token']))).body['error']).toBe('invalid_grant');

    // Older ones stay until they expire, not longer; the session goes on by the newer one.
    const early = await old.signIn();
    const minutes = (count: number) =>
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + count * 60_000 });
    minutes(20);
    const newer = String((await old.refresh(early.refresh_token)).body['refresh_token']);
    minutes(11);
    expect((await old.refresh(early.refresh_token)).body['error']).toBe('invalid_grant');
    expect((await old.refresh(newer)).status).toBe(200);
  });

  it('leaves none untested', () => {
    expect(COMPATIBILITY_NAMES.filter((name) => !tested.has(name))).toEqual([]);
  });
});

describe('a service of today’s Pro Santé Connect, addresses and credentials changed', () => {
  const asToday = () => service('pkce_optional', 'nonce_optional', 'scope_all_alone', 'any_acr');

  it('signs in as doctolib’s strategy does: no PKCE, acr_values=eidas2', async () => {
    const tokens = await (
      await asToday()
    ).signIn(new Browser(), { ...WITHOUT_PKCE, ...ALL, acr_values: 'eidas2' });
    expect(payloadOf(tokens.id_token)).toMatchObject({ acr: 'eidas1', SubjectNameID: DOCTOR });
  });

  it('signs in as skezi’s does: secret in the body, refresh with scope', async () => {
    const rp = await register(harness, {
      compatibility: ['pkce_optional', 'refresh_token_jwt'],
      token_endpoint_auth_method: 'client_secret_post',
    });
    const tokens = await rp.signIn(new Browser(), { ...WITHOUT_PKCE, ...ALL, acr_values: 'eidas1' });
    const next = await rp.post('token', {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
      scope: 'openid scope_all',
    });
    expect(next.body).toMatchObject({ token_type: 'Bearer', expires_in: 120, scope: 'openid scope_all' });
    expect(Number(next.body['refresh_expires_in'])).toBeGreaterThan(1700);
  });
});
