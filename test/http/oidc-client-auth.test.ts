import { createHmac, randomUUID } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { CLIENT_ALGORITHMS } from '../../src/clients/credentials.ts';
import { onFileEnd } from '../support/cleanup.ts';
import {
  assertion,
  nowSeconds,
  serviceKey,
  sign,
  withAssertion,
  type ServiceKey,
} from '../support/client-keys.ts';
import { basic, post, startProvider, type Harness } from './oidc-harness.ts';

/** Services that prove who they are by a secret or by a key. What is asked is of no matter: an unknown token's introspection. */

let harness: Harness;
const keys: Record<string, ServiceKey> = {};
const redirect_uris = ['https://dmp.example/cb'];

beforeAll(async () => {
  harness = await startProvider('postgres');
  for (const alg of CLIENT_ALGORITHMS) {
    const key = serviceKey(alg);
    keys[alg] = key;
    await harness.addClient({
      client_id: `jwt-${alg}`,
      client_name: alg,
      redirect_uris,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [key.jwk] },
    });
  }
  await harness.addClient(
    {
      client_id: 'in-body',
      client_name: 'Body',
      redirect_uris,
      token_endpoint_auth_method: 'client_secret_post',
    },
    'body-secret',
  );
  await harness.addClient({ client_id: 'by-basic', client_name: 'Basic', redirect_uris }, 'basic-secret');
});

const es256 = (): ServiceKey => keys['ES256'] ?? serviceKey();
const ask = (form: Record<string, string>, headers: Record<string, string> = {}) =>
  post(harness, 'token/introspect', { token: 'none', ...form }, headers);
const askSigned = async (text: string | Promise<string>, clientId?: string) =>
  ask({ ...withAssertion(await text), ...(clientId === undefined ? {} : { client_id: clientId }) });

const GOOD = [200, { active: false }];
const outcome = async (asked: ReturnType<typeof ask>) => {
  const { status, body } = await asked;
  return [status, status === 200 ? body : body['error']];
};
const REFUSED = [401, 'invalid_client'];

describe('a secret', () => {
  it('is taken by Basic or in the body, as either is registered', async () => {
    expect(await outcome(ask({}, basic('by-basic', 'basic-secret')))).toEqual(GOOD);
    expect(await outcome(ask({ client_id: 'in-body', client_secret: 'body-secret' }))).toEqual(GOOD);
  });

  it('that is wrong, missing, another service’s or sent in two ways is not', async () => {
    expect(await outcome(ask({}, basic('by-basic', 'body-secret')))).toEqual(REFUSED);
    expect(await outcome(ask({ client_id: 'by-basic' }))).toEqual(REFUSED);
    expect(await outcome(ask({ client_id: 'in-body', client_secret: 'basic-secret' }))).toEqual(REFUSED);
    expect(
      await outcome(
        ask({ client_id: 'by-basic', client_secret: 'basic-secret' }, basic('by-basic', 'basic-secret')),
      ),
    ).toEqual([400, 'invalid_request']);
    expect(
      await outcome(
        ask(
          withAssertion(await assertion(es256(), 'jwt-ES256', harness.config.issuer)),
          basic('by-basic', 'basic-secret'),
        ),
      ),
    ).toEqual([400, 'invalid_request']);
  });

  it('that is the hash as it is stored opens nothing', async () => {
    const { rows } = await harness.db.query<{ hash: Buffer }>(
      `SELECT secret_hashes[1] AS hash FROM relying_party WHERE client_id = 'by-basic'`,
    );
    const hash = rows[0]?.hash ?? Buffer.alloc(0);
    for (const guess of [hash.toString('hex'), hash.toString('base64url')]) {
      expect(await outcome(ask({}, basic('by-basic', guess)))).toEqual(REFUSED);
    }
    // Nor does an assertion signed with it: nothing is signed with shared secrets.
    const header = Buffer.from(JSON.stringify({ alg: 'HS256' })).toString('base64url');
    const payload = Buffer.from(
      JSON.stringify({
        iss: 'by-basic',
        sub: 'by-basic',
        aud: harness.config.issuer,
        jti: randomUUID(),
        exp: nowSeconds() + 60,
      }),
    ).toString('base64url');
    const mac = createHmac('sha256', hash.toString('base64url'))
      .update(`${header}.${payload}`)
      .digest('base64url');
    expect(await outcome(askSigned(`${header}.${payload}.${mac}`))).toEqual(REFUSED);
  });
});

describe('a signed assertion', () => {
  it.each(CLIENT_ALGORITHMS)('by %s is taken', async (alg) => {
    const key = keys[alg] ?? es256();
    const { issuer } = harness.config;
    expect(await outcome(askSigned(assertion(key, `jwt-${alg}`, issuer)))).toEqual(GOOD);
    expect(
      await outcome(askSigned(assertion(key, `jwt-${alg}`, `${issuer}/protocol/openid-connect/token`))),
    ).toEqual(GOOD);
  });

  it('serves once, also of 16 at once', async () => {
    const text = await assertion(es256(), 'jwt-ES256', harness.config.issuer);
    const all = await Promise.all(Array.from({ length: 16 }, () => outcome(askSigned(text))));
    expect(all.filter(([status]) => status === 200)).toHaveLength(1);
    expect(all.filter(([status]) => status === 401)).toHaveLength(15);
  });

  it.each<[string, () => string | Promise<string>]>([
    ['expired', () => assertion(es256(), 'jwt-ES256', harness.config.issuer, { exp: nowSeconds() - 120 })],
    ['without end', () => assertion(es256(), 'jwt-ES256', harness.config.issuer, { exp: undefined })],
    ['without jti', () => assertion(es256(), 'jwt-ES256', harness.config.issuer, { jti: undefined })],
    [
      'not yet valid',
      () => assertion(es256(), 'jwt-ES256', harness.config.issuer, { nbf: nowSeconds() + 600 }),
    ],
    ['for somebody else', () => assertion(es256(), 'jwt-ES256', 'https://other.example')],
    [
      'for an address that begins like ours',
      () => assertion(es256(), 'jwt-ES256', `${harness.config.issuer}.evil.example`),
    ],
    ['issued by another', () => assertion(es256(), 'jwt-ES256', harness.config.issuer, { iss: 'jwt-PS256' })],
    ['about another', () => assertion(es256(), 'jwt-PS256', harness.config.issuer)],
    [
      'by a stranger’s key',
      () => assertion(serviceKey('ES256', es256().kid), 'jwt-ES256', harness.config.issuer),
    ],
    [
      'with a key of its own header',
      async () => {
        const stranger = serviceKey('ES256');
        const { kid: _kid, ...jwk } = stranger.jwk;
        return sign(
          stranger,
          {
            iss: 'jwt-ES256',
            sub: 'jwt-ES256',
            aud: harness.config.issuer,
            jti: randomUUID(),
            exp: nowSeconds() + 60,
          },
          { jwk: jwk as never, kid: undefined as never },
        );
      },
    ],
    [
      'unsigned',
      () => {
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
        return `${part({ alg: 'none' })}.${part({ iss: 'jwt-ES256', sub: 'jwt-ES256', aud: harness.config.issuer, jti: randomUUID(), exp: nowSeconds() + 60 })}.`;
      },
    ],
    [
      'by HMAC with the public key',
      () => {
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
        const text = `${part({ alg: 'HS256', kid: es256().kid })}.${part({ iss: 'jwt-ES256', sub: 'jwt-ES256', aud: harness.config.issuer, jti: randomUUID(), exp: nowSeconds() + 60 })}`;
        return `${text}.${createHmac('sha256', JSON.stringify(es256().jwk)).update(text).digest('base64url')}`;
      },
    ],
    ['of a service by secret', () => assertion(es256(), 'by-basic', harness.config.issuer)],
  ])('that is %s is not taken', async (_name, make) => {
    expect(await outcome(askSigned(make()))).toEqual(REFUSED);
  });

  it('must fit the client_id beside it, and its registered algorithm', async () => {
    const text = await assertion(es256(), 'jwt-ES256', harness.config.issuer);
    expect(await outcome(askSigned(text, 'jwt-PS256'))).toEqual([400, 'invalid_request']);
    const key = serviceKey('RS256');
    await harness.addClient({
      client_id: 'only-ps',
      client_name: 'PS',
      redirect_uris,
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'PS256',
      jwks: { keys: [key.jwk] },
    });
    expect(await outcome(askSigned(assertion(key, 'only-ps', harness.config.issuer)))).toEqual(REFUSED);
    expect(
      await outcome(askSigned(assertion({ ...key, alg: 'PS256' }, 'only-ps', harness.config.issuer))),
    ).toEqual(GOOD);
  });

  it('sent twice in one request is refused', async () => {
    const text = await assertion(es256(), 'jwt-ES256', harness.config.issuer);
    const body = new URLSearchParams({ token: 'none', ...withAssertion(text) });
    body.append('client_assertion', text);
    const response = await fetch(`${harness.config.issuer}/protocol/openid-connect/token/introspect`, {
      method: 'POST',
      body,
    });
    expect(response.status).toBe(400);
  });
});

describe('keys that a service publishes', () => {
  const publish = async (listener: RequestListener): Promise<string> => {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onFileEnd(() => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  };
  const register = async (jwksUri: string): Promise<string> => {
    const id = `published-${randomUUID()}`;
    await harness.addClient({
      client_id: id,
      client_name: 'Published',
      redirect_uris,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: jwksUri,
    });
    return id;
  };

  it('are fetched, once for many requests', async () => {
    const key = serviceKey();
    let fetched = 0;
    const id = await register(
      await publish((_request, response) => {
        fetched += 1;
        response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ keys: [key.jwk] }));
      }),
    );
    for (let count = 0; count < 3; count += 1) {
      expect(await outcome(askSigned(assertion(key, id, harness.config.issuer)))).toEqual(GOOD);
    }
    expect(fetched).toBe(1);
  });

  /** The same, so many seconds later. */
  const later = async (seconds: number, work: () => Promise<void>): Promise<void> => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
    try {
      await work();
    } finally {
      vi.useRealTimers();
    }
  };
  /** A service whose published keys, and whose answer's status, the test changes. */
  const changing = async (first: ServiceKey) => {
    const published = { keys: [first.jwk], status: 200, fetched: 0 };
    const id = await register(
      await publish((_request, response) => {
        published.fetched += 1;
        response
          .writeHead(published.status, { 'cache-control': 'max-age=31536000' })
          .end(JSON.stringify({ keys: published.keys }));
      }),
    );
    return {
      id,
      published,
      ask: async (key: ServiceKey) =>
        (await outcome(askSigned(assertion(key, id, harness.config.issuer))))[0],
    };
  };

  it('are no longer believed an hour after they were withdrawn, whatever life was claimed for them', async () => {
    const [old, fresh] = [serviceKey(), serviceKey()];
    const { published, ask: send } = await changing(old);
    expect(await send(old)).toBe(200);
    published.keys = [fresh.jwk];
    expect(await send(old)).toBe(200);
    await later(3601, async () => {
      expect(await send(old)).toBe(401);
      expect(await send(fresh)).toBe(200);
    });
  });

  it('are asked for again when one is used that was not there, once a minute', async () => {
    const [old, fresh] = [serviceKey(), serviceKey()];
    const { published, ask: send } = await changing(old);
    expect(await send(old)).toBe(200);
    published.keys = [old.jwk, fresh.jwk];
    expect([await send(fresh), published.fetched]).toEqual([401, 1]);
    await later(61, async () => {
      expect([await send(fresh), published.fetched]).toEqual([200, 2]);
      // Anyone can name a key that does not exist.
      for (let count = 0; count < 5; count += 1) expect(await send(serviceKey())).toBe(401);
      expect(published.fetched).toBe(2);
    });
  });

  it('stay good for their hour when the service’s address is down, and no longer', async () => {
    const key = serviceKey();
    const { published, ask: send } = await changing(key);
    expect(await send(key)).toBe(200);
    published.status = 503;
    await later(65, async () => {
      // Looked for in vain, and those known go on.
      expect([await send(serviceKey()), published.fetched]).toEqual([401, 2]);
      expect([await send(key), published.fetched]).toEqual([200, 2]);
    });
    await later(3700, async () => {
      expect([await send(key), published.fetched]).toEqual([401, 3]);
      expect([await send(key), published.fetched]).toEqual([401, 3]); // a moment of rest
    });
  });

  it.each<[string, RequestListener]>([
    [
      'behind a redirect',
      (request, response) => {
        if (request.url === '/jwks') response.writeHead(302, { location: '/elsewhere' }).end();
        else response.end(JSON.stringify({ keys: [es256().jwk] }));
      },
    ],
    [
      'in a huge answer',
      (_request, response) => {
        response.end(JSON.stringify({ keys: [es256().jwk], filler: 'x'.repeat(1_000_000) }));
      },
    ],
    ['that are no JSON', (_request, response) => void response.end('<html>')],
    [
      'that are a shared secret',
      (_request, response) => {
        response.end(JSON.stringify({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: es256().kid }] }));
      },
    ],
    [
      'by an answer that fails',
      (_request, response) => {
        response.writeHead(500).end(JSON.stringify({ keys: [es256().jwk] }));
      },
    ],
  ])('are not believed %s', async (_name, listener) => {
    const id = await register(await publish(listener));
    expect(await outcome(askSigned(assertion(es256(), id, harness.config.issuer)))).toEqual(REFUSED);
  });

  it('that never come are given up in time', async () => {
    const id = await register(
      await publish((_request, response) => {
        response.writeHead(200).write('{"keys":[');
      }),
    );
    const started = performance.now();
    expect(await outcome(askSigned(assertion(es256(), id, harness.config.issuer)))).toEqual(REFUSED);
    expect(performance.now() - started).toBeLessThan(8_000);
  });
});

describe('in production', () => {
  it('keys are fetched from no address of an internal network', async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked += 1;
      response.end(JSON.stringify({ keys: [es256().jwk] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onFileEnd(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    const strict = await startProvider('postgres', { CADUCEE_MODE: 'production' });
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '169.254.169.254', '10.0.0.1']) {
      const id = `internal-${randomUUID()}`;
      const scheme = host === '127.0.0.1' || host === 'localhost' ? 'http' : 'https';
      await strict.addClient({
        client_id: id,
        client_name: 'Internal',
        redirect_uris,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: `${scheme}://${host}:${port}/jwks`,
      });
      const form = { token: 'none', ...withAssertion(await assertion(es256(), id, strict.config.issuer)) };
      expect((await post(strict, 'token/introspect', form, {})).status).toBe(401);
    }
    expect(asked).toBe(0);
  });

  it('nobody there is told of a sign-out or a CIBA answer either', async () => {
    let asked = 0;
    const server = createServer((_request, response) => {
      asked += 1;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onFileEnd(() => new Promise((resolve) => server.close(resolve)));
    const { port } = server.address() as AddressInfo;
    const strict = await startProvider('postgres', { CADUCEE_MODE: 'production' });
    const { deliveries } = strict.oidc;
    const addresses = [
      `http://127.0.0.1:${port}/`,
      `https://127.0.0.1:${port}/`,
      `http://localhost:${port}/`,
      'https://[::1]/',
      'https://169.254.169.254/latest/meta-data/',
      'https://10.0.0.1/',
    ];
    for (const url of addresses) {
      await deliveries.deliverHttp(strict.db, {
        kind: 'ciba_ping',
        clientId: 'sandbox',
        url,
        content: { authReqId: 'request', notificationToken: 'token' },
      });
      await deliveries.deliverHttp(strict.db, {
        kind: 'backchannel_logout',
        clientId: 'sandbox',
        url,
        content: { sub: 'somebody', algorithm: 'ES256' },
      });
    }
    await deliveries.drain();
    const fates = await deliveries.fate({ clientId: 'sandbox' });
    expect(fates).toHaveLength(addresses.length * 2);
    for (const { state, lastStatus } of fates) expect([state, lastStatus]).not.toContain('sent');
    expect(asked).toBe(0);
  });
});
