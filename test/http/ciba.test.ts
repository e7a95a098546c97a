import { beforeAll, describe, expect, it } from 'vitest';
import {
  DOCTOR,
  SANDBOX,
  basic,
  payloadOf,
  post,
  refresh,
  signIn,
  startProvider,
  userinfo,
  type Harness,
  type Tokens,
} from './oidc-harness.ts';

const GRANT = 'urn:openid:params:grant-type:ciba';
const UNKNOWN = '899700000005';

let harness: Harness;
beforeAll(async () => {
  harness = await startProvider('redis');
});

const ask = (changes: Record<string, string> = {}, headers = SANDBOX) =>
  post(
    harness,
    'ext/ciba/auth',
    {
      scope: 'openid scope_all',
      acr_values: 'eidas1',
      login_hint: DOCTOR,
      binding_message: '47',
      channel: 'MOBILE',
      ...changes,
    },
    headers,
  );

const poll = (authReqId: unknown, headers = SANDBOX) =>
  post(harness, 'token', { grant_type: GRANT, auth_req_id: String(authReqId) }, headers);

const approve = (authReqId: unknown, nationalId = DOCTOR) =>
  harness.oidc.decide(String(authReqId), {
    outcome: 'approved',
    signIn: {
      nationalId,
      acr: 'eidas1',
      amr: ['pop', 'pin', 'mfa', 'swk'],
      authMode: 'MOBILE',
      authTime: new Date(),
      deviceId: 'dev_ciba',
    },
  });

/** Each test asks with a person's quota of its own. */
const fresh = async (changes: Record<string, string> = {}) => {
  const { body, status } = await ask(changes);
  expect(status).toBe(200);
  return body['auth_req_id'];
};

describe('a request', () => {
  it('is answered as Pro Santé Connect does, and put to the phones', async () => {
    const { status, body } = await ask();
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(['auth_req_id', 'expires_in', 'interval']);
    expect(body).toMatchObject({ expires_in: 120, interval: 2 });
    expect(harness.asked.at(-1)).toMatchObject({
      authReqId: body['auth_req_id'],
      nationalId: DOCTOR,
      message: '47',
      service: { clientId: 'sandbox' },
      acr: 'eidas1',
      seconds: 120,
    });
  });

  it('gives tokens once approved, like those of an ordinary sign-in', async () => {
    const id = await fresh();
    expect((await poll(id)).body).toMatchObject({ error: 'authorization_pending' });
    await approve(id);
    const { status, body } = await poll(id);
    expect(body).toMatchObject({ token_type: 'Bearer' });
    expect(status).toBe(200);
    const tokens = body as Tokens;
    expect(Object.keys(tokens).sort()).toEqual(Object.keys(await signIn(harness)).sort());
    expect(payloadOf(tokens.id_token)).toMatchObject({
      aud: 'sandbox',
      acr: 'eidas1',
      amr: ['pop', 'pin', 'mfa', 'swk'],
      authMode: 'MOBILE',
      SubjectNameID: DOCTOR,
    });
    expect(payloadOf(tokens.access_token)).toMatchObject({ authMode: 'MOBILE', acr: 'eidas1' });
    expect(await (await userinfo(harness, tokens.access_token)).json()).toMatchObject({
      SubjectNameID: DOCTOR,
      authMode: 'MOBILE',
    });
    const second = await refresh(harness, tokens.refresh_token);
    expect(second.status).toBe(200);
    expect(payloadOf(String(second.body['access_token']))).toMatchObject({ authMode: 'MOBILE' });
  });
});

export { basic, UNKNOWN };
