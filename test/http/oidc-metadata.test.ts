import { createHash, randomUUID } from 'node:crypto';
import {
  SignJWT,
  calculateJwkThumbprint,
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  jwtVerify,
} from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { AUTH_METHODS } from '../../src/clients/credentials.ts';
import { DEVICE_CODE, TOKEN_EXCHANGE } from '../../src/clients/schema.ts';
import { register, type Answer, type Parameters, type Rp } from '../conformance/rp.ts';
import { serviceCertificate } from '../support/service-certificate.ts';
import {
  Browser,
  SHOWN_CERTIFICATE,
  headerOf,
  payloadOf,
  startProvider,
  userinfo,
  type Harness,
} from './oidc-harness.ts';

/**
 * The metadata tells the truth: each of its members is exercised, value by value, and so is what it does not list. A
 * member that no test knows fails, and so does a test of a member that is gone.
 */

const CIBA = 'urn:openid:params:grant-type:ciba';

let harness: Harness;
let metadata: Record<string, unknown>;
beforeAll(async () => {
  harness = await startProvider('postgres', {
    CADUCEE_MTLS_ORIGIN: 'https://localhost:4010',
    CADUCEE_MTLS_LISTEN_PORT: '0',
    CADUCEE_MTLS_HOP_ADDRESSES: '127.0.0.1',
    CADUCEE_MTLS_HOP_SECRET: 'h'.repeat(43),
  });
  const response = await fetch(`${harness.config.issuer}/.well-known/openid-configuration`);
  metadata = (await response.json()) as Record<string, unknown>;
});

const list = (name: string): string[] => metadata[name] as string[];
const each = async (name: string, work: (value: string) => Promise<void>): Promise<void> => {
  expect(list(name).length).toBeGreaterThan(0);
  expect(new Set(list(name)).size).toBe(list(name).length);
  // oxlint-disable-next-line no-await-in-loop -- one failure is told at a time
  for (const value of list(name)) await work(value);
};

const tokenEndpoint = () => String(metadata['token_endpoint']);

/** What a key of this algorithm signs; the registration knows its public half. */
const signingKey = async (algorithm: string) => {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: algorithm, use: 'sig' };
  const sign = (payload: Record<string, unknown>, header: Record<string, unknown> = {}): Promise<string> =>
    new SignJWT(payload).setProtectedHeader({ alg: algorithm, kid: 'k', ...header }).sign(privateKey);
  return { jwk, jwks: { keys: [jwk] }, sign };
};

const seconds = (): number => Math.floor(Date.now() / 1000);

/** A service that signs: its assertion for an audience. */
const assertionOf = async (algorithm: string) => {
  const { jwks, sign } = await signingKey(algorithm);
  const rp = await register(harness, { token_endpoint_auth_method: 'private_key_jwt', jwks });
  const assertion = async (): Promise<Parameters> => ({
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await sign({
      iss: rp.clientId,
      sub: rp.clientId,
      aud: harness.config.issuer,
      jti: randomUUID(),
      iat: seconds(),
      exp: seconds() + 60,
    }),
  });
  return { rp, assertion };
};

/** Authenticates as a method wants, at any endpoint. */
const authenticated = async (method: string) => {
  if (method === 'private_key_jwt') {
    const { rp, assertion } = await assertionOf('ES256');
    const post = async (path: string, form: Parameters): Promise<Answer> =>
      rp.post(path, { ...(await assertion()), ...form });
    return { rp, post };
  }
  if (method === 'self_signed_tls_client_auth') {
    const { certificate, jwks } = serviceCertificate('metadata');
    const rp = await register(harness, { token_endpoint_auth_method: method, jwks });
    const shown = { [SHOWN_CERTIFICATE]: certificate.raw.toString('base64') };
    return { rp, post: (path: string, form: Parameters) => rp.post(path, form, shown) };
  }
  const known = AUTH_METHODS.find((name) => name === method);
  const rp = await register(harness, { token_endpoint_auth_method: known ?? 'none' });
  return { rp, post: (path: string, form: Parameters) => rp.post(path, form) };
};

const redeemWith = async ({
  rp,
  post,
}: {
  rp: Rp;
  post(path: string, form: Parameters): Promise<Answer>;
}): Promise<Answer> => {
  const { answer, verifier } = await rp.authorize();
  return post('token', {
    grant_type: 'authorization_code',
    code: answer.get('code') ?? '',
    redirect_uri: rp.redirectUri,
    code_verifier: verifier,
  });
};

/** Something answers there by this method, and another method is told so. */
const answers = async (name: string, method: 'GET' | 'POST', other: string): Promise<void> => {
  const url = String(metadata[name]);
  expect(url.startsWith(harness.origin)).toBe(true);
  const right = await fetch(url, { method, redirect: 'manual' });
  expect(right.status).not.toBe(404);
  expect(right.status).toBeLessThan(500);
  const wrong = await fetch(url, { method: other, redirect: 'manual' });
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, expect.stringContaining(method)]);
};

const isTrue = (name: string): void => expect(metadata[name]).toBe(true);

/** Methods of authentication at one endpoint: those listed are let in, no other can be registered. */
const methodsAt = async (
  name: string,
  ask: (who: Awaited<ReturnType<typeof authenticated>>) => Promise<Answer>,
) => {
  await each(name, async (method) => {
    const { status, body } = await ask(await authenticated(method));
    expect([method, status, body['error']]).toEqual([method, 200, undefined]);
  });
};

const algorithmsAt = async (name: string, path: string, form: Parameters) => {
  await each(name, async (algorithm) => {
    const { rp, assertion } = await assertionOf(algorithm);
    const { body } = await rp.post(path, { ...(await assertion()), ...form });
    // Let in: whatever is wrong, it is not who asks.
    expect([algorithm, body['error'] ?? 'none']).not.toEqual([algorithm, 'invalid_client']);
    expect([algorithm, body['error'] ?? 'none']).not.toEqual([algorithm, 'invalid_request']);
  });
};

const NOTHING = { grant_type: 'refresh_token', refresh_token: 'nothing' };

const exercises: Record<string, () => Promise<void> | void> = {
  issuer: async () => {
    expect(metadata['issuer']).toBe(harness.config.issuer);
    const { answer } = await (await register(harness)).authorize();
    expect(answer.get('iss')).toBe(metadata['issuer']);
  },
  authorization_endpoint: () => answers('authorization_endpoint', 'GET', 'PUT'),
  token_endpoint: () => answers('token_endpoint', 'POST', 'GET'),
  userinfo_endpoint: () => answers('userinfo_endpoint', 'GET', 'DELETE'),
  introspection_endpoint: () => answers('introspection_endpoint', 'POST', 'GET'),
  revocation_endpoint: () => answers('revocation_endpoint', 'POST', 'GET'),
  end_session_endpoint: () => answers('end_session_endpoint', 'GET', 'PUT'),
  jwks_uri: () => answers('jwks_uri', 'GET', 'POST'),
  device_authorization_endpoint: () => answers('device_authorization_endpoint', 'POST', 'GET'),
  pushed_authorization_request_endpoint: () =>
    answers('pushed_authorization_request_endpoint', 'POST', 'GET'),
  backchannel_authentication_endpoint: () => answers('backchannel_authentication_endpoint', 'POST', 'GET'),
  check_session_iframe: async () => {
    const frame = await fetch(String(metadata['check_session_iframe']));
    expect([frame.status, frame.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/html'),
    ]);
    const tokens = await (await register(harness)).signIn();
    expect(tokens.session_state).toBeTruthy();
  },
  mtls_endpoint_aliases: () => {
    const aliases = metadata['mtls_endpoint_aliases'] as Record<string, string>;
    expect(Object.keys(aliases).length).toBeGreaterThan(4);
    for (const [name, url] of Object.entries(aliases)) {
      expect(url).toBe(String(metadata[name]).replace(harness.origin, 'https://localhost:4010'));
    }
  },

  grant_types_supported: async () => {
    const rp = await register(harness, { grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE] });
    const refused = async (grantType: string) =>
      (await rp.post('token', { grant_type: grantType })).body['error'] === 'unsupported_grant_type';
    await each('grant_types_supported', async (grantType) => expect(await refused(grantType)).toBe(false));
    expect(list('grant_types_supported').sort()).toEqual(
      ['authorization_code', 'refresh_token', DEVICE_CODE, CIBA, TOKEN_EXCHANGE].sort(),
    );
    for (const other of ['implicit', 'password', 'client_credentials'])
      expect(await refused(other)).toBe(true);
  },
  response_types_supported: async () => {
    const rp = await register(harness);
    await each('response_types_supported', async (type) => {
      expect((await rp.authorize(new Browser(), { response_type: type })).answer.get('code')).toBeTruthy();
    });
    for (const other of ['token', 'id_token', 'code id_token', 'none']) {
      const { location } = await rp.authorize(new Browser(), { response_type: other });
      expect(location).toContain('unsupported_response_type');
    }
  },
  response_modes_supported: async () => {
    const rp = await register(harness);
    await each('response_modes_supported', async (mode) => {
      const { location, response } = await rp.authorize(new Browser(), { response_mode: mode });
      const where = { query: /\?code=|\?.*code=/, fragment: /#.*code=/, form_post: /name="code"/ }[mode];
      expect(mode === 'form_post' ? await response.text() : location).toMatch(where ?? /never/);
    });
    const { location } = await rp.authorize(new Browser(), { response_mode: 'query.jwt' });
    expect(location).toContain('unsupported_response_mode');
  },
  scopes_supported: async () => {
    const rp = await register(harness, { scope: list('scopes_supported').join(' ') });
    await each('scopes_supported', async (scope) => {
      const tokens = await rp.signIn(new Browser(), { scope: `openid ${scope}` });
      expect(tokens.scope.split(' ')).toContain(scope);
    });
    const other = await rp.signIn(new Browser(), { scope: 'openid email offline_access' });
    expect(other.scope).toBe('openid');
  },
  claims_supported: async () => {
    const rp = await register(harness, { scope: list('scopes_supported').join(' ') });
    const tokens = await rp.signIn(new Browser(), { scope: list('scopes_supported').join(' ') });
    const said = (await (await userinfo(harness, tokens.access_token)).json()) as object;
    const given = new Set([...Object.keys(said), ...Object.keys(payloadOf(tokens.id_token))]);
    await each('claims_supported', async (claim) => expect([...given]).toContain(claim));
    // Nothing is said of the person that is not listed.
    expect(Object.keys(said).filter((claim) => !list('claims_supported').includes(claim))).toEqual([]);
  },
  claim_types_supported: () => expect(metadata['claim_types_supported']).toEqual(['normal']),
  claims_parameter_supported: async () => {
    isTrue('claims_parameter_supported');
    const rp = await register(harness);
    const claims = JSON.stringify({ userinfo: { codeCivilite: null }, id_token: { Secteur_Activite: null } });
    const tokens = await rp.signIn(new Browser(), { claims });
    expect(await (await userinfo(harness, tokens.access_token)).json()).toEqual({
      sub: expect.any(String),
      codeCivilite: 'M',
    });
    expect(payloadOf(tokens.id_token)).toHaveProperty('Secteur_Activite');
  },
  acr_values_supported: async () => {
    const rp = await register(harness);
    await each('acr_values_supported', async (acr) => {
      const claims = JSON.stringify({ id_token: { acr: { essential: true, value: acr } } });
      const tokens = await rp.signIn(new Browser(), { acr_values: acr, claims });
      expect(payloadOf(tokens.id_token)['acr']).toBe(acr);
    });
    expect((await rp.authorize(new Browser(), { acr_values: 'eidas9' })).answer.get('error')).toBe(
      'unmet_authentication_requirements',
    );
  },
  subject_types_supported: async () => {
    const [one, two] = [await register(harness), await register(harness)];
    const subs = [await one.signIn(), await two.signIn()].map(
      ({ id_token: token }) => payloadOf(token)['sub'],
    );
    expect([metadata['subject_types_supported'], subs[0]]).toEqual([['public'], subs[1]]);
  },
  code_challenge_methods_supported: async () => {
    expect(metadata['code_challenge_methods_supported']).toEqual(['S256']);
    const plain = { code_challenge: 'v'.repeat(43), code_challenge_method: 'plain' };
    const { answer } = await (await register(harness)).authorize(new Browser(), plain);
    expect(answer.get('error')).toBe('invalid_request');
  },
  id_token_signing_alg_values_supported: async () => {
    const keys = createLocalJWKSet(await (await fetch(String(metadata['jwks_uri']))).json());
    await each('id_token_signing_alg_values_supported', async (alg) => {
      const rp = await register(harness, { id_token_signed_response_alg: alg as 'RS256' });
      const { id_token: token } = await rp.signIn();
      expect(headerOf(token)['alg']).toBe(alg);
      await jwtVerify(token, keys, { audience: rp.clientId, issuer: harness.config.issuer });
    });
  },
  userinfo_signing_alg_values_supported: async () => {
    const keys = createLocalJWKSet(await (await fetch(String(metadata['jwks_uri']))).json());
    await each('userinfo_signing_alg_values_supported', async (alg) => {
      const rp = await register(harness, { userinfo_signed_response_alg: alg as 'RS256' });
      const tokens = await rp.signIn(new Browser(), { scope: 'openid scope_all' });
      const response = await userinfo(harness, tokens.access_token);
      expect(response.headers.get('content-type')).toContain('application/jwt');
      const { payload, protectedHeader } = await jwtVerify(await response.text(), keys, {
        audience: rp.clientId,
        issuer: harness.config.issuer,
      });
      expect([protectedHeader.alg, payload.sub]).toEqual([alg, payloadOf(tokens.id_token)['sub']]);
      expect(payload['SubjectRefPro']).toBeTruthy();
    });
  },
  prompt_values_supported: async () => {
    const rp = await register(harness);
    const browser = new Browser();
    await rp.signIn(browser);
    await each('prompt_values_supported', async (prompt) => {
      const before = harness.logins;
      expect((await rp.authorize(browser, { prompt })).answer.get('code')).toBeTruthy();
      expect(harness.logins - before).toBe(prompt === 'login' ? 1 : 0);
    });
    expect((await rp.authorize(browser, { prompt: 'create' })).answer.get('error')).toBe('invalid_request');
  },
  ui_locales_supported: async () => {
    const pages = await startProvider('postgres', {}, { pages: 'real' });
    await each('ui_locales_supported', async (locale) => {
      const { response } = await new Browser().follow(
        `${pages.origin}/auth?client_id=nobody&ui_locales=${locale}`,
      );
      expect(await response.text()).toContain(`<html lang="${locale}"`);
    });
  },
  authorization_response_iss_parameter_supported: async () => {
    isTrue('authorization_response_iss_parameter_supported');
    const rp = await register(harness);
    for (const parameters of [{}, { prompt: 'none' }, { response_mode: 'fragment' }]) {
      const { location } = await rp.authorize(new Browser(), parameters);
      const { search, hash } = new URL(location ?? '');
      expect(new URLSearchParams(search || hash.slice(1)).get('iss')).toBe(harness.config.issuer);
    }
  },
  request_parameter_supported: () => isTrue('request_parameter_supported'),
  request_uri_parameter_supported: async () => {
    expect(metadata['request_uri_parameter_supported']).toBe(false);
    const rp = await register(harness);
    const { answer } = await rp.authorize(new Browser(), { request_uri: 'https://rp.example/request' });
    expect(answer.get('error') ?? 'none').toMatch(/request_uri|invalid_request/);
  },
  request_object_signing_alg_values_supported: async () => {
    await each('request_object_signing_alg_values_supported', async (algorithm) => {
      const { jwks, sign } = await signingKey(algorithm);
      const rp = await register(harness, { jwks, request_object_signing_alg: algorithm as 'ES256' });
      const { query } = rp.request();
      const request = await sign({
        ...Object.fromEntries(query),
        iss: rp.clientId,
        aud: harness.config.issuer,
        exp: seconds() + 60,
        nbf: seconds(),
        iat: seconds(),
        jti: randomUUID(),
      });
      const url = `${harness.origin}/auth?${new URLSearchParams({ client_id: rp.clientId, request }).toString()}`;
      const { location, response } = await new Browser().follow(url);
      expect(location ?? (await response.text())).toContain('code=');
    });
  },
  dpop_signing_alg_values_supported: async () => {
    await each('dpop_signing_alg_values_supported', async (algorithm) => {
      const { jwk, sign } = await signingKey(algorithm);
      const { kid: _kid, alg: _alg, use: _use, ...key } = jwk;
      const rp = await register(harness);
      const proof = (htu: string, htm: string, more = {}) =>
        sign(
          { htu, htm, jti: randomUUID(), iat: seconds(), ...more },
          { typ: 'dpop+jwt', jwk: key, kid: undefined },
        );
      const { answer, verifier } = await rp.authorize();
      const { body } = await rp.post(
        'token',
        {
          grant_type: 'authorization_code',
          code: answer.get('code') ?? '',
          redirect_uri: rp.redirectUri,
          code_verifier: verifier,
        },
        { dpop: await proof(tokenEndpoint(), 'POST') },
      );
      const token = String(body['access_token']);
      expect([algorithm, body['token_type']]).toEqual([algorithm, 'DPoP']);
      expect(payloadOf(token)['cnf']).toEqual({ jkt: await calculateJwkThumbprint(key) });
      const url = String(metadata['userinfo_endpoint']);
      const ath = createHash('sha256').update(token).digest('base64url');
      const dpop = await proof(url, 'GET', { ath });
      const headers = { authorization: `DPoP ${token}`, dpop };
      expect((await fetch(url, { headers })).status).toBe(200);
      expect((await userinfo(harness, token)).status).toBe(401);
    });
  },
  token_endpoint_auth_methods_supported: () => methodsAt('token_endpoint_auth_methods_supported', redeemWith),
  token_endpoint_auth_signing_alg_values_supported: () =>
    algorithmsAt('token_endpoint_auth_signing_alg_values_supported', 'token', NOTHING),
  introspection_endpoint_auth_methods_supported: async () => {
    await methodsAt('introspection_endpoint_auth_methods_supported', ({ post }) =>
      post('token/introspect', { token: 'nothing' }),
    );
    const open = await authenticated('none');
    const token = (await redeemWith(open)).body['access_token'];
    const told = await open.post('token/introspect', { token: String(token), client_id: open.rp.clientId });
    expect(told.body['active'] ?? false).toBe(false);
  },
  introspection_endpoint_auth_signing_alg_values_supported: () =>
    algorithmsAt('introspection_endpoint_auth_signing_alg_values_supported', 'token/introspect', {
      token: 'x',
    }),
  revocation_endpoint_auth_methods_supported: () =>
    methodsAt('revocation_endpoint_auth_methods_supported', ({ post }) =>
      post('revoke', { token: 'nothing' }),
    ),
  revocation_endpoint_auth_signing_alg_values_supported: () =>
    algorithmsAt('revocation_endpoint_auth_signing_alg_values_supported', 'revoke', { token: 'x' }),
  tls_client_certificate_bound_access_tokens: async () => {
    isTrue('tls_client_certificate_bound_access_tokens');
    const { certificate, jwks } = serviceCertificate('bound');
    const rp = await register(harness, {
      token_endpoint_auth_method: 'self_signed_tls_client_auth',
      jwks,
      tls_client_certificate_bound_access_tokens: true,
    });
    const shown = { [SHOWN_CERTIFICATE]: certificate.raw.toString('base64') };
    const { body } = await redeemWith({ rp, post: (path, form) => rp.post(path, form, shown) });
    const token = String(body['access_token']);
    expect(payloadOf(token)['cnf']).toEqual({
      'x5t#S256': createHash('sha256').update(certificate.raw).digest('base64url'),
    });
    expect((await userinfo(harness, token)).status).toBe(401);
    const headers = { authorization: `Bearer ${token}`, ...shown };
    expect((await fetch(String(metadata['userinfo_endpoint']), { headers })).status).toBe(200);
  },

  // The sign-out plans (test/conformance) exercise these.
  backchannel_logout_supported: () => isTrue('backchannel_logout_supported'),
  backchannel_logout_session_supported: () => isTrue('backchannel_logout_session_supported'),
  frontchannel_logout_supported: () => isTrue('frontchannel_logout_supported'),
  frontchannel_logout_session_supported: () => isTrue('frontchannel_logout_session_supported'),

  // The CIBA plan exercises these.
  backchannel_token_delivery_modes_supported: () =>
    expect(metadata['backchannel_token_delivery_modes_supported']).toEqual(['poll', 'ping']),
  backchannel_user_code_parameter_supported: () =>
    expect(metadata['backchannel_user_code_parameter_supported']).toBe(false),
  backchannel_authentication_request_signing_alg_values_supported: () =>
    expect(list('backchannel_authentication_request_signing_alg_values_supported')).toEqual(
      list('request_object_signing_alg_values_supported'),
    ),
};

describe('what discovery lists works', () => {
  it.each(Object.keys(exercises))('%s', async (name) => {
    expect(Object.keys(metadata)).toContain(name);
    await exercises[name]?.();
  });

  it('and no member of it is left out here', () => {
    expect(Object.keys(metadata).filter((name) => !Object.hasOwn(exercises, name))).toEqual([]);
  });
});
