import { beforeAll, describe, expect, it } from 'vitest';
import { nowSeconds, serviceKey, sign } from '../support/client-keys.ts';
import { Service, fapi, harness, open, present, startFapi, type Form } from './fapi2-service.ts';

/** The OpenID Foundation's plan for FAPI 2.0 Message Signing Final: the modules that are about signed requests. */

let signing: Service;
beforeAll(async () => {
  await startFapi();
  signing = new Service('fapi-signing', serviceKey('ES256'));
  await harness.addClient({ ...fapi('fapi-signing', signing.key), require_signed_request_object: true });
});

describe('fapi2-message-signing-final, signed requests', () => {
  const claims = (changes: Record<string, unknown> = {}, more: Form = {}) => ({
    ...present(signing.request(more).form),
    iss: 'fapi-signing',
    aud: harness.config.issuer,
    iat: nowSeconds(),
    nbf: nowSeconds(),
    exp: nowSeconds() + 60,
    ...changes,
  });
  const pushSigned = async (text: string | Promise<string>, more: Form = {}) =>
    signing.push({ client_id: 'fapi-signing', request: await text, ...more });

  it('happy-flow', async () => {
    const { status, body } = await pushSigned(sign(signing.key, claims()));
    expect(status).toBe(201);
    const { answer } = await open('fapi-signing', String(body['request_uri']));
    expect(answer.get('code')).not.toBeNull();
  });

  it('ensure-request-object-with-multiple-aud-succeeds', async () => {
    const text = sign(signing.key, claims({ aud: [harness.config.issuer, 'https://other1.example.com'] }));
    expect((await pushSigned(text)).status).toBe(201);
  });

  it('ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted', async () => {
    expect((await pushSigned(sign(signing.key, claims({ nbf: nowSeconds() + 8 })))).status).toBe(201);
  });

  it.each([
    ['ensure-different-nonce-inside-and-outside-request-object', { nonce: 'outside' }],
    ['ensure-different-state-inside-and-outside-request-object', { state: 'outside' }],
    ['state-only-outside-request-object-not-used', { state: 'outside' }],
  ])('%s', async (name, outside) => {
    const inside = name.startsWith('state-only') ? { state: undefined } : {};
    const { status, body } = await pushSigned(sign(signing.key, claims({}, inside)), outside);
    if (status !== 201) return void expect(body['error']).toMatch(/invalid_request/);
    const { answer } = await open('fapi-signing', String(body['request_uri']));
    expect(answer.get('state')).not.toBe('outside');
  });

  it.each([
    ['ensure-request-object-with-long-nonce', { nonce: 'n'.repeat(384) }],
    ['ensure-request-object-with-long-state', { state: 's'.repeat(384) }],
  ])('%s', async (_name, long) => {
    const { status, body } = await pushSigned(sign(signing.key, claims(long)));
    if (status !== 201) return void expect(body['error']).toMatch(/invalid_request/);
    const { answer } = await open('fapi-signing', String(body['request_uri']));
    expect(answer.get('code')).not.toBeNull();
    if ('state' in long) expect(answer.get('state')).toBe(long.state);
  });

  it.each<[string, () => string | Promise<string>]>([
    ['ensure-request-object-without-exp-fails', () => sign(signing.key, claims({ exp: undefined }))],
    ['ensure-request-object-without-nbf-fails', () => sign(signing.key, claims({ nbf: undefined }))],
    [
      'ensure-request-object-without-redirect-uri-fails',
      () => sign(signing.key, claims({ redirect_uri: undefined })),
    ],
    ['ensure-expired-request-object-fails', () => sign(signing.key, claims({ exp: nowSeconds() - 300 }))],
    [
      'ensure-request-object-with-bad-aud-fails',
      () => sign(signing.key, claims({ aud: 'https://www.other1.example.com/' })),
    ],
    [
      'ensure-request-object-with-exp-over-60-fails',
      () => sign(signing.key, claims({ exp: nowSeconds() + 4200 })),
    ],
    [
      'ensure-request-object-with-nbf-over-60-fails',
      () => sign(signing.key, claims({ nbf: nowSeconds() - 4200, exp: nowSeconds() + 60 })),
    ],
    [
      'ensure-request-object-signature-algorithm-is-not-none',
      () => {
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
        return `${part({ alg: 'none' })}.${part(claims())}.`;
      },
    ],
    [
      'ensure-request-object-with-invalid-signature-fails',
      async () => {
        const [header, payload, signature = ''] = (await sign(signing.key, claims())).split('.');
        return [header, payload, Buffer.from(signature, 'base64url').reverse().toString('base64url')].join(
          '.',
        );
      },
    ],
    [
      'ensure-matching-key-in-authorization-request',
      () => sign(serviceKey('ES256', signing.key.kid), claims()),
    ],
    [
      'ensure-signed-request-object-with-RS256-fails',
      () => sign(serviceKey('RS256', signing.key.kid), claims()),
    ],
  ])('%s', async (_name, make) => {
    const { status, body } = await pushSigned(make());
    expect([status, ['invalid_request_object', 'invalid_request'].includes(String(body['error']))]).toEqual([
      400,
      true,
    ]);
  });

  it('ensure-unsigned-request-at-par-endpoint-fails', async () => {
    const { status, body } = await signing.push(signing.request().form);
    expect([status, body['error']]).toEqual([400, 'invalid_request']);
  });

  it('par-reject-request-uri-in-par-authorization-request', async () => {
    const { status } = await pushSigned(
      sign(signing.key, claims({ request_uri: 'urn:ietf:params:oauth:request_uri:x' })),
    );
    expect(status).toBe(400);
  });
});
