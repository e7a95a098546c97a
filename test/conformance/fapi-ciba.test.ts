import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { CIBA, type ClientDeclaration } from '../../src/clients/schema.ts';
import { onFileEnd } from '../support/cleanup.ts';
import {
  assertion,
  nowSeconds,
  serviceKey,
  sign,
  withAssertion,
  type ServiceKey,
} from '../support/client-keys.ts';
import { serviceCertificate } from '../support/service-certificate.ts';
import {
  addPractitioner,
  payloadOf,
  post,
  SHOWN_CERTIFICATE,
  startProvider,
  type Harness,
} from '../http/oidc-harness.ts';

/**
 * The OpenID Foundation's plan for FAPI-CIBA (ID1), a case per module, by its public names and intent: poll and ping, with
 * private_key_jwt and with mutual TLS. The person's answer is the test's.
 */

type Form = Record<string, string | undefined>;
type Answer = Awaited<ReturnType<typeof post>>;

let harness: Harness;
/** What the notification endpoint answers, and what it was sent. */
const endpoint = { status: 204, body: '', url: '' };
const pings: { headers: IncomingHttpHeaders; body: string }[] = [];

beforeAll(async () => {
  harness = await startProvider('redis', {
    CADUCEE_MTLS_ORIGIN: 'https://localhost:4010',
    CADUCEE_MTLS_HOP_ADDRESSES: '127.0.0.1',
    CADUCEE_MTLS_HOP_SECRET: 'h'.repeat(43),
    CADUCEE_CIBA_PER_MINUTE: '10000',
  });
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      pings.push({ headers: request.headers, body });
      const headers = endpoint.status === 301 ? { location: `${endpoint.url}/elsewhere` } : {};
      response.writeHead(endpoint.status, headers).end(endpoint.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onFileEnd(() => void server.close());
  endpoint.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/notify`;
});

let serial = 0;
const person = async (): Promise<string> => {
  serial += 1;
  const nationalId = `8998${String(10_000_000 + serial)}`;
  await addPractitioner(harness.db, { nationalId });
  return nationalId;
};

type Mode = 'poll' | 'ping';
type Auth = 'private_key_jwt' | 'mtls';

/** A client of the plan: its key signs requests (and assertions), its certificate is shown on every connection. */
const createClient = async (mode: Mode, auth: Auth) => {
  const clientId = `fapi-${mode}-${auth}-${randomUUID().slice(0, 8)}`;
  const key = serviceKey('ES256');
  const { certificate, jwks } = serviceCertificate(clientId);
  const declaration: ClientDeclaration = {
    client_id: clientId,
    client_name: clientId,
    redirect_uris: ['https://fapi.example/callback'],
    grant_types: ['authorization_code', 'refresh_token', CIBA],
    token_endpoint_auth_method: auth === 'mtls' ? 'self_signed_tls_client_auth' : 'private_key_jwt',
    ...(auth === 'mtls' ? {} : { token_endpoint_auth_signing_alg: 'ES256' }),
    jwks: { keys: [key.jwk, ...(auth === 'mtls' ? (jwks.keys as Record<string, unknown>[]) : [])] },
    id_token_signed_response_alg: 'ES256',
    tls_client_certificate_bound_access_tokens: true,
    backchannel_token_delivery_mode: mode,
    backchannel_authentication_request_signing_alg: 'ES256',
    ...(mode === 'ping' ? { backchannel_client_notification_endpoint: endpoint.url } : {}),
  };
  await harness.addClient(declaration);
  return new Client(clientId, { mode, auth, key, shown: certificate.raw.toString('base64') });
};

interface Parts {
  mode: Mode;
  auth: Auth;
  key: ServiceKey;
  shown: string;
}

class Client {
  readonly clientId: string;
  readonly parts: Parts;

  constructor(clientId: string, parts: Parts) {
    this.clientId = clientId;
    this.parts = parts;
  }

  /** How this client proves who it is. */
  async credentials(changes: Record<string, unknown> = {}, key = this.parts.key): Promise<Form> {
    if (this.parts.auth === 'mtls') return { client_id: this.clientId };
    return withAssertion(await assertion(key, this.clientId, harness.config.issuer, changes));
  }

  async #post(path: string, form: Form, shown: string | undefined = this.parts.shown): Promise<Answer> {
    const sent = Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const headers = shown === '' ? {} : { [SHOWN_CERTIFICATE]: shown };
    return post(harness, path, Object.fromEntries(sent), headers as Record<string, string>);
  }

  /** The claims of a request object as they should be. */
  async claims(changes: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const now = nowSeconds();
    return {
      iss: this.clientId,
      aud: harness.config.issuer,
      exp: now + 300,
      iat: now,
      nbf: now,
      jti: randomUUID(),
      scope: 'openid scope_all',
      acr_values: 'eidas1',
      binding_message: '1234',
      login_hint: 'login_hint' in changes ? undefined : await person(),
      ...(this.parts.mode === 'ping' ? { client_notification_token: 'notify-me-8d7f' } : {}),
      ...changes,
    };
  }

  /** A backchannel authentication request whose object is bent. */
  async ask(
    changes: Record<string, unknown> = {},
    bent: { key?: ServiceKey; alg?: string } = {},
  ): Promise<Answer> {
    const request = await sign(
      bent.key ?? this.parts.key,
      await this.claims(changes),
      bent.alg === undefined ? {} : { alg: bent.alg },
    );
    return this.askWith({ request });
  }

  async askWith(form: Form, credentials?: Form): Promise<Answer> {
    return this.#post('ext/ciba/auth', { ...(credentials ?? (await this.credentials())), ...form });
  }

  async token(form: Form, options: { credentials?: Form; shown?: string } = {}): Promise<Answer> {
    const credentials = options.credentials ?? (await this.credentials());
    return this.#post('token', { ...credentials, ...form }, options.shown);
  }

  poll(authReqId: unknown, options: { credentials?: Form; shown?: string } = {}): Promise<Answer> {
    return this.token({ grant_type: CIBA, auth_req_id: String(authReqId) }, options);
  }

  /** A request that was taken, and who it is about. */
  async asked(
    changes: Record<string, unknown> = {},
  ): Promise<{ id: string; nationalId: string; body: Form }> {
    const nationalId = await person();
    const { status, body } = await this.ask({ login_hint: nationalId, ...changes });
    expect(body).toHaveProperty('auth_req_id');
    expect(status).toBe(200);
    return { id: String(body['auth_req_id']), nationalId, body: body as Form };
  }
}

const approve = (id: string, nationalId: string) =>
  harness.oidc.decide(id, {
    outcome: 'approved',
    signIn: {
      ...{ nationalId, acr: 'eidas1', amr: ['pop', 'pin', 'mfa', 'swk'], authMode: 'MOBILE' },
      authTime: new Date(),
    },
  });

const errorOf = ({ status, body }: Answer) => [status, body['error']];
const INVALID_REQUEST = [400, 'invalid_request'];

const VARIANTS = (['poll', 'ping'] as const).flatMap((mode) =>
  (['private_key_jwt', 'mtls'] as const).map((auth) => [mode, auth] as const),
);

describe.each(VARIANTS)('fapi-ciba-id1, %s, %s', (mode, auth) => {
  let client: Client;
  let other: Client;
  beforeAll(async () => {
    [client, other] = [await createClient(mode, auth), await createClient(mode, auth)];
  });

  it('discovery-end-point-verification', async () => {
    const answer = await fetch(`${harness.config.issuer}/.well-known/openid-configuration`);
    const metadata = (await answer.json()) as Record<string, unknown>;
    expect(metadata).toMatchObject({
      issuer: harness.config.issuer,
      backchannel_token_delivery_modes_supported: expect.arrayContaining([mode]) as unknown,
      backchannel_authentication_request_signing_alg_values_supported: expect.arrayContaining([
        'ES256',
        'PS256',
      ]) as unknown,
      backchannel_user_code_parameter_supported: false,
      tls_client_certificate_bound_access_tokens: true,
      grant_types_supported: expect.arrayContaining([CIBA]) as unknown,
      token_endpoint_auth_methods_supported: expect.arrayContaining([
        auth === 'mtls' ? 'self_signed_tls_client_auth' : 'private_key_jwt',
      ]) as unknown,
    });
    expect(metadata['backchannel_authentication_request_signing_alg_values_supported']).not.toContain('none');
    expect(metadata['backchannel_authentication_endpoint']).toMatch(/\/ext\/ciba\/auth$/);
    expect(metadata['mtls_endpoint_aliases']).toHaveProperty('backchannel_authentication_endpoint');
  });

  it('fapi-ciba-id1: asked, pending, approved, tokens, userinfo', async () => {
    const before = pings.length;
    const { id, nationalId, body } = await client.asked();
    expect(id).toMatch(/^[A-Za-z0-9._-]{22,}$/);
    expect(Number(body['expires_in'])).toBeGreaterThan(0);
    expect(Number(body['interval'])).toBeGreaterThan(0);
    expect(errorOf(await client.poll(id))).toEqual([400, 'authorization_pending']);
    await approve(id, nationalId);
    if (mode === 'ping') {
      await expect.poll(() => pings.length).toBe(before + 1);
      const ping = pings.at(-1);
      expect(ping?.headers.authorization).toBe('Bearer notify-me-8d7f');
      expect(ping?.headers['content-type']).toMatch(/^application\/json/);
      expect(JSON.parse(ping?.body ?? '')).toEqual({ auth_req_id: id });
    }
    const { status, body: tokens, response } = await client.poll(id);
    expect(status).toBe(200);
    expect(response.headers.get('cache-control')).toContain('no-store');
    expect(tokens).toMatchObject({ token_type: 'Bearer', scope: 'openid scope_all' });
    const claims = payloadOf(String(tokens['id_token']));
    expect(claims).toMatchObject({ iss: harness.config.issuer, aud: client.clientId, acr: 'eidas1' });
    expect(claims['sub']).toContain(nationalId);
    expect(payloadOf(String(tokens['access_token']))).toHaveProperty('cnf');
  });

  it('user-rejects-authentication', async () => {
    const { id } = await client.asked();
    await harness.oidc.decide(id, { outcome: 'denied' });
    expect(errorOf(await client.poll(id))).toEqual([400, 'access_denied']);
  });

  it('multiple-call-to-token-endpoint', async () => {
    const { id, nationalId } = await client.asked();
    for (const allowed of [
      ['authorization_pending'],
      ['slow_down'],
      ['slow_down', 'authorization_pending'],
    ]) {
      expect(allowed).toContain((await client.poll(id)).body['error']);
    }
    await approve(id, nationalId);
    expect((await client.poll(id)).status).toBe(200);
    expect(errorOf(await client.poll(id))).toEqual([400, 'invalid_grant']);
  });

  it('auth-req-id-expired', async () => {
    const { id, body } = await client.asked({ requested_expiry: 30 });
    expect(body['expires_in']).toBe(30);
    const credentials = await client.credentials({ exp: nowSeconds() + 120 });
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 });
    try {
      expect(errorOf(await client.poll(id, { credentials }))).toEqual([400, 'expired_token']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('ensure-authorization-request-with-binding-message-succeeds', async () => {
    const { id } = await client.asked({ binding_message: '1234' });
    expect(harness.asked.at(-1)).toMatchObject({ authReqId: id, message: '1234' });
  });

  it('ensure-other-scope-order-succeeds', async () => {
    await client.asked({ scope: 'scope_all openid' });
  });

  it('ensure-requested-expiry-as-string-succeeds', async () => {
    expect((await client.asked({ requested_expiry: '30' })).body['expires_in']).toBe(30);
  });

  it('ensure-authorization-request-with-potentially-bad-binding-message', async () => {
    expect(errorOf(await client.ask({ binding_message: '1234 👍🏿 你好' }))).toEqual([
      400,
      'invalid_binding_message',
    ]);
  });

  it.each<[string, () => Record<string, unknown>]>([
    ['missing-aud', () => ({ aud: undefined })],
    ['bad-aud', () => ({ aud: 'https://elsewhere.example' })],
    ['missing-iss', () => ({ iss: undefined })],
    ['bad-iss', () => ({ iss: 'somebody-else' })],
    ['missing-exp', () => ({ exp: undefined })],
    ['expired-exp', () => ({ exp: nowSeconds() - 300, nbf: nowSeconds() - 600, iat: nowSeconds() - 600 })],
    ['exp-is-70-minutes-in-future', () => ({ exp: nowSeconds() + 70 * 60 })],
    ['missing-iat', () => ({ iat: undefined })],
    ['missing-nbf', () => ({ nbf: undefined })],
    ['nbf-is-10-minutes-in-future', () => ({ nbf: nowSeconds() + 600, exp: nowSeconds() + 900 })],
    ['nbf-is-70-minutes-in-past', () => ({ nbf: nowSeconds() - 70 * 60 })],
    ['missing-jti', () => ({ jti: undefined })],
  ])('ensure-request-object-%s-fails', async (_what, changes) => {
    expect(errorOf(await client.ask(changes()))).toEqual(INVALID_REQUEST);
  });

  it('ensure-request-object-signature-algorithm-is-none-fails', async () => {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const request = `${encode({ alg: 'none' })}.${encode(await client.claims())}.`;
    expect(errorOf(await client.askWith({ request }))).toEqual(INVALID_REQUEST);
  });

  it('ensure-request-object-signature-algorithm-is-bad-fails', async () => {
    const good = await sign(client.parts.key, await client.claims());
    const at = good.lastIndexOf('.') + 5;
    const request = `${good.slice(0, at)}${good[at] === 'A' ? 'B' : 'A'}${good.slice(at + 1)}`;
    expect(errorOf(await client.askWith({ request }))).toEqual(INVALID_REQUEST);
  });

  it('ensure-request-object-signature-algorithm-is-RS256-fails', async () => {
    expect(errorOf(await client.ask({}, { key: serviceKey('RS256', client.parts.key.kid) }))).toEqual(
      INVALID_REQUEST,
    );
  });

  it('ensure-request-object-signed-by-other-client-fails', async () => {
    const key = { ...other.parts.key, kid: client.parts.key.kid };
    expect(errorOf(await client.ask({}, { key }))).toEqual(INVALID_REQUEST);
  });

  it('the same request object twice fails (CIBA Core, 7.1.1: jti)', async () => {
    const request = await sign(client.parts.key, await client.claims());
    expect((await client.askWith({ request })).status).toBe(200);
    expect(errorOf(await client.askWith({ request }))).toEqual(INVALID_REQUEST);
  });

  it('ensure-authorization-request-with-multiple-hints-fails', async () => {
    expect(errorOf(await client.ask({ login_hint: await person(), id_token_hint: 'xxxx' }))).toEqual(
      INVALID_REQUEST,
    );
  });

  it('ensure-wrong-auth-req-id-in-token-endpoint-request', async () => {
    const { id, nationalId } = await client.asked();
    expect(errorOf(await other.poll(id))).toEqual([400, 'invalid_grant']);
    await approve(id, nationalId);
    expect(errorOf(await other.poll(id))).toEqual([400, 'invalid_grant']);
    expect((await client.poll(id)).status).toBe(200);
  });

  it('ensure-backchannel-authorization-request-without-request-fails', async () => {
    const {
      iss: _iss,
      aud: _aud,
      exp: _exp,
      iat: _iat,
      nbf: _nbf,
      jti: _jti,
      ...plain
    } = await client.claims();
    expect(errorOf(await client.askWith(plain as Form))).toEqual(INVALID_REQUEST);
  });

  it('refresh-token', async () => {
    const { id, nationalId } = await client.asked();
    await approve(id, nationalId);
    const first = (await client.poll(id)).body;
    const form = { grant_type: 'refresh_token', refresh_token: String(first['refresh_token']) };
    expect((await other.token(form)).body['error']).toBe('invalid_grant');
    const { status, body } = await client.token(form);
    expect(status).toBe(200);
    expect(body['access_token']).not.toBe(first['access_token']);
    expect(payloadOf(String(body['id_token']))['sub']).toBe(payloadOf(String(first['id_token']))['sub']);
  });

  it('ensure-mtls-holder-of-key-required', async () => {
    const { id, nationalId } = await client.asked();
    await approve(id, nationalId);
    const answer = await client.poll(id, { shown: '' });
    expect([400, 401]).toContain(answer.status);
    expect(['invalid_request', 'invalid_client', 'invalid_grant']).toContain(answer.body['error']);
    const tokens = (await client.poll(id)).body;
    const ask = (headers: Record<string, string>) =>
      fetch(`${harness.config.issuer}/protocol/openid-connect/userinfo`, {
        headers: { authorization: `Bearer ${String(tokens['access_token'])}`, ...headers },
      });
    expect((await ask({})).status).toBe(401);
    expect((await ask({ [SHOWN_CERTIFICATE]: other.parts.shown })).status).toBe(401);
    expect((await ask({ [SHOWN_CERTIFICATE]: client.parts.shown })).status).toBe(200);
  });
});

describe.each(VARIANTS.filter(([, auth]) => auth === 'mtls'))(
  'fapi-ciba-id1, %s, %s: what mutual TLS alone can show',
  (mode, auth) => {
    let client: Client;
    let other: Client;
    beforeAll(async () => {
      [client, other] = [await createClient(mode, auth), await createClient(mode, auth)];
    });

    it('ensure-different-client-id-and-issuer-in-backchannel-authorization-request', async () => {
      const request = await sign(client.parts.key, await client.claims());
      const answer = await client.askWith({ request }, { client_id: other.clientId });
      expect([400, 401]).toContain(answer.status);
      expect(['invalid_client', 'invalid_request']).toContain(answer.body['error']);
    });

    it('ensure-wrong-client-id-in-backchannel-authorization-request', async () => {
      const request = await sign(client.parts.key, await client.claims());
      expect((await client.askWith({ request }, { client_id: 'nobody' })).body['error']).toBe(
        'invalid_client',
      );
    });

    it('ensure-wrong-client-id-in-token-endpoint-request', async () => {
      const { id } = await client.asked();
      const answer = await client.poll(id, { credentials: { client_id: other.clientId } });
      expect(answer.body['error']).toBe('invalid_client');
    });
  },
);

describe.each(VARIANTS.filter(([, auth]) => auth === 'private_key_jwt'))(
  'fapi-ciba-id1, %s, %s: what assertions alone can show',
  (mode, auth) => {
    let client: Client;
    beforeAll(async () => {
      client = await createClient(mode, auth);
    });

    it('ensure-without-client-assertion-in-token-endpoint-fails', async () => {
      const { id } = await client.asked();
      const answer = await client.poll(id, { credentials: { client_id: client.clientId } });
      expect([400, 401]).toContain(answer.status);
      expect(['invalid_client', 'invalid_request']).toContain(answer.body['error']);
    });

    it('ensure-without-client-assertion-in-backchannel-authorization-request-fails', async () => {
      const request = await sign(client.parts.key, await client.claims());
      const answer = await client.askWith({ request }, { client_id: client.clientId });
      expect([400, 401]).toContain(answer.status);
      expect(['invalid_client', 'invalid_request']).toContain(answer.body['error']);
    });

    it('ensure-client-assertion-signature-algorithm-in-backchannel-authorization-request-is-RS256-fails', async () => {
      const request = await sign(client.parts.key, await client.claims());
      const credentials = await client.credentials({}, serviceKey('RS256', client.parts.key.kid));
      expect((await client.askWith({ request }, credentials)).body['error']).toBe('invalid_client');
    });

    it('ensure-client-assertion-signature-algorithm-in-token-endpoint-request-is-RS256-fails', async () => {
      const { id } = await client.asked();
      const credentials = await client.credentials({}, serviceKey('RS256', client.parts.key.kid));
      expect((await client.poll(id, { credentials })).body['error']).toBe('invalid_client');
    });

    it('ensure-client-assertion-with-iss-aud-to-token-endpoint-succeeds', async () => {
      const { id, nationalId } = await client.asked();
      await approve(id, nationalId);
      const credentials = await client.credentials({ aud: harness.config.issuer });
      expect((await client.poll(id, { credentials })).status).toBe(200);
    });
  },
);

describe.each(VARIANTS.filter(([mode]) => mode === 'ping'))(
  'fapi-ciba-id1, %s, %s: what the notification endpoint answers',
  (mode, auth) => {
    let client: Client;
    beforeAll(async () => {
      client = await createClient(mode, auth);
    });

    it.each([
      ['a-body', 200, '{"thanks":true}'],
      ['401', 401, ''],
      ['403', 403, ''],
      ['a-redirect-request', 301, ''],
    ])(
      'ping-notification-endpoint-returns-%s: the tokens are there all the same, and nobody insists',
      async (_what, status, body) => {
        Object.assign(endpoint, { status, body });
        try {
          const before = pings.length;
          const { id, nationalId } = await client.asked();
          await approve(id, nationalId);
          await expect.poll(() => pings.length).toBe(before + 1);
          expect((await client.poll(id)).status).toBe(200);
          await expect
            .poll(async () => (await harness.oidc.deliveries.fate({ clientId: client.clientId }))[0]?.state)
            .toBe(status === 200 ? 'sent' : 'abandoned');
          expect(pings.length).toBe(before + 1);
        } finally {
          Object.assign(endpoint, { status: 204, body: '' });
        }
      },
    );
  },
);
