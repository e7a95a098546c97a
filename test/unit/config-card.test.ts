import { describe, expect, test } from 'vitest';
import { ConfigurationError, parseConfig } from '../../src/config.ts';

const CARD = {
  CADUCEE_CARD_ORIGIN: 'https://*.carte.sante.example',
  CADUCEE_CARD_TLS_KEY_FILE: '/etc/caducee/card.key',
  CADUCEE_CARD_TLS_CERT_FILE: '/etc/caducee/card.pem',
  CADUCEE_CARD_TRUST_FILE: '/etc/caducee/roots.pem',
  CADUCEE_CARD_POLICIES: '1.2.250.1.213.1.7.2.1.1.1.1',
  CADUCEE_CARD_ISSUERS: 'AC STANDARD PERSONNES, AC ELEMENTAIRE PERSONNES',
  CADUCEE_CARD_CRL_URLS: 'http://crl.example/a.crl, http://crl.example/b.crl',
};

const variables = (changes: Record<string, string | undefined> = {}): Record<string, string | undefined> => ({
  CADUCEE_ISSUER: 'https://connexion.sante.example/auth',
  CADUCEE_TRUSTED_PROXIES: '10.0.0.0/8',
  CADUCEE_DATABASE_URL: 'postgres://caducee@db.sante.example/caducee',
  CADUCEE_REDIS_URL: 'rediss://redis.sante.example',
  CADUCEE_MASTER_KEY: Buffer.alloc(32, 7).toString('base64url'),
  CADUCEE_SMTP_URL: 'smtps://mail.sante.example',
  CADUCEE_MAIL_FROM: 'Caducée <ne-pas-repondre@sante.example>',
  CADUCEE_TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  CADUCEE_TWILIO_AUTH_TOKEN: 'secret-of-twilio',
  CADUCEE_TWILIO_FROM: 'Caducee',
  CADUCEE_HELP_PHONE: '01 99 00 00 00',
  CADUCEE_HELP_HOURS: 'du lundi au vendredi, de 8 h à 20 h',
  ...CARD,
  ...changes,
});

const problems = (changes: Record<string, string | undefined>): string => {
  try {
    parseConfig(variables(changes));
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems.join('\n');
    throw error;
  }
  return '';
};

const NO_TLS = { CADUCEE_CARD_TLS_KEY_FILE: undefined, CADUCEE_CARD_TLS_CERT_FILE: undefined };
const SECRET = 'x'.repeat(32);

describe('the settings of the card', () => {
  test('are read as lists, with what a card is worth', () => {
    const config = parseConfig(variables());
    expect(config.cardIssuers).toEqual(['AC STANDARD PERSONNES', 'AC ELEMENTAIRE PERSONNES']);
    expect(config.cardCrlUrls).toEqual(['http://crl.example/a.crl', 'http://crl.example/b.crl']);
    expect([config.acrCard, config.cardCrlGraceSeconds, config.cardCrlEverySeconds]).toEqual([
      'eidas2',
      0,
      3600,
    ]);
  });

  test('may all be absent: then no card is accepted', () => {
    const none = Object.fromEntries(Object.keys(CARD).map((name) => [name, undefined]));
    expect(parseConfig(variables(none)).cardOrigin).toBeUndefined();
  });

  test.each<[string, Record<string, string | undefined>]>([
    ['one host', { CADUCEE_CARD_ORIGIN: 'https://carte.sante.example:8443' }],
    [
      'a terminator with address and secret',
      { ...NO_TLS, CADUCEE_CARD_HOP_ADDRESSES: '10.0.0.4', CADUCEE_CARD_HOP_SECRET: SECRET },
    ],
    ['a socket', { ...NO_TLS, CADUCEE_CARD_HOP_SOCKET: '/run/caducee/card.sock' }],
    ['OCSP alone', { CADUCEE_CARD_CRL_URLS: undefined, CADUCEE_CARD_OCSP_URL: 'http://ocsp.example' }],
  ])('may be %s', (_case, changes) => {
    expect(problems(changes)).toBe('');
  });

  test.each<[string, Record<string, string | undefined>, RegExp]>([
    ['a plain http host', { CADUCEE_CARD_ORIGIN: 'http://carte.sante.example' }, /https origin/],
    ['a path', { CADUCEE_CARD_ORIGIN: 'https://carte.sante.example/' }, /without path/],
    ['a star in the middle', { CADUCEE_CARD_ORIGIN: 'https://a.*.sante.example' }, /https origin/],
    [
      'the provider’s own host',
      { CADUCEE_CARD_ORIGIN: 'https://connexion.sante.example:8443' },
      /host of its own/,
    ],
    [
      'the app’s host',
      {
        CADUCEE_APP_ORIGIN: 'https://carte.sante.example',
        CADUCEE_CARD_ORIGIN: 'https://carte.sante.example',
      },
      /host of its own/,
    ],
    ['no trust anchors', { CADUCEE_CARD_TRUST_FILE: undefined }, /needs CADUCEE_CARD_TRUST_FILE/],
    ['no policies', { CADUCEE_CARD_POLICIES: undefined }, /needs CADUCEE_CARD_POLICIES/],
    ['policies that are not OIDs', { CADUCEE_CARD_POLICIES: 'any' }, /object identifiers/],
    ['no issuers', { CADUCEE_CARD_ISSUERS: undefined }, /needs CADUCEE_CARD_ISSUERS/],
    ['no revocation', { CADUCEE_CARD_CRL_URLS: undefined }, /could not be told from a good one/],
    ['lists over ldap', { CADUCEE_CARD_CRL_URLS: 'ldap://crl.example/a' }, /http:/],
    ['nobody who ends TLS', NO_TLS, /needs who ends TLS/],
    ['a key without certificate', { CADUCEE_CARD_TLS_CERT_FILE: undefined }, /go together/],
    [
      'two ways in',
      { CADUCEE_CARD_HOP_ADDRESSES: '10.0.0.4', CADUCEE_CARD_HOP_SECRET: SECRET },
      /only one may exist/,
    ],
    ['an address without secret', { ...NO_TLS, CADUCEE_CARD_HOP_ADDRESSES: '10.0.0.4' }, /go together/],
    ['a secret without address', { ...NO_TLS, CADUCEE_CARD_HOP_SECRET: SECRET }, /go together/],
    [
      'a short secret',
      { ...NO_TLS, CADUCEE_CARD_HOP_ADDRESSES: '10.0.0.4', CADUCEE_CARD_HOP_SECRET: 'short' },
      /at least 32 characters/,
    ],
    [
      'a hop that is everyone',
      { ...NO_TLS, CADUCEE_CARD_HOP_ADDRESSES: '0.0.0.0/0', CADUCEE_CARD_HOP_SECRET: SECRET },
      /trust everyone/,
    ],
    [
      'settings without the host they are for',
      { CADUCEE_CARD_ORIGIN: undefined },
      /CADUCEE_CARD_ORIGIN is missing, without which CADUCEE_CARD_TLS_KEY_FILE/,
    ],
    [
      'a public host in the sandbox',
      { CADUCEE_MODE: 'sandbox', CADUCEE_ISSUER: 'http://localhost:4000/auth' },
      /\*\.card\.localhost/,
    ],
    [
      'a sandbox that listens to the world for cards',
      {
        CADUCEE_MODE: 'sandbox',
        CADUCEE_ISSUER: 'http://localhost:4000/auth',
        CADUCEE_CARD_ORIGIN: 'https://*.card.localhost:4002',
        CADUCEE_CARD_LISTEN_HOST: '0.0.0.0',
      },
      /CADUCEE_CARD_LISTEN_HOST/,
    ],
  ])('are refused with %s', (_case, changes, message) => {
    expect(problems(changes)).toMatch(message);
  });

  test('never repeat the secret of the hop', () => {
    expect(problems({ ...NO_TLS, CADUCEE_CARD_HOP_SECRET: 'hunter2' })).not.toContain('hunter2');
  });
});
