import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { CIBA } from '../../src/clients/schema.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { nowSeconds, serviceKey, sign } from '../support/client-keys.ts';
import {
  addPractitioner,
  basic,
  DOCTOR,
  payloadOf,
  post,
  refresh,
  SANDBOX,
  signIn,
  startProvider,
  userinfo,
  type Harness,
  type Tokens,
} from './oidc-harness.ts';

/** CIBA over HTTP. Who answers is the test; the phone has its own (test/e2e/ciba.test.ts). */

let harness: Harness;
const key = serviceKey('ES256');
const SIGNING = basic('signing', 'signing-secret');
const PING = basic('pinged', 'pinged-secret');
const received: { authorization: string | undefined; body: string }[] = [];

const common = {
  redirect_uris: ['http://localhost:1/callback'],
  grant_types: ['authorization_code' as const, 'refresh_token' as const, CIBA as typeof CIBA],
};

beforeAll(async () => {
  harness = await startProvider('redis');
  const service = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ authorization: request.headers.authorization, body });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  onFileEnd(() => void service.close());
  const { port } = service.address() as AddressInfo;
  await harness.addClient(
    {
      ...{ ...common, client_id: 'signing', client_name: 'Signing' },
      backchannel_token_delivery_mode: 'poll',
      jwks: { keys: [key.jwk] },
    },
    'signing-secret',
  );
  await harness.addClient(
    {
      ...{ ...common, client_id: 'pinged', client_name: 'Pinged' },
      backchannel_token_delivery_mode: 'ping',
      backchannel_client_notification_endpoint: `http://127.0.0.1:${port}/ciba`,
    },
    'pinged-secret',
  );
});

type Form = Record<string, string | undefined>;

/** Each test asks for people of its own: quotas are per person. */
let serial = 0;
const person = async (status = 'active'): Promise<string> => {
  serial += 1;
  const nationalId = `8997${String(10_000_000 + serial)}`;
  await addPractitioner(harness.db, { nationalId });
  await harness.db.query('UPDATE practitioner SET status = $2 WHERE national_id = $1', [nationalId, status]);
  return nationalId;
};

const ask = (changes: Form = {}, headers = SANDBOX) => {
  const all: Form = {
    scope: 'openid scope_all',
    acr_values: 'eidas1',
    binding_message: '47',
    channel: 'MOBILE',
    ...changes,
  };
  const sent = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return post(harness, 'ext/ciba/auth', Object.fromEntries(sent), headers);
};

const poll = (authReqId: unknown, headers = SANDBOX) =>
  post(harness, 'token', { grant_type: CIBA, auth_req_id: String(authReqId) }, headers);

const approve = (authReqId: unknown, nationalId: string) =>
  harness.oidc.decide(String(authReqId), {
    outcome: 'approved',
    signIn: {
      nationalId,
      acr: 'eidas1',
      amr: ['pop', 'pin', 'mfa', 'swk'],
      authMode: 'MOBILE',
      authTime: new Date(),
      deviceId: `dev_${nationalId}`,
    },
  });

/** A request that was taken. */
const asked = async (changes: Form = {}, headers = SANDBOX) => {
  const loginHint = changes['login_hint'] ?? (await person());
  const { body, status } = await ask({ login_hint: loginHint, ...changes }, headers);
  expect(body).toHaveProperty('auth_req_id');
  expect(status).toBe(200);
  return { id: String(body['auth_req_id']), nationalId: loginHint, body };
};

const refused = async (changes: Form, headers = SANDBOX): Promise<[number, unknown]> => {
  const { status, body } = await ask(changes, headers);
  return [status, body['error']];
};

describe('a request', () => {
  it('is answered as Pro Santé Connect does, and put to the phones', async () => {
    const { body, nationalId } = await asked();
    expect(Object.keys(body).sort()).toEqual(['auth_req_id', 'expires_in', 'interval']);
    expect(body).toMatchObject({ expires_in: 120, interval: 2 });
    expect(harness.asked.at(-1)).toMatchObject({
      authReqId: body['auth_req_id'],
      nationalId,
      message: '47',
      service: { clientId: 'sandbox' },
      acr: 'eidas1',
      seconds: 120,
    });
  });

  it('gives tokens once approved, like those of an ordinary sign-in', async () => {
    const { id } = await asked({ login_hint: DOCTOR });
    expect((await poll(id)).body).toMatchObject({ error: 'authorization_pending' });
    await approve(id, DOCTOR);
    const { status, body } = await poll(id);
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

  it('opens a session that ends with its person’s phone', async () => {
    const { id, nationalId } = await asked();
    await approve(id, nationalId);
    const tokens = (await poll(id)).body as Tokens;
    expect((await userinfo(harness, tokens.access_token)).status).toBe(200);
    expect(await harness.oidc.endSessionsOf({ deviceId: `dev_${nationalId}` })).toBe(1);
    expect((await userinfo(harness, tokens.access_token)).status).toBe(401);
    expect((await refresh(harness, tokens.refresh_token)).status).toBe(400);
  });

  it('takes a lone scope_all, and 11 digits', async () => {
    const nationalId = await person();
    const { body } = await asked({ login_hint: nationalId.slice(1), scope: 'scope_all' });
    expect(harness.asked.at(-1)).toMatchObject({ authReqId: body['auth_req_id'], nationalId });
  });

  it.each([
    ['60', 60],
    ['1', 10],
    ['100000', 300],
  ])('lives as long as asked, within bounds: %s s is %d', async (requested, lives) => {
    const { body } = await asked({ requested_expiry: requested });
    expect(body['expires_in']).toBe(lives);
  });

  it.each<[string, Form, string]>([
    ['without a message', { binding_message: undefined }, 'invalid_binding_message'],
    ['with a message that cannot be typed', { binding_message: '1234 👍🏿 你好' }, 'invalid_binding_message'],
    ['with a message too long', { binding_message: 'a'.repeat(21) }, 'invalid_binding_message'],
    ['with no hint', { login_hint: undefined }, 'invalid_request'],
    ['with two hints', { id_token_hint: 'x' }, 'invalid_request'],
    ['with what is no identifier', { login_hint: 'someone' }, 'unknown_user_id'],
    ['for the card', { channel: 'CARD' }, 'invalid_request'],
    ['for another channel', { channel: 'PIGEON' }, 'invalid_request'],
    ['without scope', { scope: undefined }, 'invalid_request'],
    ['for a negative time', { requested_expiry: '-5' }, 'invalid_request'],
    ['for no time', { requested_expiry: '0' }, 'invalid_request'],
    ['with a hint token that is none', { login_hint: undefined, login_hint_token: 'x' }, 'unknown_user_id'],
  ])('is refused %s', async (_what, changes, error) => {
    expect(await refused({ login_hint: await person(), ...changes }, SIGNING)).toEqual([400, error]);
  });

  it('is refused to a service that is not registered for it, or does not prove who it is', async () => {
    await harness.addClient(
      { client_id: 'plain', client_name: 'Plain', redirect_uris: ['http://localhost:1/callback'] },
      'plain-secret',
    );
    const login_hint = await person();
    expect(await refused({ login_hint }, basic('plain', 'plain-secret'))).toEqual([
      400,
      'unauthorized_client',
    ]);
    expect(await refused({ login_hint }, basic('sandbox', 'wrong'))).toEqual([401, 'invalid_client']);
  });
});

describe('who is meant', () => {
  it('by an ID token of before', async () => {
    const { id, nationalId } = await asked();
    await approve(id, nationalId);
    const tokens = (await poll(id)).body as Tokens;
    await asked({ login_hint: undefined as never, id_token_hint: tokens.id_token });
    expect(harness.asked.at(-1)).toMatchObject({ nationalId });
  });

  const hintToken = async (changes: Record<string, unknown> = {}, signer = key) =>
    sign(signer, {
      iss: 'signing',
      aud: harness.config.issuer,
      exp: nowSeconds() + 60,
      iat: nowSeconds(),
      jti: `hint-${(serial += 1)}`,
      ...changes,
    });

  it('by a token that the service signed: an identifier, or a subject', async () => {
    const nationalId = await person();
    for (const named of [
      { sub_id: { format: 'opaque', id: nationalId } },
      { login_hint: nationalId },
      {
        sub_id: {
          format: 'iss_sub',
          iss: harness.config.issuer,
          sub: `f:${harness.config.subUuid}:${nationalId}`,
        },
      },
    ]) {
      const login_hint_token = await hintToken(named);
      expect((await ask({ login_hint_token }, SIGNING)).status).toBe(200);
      expect(harness.asked.at(-1)).toMatchObject({ nationalId });
    }
  });

  it('by no token twice, late, of another, for another, or for ever', async () => {
    const login_hint = await person();
    const once = await hintToken({ login_hint });
    expect((await ask({ login_hint_token: once }, SIGNING)).status).toBe(200);
    const error = async (token: string) => (await refused({ login_hint_token: token }, SIGNING))[1];
    expect(await error(once)).toBe('invalid_request');
    expect(await error(await hintToken({ login_hint, exp: nowSeconds() - 120 }))).toBe(
      'expired_login_hint_token',
    );
    expect(await error(await hintToken({ login_hint, iss: 'sandbox' }))).toBe('unknown_user_id');
    expect(await error(await hintToken({ login_hint, aud: 'https://elsewhere.example' }))).toBe(
      'unknown_user_id',
    );
    expect(await error(await hintToken({ login_hint }, serviceKey('ES256', key.kid)))).toBe(
      'unknown_user_id',
    );
    expect(await error(await hintToken({ login_hint, exp: nowSeconds() + 7200 }))).toBe('invalid_request');
    expect(await error(await hintToken({ login_hint, jti: undefined }))).toBe('unknown_user_id');
  });

  /** What a service can see of an answer. */
  const seen = async (login_hint: string) => {
    const { status, body, response } = await ask({ login_hint });
    const { auth_req_id: id, ...rest } = body;
    const headers = [...response.headers.keys()].filter((name) => name !== 'date').sort();
    const pending = await poll(id);
    return { status, rest, headers, length: String(id).length, pending: [pending.status, pending.body] };
  };

  it('tells nobody whether the person is known, practises, or has an e-CPS', async () => {
    const active = await seen(await person());
    expect(active.status).toBe(200);
    expect(await seen(await person('struck_off'))).toEqual(active);
    expect(await seen(await person('inactive'))).toEqual(active);
    expect(await seen('899799999998')).toEqual(active);
  });

  it('does the same work for them all', async () => {
    const { db } = harness;
    const { query } = db;
    const work = async (login_hint: string): Promise<string[]> => {
      const done: string[] = [];
      Object.assign(db, {
        query: (...args: Parameters<typeof query>) => {
          done.push(String(args[0]).replace(/\s+/g, ' '));
          return query.apply(db, args);
        },
      });
      try {
        expect((await ask({ login_hint })).status).toBe(200);
        return done.filter((text) => !text.includes('http_delivery')).toSorted();
      } finally {
        Object.assign(db, { query });
      }
    };
    // What the service itself is, is read whole the first time.
    await work(await person());
    const active = await work(await person());
    expect(active.some((text) => text.includes('practitioner'))).toBe(true);
    for (const login_hint of [await person('struck_off'), await person('inactive'), '899799999964']) {
      expect(await work(login_hint)).toEqual(active);
    }
  });

  it('asks the phones alike for them all, so that no step is left out', async () => {
    for (const nationalId of [await person('struck_off'), '899799999980']) {
      const { id } = await asked({ login_hint: nationalId });
      expect(harness.asked.at(-1)).toMatchObject({ authReqId: id, nationalId });
    }
  });
});

describe('polling', () => {
  it('too fast is told to slow down, and an answer is never withheld', async () => {
    const { id, nationalId } = await asked();
    const all = await Promise.all(Array.from({ length: 16 }, () => poll(id)));
    const errors = all.map(({ body }) => body['error']);
    expect(errors.filter((error) => error === 'authorization_pending')).toHaveLength(1);
    expect(errors.filter((error) => error === 'slow_down')).toHaveLength(15);
    await approve(id, nationalId);
    expect((await poll(id)).status).toBe(200);
  });

  it('is told of a refusal, of a failure, and of time gone by', async () => {
    const denied = await asked();
    await harness.oidc.decide(denied.id, { outcome: 'denied' });
    expect((await poll(denied.id)).body).toMatchObject({ error: 'access_denied' });

    const failed = await asked();
    await harness.oidc.decide(failed.id, { outcome: 'failed' });
    expect((await poll(failed.id)).body).toMatchObject({ error: 'transaction_failed' });

    const other = await asked();
    await approve(other.id, await person());
    expect((await poll(other.id)).body).toMatchObject({ error: 'transaction_failed' });

    const late = await asked({ requested_expiry: '10' });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11_000 });
    try {
      expect((await poll(late.id)).body).toMatchObject({ error: 'expired_token' });
      await approve(late.id, late.nationalId);
      expect((await poll(late.id)).body).toMatchObject({ error: 'expired_token' });
    } finally {
      vi.useRealTimers();
    }
  });

  it('serves once, and only its own service', async () => {
    const { id, nationalId } = await asked();
    await approve(id, nationalId);
    expect((await poll(id, SIGNING)).body).toMatchObject({ error: 'invalid_grant' });
    const tokens = await poll(id);
    expect(tokens.status).toBe(200);
    expect((await poll(id)).body).toMatchObject({ error: 'invalid_grant' });
    // A second use is taken for a theft: what the first gave is gone.
    expect((await userinfo(harness, (tokens.body as Tokens).access_token)).status).toBe(401);
    expect((await poll('nobody-asked-this')).body).toMatchObject({ error: 'invalid_grant' });
  });

  it('is not in the way of a decision that comes twice', async () => {
    const { id, nationalId } = await asked();
    await approve(id, nationalId);
    await harness.oidc.decide(id, { outcome: 'denied' });
    expect((await poll(id)).status).toBe(200);
  });
});

describe('a notification', () => {
  const token = 'f00-Bar_baz.~+/=';

  it('tells the service, by its token, that the answer is there', async () => {
    const { id, nationalId } = await asked({ client_notification_token: token }, PING);
    expect(received).toHaveLength(0);
    await approve(id, nationalId);
    await expect.poll(() => received.length).toBe(1);
    expect(received[0]).toEqual({
      authorization: `Bearer ${token}`,
      body: JSON.stringify({ auth_req_id: id }),
    });
    expect((await poll(id, PING)).status).toBe(200);
  });

  it('comes of a refusal too', async () => {
    const before = received.length;
    const { id } = await asked({ client_notification_token: token }, PING);
    await harness.oidc.decide(id, { outcome: 'denied' });
    await expect.poll(() => received.length).toBe(before + 1);
    expect((await poll(id, PING)).body).toMatchObject({ error: 'access_denied' });
  });

  it('needs its token', async () => {
    const login_hint = await person();
    expect(await refused({ login_hint }, PING)).toEqual([400, 'invalid_request']);
    expect(await refused({ login_hint, client_notification_token: 'no token' }, PING)).toEqual([
      400,
      'invalid_request',
    ]);
  });
});

describe('quotas', () => {
  it('bound what a service asks of one person, known or not, alike', async () => {
    for (const login_hint of [await person(), '899799999972']) {
      for (let count = 0; count < 5; count += 1) expect((await ask({ login_hint })).status).toBe(200);
      const { status, body, response } = await ask({ login_hint });
      expect([status, body['error']]).toEqual([429, 'temporarily_unavailable']);
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      // Another service is not concerned.
      expect((await ask({ login_hint }, SIGNING)).status).toBe(200);
    }
    expect((await harness.audit()).filter(({ type }) => type === 'ciba_limited')).toHaveLength(1);
  });

  it('bound what a service asks in a minute', async () => {
    const small = await startProvider('postgres', { CADUCEE_CIBA_PER_MINUTE: '2' });
    const once = () =>
      post(small, 'ext/ciba/auth', { scope: 'openid', login_hint: DOCTOR, binding_message: 'A1' });
    expect((await once()).status).toBe(200);
    expect((await once()).status).toBe(200);
    expect((await once()).status).toBe(429);
  });
});

describe('what is left of it', () => {
  it('is what happened, without noise: polls leave no rows', async () => {
    const rows = await harness.audit();
    const types = new Set(rows.map(({ type }) => type));
    for (const type of ['sign_in_granted', 'tokens_issued', 'ciba_refused']) expect(types).toContain(type);
    const details = rows.filter(({ type }) => type === 'token_refused').map((row) => row.details['error']);
    expect(details).not.toContain('authorization_pending');
    expect(details).not.toContain('slow_down');
  });

  it('is listed truly in the discovery document', async () => {
    const answer = await fetch(`${harness.config.issuer}/.well-known/openid-configuration`);
    expect(await answer.json()).toMatchObject({
      backchannel_authentication_endpoint: `${harness.config.issuer}/protocol/openid-connect/ext/ciba/auth`,
      backchannel_token_delivery_modes_supported: ['poll', 'ping'],
      backchannel_user_code_parameter_supported: false,
      grant_types_supported: expect.arrayContaining([CIBA]) as unknown,
    });
  });
});
