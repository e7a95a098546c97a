import { createHmac, createPublicKey, randomBytes, type JsonWebKey } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  Browser,
  DOCTOR,
  authorizationRequest,
  payloadOf,
  startProvider,
  userinfo,
  type Harness,
} from '../http/oidc-harness.ts';
import { register, type Parameters, type Rp } from './rp.ts';

/**
 * Attacks of RFC 9700 (OAuth 2.0 Security Best Current Practice), as cases. Those by way of a service's own addresses and
 * assertions are in their own file.
 */

let harness: Harness;
let rp: Rp;
let other: Rp;
let application: Rp;
beforeAll(async () => {
  harness = await startProvider('postgres', {}, { pages: 'real' });
  rp = await register(harness, { redirect_uris: ['https://rp.example/callback?tenant=1'] });
  other = await register(harness);
  application = await register(harness, { token_endpoint_auth_method: 'none', application_type: 'native' });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Where the browser was sent by this request, or nowhere. */
const sentTo = async (who: Rp, parameters: Parameters, browser = new Browser()) => {
  const { url } = who.request(parameters);
  const { response, location } = await browser.follow(url);
  return { location, status: response.status, page: location === undefined ? await response.text() : '' };
};

describe('4.1 redirect addresses', () => {
  const REGISTERED = 'https://rp.example/callback?tenant=1';
  const MUTATIONS = [
    'https://rp.example/callback',
    'https://rp.example/callback?tenant=1&extra=1',
    'https://rp.example/callback?tenant=2',
    'https://rp.example/callback/?tenant=1',
    'https://rp.example/callback/../evil?tenant=1',
    'https://rp.example//callback?tenant=1',
    'https://rp.example/Callback?tenant=1',
    'https://rp.example/%63allback?tenant=1',
    'https://RP.example/callback?tenant=1',
    'https://rp.example:443/callback?tenant=1',
    'http://rp.example/callback?tenant=1',
    'https://rp.example.evil.example/callback?tenant=1',
    'https://evil.example/rp.example/callback?tenant=1',
    'https://evil.example#rp.example/callback?tenant=1',
    'https://rp.example@evil.example/callback?tenant=1',
    'https://rp.example\\@evil.example/callback?tenant=1',
    'https://rp.example%2eevil.example/callback?tenant=1',
    'https://sub.rp.example/callback?tenant=1',
    'https://rp.example/callback?tenant=1#fragment',
    ' https://rp.example/callback?tenant=1',
    'https://rp.example/callback?tenant=1 ',
    'https://rp.example/callback?tenant=1\u0000',
    '//rp.example/callback?tenant=1',
    '/callback',
    'javascript:alert(1)',
    'data:text/html,x',
    '',
  ];

  it.each(MUTATIONS)('%j ends on a page of ours', async (redirectUri) => {
    const { location, status, page } = await sentTo(rp, { redirect_uri: redirectUri });
    expect([location, status]).toEqual([undefined, 400]);
    // With a code for the help desk and a way on, in the person's language.
    expect(page).toContain('<html lang="fr"');
    expect(page).not.toContain(`href="${redirectUri || 'javascript'}`);
  });

  it('and so does any text that is not the registered one', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: REGISTERED.length }),
        fc.integer({ min: 0, max: 3 }),
        fc.string({ maxLength: 4 }),
        async (at, removed, inserted) => {
          const mutated = REGISTERED.slice(0, at) + inserted + REGISTERED.slice(at + removed);
          fc.pre(mutated !== REGISTERED);
          expect((await sentTo(rp, { redirect_uri: mutated })).location).toBeUndefined();
        },
      ),
      { numRuns: 60 },
    );
  });

  it('the registered one is kept to the letter, its query included', async () => {
    const { location } = await sentTo(rp, {});
    expect(location).toMatch(/^https:\/\/rp\.example\/callback\?tenant=1&/);
  });

  it('one registered is not enough when two are sent, or when it is missing at the token endpoint', async () => {
    const { query } = rp.request();
    query.append('redirect_uri', 'https://evil.example/');
    const { location, response } = await new Browser().follow(`${harness.origin}/auth?${query.toString()}`);
    expect([location, response.status]).toEqual([undefined, 400]);
    const outcome = await rp.authorize();
    for (const redirectUri of [undefined, 'https://rp.example/callback']) {
      const { body } = await rp.redeem(outcome, { redirect_uri: redirectUri });
      expect(body['error']).toMatch(/invalid_(request|grant)/);
    }
  });

  it('errors of a request that names no service go nowhere', async () => {
    for (const clientId of ['nobody', '', "x' OR '1'='1", '../rp']) {
      const { location, status } = await sentTo(rp, { client_id: clientId });
      expect([location, status]).toEqual([undefined, 400]);
    }
  });

  it('the browser is sent on with 303, which drops what it posted', async () => {
    const browser = new Browser();
    const asked = await browser.fetch(rp.request().url);
    expect(asked.status).toBe(303);
    const page = new URL(asked.headers.get('location') ?? '', harness.origin).href;
    const after = await browser.fetch(page);
    expect(after.status).toBe(303);
    const end = await browser.fetch(new URL(after.headers.get('location') ?? '', harness.origin).href);
    expect([end.status, end.headers.get('location')?.startsWith('https://rp.example/')]).toEqual([303, true]);
  });
});

describe('4.2 leaks', () => {
  it('a page of ours tells nobody where it was, and cannot be framed', async () => {
    const { response } = await new Browser().follow(
      rp.request({ redirect_uri: 'https://evil.example/' }).url,
    );
    expect(response.headers.get('referrer-policy')).toMatch(/no-referrer|same-origin/);
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(response.headers.get('cache-control')).toContain('no-store');
  });

  it('no token is ever in an address: the implicit and hybrid flows do not exist', async () => {
    for (const responseType of ['token', 'id_token', 'id_token token', 'code token', 'code id_token']) {
      const { location = '' } = await sentTo(rp, { response_type: responseType });
      expect(location).toContain('unsupported_response_type');
      expect(location).not.toMatch(/access_token|id_token=|[?&#]code=/);
    }
  });

  it('a token in an address is not taken', async () => {
    const { access_token: token } = await rp.signIn();
    const url = `${harness.config.issuer}/protocol/openid-connect/userinfo?access_token=${token}`;
    for (const method of ['GET', 'POST']) {
      const response = await fetch(url, { method });
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([
        expect.toBeOneOf([400, 401]),
        expect.stringMatching(/^(Bearer|DPoP)/),
      ]);
    }
    // Nor beside the header, nor credentials in the address of the token endpoint.
    const both = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    expect(both.status).toBe(400);
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x' });
    const credentials = `client_id=${rp.clientId}&client_secret=${rp.secret}`;
    const asked = await fetch(`${harness.config.issuer}/protocol/openid-connect/token?${credentials}`, {
      method: 'POST',
      body: form,
    });
    expect(((await asked.json()) as { error: string }).error).toMatch(/invalid_(request|client)/);
  });
});

describe('4.4 mix-up', () => {
  it('every answer names its issuer, errors and form posts too', async () => {
    for (const parameters of [{}, { prompt: 'none' }, { response_mode: 'form_post' }, { max_age: 'x' }]) {
      const { answer } = await rp.authorize(new Browser(), parameters);
      expect([parameters, answer.get('iss')]).toEqual([parameters, harness.config.issuer]);
    }
  });
});

describe('4.5 code injection', () => {
  it('a code is redeemed by the service it was given to, with its own verifier, at its own address', async () => {
    const victim = await rp.authorize();
    const attacker = await rp.authorize();
    const wrong = [
      rp.redeem({ answer: victim.answer, verifier: attacker.verifier }),
      rp.redeem(victim, { code_verifier: undefined }),
      rp.redeem(victim, { code_verifier: '' }),
      rp.redeem(victim, { redirect_uri: other.redirectUri }),
      other.redeem(victim, { redirect_uri: rp.redirectUri }),
      application.redeem(victim, { redirect_uri: rp.redirectUri, client_id: application.clientId }),
    ];
    for (const { status, body } of await Promise.all(wrong)) {
      expect([status, body['error']]).toEqual([400, 'invalid_grant']);
      expect(body).not.toHaveProperty('access_token');
    }
    // Tries by others did not use it up.
    expect((await rp.redeem(victim)).status).toBe(200);
  });

  it('the nonce of the session that asked is in the ID token, so a swapped code is seen', async () => {
    const mine = randomBytes(16).toString('hex');
    const tokens = await rp.signIn(new Browser(), { nonce: mine });
    expect(payloadOf(tokens.id_token)['nonce']).toBe(mine);
  });

  it('a code is short-lived and serves once; again, and all it gave is revoked', async () => {
    const late = await rp.authorize();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 });
    expect((await rp.redeem(late)).body['error']).toBe('invalid_grant');
    vi.useRealTimers();
    const outcome = await rp.authorize();
    const { body } = await rp.redeem(outcome);
    expect((await rp.redeem(outcome)).body['error']).toBe('invalid_grant');
    expect((await userinfo(harness, String(body['access_token']))).status).toBe(401);
    expect((await rp.refresh(String(body['refresh_token']))).body['error']).toBe('invalid_grant');
  });
});

describe('4.7 and 4.8 PKCE', () => {
  it.each([
    ['left out', { code_challenge: undefined, code_challenge_method: undefined }],
    ['plain', { code_challenge_method: 'plain' }],
    ['without method, which would mean plain', { code_challenge_method: undefined }],
    ['a method without challenge', { code_challenge: undefined }],
    ['empty', { code_challenge: '' }],
    ['too short', { code_challenge: 'abc' }],
    ['another method', { code_challenge_method: 'S512' }],
  ] satisfies [string, Parameters][])('the challenge is not taken when %s', async (_how, parameters) => {
    for (const who of [rp, application]) {
      const { answer } = await who.authorize(new Browser(), parameters);
      expect([answer.get('error'), answer.get('code')]).toEqual(['invalid_request', null]);
    }
  });

  it('a request whose challenge was stripped on the way gives a code that the verifier does not open', async () => {
    const older = await register(harness, { compatibility: ['pkce_optional'] });
    const stripped = { code_challenge: undefined, code_challenge_method: undefined };
    const outcome = await older.authorize(new Browser(), stripped);
    expect((await older.redeem(outcome)).body['error']).toBe('invalid_grant');
  });
});

describe('4.14 refresh tokens', () => {
  it('an application without secret cannot use one that was stolen and used', async () => {
    const first = await application.signIn(new Browser());
    const use = (token: string) =>
      application.post('token', {
        grant_type: 'refresh_token',
        refresh_token: token,
        client_id: application.clientId,
      });
    const thief = await use(first.refresh_token);
    expect(thief.status).toBe(200);
    expect((await use(first.refresh_token)).body['error']).toBe('invalid_grant');
    expect((await use(String(thief.body['refresh_token']))).body['error']).toBe('invalid_grant');
    expect((await userinfo(harness, String(thief.body['access_token']))).status).toBe(401);
    expect((await harness.audit()).map(({ type }) => type)).toContain('token_replayed');
  });

  it('is bound to its service and to its scopes, and ends with the sign-out', async () => {
    const tokens = await rp.signIn();
    expect((await other.refresh(tokens.refresh_token)).body['error']).toBe('invalid_grant');
    const wider = {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
      scope: 'openid scope_all',
    };
    expect((await rp.post('token', wider)).body['error']).toBe('invalid_scope');
    expect((await rp.refresh(tokens.refresh_token)).status).toBe(200);
    await harness.oidc.endSessionsOf({ nationalId: DOCTOR });
    const after = await rp.signIn();
    await harness.oidc.endSessionsOf({ nationalId: DOCTOR });
    expect((await rp.refresh(after.refresh_token)).body['error']).toBe('invalid_grant');
  });
});

describe('algorithm confusion', () => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

  /** Forgeries of this ID token: unsigned, signed with public knowledge, or naming the attacker's own key. */
  const forgeries = async (token: string): Promise<[string, string][]> => {
    const [header = '', payload = '', signature = ''] = token.split('.');
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
    const { keys } = (await (
      await fetch(`${harness.config.issuer}/protocol/openid-connect/certs`)
    ).json()) as { keys: (JsonWebKey & { kid: string })[] };
    const jwk = keys.find((key) => key.kid === kid);
    const pem = createPublicKey({ key: jwk ?? {}, format: 'jwk' }).export({ format: 'pem', type: 'spki' });
    const hmac = (secret: string | Buffer, algorithm = 'HS256') => {
      const input = `${part({ alg: algorithm, typ: 'JWT', kid })}.${payload}`;
      return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
    };
    const es256 = keys.find(({ kty }) => kty === 'EC')?.kid;
    return [
      ['alg none', `${part({ alg: 'none' })}.${payload}.`],
      ['alg None', `${part({ alg: 'None', kid })}.${payload}.`],
      ['no signature', `${header}.${payload}.`],
      ['the public key as a secret', hmac(pem)],
      ['the key as JSON as a secret', hmac(JSON.stringify(jwk))],
      ['the client secret', hmac(rp.secret ?? '')],
      ['an empty secret', hmac(Buffer.alloc(1))],
      [
        'another algorithm of the same key',
        `${part({ alg: 'PS256', typ: 'JWT', kid })}.${payload}.${signature}`,
      ],
      ['another key of ours', `${part({ alg: 'ES256', typ: 'JWT', kid: es256 })}.${payload}.${signature}`],
      ['a key in the header', `${part({ alg: 'RS256', jwk, kid: 'mine' })}.${payload}.${signature}`],
      [
        'a key elsewhere',
        `${part({ alg: 'RS256', jku: 'https://evil.example/', kid })}.${payload}.${signature}`,
      ],
      ['a path for a key', `${part({ alg: 'HS256', kid: '../../../dev/null' })}.${payload}.${signature}`],
    ];
  };

  it('no forged hint is believed, at sign-in or sign-out', async () => {
    const browser = new Browser();
    const { id_token: token } = await rp.signIn(browser);
    for (const [how, forged] of await forgeries(token)) {
      const asked = await rp.authorize(browser, { prompt: 'none', id_token_hint: forged });
      expect([how, asked.answer.get('error'), asked.answer.get('code')]).toEqual([
        how,
        'invalid_request',
        null,
      ]);
      const logout = `${harness.config.issuer}/protocol/openid-connect/logout?id_token_hint=${forged}`;
      await new Browser().follow(logout);
    }
    // And none of them ended the session.
    expect((await rp.authorize(browser, { prompt: 'none' })).answer.get('code')).toBeTruthy();
  });

  it('no forged access token is believed, wherever a token is taken', async () => {
    const { access_token: token } = await rp.signIn();
    for (const [how, forged] of await forgeries(token)) {
      expect([how, (await userinfo(harness, forged)).status]).toEqual([how, 401]);
      expect([how, (await rp.post('token/introspect', { token: forged })).body]).toEqual([
        how,
        { active: false },
      ]);
      await rp.post('revoke', { token: forged });
    }
    expect((await userinfo(harness, token)).status).toBe(200);
  });
});

describe('the host header', () => {
  const raw = (path: string, headers: Record<string, string>): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(harness.origin);
      const request = httpRequest({ hostname, port, path, headers, setHost: false }, (response) => {
        let text = JSON.stringify(response.headers);
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      request.on('error', reject).end();
    });

  it('is believed by nothing: every address is that of the issuer', async () => {
    const { host } = new URL(harness.origin);
    const { pathname, search } = new URL(authorizationRequest(harness).url);
    const discovery = `${new URL(harness.config.issuer).pathname}/.well-known/openid-configuration`;
    for (const headers of [
      { host: 'evil.example' },
      { host, 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
      { host, forwarded: 'host=evil.example;proto=https' },
      { host, 'x-original-url': 'https://evil.example/', 'x-rewrite-url': '/evil.example' },
      { host: `${host}@evil.example` },
      { host: `evil.example#${host}` },
    ]) {
      for (const path of [discovery, `${pathname}${search}`]) {
        // oxlint-disable-next-line no-await-in-loop -- one failure is told at a time
        const { status, text } = await raw(path, headers);
        expect([headers, text.includes('evil.example')]).toEqual([headers, false]);
        if (headers.host !== host) expect(status).toBeGreaterThanOrEqual(400);
      }
    }
  });
});
