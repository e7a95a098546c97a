import { createHash, X509Certificate } from 'node:crypto';
import { request as httpRequest, type Server } from 'node:http';
import { Agent } from 'node:https';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { createMtlsHopServer } from '../../src/http/mtls.ts';
import { clientCertificateOf } from '../../src/http/service-certificate.ts';
import { carriesName } from '../../src/oidc/client-certificates.ts';
import { createLog } from '../../src/platform/log.ts';
import { createServicesAuthority, issueServiceCertificate } from '../../src/sandbox/services-pki.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { mtlsFetch, mtlsSite, withKey, type MtlsSite, type ServiceCertificate } from '../support/mtls.ts';
import { visitTls } from '../support/tls-visit.ts';
import {
  Browser,
  REDIRECT,
  SANDBOX,
  authorize,
  payloadOf,
  post,
  startProvider,
  type Harness,
} from './oidc-harness.ts';

let site: MtlsSite;
let harness: Harness;
const held: Record<string, ServiceCertificate> = {};
const redirect_uris = [REDIRECT];

const jwkOf = (certificate: ServiceCertificate) => {
  const x509 = new X509Certificate(certificate.cert);
  return { ...x509.publicKey.export({ format: 'jwk' }), x5c: [x509.raw.toString('base64')] };
};

beforeAll(async () => {
  site = await mtlsSite();
  harness = await startProvider('postgres', site.settings);
  held['dmp'] = await site.certificate('dmp');
  held['dmp again'] = await site.certificate('dmp');
  held['other'] = await site.certificate('other');
  held['old'] = await site.certificate('dmp', -1);
  held['own'] = await site.selfSigned('own');
  const stranger = await createServicesAuthority(new Date(), 'TEST');
  held['stranger'] = await withKey(await issueServiceCertificate(stranger, { name: 'dmp', now: new Date() }));
  await harness.addClient({
    client_id: 'by-name',
    client_name: 'By name',
    redirect_uris,
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_subject_dn: 'CN=dmp,O=CADUCEE-TEST,C=FR',
    trusted_space: true,
  });
  await harness.addClient({
    client_id: 'by-host',
    client_name: 'By host',
    redirect_uris,
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_san_dns: 'other.localhost',
  });
  await harness.addClient({
    client_id: 'by-key',
    client_name: 'By key',
    redirect_uris,
    token_endpoint_auth_method: 'self_signed_tls_client_auth',
    jwks: { keys: [jwkOf(held['own'])] },
  });
  await harness.addClient(
    {
      client_id: 'bound',
      client_name: 'Bound',
      redirect_uris,
      tls_client_certificate_bound_access_tokens: true,
    },
    'bound-secret',
  );
});

const base = (): string => `${site.origin}${new URL(harness.config.issuer).pathname}/protocol/openid-connect`;
const ask = (path: string, form: Record<string, string>, certificate?: string, headers = {}) =>
  mtlsFetch(`${base()}/${path}`, {
    site,
    form,
    headers,
    certificate: certificate === undefined ? undefined : held[certificate],
  });
const introspect = async (clientId: string, certificate?: string) => {
  const { status, body } = await ask('token/introspect', { token: 'none', client_id: clientId }, certificate);
  return [status, body['error'] ?? body['active']];
};

const GOOD = [200, false];
const REFUSED = [401, 'invalid_client'];

describe('a certificate of a trusted authority', () => {
  it('that carries the registered name is taken, and so is its successor', async () => {
    expect(await introspect('by-name', 'dmp')).toEqual(GOOD);
    expect(await introspect('by-name', 'dmp again')).toEqual(GOOD);
    expect(await introspect('by-host', 'other')).toEqual(GOOD);
  });

  it.each([
    ['missing', 'by-name', undefined],
    ['of another name', 'by-name', 'other'],
    ['of another host', 'by-host', 'dmp'],
    ['expired', 'by-name', 'old'],
    ['of another authority of the same name', 'by-name', 'stranger'],
    ['signed by itself', 'by-name', 'own'],
  ])('that is %s is not', async (_name, clientId, certificate) => {
    expect(await introspect(clientId, certificate)).toEqual(REFUSED);
  });
});

describe('a certificate of its own', () => {
  it('is taken from the service that registered it, and no other', async () => {
    expect(await introspect('by-key', 'own')).toEqual(GOOD);
    expect(await introspect('by-key', 'dmp')).toEqual(REFUSED);
    expect(await introspect('by-key')).toEqual(REFUSED);
  });
});

const code = async (clientId: string) => {
  const { answer, verifier } = await authorize(harness, new Browser(), { client_id: clientId });
  return { code: answer.get('code') ?? '', code_verifier: verifier };
};
const grant = (more: Record<string, string>) => ({
  grant_type: 'authorization_code',
  redirect_uri: REDIRECT,
  ...more,
});
const thumbprint = (name: string): string =>
  createHash('sha256')
    .update(new X509Certificate(held[name]?.cert ?? '').raw)
    .digest('base64url');

describe('tokens of the espace de confiance', () => {
  it('are bound to the certificate, told so, and useless without it', async () => {
    const { body, status } = await ask(
      'token',
      grant({ client_id: 'by-name', ...(await code('by-name')) }),
      'dmp',
    );
    expect(status).toBe(200);
    const token = String(body['access_token']);
    expect(payloadOf(token)['cnf']).toEqual({ 'x5t#S256': thumbprint('dmp') });
    const about = await ask('token/introspect', { token, client_id: 'by-name' }, 'dmp');
    expect(about.body).toMatchObject({ active: true, cnf: { 'x5t#S256': thumbprint('dmp') } });

    const userinfo = (certificate?: string) =>
      mtlsFetch(`${base()}/userinfo`, {
        site,
        headers: { authorization: `Bearer ${token}` },
        certificate: certificate === undefined ? undefined : held[certificate],
      });
    expect((await userinfo('dmp')).body).toMatchObject({ SubjectNameID: expect.any(String) });
    expect((await userinfo('other')).status).toBe(401);
    expect((await userinfo('dmp again')).status).toBe(401);
    expect((await userinfo()).status).toBe(401);
    const plain = await fetch(`${harness.config.issuer}/protocol/openid-connect/userinfo`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(plain.status).toBe(401);
    const refreshed = await ask(
      'token',
      { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']), client_id: 'by-name' },
      'dmp',
    );
    expect(payloadOf(String(refreshed.body['access_token']))['cnf']).toEqual({
      'x5t#S256': thumbprint('dmp'),
    });
  });

  it('are had and ended on the services’ own host alone: every other endpoint asks for the certificate too', async () => {
    for (const [path, form] of [
      ['token', grant({ code: 'x', client_id: 'by-name' })],
      ['token/introspect', { token: 'x', client_id: 'by-name' }],
      ['revoke', { token: 'x', client_id: 'by-name' }],
      ['ext/par/request', { client_id: 'by-name', response_type: 'code', redirect_uri: REDIRECT }],
    ] as const) {
      const elsewhere = await post(harness, path, { ...form }, {});
      expect([path, elsewhere.status, elsewhere.body['error']]).toEqual([path, 401, 'invalid_client']);
      const without = await ask(path, { ...form });
      expect([path, without.status, without.body['error']]).toEqual([path, 401, 'invalid_client']);
    }
  });

  it('of a service by secret are bound too where it asks so, and not given without certificate', async () => {
    const headers = { authorization: `Basic ${Buffer.from('bound:bound-secret').toString('base64')}` };
    const first = await code('bound');
    expect((await ask('token', grant(first), undefined, headers)).body['error']).toBe('invalid_grant');
    const bound = await ask('token', grant(await code('bound')), 'own', headers);
    expect(payloadOf(String(bound.body['access_token']))['cnf']).toEqual({ 'x5t#S256': thumbprint('own') });
  });
});

describe('the services’ own host', () => {
  it('is told by discovery, with what it answers and nothing else', async () => {
    const response = await fetch(`${harness.config.issuer}/.well-known/openid-configuration`);
    const listed = (await response.json()) as Record<string, unknown>;
    const aliases = listed['mtls_endpoint_aliases'] as Record<string, string>;
    expect(Object.keys(aliases)).toEqual(
      expect.arrayContaining([
        'token_endpoint',
        'userinfo_endpoint',
        'introspection_endpoint',
        'revocation_endpoint',
        'pushed_authorization_request_endpoint',
      ]),
    );
    for (const [name, url] of Object.entries(aliases)) {
      expect(listed[name]).toEqual(expect.stringContaining(new URL(url).pathname));
      expect(new URL(url).origin).toBe(site.origin);
      expect([name, (await mtlsFetch(url, { site, form: {} })).status]).not.toContain(404);
    }
    expect(listed['tls_client_certificate_bound_access_tokens']).toBe(true);
    expect(listed['token_endpoint_auth_methods_supported']).toEqual(
      expect.arrayContaining(['tls_client_auth', 'self_signed_tls_client_auth']),
    );
    for (const path of ['/', '/auth', '/connexion/x', '/activer', '/livez']) {
      expect((await mtlsFetch(`${site.origin}${path}`, { site, certificate: held['dmp'] })).status).toBe(404);
    }
  });

  it('answers under its own name only, and believes no header about certificates', async () => {
    const wrong = await mtlsFetch(`${base()}/token/introspect`, {
      site,
      form: { token: 'x', client_id: 'by-name' },
      headers: { host: new URL(harness.origin).host },
      certificate: held['dmp'],
    });
    expect(wrong.status).toBe(421);
    const forged = `:${new X509Certificate(held['dmp']?.cert ?? '').raw.toString('base64')}:`;
    for (const name of ['client-cert', 'x-ssl-client-cert', 'ssl-client-cert']) {
      const form = { token: 'x', client_id: 'by-name' };
      expect((await ask('token/introspect', form, undefined, { [name]: forged })).status).toBe(401);
      expect((await post(harness, 'token/introspect', form, { [name]: forged })).status).toBe(401);
    }
    // The main host does not answer for it.
    const { port } = new URL(harness.origin);
    const response = await new Promise<number | undefined>((resolve, reject) => {
      httpRequest(
        { host: '127.0.0.1', port, path: '/livez/x', headers: { host: new URL(site.origin).host } },
        (answer) => resolve(answer.resume().statusCode),
      )
        .on('error', reject)
        .end();
    });
    expect([307, 421]).toContain(response);
  });

  it('keeps a connection for a service, and resumes no session', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const twice = await Promise.all(
      [1, 2].map(() =>
        mtlsFetch(`${base()}/token/introspect`, {
          site,
          agent,
          form: { token: 'none', client_id: 'by-name' },
          certificate: held['dmp'],
        }),
      ),
    );
    agent.destroy();
    expect(twice.map(({ status }) => status)).toEqual([200, 200]);
    const port = Number(new URL(site.origin).port);
    const visit = (tls: object) =>
      visitTls({ port, servername: 'localhost', line: 'GET /', connection: 'close', tls });
    const { sessions } = await visit({ cert: held['dmp']?.cert, key: held['dmp']?.key });
    for (const session of sessions) expect((await visit({ session })).reused).toBe(false);
  });
});

describe('behind a terminator', () => {
  it('the certificate is believed from the authenticated hop alone', async () => {
    const seen: (string | undefined)[] = [];
    const secret = 'a shared secret of the terminator';
    const server: Server = createMtlsHopServer({
      origin: 'https://mtls.example',
      serves: () => true,
      log: createLog('silent'),
      hop: { addresses: ['127.0.0.1'], secret, unixSocket: false },
      handler: (req, res) => {
        seen.push(clientCertificateOf({ req })?.subject.split('\n').at(-1));
        res.end();
      },
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onFileEnd(() => new Promise((resolve) => server.close(resolve)));
    const der = new X509Certificate(held['dmp']?.cert ?? '').raw.toString('base64');
    const send = (headers: Record<string, string>) =>
      new Promise<void>((resolve, reject) => {
        httpRequest(
          {
            host: '127.0.0.1',
            port: (server.address() as AddressInfo).port,
            headers: { host: 'mtls.example', connection: 'close', ...headers },
          },
          (answer) => answer.resume().on('end', () => resolve()),
        )
          .on('error', reject)
          .end();
      });
    await send({ 'client-cert': `:${der}:`, 'caducee-hop-secret': secret });
    await send({ 'client-cert': `:${der}:` });
    await send({ 'client-cert': `:${der}:`, 'caducee-hop-secret': `${secret}x` });
    await send({ 'client-cert': ':AAAA:', 'caducee-hop-secret': secret });
    await send({ 'x-ssl-client-cert': `:${der}:`, 'caducee-hop-secret': secret });
    await send({ 'caducee-hop-secret': secret });
    expect(seen).toEqual(['CN=dmp', undefined, undefined, undefined, undefined, undefined]);
  });
});

describe('without such a host', () => {
  it('no certificate is asked, listed or taken', async () => {
    const plain = await startProvider('postgres');
    const response = await fetch(`${plain.config.issuer}/.well-known/openid-configuration`);
    const listed = (await response.json()) as Record<string, string[]>;
    expect(listed).not.toHaveProperty('mtls_endpoint_aliases');
    expect(listed).not.toHaveProperty('tls_client_certificate_bound_access_tokens');
    expect(listed['token_endpoint_auth_methods_supported']).toEqual([
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'none',
    ]);
    expect((await post(plain, 'token/introspect', { token: 'x' }, SANDBOX)).status).toBe(200);
    const { status } = await post(plain, 'token/introspect', { token: 'x', client_id: 'sandbox-mtls' }, {});
    expect(status).toBeGreaterThanOrEqual(400);
  });
});

it('a name in a certificate is compared whole', async () => {
  const certificate = new X509Certificate(held['dmp']?.cert ?? '');
  expect(carriesName(certificate, 'tls_client_auth_san_dns', 'DMP.localhost')).toBe(true);
  expect(carriesName(certificate, 'tls_client_auth_san_dns', 'localhost')).toBe(false);
  expect(carriesName(certificate, 'tls_client_auth_san_uri', 'dmp.localhost')).toBe(false);
  expect(carriesName(certificate, 'tls_client_auth_subject_dn', 'CN=dmp')).toBe(false);
  expect(carriesName(certificate, 'unheard', 'dmp')).toBe(false);
  // A comma in a name must not make two of it.
  const sly = await site.certificate('dmp');
  expect(carriesName(new X509Certificate(sly.cert), 'tls_client_auth_san_email', 'dmp@example')).toBe(false);
});
