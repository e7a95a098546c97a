import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseClient } from '../../src/clients/schema.ts';
import { ConfigurationError, parseConfig, toolEnvironment, type Config } from '../../src/config.ts';
import { scheduleOf } from '../../src/oidc/signing/rotate.ts';
import { openKms } from '../../src/wiring/kms.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { startToken } from '../support/security-module.ts';

const read = (changes: Record<string, string> = {}): Config =>
  parseConfig({
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
    ...changes,
  });

const problems = (changes: Record<string, string>): string => {
  try {
    read(changes);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems.join('\n');
    throw error;
  }
  return '';
};

const folder = mkdtempSync(join(tmpdir(), 'caducee-config-keys-'));
onFileEnd(() => rmSync(folder, { recursive: true, force: true }));

describe('signing keys', () => {
  test('rotate every 90 days, announced a day before, shown as long as a session and ten minutes', () => {
    expect(scheduleOf(read())).toEqual({ days: 90, announceSeconds: 86_400, publishSeconds: 15_000 });
  });

  test.each([
    [{ CADUCEE_KMS: 'file' }, /CADUCEE_KMS=file needs CADUCEE_KMS_FILE/],
    [{ CADUCEE_KMS: 'pkcs11' }, /CADUCEE_KMS_PKCS11_MODULE.*TOKEN.*KEY.*PIN/],
    [{ CADUCEE_KMS_PKCS11_PIN: '1234' }, /all of them/],
    [{ CADUCEE_KMS: 'cloud' }, /one of env, file, pkcs11/],
    [{ CADUCEE_KEY_DAYS: '-1' }, /whole number from 0/],
    [{ CADUCEE_MASTER_KEY_PREVIOUS: 'short' }, /32 random bytes/],
  ])('%j is refused', (changes, why) => {
    const told = problems(changes);
    expect(told).toMatch(why);
    expect(told).not.toContain('1234');
  });

  test('go from the master key to a file, to another file, to a security module and back', async () => {
    const file = (name: string, byte: number): string => {
      writeFileSync(join(folder, name), Buffer.alloc(32, byte), { mode: 0o600 });
      return join(folder, name);
    };
    const { options } = await startToken();
    process.env['SOFTHSM2_CONF'] = options.environment['SOFTHSM2_CONF'];
    const module = {
      CADUCEE_KMS_PKCS11_MODULE: options.module,
      CADUCEE_KMS_PKCS11_TOKEN: options.token,
      CADUCEE_KMS_PKCS11_KEY: options.key,
      CADUCEE_KMS_PKCS11_PIN: options.pin,
      CADUCEE_KMS_PKCS11_OAEP: 'sha1',
    };
    const steps: Record<string, string>[] = [
      {},
      { CADUCEE_KMS: 'file', CADUCEE_KMS_FILE: file('one', 1) },
      { CADUCEE_KMS: 'file', CADUCEE_KMS_FILE: file('two', 2), CADUCEE_KMS_FILE_PREVIOUS: file('one', 1) },
      { CADUCEE_KMS: 'pkcs11', CADUCEE_KMS_FILE: file('two', 2), ...module },
      { CADUCEE_KMS: 'env', ...module },
    ];
    let kept: { driver: 'env' | 'file' | 'pkcs11'; sealed: Buffer; keyId: string } | undefined;
    const ids = new Set<string>();
    for (const step of steps) {
      const kms = openKms(read(step));
      if (kept) {
        const opened = await kms.open(kept.driver, kept.sealed, 'kid', kept.keyId);
        expect(opened.toString()).toBe('private');
      }
      const keyId = await kms.current.keyId();
      ids.add(`${kms.current.driver} ${keyId}`);
      kept = {
        driver: kms.current.driver,
        sealed: await kms.current.seal(Buffer.from('private'), 'kid'),
        keyId,
      };
    }
    expect(ids.size).toBe(4);
  });

  test('our own settings are none of a tool’s business', () => {
    expect(toolEnvironment({ PATH: '/bin', CADUCEE_MASTER_KEY: 'secret' })).toEqual({ PATH: '/bin' });
  });
});

describe('a service that asks without a browser', () => {
  const CIBA = 'urn:openid:params:grant-type:ciba';
  const told = (changes: Record<string, unknown>): string[] => {
    const result = parseClient({
      client_id: 'cabinet',
      client_name: 'Cabinet',
      grant_types: [CIBA],
      ...changes,
    });
    return result.ok ? [] : result.problems;
  };

  test('may do nothing else', () => {
    expect(told({ backchannel_token_delivery_mode: 'poll' })).toEqual([]);
  });

  test.each<[Record<string, unknown>, RegExp]>([
    [{}, /^backchannel_token_delivery_mode /],
    [{ grant_types: [], backchannel_token_delivery_mode: 'poll' }, /^backchannel_token_delivery_mode /],
    [{ backchannel_token_delivery_mode: 'push' }, /must be one of poll, ping/],
    [{ backchannel_token_delivery_mode: 'ping' }, /^backchannel_client_notification_endpoint /],
    [
      {
        backchannel_token_delivery_mode: 'ping',
        backchannel_client_notification_endpoint: 'http://cabinet.example/ciba',
      },
      /must be an https URL/,
    ],
    [
      { backchannel_token_delivery_mode: 'poll', token_endpoint_auth_method: 'none' },
      /must not contain .*ciba for a public client/,
    ],
    [
      { backchannel_token_delivery_mode: 'poll', backchannel_authentication_request_signing_alg: 'ES256' },
      /needs grant_types .* and jwks or jwks_uri/,
    ],
  ])('%j is refused', (changes, why) => {
    expect(told(changes).join('\n')).toMatch(why);
  });
});
