import { describe, expect, it } from 'vitest';
import { ConfigurationError, parseConfig } from '../../src/config.ts';

const base = {
  CADUCEE_MODE: 'production',
  CADUCEE_ISSUER: 'https://auth.example/auth/realms/x',
  CADUCEE_TRUSTED_PROXIES: '10.0.0.1',
  CADUCEE_DATABASE_URL: 'postgres://db/x',
  CADUCEE_REDIS_URL: 'redis://redis',
  CADUCEE_MASTER_KEY: 'A'.repeat(43),
  CADUCEE_SMTP_URL: 'smtp://mail',
  CADUCEE_MAIL_FROM: 'X <x@example.org>',
  CADUCEE_TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  CADUCEE_TWILIO_AUTH_TOKEN: 'token',
  CADUCEE_TWILIO_FROM: 'X',
  CADUCEE_HELP_PHONE: '0',
  CADUCEE_HELP_HOURS: 'x',
};
const own = {
  CADUCEE_MTLS_ORIGIN: 'https://mtls.example',
  CADUCEE_MTLS_TLS_KEY_FILE: '/key',
  CADUCEE_MTLS_TLS_CERT_FILE: '/cert',
};
const hop = {
  CADUCEE_MTLS_ORIGIN: 'https://mtls.example',
  CADUCEE_MTLS_HOP_ADDRESSES: '10.0.0.2',
  CADUCEE_MTLS_HOP_SECRET: 'secret of at least 32 characters!',
};

const problems = (variables: Record<string, string>): string[] => {
  try {
    parseConfig({ ...base, ...variables });
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return [...error.problems];
    throw error;
  }
};

describe('the services’ own host', () => {
  it.each([
    ['absent', {}],
    ['by our own TLS', own],
    ['behind a terminator', { ...hop, CADUCEE_MTLS_TRUST_FILE: '/trust' }],
  ])('may be %s', (_name, variables) => expect(problems(variables)).toEqual([]));

  it.each<[string, Record<string, string>, RegExp]>([
    ['plain http', { ...own, CADUCEE_MTLS_ORIGIN: 'http://mtls.example' }, /https origin/],
    ['the provider’s', { ...own, CADUCEE_MTLS_ORIGIN: 'https://auth.example' }, /host of its own/],
    ['entered in no way', { CADUCEE_MTLS_ORIGIN: 'https://mtls.example' }, /needs who ends TLS/],
    ['entered in two ways', { ...own, ...hop }, /one only/],
    ['without its certificate', { ...own, CADUCEE_MTLS_TLS_CERT_FILE: '' }, /go together/],
    ['with an address alone', { ...hop, CADUCEE_MTLS_HOP_SECRET: '' }, /go together/],
    ['with a secret alone', { ...hop, CADUCEE_MTLS_HOP_ADDRESSES: '' }, /go together/],
    ['with a short secret', { ...hop, CADUCEE_MTLS_HOP_SECRET: 'short' }, /32 characters/],
    ['open to everyone', { ...hop, CADUCEE_MTLS_HOP_ADDRESSES: '0.0.0.0/0' }, /trust everyone/],
    ['described but not named', { CADUCEE_MTLS_TRUST_FILE: '/trust' }, /would be ignored/],
  ])('is not %s', (_name, variables, words) => {
    expect(problems(variables).join('\n')).toMatch(words);
  });

  it('of a sandbox is on this machine', () => {
    const sandbox = {
      CADUCEE_MODE: 'sandbox',
      CADUCEE_ISSUER: 'http://localhost:4000/auth/realms/x',
      CADUCEE_TRUSTED_PROXIES: '',
      ...own,
    };
    expect(problems(sandbox).join('\n')).toMatch(/for this machine alone/);
    expect(problems({ ...sandbox, CADUCEE_MTLS_ORIGIN: 'https://localhost:4010' })).toEqual([]);
  });
});

it.each([
  ['10.0.0.0/8, fd00::/8', 0],
  ['0.0.0.0/0', 1],
  ['everywhere', 1],
])('services on an internal network: %s', (ranges, count) => {
  expect(problems({ CADUCEE_OUTGOING_RANGES: ranges })).toHaveLength(count);
});
