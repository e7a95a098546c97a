import { createHash, randomBytes } from 'node:crypto';
import { expect, vi } from 'vitest';
import { assertion, dpopProof, serviceKey, withAssertion, type ServiceKey } from '../support/client-keys.ts';
import { mtlsFetch, mtlsSite, type MtlsSite, type ServiceCertificate } from '../support/mtls.ts';
import { Browser, REDIRECT, startProvider, type Harness } from '../http/oidc-harness.ts';

/** A service of the FAPI 2.0 plans in a test's hands, and the provider it speaks to. */

export let site: MtlsSite;
export let harness: Harness;

/** Starts the provider of this file, with a host where services present certificates. */
export const startFapi = async (): Promise<void> => {
  site = await mtlsSite();
  harness = await startProvider('postgres', site.settings);
};

export type Form = Record<string, string | undefined>;
interface Reply {
  status: number;
  body: Record<string, unknown>;
  nonce: string | undefined;
}

export const present = (form: Form): Record<string, string> =>
  Object.fromEntries(
    Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );

/** A service that does as the profile says, and can be bent. */
export class Service {
  readonly clientId: string;
  readonly key: ServiceKey;
  readonly proofKey: ServiceKey;
  readonly certificate: ServiceCertificate | undefined;

  constructor(clientId: string, key: ServiceKey, certificate?: ServiceCertificate) {
    this.clientId = clientId;
    this.key = key;
    this.proofKey = serviceKey('ES256');
    this.certificate = certificate;
  }

  url(path: string): string {
    const { issuer } = harness.config;
    const base = this.certificate ? `${site.origin}${new URL(issuer).pathname}` : issuer;
    return `${base}/protocol/openid-connect/${path}`;
  }

  authenticate = async (changes: Record<string, unknown> = {}, audience: unknown = harness.config.issuer) =>
    this.certificate
      ? { client_id: this.clientId }
      : withAssertion(
          await assertion(this.key, this.clientId, harness.config.issuer, { aud: audience, ...changes }),
        );

  async send(
    path: string,
    form: Form,
    headers: Record<string, string> = {},
    certificate = this.certificate,
  ): Promise<Reply> {
    if (this.certificate) {
      const {
        status,
        body,
        headers: got,
      } = await mtlsFetch(this.url(path), {
        ...{ site, certificate, headers },
        form: present(form),
      });
      return { status, body, nonce: got['dpop-nonce'] as string | undefined };
    }
    const response = await fetch(this.url(path), {
      method: 'POST',
      headers,
      body: new URLSearchParams(present(form)),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
      nonce: response.headers.get('dpop-nonce') ?? undefined,
    };
  }

  request(more: Form = {}): { form: Form; verifier: string } {
    const verifier = randomBytes(32).toString('base64url');
    return {
      verifier,
      form: {
        client_id: this.clientId,
        response_type: 'code',
        redirect_uri: REDIRECT,
        scope: 'openid scope_all',
        state: 'state-1',
        nonce: 'nonce-1',
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
        ...more,
      },
    };
  }

  push = async (form: Form, headers: Record<string, string> = {}) =>
    this.send('ext/par/request', { ...form, ...(await this.authenticate()) }, headers);

  proof = (changes: Record<string, unknown> = {}, by = this.proofKey) =>
    dpopProof(by, { htm: 'POST', htu: this.url('token') }, changes);

  redeem = async (
    code: string | undefined,
    verifier: string,
    options: { form?: Form; proof?: string | undefined; auth?: Form; certificate?: ServiceCertificate } = {},
  ) => {
    const proof = 'proof' in options ? options.proof : this.certificate ? undefined : await this.proof();
    return this.send(
      'token',
      {
        grant_type: 'authorization_code',
        code,
        redirect_uri: REDIRECT,
        code_verifier: verifier,
        ...(options.auth ?? (await this.authenticate())),
        ...options.form,
      },
      proof === undefined ? {} : { dpop: proof },
      options.certificate ?? this.certificate,
    );
  };

  /** Pushes, signs in, and gives the answer that the service receives. */
  async signIn(more: Form = {}, headers: Record<string, string> = {}) {
    const { form, verifier } = this.request(more);
    const pushed = await this.push(form, headers);
    expect(pushed).toMatchObject({ status: 201 });
    const { answer } = await open(this.clientId, String(pushed.body['request_uri']));
    return {
      answer,
      verifier,
      code: answer.get('code') ?? undefined,
      requestUri: String(pushed.body['request_uri']),
    };
  }

  async tokens(more: Form = {}): Promise<Record<string, string>> {
    const { code, verifier } = await this.signIn(more);
    const { status, body } = await this.redeem(code, verifier);
    expect([status, body['error']]).toEqual([200, undefined]);
    return body as Record<string, string>;
  }

  /** Userinfo stands for the protected resource. */
  async resource(
    accessToken: string,
    options: { scheme?: string; proof?: string; certificate?: ServiceCertificate } = {},
  ): Promise<number> {
    const scheme = options.scheme ?? (this.certificate ? 'Bearer' : 'DPoP');
    const headers = { authorization: `${scheme} ${accessToken}` };
    if (this.certificate) {
      const certificate = 'certificate' in options ? options.certificate : this.certificate;
      return (await mtlsFetch(this.url('userinfo'), { site, headers, certificate })).status;
    }
    const proof = options.proof ?? (await this.infoProof(accessToken));
    const response = await fetch(this.url('userinfo'), {
      headers: { ...headers, ...(proof === '' ? {} : { dpop: proof }) },
    });
    return response.status;
  }

  infoProof = (accessToken: string, changes: Record<string, unknown> = {}) =>
    dpopProof(this.proofKey, { htm: 'GET', htu: this.url('userinfo'), accessToken }, changes);
}

export const thumbprint = ({ jwk }: ServiceKey): string =>
  createHash('sha256')
    .update(JSON.stringify({ crv: jwk['crv'], kty: jwk['kty'], x: jwk['x'], y: jwk['y'] }))
    .digest('base64url');

/** What the browser brings to the service, or the page where it stays. */
export const visit = async (parameters: Form, browser = new Browser()) => {
  const query = new URLSearchParams(present(parameters)).toString();
  const { response, location } = await browser.follow(`${harness.origin}/auth?${query}`);
  if (location !== undefined) return { answer: new URL(location).searchParams, page: '' };
  return { answer: new URLSearchParams(), page: await response.text() };
};
export const open = (clientId: string, requestUri: string, browser?: Browser) =>
  visit({ client_id: clientId, request_uri: requestUri }, browser);

/** The answer, or the page, is an error, and brings no code. */
export const expectRefused = (
  { answer, page }: Awaited<ReturnType<typeof visit>>,
  error: RegExp = /invalid_request/,
) => {
  expect(answer.get('code')).toBeNull();
  expect(answer.get('error') ?? page).toMatch(error);
};

/** The same, so many seconds later. */
export const later = async (seconds: number, work: () => Promise<void>): Promise<void> => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
  try {
    await work();
  } finally {
    vi.useRealTimers();
  }
};

export const fapi = (clientId: string, key: ServiceKey) => ({
  client_id: clientId,
  client_name: clientId,
  redirect_uris: [REDIRECT],
  fapi_profile: '2.0' as const,
  token_endpoint_auth_method: 'private_key_jwt' as const,
  id_token_signed_response_alg: 'ES256' as const,
  jwks: { keys: [key.jwk as { kty: string }] },
  require_pushed_authorization_requests: true,
  dpop_bound_access_tokens: true,
});
