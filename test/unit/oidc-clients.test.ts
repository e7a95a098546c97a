import { describe, expect, it } from 'vitest';
import { isLoopbackUrl, parseClient } from '../../src/clients/schema.ts';
import { isSecretOf } from '../../src/clients/service.ts';
import { sha256 } from '../../src/platform/crypto.ts';

const minimal = { client_id: 'dmp', client_name: 'DMP', redirect_uris: ['https://dmp.example/callback'] };

const problemsOf = (declaration: unknown): string[] => {
  const result = parseClient(declaration);
  return result.ok ? [] : result.problems;
};

describe('a relying party', () => {
  it('is a confidential client of Pro Santé Connect’s kind unless it says otherwise', () => {
    const result = parseClient(minimal);
    expect(result.ok && result.metadata).toMatchObject({
      token_endpoint_auth_method: 'client_secret_basic',
      id_token_signed_response_alg: 'RS256',
      scope: 'openid scope_all',
      grant_types: ['authorization_code', 'refresh_token'],
      access_token_format: 'jwt',
      introspect_any: false,
      loopback_redirects: false,
    });
  });

  it('is told everything that is wrong at once, with what is accepted', () => {
    expect(
      problemsOf({
        client_id: 'a b',
        redirect_uris: ['http://dmp.example/callback', 'https://dmp.example/*', 'javascript:alert(1)'],
        id_token_signed_response_alg: 'HS256',
        scope: 'scope_all email',
        colour: 'blue',
      }),
    ).toEqual([
      'client_id must be 1 to 100 letters, digits, dots, hyphens or underscores',
      'client_name is missing',
      expect.stringMatching(/^redirect_uris\[0\] must be https/),
      'redirect_uris[1] must be exact: no wildcard',
      expect.stringMatching(/^redirect_uris\[2\] must be https/),
      'id_token_signed_response_alg must be one of RS256, ES256',
      'scope must be scopes separated by single spaces, among openid, profile, identity, scope_all',
      'colour is not a name that a relying party can have',
    ]);
  });

  it('cannot be public without PKCE, nor public and introspecting', () => {
    expect(
      problemsOf({
        ...minimal,
        token_endpoint_auth_method: 'none',
        compatibility: ['pkce_optional'],
        introspect_any: true,
      }),
    ).toEqual([expect.stringMatching(/^compatibility /), expect.stringMatching(/^introspect_any /)]);
  });

  it('may be an application with a scheme of its own', () => {
    expect(problemsOf({ ...minimal, redirect_uris: ['fr.example.app:/callback'] })).toEqual([]);
  });
});

describe('loopback addresses', () => {
  it.each(['http://localhost:1/x', 'http://127.0.0.1/', 'http://[::1]:9/cb', 'https://localhost/cb'])(
    '%s is one',
    (url) => {
      expect(isLoopbackUrl(url)).toBe(true);
    },
  );
  it.each([
    'http://localhost.example.org/',
    'http://127.0.0.1.example.org/',
    'http://evil@localhost/',
    'http://localhost@evil.example/',
    'javascript://localhost/',
    'localhost',
  ])('%s is none', (url) => {
    expect(isLoopbackUrl(url)).toBe(false);
  });
});

it('knows each secret in force and no other', () => {
  const secretHashes = [sha256('old'), sha256('new')];
  expect(isSecretOf({ secretHashes }, 'old')).toBe(true);
  expect(isSecretOf({ secretHashes }, 'new')).toBe(true);
  expect(isSecretOf({ secretHashes }, 'other')).toBe(false);
  expect(isSecretOf({ secretHashes: [] }, '')).toBe(false);
});
