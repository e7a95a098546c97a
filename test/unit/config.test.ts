import { mkdtempSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  ConfigurationError,
  SETTINGS,
  isLoopbackHost,
  parseConfig,
  readVariables,
} from '../../src/config.ts';

const KEY = Buffer.alloc(32, 7).toString('base64url');

const production = (
  changes: Record<string, string | undefined> = {},
): Record<string, string | undefined> => ({
  CADUCEE_ISSUER: 'https://auth.sante.example/auth/realms/esante-wallet',
  CADUCEE_TRUSTED_PROXIES: '10.0.0.0/8',
  CADUCEE_DATABASE_URL: 'postgres://caducee@db.sante.example/caducee',
  CADUCEE_REDIS_URL: 'rediss://redis.sante.example',
  CADUCEE_MASTER_KEY: KEY,
  CADUCEE_SMTP_URL: 'smtps://mail.sante.example',
  CADUCEE_MAIL_FROM: 'Caducée <ne-pas-repondre@sante.example>',
  CADUCEE_TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  CADUCEE_TWILIO_AUTH_TOKEN: 'secret-of-twilio',
  CADUCEE_TWILIO_FROM: 'Caducee',
  CADUCEE_HELP_PHONE: '01 99 00 00 00',
  CADUCEE_HELP_HOURS: 'du lundi au vendredi, de 8 h à 20 h',
  ...changes,
});

const problems = (variables: Record<string, string | undefined>): readonly string[] => {
  try {
    parseConfig(variables);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
};

describe('the configuration', () => {
  test('accepts a complete production set and freezes it', () => {
    const config = parseConfig(production());
    expect(config.origin).toBe('https://auth.sante.example');
    expect(config.appOrigin).toBe(config.origin);
    expect(config.masterKey).toHaveLength(32);
    expect(Object.isFrozen(config)).toBe(true);
  });

  test('tells every missing setting at once', () => {
    const required = Object.entries(SETTINGS).filter(([, s]) => !('fallback' in s) && !('optional' in s));
    expect(problems({}).map((line) => line.split(' ')[0])).toEqual(required.map(([, s]) => s.env));
  });

  test('tells every wrong value at once, with what is accepted', () => {
    const found = problems(
      production({ CADUCEE_STORE: 'memory', CADUCEE_PIN_MIN_LENGTH: '3', CADUCEE_LOG_LEVEL: 'loud' }),
    );
    expect(found).toHaveLength(3);
    expect(found.join('\n')).toContain('one of redis, postgres');
    expect(found.join('\n')).toContain('a whole number from 4 to 8');
  });

  test('never repeats a secret in a message', () => {
    const found = problems(
      production({ CADUCEE_MASTER_KEY: 'far-too-short', CADUCEE_SMTP_URL: 'http://user:hunter2@mail' }),
    );
    expect(found.join('\n')).not.toMatch(/far-too-short|hunter2/);
    expect(found).toHaveLength(2);
  });

  test('has no default for any secret', () => {
    for (const setting of Object.values(SETTINGS)) {
      if ('secret' in setting) expect('fallback' in setting, setting.env).toBe(false);
    }
  });

  test('refuses a variable it does not know, since a typing error would pass in silence', () => {
    expect(problems(production({ CADUCEE_TRUSTED_PROXY: '10.0.0.1' }))[0]).toContain('is not a setting');
  });

  test.each<[string, Record<string, string | undefined>, RegExp]>([
    ['an https issuer without a trusted proxy', { CADUCEE_TRUSTED_PROXIES: '' }, /no proxy is trusted/],
    ['a proxy range that trusts everyone', { CADUCEE_TRUSTED_PROXIES: '0.0.0.0/0' }, /trust everyone/],
    ['a proxy that is not an address', { CADUCEE_TRUSTED_PROXIES: 'proxy.example' }, /neither an address/],
    [
      'a plain http issuer in production',
      { CADUCEE_ISSUER: 'http://auth.sante.example/auth' },
      /must be https/,
    ],
    ['sandbox features with a public issuer', { CADUCEE_MODE: 'sandbox' }, /for this machine alone/],
    [
      'a sandbox that listens to the world',
      {
        CADUCEE_MODE: 'sandbox',
        CADUCEE_ISSUER: 'http://localhost:4000/auth',
        CADUCEE_LISTEN_HOST: '0.0.0.0',
      },
      /loopback only/,
    ],
    ['Redis without an address', { CADUCEE_REDIS_URL: undefined }, /needs CADUCEE_REDIS_URL/],
    ['idle longer than the session', { CADUCEE_IDLE_SECONDS: '86400' }, /must not exceed/],
    ['half of VAPID', { CADUCEE_VAPID_SUBJECT: 'mailto:a@b.example' }, /go together/],
    ['SMS over plain http', { CADUCEE_TWILIO_BASE_URL: 'http://twilio.example' }, /travel in clear/],
    [
      'an issuer with a trailing slash',
      { CADUCEE_ISSUER: 'https://auth.sante.example/' },
      /end with a slash/,
    ],
  ])('refuses %s', (_case, changes, message) => {
    expect(problems(production(changes)).join('\n')).toMatch(message);
  });

  test('takes the environment before the named file, and that before the files of the mode', () => {
    const root = mkdtempSync(join(tmpdir(), 'caducee-config-'));
    mkdirSync(join(root, 'config'));
    writeFileSync(
      join(root, 'config', 'default.env'),
      'CADUCEE_LOG_LEVEL=warn\nCADUCEE_HELP_PHONE=1\nCADUCEE_STORE=redis\n',
    );
    writeFileSync(join(root, 'config', 'sandbox.env'), 'CADUCEE_STORE=postgres\nCADUCEE_HELP_PHONE=2\n');
    writeFileSync(join(root, 'own.env'), 'CADUCEE_HELP_PHONE=3\nCADUCEE_MODE=sandbox\n');
    const variables = readVariables(root, {
      CADUCEE_CONFIG_FILE: join(root, 'own.env'),
      CADUCEE_LOG_LEVEL: 'debug',
      CADUCEE_STORE: '',
    });
    expect(variables).toMatchObject({
      CADUCEE_LOG_LEVEL: 'debug',
      CADUCEE_HELP_PHONE: '3',
      CADUCEE_STORE: 'postgres',
    });
  });

  test('says so when the named file does not exist', () => {
    expect(() => readVariables('/nowhere', { CADUCEE_CONFIG_FILE: '/nowhere/own.env' })).toThrow(
      '/nowhere/own.env',
    );
  });
});

test.each(['localhost', 'a.localhost', '127.0.0.1', '127.8.8.8', '[::1]', '::1'])(
  '%s is loopback',
  (host) => {
    expect(isLoopbackHost(host)).toBe(true);
  },
);

test.each(['localhost.example', '128.0.0.1', '127.0.0.1.example', 'example'])(
  '%s is not loopback',
  (host) => {
    expect(isLoopbackHost(host)).toBe(false);
  },
);
