import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressDifference } from '../../src/clients/causes.ts';
import { diagnose, explain } from '../../src/clients/doctor.ts';
import type { Failure, FailureFacts } from '../../src/clients/failures.ts';
import { clientSchema } from '../../src/clients/schema.ts';
import type { Client } from '../../src/clients/service.ts';

const at = new Date('2027-03-01T08:00:00Z');
const client: Client = {
  clientId: 'dmp',
  metadata: clientSchema.parse({
    client_id: 'dmp',
    client_name: 'DMP',
    redirect_uris: ['https://dmp.example/cb', 'https://dmp.example/other'],
  }),
  secretHashes: [],
  secrets: [],
  disabled: false,
  createdAt: at,
  updatedAt: at,
};
const failure = (error: string, description = '', facts: FailureFacts = {}, detail = ''): Failure => ({
  ...{ at, endpoint: 'token', error, description, detail, facts, supportId: undefined },
});
const what = (...parts: Parameters<typeof failure>): string => explain(failure(...parts), client).what;

describe('two addresses', () => {
  it.each([
    ['https://a.example/cb/', 'https://a.example/cb', 'they differ by a slash at the end'],
    ['https://A.example/cb', 'https://a.example/cb', 'they differ by capitals'],
    ['http://a.example/cb', 'https://a.example/cb', 'they differ by the scheme'],
    ['https://a.example:8443/cb', 'https://a.example/cb', 'they differ by the port'],
    ['https://www.a.example/cb', 'https://a.example/cb', 'they differ by the host'],
    ['https://a.example/back', 'https://a.example/cb', 'they differ by the path'],
    ['https://a.example/cb?x=…', 'https://a.example/cb', 'they differ by the query'],
    [
      'https://a.example:443/cb',
      'https://a.example/cb',
      'they are written differently (encoding, default port)',
    ],
    ['https://a.example/cb', 'https://a.example/cb', undefined],
    ['nonsense', 'https://a.example/cb', undefined],
  ])('%s and %s: %s', (sent, registered, difference) => {
    expect(addressDifference(sent, registered)).toBe(difference);
  });
});

describe('the doctor', () => {
  it.each<[Parameters<typeof failure>, RegExp]>([
    [
      [
        'invalid_redirect_uri',
        "redirect_uri did not match any of the client's registered redirect_uris",
        { redirectUri: 'https://dmp.example/cb/' },
      ],
      /slash/,
    ],
    [
      [
        'invalid_redirect_uri',
        "redirect_uri did not match any of the client's registered redirect_uris",
        { redirectUri: 'https://dmp.example/cb' },
      ],
      /it is now/,
    ],
    [
      ['invalid_client', 'client authentication failed', { clockAhead: -70 }, 'jwt expired'],
      /clock is 70 s late/,
    ],
    [
      ['invalid_client', 'client authentication failed', { clockAhead: 0, expiredFor: 40 }, 'jwt expired'],
      /expired 40 s before/,
    ],
    [
      ['invalid_grant', 'grant request is invalid', { verifierSent: false }, 'PKCE verification failed'],
      /code_verifier is missing/,
    ],
    [
      [
        'invalid_grant',
        'grant request is invalid',
        { grantType: 'authorization_code' },
        'authorization code already consumed',
      ],
      /code was redeemed twice/,
    ],
    [
      [
        'invalid_grant',
        'grant request is invalid',
        { grantType: 'refresh_token' },
        'refresh token already used',
      ],
      /refresh token was redeemed twice/,
    ],
    [
      [
        'invalid_grant',
        'grant request is invalid',
        { grantType: 'refresh_token' },
        'refresh token not found',
      ],
      /refresh token is unknown/,
    ],
    [['invalid_client', 'client authentication failed', {}, 'invalid secret provided'], /secret differs/],
    [
      ['unmet_authentication_requirements', 'acr_values must name one of eidas1', { acrValues: 'eidas3' }],
      /acr_values names no level/,
    ],
    [
      ['invalid_client', 'client authentication failed', {}, 'client certificate was not provided'],
      /No client certificate/,
    ],
    [['use_dpop_nonce', 'invalid nonce in DPoP proof'], /nonce/],
    [['invalid_dpop_proof', 'DPoP proof htu mismatch', { htu: 'a', expectedHtu: 'b' }], /another address/],
    [['something_new', 'nobody has heard of it'], /nobody has heard/],
  ])('%j', (parts, words) => expect(what(...parts)).toMatch(words));

  it('always says something and what to do, and loses no failure', () => {
    const text = fc.string({ maxLength: 60 });
    const facts = fc.record(
      {
        redirectUri: text,
        acrValues: text,
        clockAhead: fc.integer(),
        expiredFor: fc.integer(),
        verifierSent: fc.boolean(),
        certificate: text,
      },
      { requiredKeys: [] },
    );
    const anything = fc.record({ error: text, description: text, detail: text, facts });
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 20 }), (all) => {
        const failures = all.map(({ error, description, facts: found, detail }) =>
          failure(error, description, found, detail),
        );
        const findings = diagnose(failures, client);
        expect(findings.reduce((sum, { count }) => sum + count, 0)).toBe(failures.length);
        for (const finding of findings) expect(finding.fix.length).toBeGreaterThan(0);
      }),
    );
  });
});
