import { request as send } from 'node:http';
import { beforeAll, describe, expect, it } from 'vitest';
import { CIBA } from '../../src/clients/schema.ts';
import {
  addPractitioner,
  basic,
  Browser,
  post,
  REDIRECT,
  SANDBOX,
  signIn,
  startProvider,
  type Harness,
  type Tokens,
} from './oidc-harness.ts';

/**
 * What is answered before the application, beside what the library answers to the same request. A cookie, which none of these
 * requests needs, makes it one for the application.
 */

interface Answer {
  status: number;
  headers: Record<string, unknown>;
  body: string;
  direct: boolean;
}

let harness: Harness;
let base: string;

const ask = (method: string, path: string, headers: Record<string, string>, body?: string): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const target = new URL(path, harness.origin);
    const asked = send(
      { host: '127.0.0.1', port: target.port, path: target.pathname + target.search, method },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          const all: Record<string, unknown> = { ...response.headers };
          const direct = !String(all['content-security-policy']).includes('nonce');
          // What differs from one answer to the next, and the policy, which is narrower where no page can be.
          for (const name of ['content-security-policy', 'x-request-id', 'date']) delete all[name];
          resolve({ status: response.statusCode ?? 0, headers: all, body: text, direct });
        });
      },
    );
    asked.on('error', reject);
    asked.setHeader('host', target.host);
    for (const [name, value] of Object.entries(headers)) asked.setHeader(name, value);
    if (body !== undefined) {
      if (!('content-type' in headers)) asked.setHeader('content-type', 'application/x-www-form-urlencoded');
      asked.setHeader('content-length', Buffer.byteLength(body));
    }
    asked.end(body);
  });

/** Asks both ways; what both answered, and whether the first was direct. */
const compare = async (
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: string,
): Promise<Answer> => {
  const usual = await ask(method, path, { ...headers, cookie: 'usual=1' }, body);
  const first = await ask(method, path, headers, body);
  expect(usual.direct).toBe(false);
  const { direct: _usual, ...expected } = usual;
  const { direct, ...answered } = first;
  expect(answered).toEqual(expected);
  return { ...answered, direct };
};

const SERVICES = {
  opaque: { access_token_format: 'opaque' },
  jwt: {},
  es256: { id_token_signed_response_alg: 'ES256' },
  older: { compatibility: ['older_claim_names'] },
  signed: { userinfo_signed_response_alg: 'RS256' },
  watcher: { introspect_any: true, access_token_format: 'opaque' },
  body: { token_endpoint_auth_method: 'client_secret_post' },
} as const;
const SECRET = 'a-secret-of-thirty-two-characters';

beforeAll(async () => {
  harness = await startProvider('redis');
  base = `${new URL(harness.config.issuer).pathname}/protocol/openid-connect`;
  for (const [id, more] of Object.entries(SERVICES)) {
    await harness.addClient(
      {
        client_id: id,
        client_name: id,
        redirect_uris: [REDIRECT],
        scope: 'openid profile identity scope_all',
        ...more,
      } as Parameters<Harness['addClient']>[0],
      SECRET,
    );
  }
});

const tokensOf = async (service: keyof typeof SERVICES, scope = 'openid scope_all'): Promise<Tokens> => {
  const browser = new Browser();
  const { authorize } = await import('./oidc-harness.ts');
  const { answer, verifier } = await authorize(harness, browser, { client_id: service, scope });
  const own = service === 'body' ? { client_id: service, client_secret: SECRET } : {};
  const { body, status } = await post(
    harness,
    'token',
    {
      ...{ grant_type: 'authorization_code', code: answer.get('code') ?? '' },
      ...{ redirect_uri: REDIRECT, code_verifier: verifier, ...own },
    },
    service === 'body' ? {} : basic(service, SECRET),
  );
  expect(status).toBe(200);
  return body as Tokens;
};

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

describe('userinfo', () => {
  const userinfo = (headers: Record<string, string>, method = 'GET', query = '') =>
    compare(method, `${base}/userinfo${query}`, headers);

  it.each(['opaque', 'jwt', 'es256', 'watcher'] as const)('is the library’s for %s', async (service) => {
    for (const scope of ['openid', 'openid profile', 'openid identity', 'scope_all openid profile']) {
      const { access_token: token } = await tokensOf(service, scope);
      const answer = await userinfo(bearer(token));
      expect([answer.status, answer.direct]).toEqual([200, true]);
      const again = await userinfo(bearer(token));
      expect(again.body).toBe(answer.body);
    }
  });

  it.each(['older', 'signed'] as const)('is left to the library for %s', async (service) => {
    const { access_token: token } = await tokensOf(service);
    const answer = await ask('GET', `${base}/userinfo`, bearer(token));
    expect([answer.status, answer.direct]).toEqual([200, false]);
  });

  it('refuses what the library refuses', async () => {
    const { access_token: token, refresh_token: refresh } = await tokensOf('opaque');
    const wrong = token.slice(0, -1) + (token.endsWith('A') ? 'B' : 'A');
    for (const each of [wrong, refresh, 'x', 'a.b.c', `${token}.x`, token.toLowerCase(), 'é']) {
      expect((await userinfo(bearer(encodeURI(each)))).status).toBe(401);
    }
    for (const authorization of [
      '',
      'Bearer',
      'Bearer  x',
      `bearer ${token}`,
      `Basic ${token}`,
      `DPoP ${token}`,
    ]) {
      await userinfo({ authorization });
    }
    await userinfo({});
    await userinfo({}, 'GET', `?access_token=${token}`);
    await userinfo(bearer(token), 'GET', '?scope=profile');
    await userinfo(bearer(token), 'HEAD');
    await userinfo(bearer(token), 'PUT');
    await userinfo({ ...bearer(token), origin: 'https://elsewhere.example' });
    await userinfo({ ...bearer(token), dpop: 'x' });
    await compare('POST', `${base}/userinfo`, {}, `access_token=${token}`);
    const { access_token: jwt } = await tokensOf('jwt');
    const [head, payload, signature = ''] = jwt.split('.');
    const { jti } = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()) as { jti: string };
    for (const each of [jti, `${head}.${payload}.${signature.slice(4)}AAAA`]) {
      expect((await userinfo(bearer(each))).status).toBe(401);
    }
  });

  it('ends at once with its grant, its session, its service and its person', async () => {
    const nurse = '810000000017';
    await addPractitioner(harness.db, { nationalId: nurse });
    harness.signIn.nationalId = nurse;
    const revoked = await tokensOf('opaque');
    const gone = await tokensOf('jwt');
    const struck = await tokensOf('opaque');
    for (const { access_token: token } of [revoked, gone, struck]) {
      expect(await userinfo(bearer(token))).toMatchObject({ status: 200, direct: true });
    }
    await post(harness, 'revoke', { token: revoked.access_token }, basic('opaque', SECRET));
    expect((await userinfo(bearer(revoked.access_token))).status).toBe(401);
    expect((await userinfo(bearer(struck.access_token))).status).toBe(200);
    await harness.db.query('UPDATE relying_party SET disabled_at = now() WHERE client_id = $1', ['jwt']);
    expect((await userinfo(bearer(gone.access_token))).status).toBe(401);
    await harness.db.query('UPDATE relying_party SET disabled_at = NULL WHERE client_id = $1', ['jwt']);
    expect((await userinfo(bearer(gone.access_token))).status).toBe(200);
    const person = await harness.registry.find(nurse);
    await harness.registry.setStatus(person?.id ?? '', 'struck_off');
    expect((await userinfo(bearer(struck.access_token))).status).toBe(401);
    await harness.registry.setStatus(person?.id ?? '', 'active');
    expect((await userinfo(bearer(struck.access_token))).status).toBe(200);
    await harness.oidc.endSessionsOf({ nationalId: nurse });
    expect((await userinfo(bearer(struck.access_token))).status).toBe(401);
    harness.signIn.nationalId = '899700218896';
  });
});

describe('introspection', () => {
  const introspect = (form: string, headers: Record<string, string>) =>
    compare('POST', `${base}/token/introspect`, headers, form);

  it.each(['opaque', 'jwt', 'es256', 'watcher'] as const)('is the library’s for %s', async (service) => {
    const { access_token: token } = await tokensOf(service);
    for (const caller of [service, 'watcher'] as const) {
      for (const hint of [
        '',
        '&token_type_hint=access_token',
        '&token_type_hint=refresh_token',
        '&token_type_hint=x',
      ]) {
        const answer = await introspect(`token=${token}${hint}`, basic(caller, SECRET));
        expect([answer.status, answer.direct]).toEqual([200, true]);
        expect(answer.body).toContain('"active":true');
      }
    }
    const secret = await introspect(`token=${token}`, basic('body', SECRET));
    expect(secret.body).toBe('{"active":false}');
  });

  it('refuses and keeps silent as the library does', async () => {
    const { access_token: token, refresh_token: refresh } = await tokensOf('opaque');
    const mine = basic('opaque', SECRET);
    for (const form of [
      ...['token=x', 'token=', '', `token=${token}&token=${token}`, `token=${token}&other=1`],
      ...[`token=${refresh}`, `token=${token}&client_id=opaque`, `token=${token}&client_secret=${SECRET}`],
      ...[
        `token_type_hint=access_token`,
        `token=${token}%`,
        `token=${token}&token_type_hint=a&token_type_hint=b`,
      ],
    ]) {
      await introspect(form, mine);
    }
    for (const headers of [
      ...[basic('opaque', 'wrong'), basic('nobody', SECRET), basic('opaque', ''), basic('es256', SECRET)],
      ...[basic('sandbox-public', 'x'), basic('older', SECRET), { authorization: 'Basic é' }, {}],
      ...[{ authorization: 'Basic !!!' }, { ...mine, 'content-type': 'application/json' }],
      ...[
        { ...mine, accept: 'text/html' },
        { ...mine, origin: 'https://elsewhere.example' },
      ],
      { ...mine, 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
    ]) {
      await introspect(`token=${token}`, headers as Record<string, string>);
    }
    await compare('GET', `${base}/token/introspect?token=${token}`, mine);
    const { access_token: jwt } = await tokensOf('jwt');
    const { jti } = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as {
      jti: string;
    };
    expect((await introspect(`token=${jti}`, basic('jwt', SECRET))).body).toBe('{"active":false}');
  });
});

describe('the poll of a CIBA request', () => {
  const CLIENT = basic('ciba', SECRET);
  beforeAll(async () => {
    await harness.addClient(
      {
        ...{ client_id: 'ciba', client_name: 'ciba', redirect_uris: [REDIRECT] },
        grant_types: ['authorization_code', 'refresh_token', CIBA],
        backchannel_token_delivery_mode: 'poll',
      },
      SECRET,
    );
  });
  const start = async (): Promise<string> => {
    const hint = `8${String(Math.random()).slice(2, 13)}`;
    const form = { scope: 'openid', login_hint: hint, binding_message: '12', acr_values: 'eidas1' };
    return String((await post(harness, 'ext/ciba/auth', form, CLIENT)).body['auth_req_id']);
  };
  const form = (id: string): string => `grant_type=${encodeURIComponent(CIBA)}&auth_req_id=${id}`;

  it('waits and slows down as the library does', async () => {
    const [one, two] = [await start(), await start()];
    const url = `${base}/token`;
    for (const expected of ['authorization_pending', 'slow_down']) {
      const usual = await ask('POST', url, { ...CLIENT, cookie: 'usual=1' }, form(one));
      const direct = await ask('POST', url, CLIENT, form(two));
      expect([usual.direct, direct.direct]).toEqual([false, true]);
      expect({ ...direct, direct: false }).toEqual(usual);
      expect(direct.body).toContain(expected);
    }
  });

  it('is the library’s when anything is different', async () => {
    const id = await start();
    expect((await ask('POST', `${base}/token`, CLIENT, `${form(id)}&scope=openid`)).direct).toBe(false);
    for (const text of [
      form('x'),
      form(''),
      form('a}b'),
      `${form('unknown')}&scope=openid`,
      `grant_type=${CIBA}`,
    ]) {
      await compare('POST', `${base}/token`, CLIENT, text);
    }
    for (const headers of [SANDBOX, basic('ciba', 'wrong'), { ...CLIENT, accept: 'text/html' }, {}]) {
      const { headers: _all, ...usual } = await compare('POST', `${base}/token`, headers, form('unknown'));
      expect(usual.direct).toBe(false);
    }
  });
});

describe('discovery and keys', () => {
  it('are written once, and not sent again to who has them', async () => {
    const issuer = new URL(harness.config.issuer).pathname;
    for (const path of [
      `${issuer}/.well-known/openid-configuration`,
      `${issuer}/.well-known/wallet-openid-configuration`,
      `/.well-known/openid-configuration${issuer}`,
      `/.well-known/oauth-authorization-server${issuer}`,
      `${base}/certs`,
    ]) {
      await ask('GET', path, {});
      const answer = await compare('GET', path);
      expect([answer.status, answer.direct]).toEqual([200, true]);
      const etag = String(answer.headers['etag']);
      for (const known of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
        const same = await compare('GET', path, { 'if-none-match': known });
        expect([same.status, same.direct, same.body]).toEqual([304, true, '']);
      }
      expect((await compare('GET', path, { 'if-none-match': '"x"' })).status).toBe(200);
      await compare('GET', `${path}?x=1`);
      await compare('HEAD', path);
      await compare('POST', path, {}, 'x=1');
      await compare('GET', path, { origin: 'https://elsewhere.example' });
    }
  });

  it('are those of the keys in force', async () => {
    const before = await ask('GET', `${base}/certs`, {});
    await harness.oidc.reloadKeys();
    const after = await ask('GET', `${base}/certs`, {});
    expect(after.direct).toBe(false);
    expect(after.body).toBe(before.body);
  });
});

it('leaves other hosts and untrusted paths to the application', async () => {
  const { access_token: token } = await signIn(harness);
  const target = new URL(harness.origin);
  const spoofed = await ask('GET', `${base}/userinfo`, {
    ...bearer(token),
    host: `evil.example:${target.port}`,
  });
  expect([spoofed.status, spoofed.direct]).toEqual([421, false]);
});
