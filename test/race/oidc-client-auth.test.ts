import { beforeAll, describe, expect, it, vi } from 'vitest';
import { assertion, dpopProof, serviceKey, withAssertion } from '../support/client-keys.ts';
import {
  Browser,
  REDIRECT,
  SANDBOX,
  authorizationRequest,
  authorize,
  post,
  startProvider,
  type Harness,
  type StoreName,
} from '../http/oidc-harness.ts';

/** What a service may present once: of 16 at once, one passes, whatever keeps the state. */

const AT_ONCE = 16;
const sixteen = <T>(work: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: AT_ONCE }, work));

describe.each<StoreName>(['postgres', 'redis', 'cluster'])('on %s', (store) => {
  let harness: Harness;
  const key = serviceKey();
  beforeAll(async () => {
    harness = await startProvider(store);
    await harness.addClient({
      client_id: 'signs',
      client_name: 'Signs',
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [key.jwk] },
    });
  });

  it('an assertion', async () => {
    const text = await assertion(key, 'signs', harness.config.issuer);
    const answers = await sixteen(() =>
      post(harness, 'token/introspect', { token: 'x', ...withAssertion(text) }, {}),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body['error'] === 'invalid_client')).toHaveLength(AT_ONCE - 1);
  });

  it('a DPoP proof, for tokens and for userinfo', async () => {
    const url = (path: string) => `${harness.config.issuer}/protocol/openid-connect/${path}`;
    const { answer, verifier } = await authorize(harness, new Browser());
    const { body } = await post(
      harness,
      'token',
      {
        grant_type: 'authorization_code',
        code: answer.get('code') ?? '',
        redirect_uri: REDIRECT,
        code_verifier: verifier,
      },
      { ...SANDBOX, dpop: await dpopProof(key, { htm: 'POST', htu: url('token') }) },
    );
    const accessToken = String(body['access_token']);
    const proof = await dpopProof(key, { htm: 'GET', htu: url('userinfo'), accessToken });
    const answers = await sixteen(() =>
      fetch(url('userinfo'), { headers: { authorization: `DPoP ${accessToken}`, dpop: proof } }),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it.each([
    ['at once', 0],
    ['when its minute is long over', 150],
  ])('a pushed request, opened in 16 browsers that end %s', async (_name, seconds) => {
    const { query } = authorizationRequest(harness);
    const pushed = await post(harness, 'ext/par/request', Object.fromEntries(query));
    const parameters = new URLSearchParams({
      client_id: 'sandbox',
      request_uri: String(pushed.body['request_uri']),
    });
    const begun = await sixteen(async () => {
      const browser = new Browser();
      const response = await browser.fetch(`${harness.origin}/auth?${parameters.toString()}`);
      return { browser, next: new URL(response.headers.get('location') ?? '', harness.origin).href };
    });
    if (seconds > 0) vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
    try {
      const ends = await Promise.all(begun.map(({ browser, next }) => browser.follow(next)));
      const answers = ends.map(({ location }) => new URL(location ?? 'about:blank').searchParams);
      expect(answers.filter((answer) => answer.get('code') !== null)).toHaveLength(1);
      expect(answers.filter((answer) => answer.get('error') === 'invalid_request_uri')).toHaveLength(
        AT_ONCE - 1,
      );
    } finally {
      vi.useRealTimers();
    }
  });
});
