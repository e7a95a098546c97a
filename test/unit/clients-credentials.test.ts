import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseClient } from '../../src/clients/schema.ts';

const minimal = { client_id: 'dmp', client_name: 'DMP', redirect_uris: ['https://dmp.example/callback'] };
const problemsOf = (declaration: object): string[] => {
  const result = parseClient({ ...minimal, ...declaration });
  return result.ok ? [] : result.problems;
};
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const publicJwk = { ...ec.publicKey.export({ format: 'jwk' }), kid: '1' };
const jwks = { keys: [publicJwk] };
const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });

const fapi = {
  fapi_profile: '2.0',
  token_endpoint_auth_method: 'private_key_jwt',
  token_endpoint_auth_signing_alg: 'ES256',
  id_token_signed_response_alg: 'ES256',
  jwks,
  require_pushed_authorization_requests: true,
  dpop_bound_access_tokens: true,
};

describe('how a service proves who it is', () => {
  it.each([
    ['a signed assertion', { token_endpoint_auth_method: 'private_key_jwt', jwks }],
    [
      'keys by address',
      { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'https://dmp.example/jwks' },
    ],
    [
      'a certificate by its name',
      { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'CN=dmp,C=FR' },
    ],
    ['a certificate of its own', { token_endpoint_auth_method: 'self_signed_tls_client_auth', jwks }],
    [
      'the espace de confiance',
      {
        token_endpoint_auth_method: 'tls_client_auth',
        tls_client_auth_san_dns: 'dmp.example',
        trusted_space: true,
      },
    ],
    ['FAPI 2.0', fapi],
    ['signed requests', { jwks, require_signed_request_object: true, request_object_signing_alg: 'PS256' }],
  ])('may be %s', (_name, declaration) => expect(problemsOf(declaration)).toEqual([]));

  it.each<[string, object, string[]]>([
    [
      'an assertion without keys',
      { token_endpoint_auth_method: 'private_key_jwt' },
      ['jwks or jwks_uri is needed for token_endpoint_auth_method: private_key_jwt'],
    ],
    [
      'keys twice',
      { jwks, jwks_uri: 'https://dmp.example/jwks' },
      ['jwks_uri must not stand beside jwks: choose one'],
    ],
    [
      'a private key',
      { jwks: { keys: [ec.privateKey.export({ format: 'jwk' })] } },
      ['jwks.keys[0] must be a public key: it holds a secret part, which is now to be thrown away'],
    ],
    [
      'a shared key',
      { jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } },
      ['jwks.keys[0] must be a public key: it holds a secret part, which is now to be thrown away'],
    ],
    ['a short key', { jwks: { keys: [small] } }, ['jwks.keys[0] must have at least 2048 bits']],
    [
      'an unknown curve',
      { jwks: { keys: [{ kty: 'EC', crv: 'secp256k1', x: 'a', y: 'b' }] } },
      ['jwks.keys[0] must be an RSA key, or one on the curves P-256, P-384, P-521, Ed25519'],
    ],
    ['no key', { jwks: { keys: [] } }, ['jwks.keys must hold at least one key']],
    [
      'a shared-secret signature',
      { token_endpoint_auth_signing_alg: 'HS256' },
      [
        expect.stringMatching(
          /^token_endpoint_auth_signing_alg must be one of ES256, PS256, RS256/,
        ) as string,
      ],
    ],
    [
      'no signature at all',
      { jwks, request_object_signing_alg: 'none' },
      [expect.stringMatching(/^request_object_signing_alg must be one of/) as string],
    ],
    [
      'a certificate without a name',
      { token_endpoint_auth_method: 'tls_client_auth' },
      [expect.stringMatching(/^token_endpoint_auth_method tls_client_auth needs exactly one of/) as string],
    ],
    [
      'a certificate with two',
      {
        token_endpoint_auth_method: 'tls_client_auth',
        tls_client_auth_subject_dn: 'CN=a',
        tls_client_auth_san_dns: 'a',
      },
      [expect.stringMatching(/exactly one/) as string],
    ],
    [
      'a wildcard name',
      { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_san_dns: '*.example' },
      ['tls_client_auth_san_dns must be a host name, without wildcard'],
    ],
    [
      'a broken name',
      { token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'dmp' },
      [expect.stringMatching(/RFC 4514/) as string],
    ],
    [
      'the espace de confiance by secret',
      { trusted_space: true },
      [expect.stringMatching(/^trusted_space needs/) as string],
    ],
    [
      'two bindings',
      { tls_client_certificate_bound_access_tokens: true, dpop_bound_access_tokens: true },
      [expect.stringMatching(/^dpop_bound_access_tokens must not/) as string],
    ],
    [
      'keys at plain http',
      { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'http://dmp.example/jwks' },
      ['jwks_uri must be an https URL (http only on loopback)'],
    ],
  ])('is not %s', (_name, declaration, problems) => expect(problemsOf(declaration)).toEqual(problems));

  it('is held to all of FAPI 2.0 at once', () => {
    expect(
      problemsOf({ fapi_profile: '2.0', compatibility: ['pkce_optional'] }).map((line) => line.split(' ')[0]),
    ).toEqual([
      'token_endpoint_auth_method',
      'require_pushed_authorization_requests',
      'compatibility',
      'dpop_bound_access_tokens',
      'id_token_signed_response_alg',
    ]);
    expect(problemsOf({ ...fapi, token_endpoint_auth_signing_alg: 'RS256' })).toEqual([
      'token_endpoint_auth_signing_alg must be one of ES256, PS256, EdDSA (fapi_profile: 2.0)',
    ]);
  });
});
