import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { isOpposed } from '../../src/card/repository.ts';
import { run as runCaducee } from '../../src/command-line.ts';
import type { Database } from '../../src/platform/postgres.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { testDatabase } from '../support/services.ts';

/** The command line in production, where operators have names: on a real database, each with a real key file. */

const folder = mkdtempSync(join(tmpdir(), 'caducee-operators-'));
onFileEnd(() => rmSync(folder, { recursive: true, force: true }));
const PASSPHRASE = 'une phrase à retenir';

const keyFiles = (name: string, passphrase?: string): { secret: string; open: string } => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const files = { secret: join(folder, `${name}.key`), open: join(folder, `${name}.pub`) };
  const protection = passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase };
  writeFileSync(
    files.secret,
    privateKey.export({ format: 'pem', type: 'pkcs8', ...protection } as { format: 'pem'; type: 'pkcs8' }),
  );
  writeFileSync(files.open, publicKey.export({ format: 'pem', type: 'spki' }));
  return files;
};

const KEYS = { claire: keyFiles('claire'), paul: keyFiles('paul', PASSPHRASE), zoe: keyFiles('zoe') };
let db: Database;

beforeEach(async () => {
  const { db: fresh, url } = await testDatabase();
  db = fresh;
  const settings = {
    CADUCEE_MODE: 'production',
    CADUCEE_ISSUER: 'https://auth.sante.example/auth/realms/esante-wallet',
    CADUCEE_TRUSTED_PROXIES: '127.0.0.1',
    CADUCEE_DATABASE_URL: url,
    CADUCEE_STORE: 'postgres',
    CADUCEE_MASTER_KEY: Buffer.alloc(32, 9).toString('base64url'),
    CADUCEE_SMTP_URL: 'smtp://localhost:1',
    CADUCEE_MAIL_FROM: 'Caducée <ne-pas-repondre@sante.example>',
    CADUCEE_TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    CADUCEE_TWILIO_AUTH_TOKEN: 'none',
    CADUCEE_TWILIO_FROM: 'Caducee',
    CADUCEE_HELP_PHONE: '01 99 00 00 00',
    CADUCEE_HELP_HOURS: 'du lundi au vendredi',
    CADUCEE_OPERATOR_PASSPHRASE: PASSPHRASE,
  };
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
});

const caducee = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
  const written = { out: '', err: '' };
  const stream = (name: 'out' | 'err') =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        written[name] += chunk.toString();
        done();
      },
    });
  const code = await runCaducee(args, {
    ...{ stdin: process.stdin, stdout: stream('out'), stderr: stream('err') },
    ...{ interactive: false, root: join(import.meta.dirname, '..', '..'), locale: 'en' as const },
  });
  return { code, ...written };
};
type Name = keyof typeof KEYS;
const as = (name: Name, ...args: string[]) =>
  caducee(...args, '--operator', name, '--operator-key', KEYS[name].secret);

const man = async (): Promise<void> => {
  expect(await caducee('operators', 'add', 'claire', KEYS.claire.open)).toMatchObject({ code: 0 });
  const email = ['--email', 'paul@sante.example'];
  const second = await as(
    'claire',
    'operators',
    'add',
    'paul',
    KEYS.paul.open,
    ...email,
    '--reason',
    'my second',
  );
  expect(second).toMatchObject({ code: 0, err: '' });
};
const actOf = ({ err }: { err: string }): string => /act_[0-9A-Z]+/.exec(err)?.[0] ?? 'none';
const opposed = () => isOpposed(db, '5a01bc', '1/1');

describe('what an operator does', () => {
  test('is refused to everybody while nobody is an operator', async () => {
    const { code, err } = await caducee('cards', 'oppose', '5a01bc', '--reason', 'stolen');
    expect(code).toBe(2);
    expect(err).toContain('caducee operators add');
    expect(await opposed()).toBe(false);
  });

  test.each<[string, string[], RegExp]>([
    ['without a name', ['--reason', 'stolen'], /Who are you/],
    ['without a reason', ['--operator', 'claire', '--operator-key', KEYS.claire.secret], /--reason/],
    [
      'with a key that is not there',
      ['--reason', 'x', '--operator', 'claire', '--operator-key', '/none'],
      /cannot be read/,
    ],
    [
      'with a public key',
      ['--reason', 'x', '--operator', 'claire', '--operator-key', KEYS.claire.open],
      /does not open/,
    ],
    [
      'with another’s key',
      ['--reason', 'x', '--operator', 'claire', '--operator-key', KEYS.zoe.secret],
      /signature/,
    ],
    [
      'by a stranger',
      ['--reason', 'x', '--operator', 'zoe', '--operator-key', KEYS.zoe.secret],
      /not an operator/,
    ],
  ])('is refused %s, and nothing changes', async (_case, options, message) => {
    await man();
    const { code, err } = await caducee('cards', 'oppose', '5a01bc', ...options);
    expect(code).not.toBe(0);
    expect(err).toMatch(message);
    expect(await opposed()).toBe(false);
  });

  test('and stops something is done at once; the second is written to, and says that they have seen it', async () => {
    await man();
    expect(await as('claire', 'cards', 'oppose', '5a01bc', '--reason', 'stolen')).toMatchObject({ code: 0 });
    expect(await opposed()).toBe(true);
    const { rows } = await db.query(`SELECT template FROM outbox_message`);
    expect(rows).toEqual([{ template: 'operator_act' }]);
    const { acts } = JSON.parse((await caducee('operators', 'acts', '--open', '--json')).out) as {
      acts: { id: string; name: string; operator: string; state: string }[];
    };
    expect(acts).toMatchObject([{ name: 'card.oppose', operator: 'claire', state: 'done' }]);
    expect(await as('paul', 'operators', 'seen', acts[0]?.id ?? '')).toMatchObject({ code: 0 });
    expect((await caducee('operators', 'acts', '--open')).out).toBe('Nothing.\n');
  });

  test('and opens something waits for the second operator, whose confirmation does it', async () => {
    await man();
    await as('claire', 'cards', 'oppose', '5a01bc', '--reason', 'stolen');
    const asked = await as('claire', 'cards', 'release', '5a01bc', '--reason', 'found');
    expect(asked.code).toBe(3);
    expect(await opposed()).toBe(true);
    const act = actOf(asked);
    expect((await caducee('operators', 'show', act)).out).toContain(
      'caducee cards release 5a01bc --reason found',
    );
    const own = await as('claire', 'operators', 'confirm', act);
    expect(own).toMatchObject({ code: 1 });
    expect(own.err).toContain('second operator');
    expect(await opposed()).toBe(true);
    expect(await as('paul', 'operators', 'confirm', act)).toMatchObject({
      code: 0,
      out: '5a01bc is accepted again.\n',
    });
    expect(await opposed()).toBe(false);
    expect(await as('paul', 'operators', 'confirm', act)).toMatchObject({ code: 1 });
  });

  test('and is refused by the second is not done', async () => {
    await man();
    await as('claire', 'cards', 'oppose', '5a01bc', '--reason', 'stolen');
    const act = actOf(await as('claire', 'cards', 'release', '5a01bc', '--reason', 'found'));
    expect(await as('paul', 'operators', 'refuse', act)).toMatchObject({ code: 0 });
    expect((await as('paul', 'operators', 'confirm', act)).code).toBe(1);
    expect(await opposed()).toBe(true);
  });

  test('and breaks the glass is done at once, loudly', async () => {
    await man();
    await as('claire', 'cards', 'oppose', '5a01bc', '--reason', 'stolen');
    const broken = await as('claire', 'cards', 'release', '5a01bc', '--reason', 'at night', '--break-glass');
    expect(broken.code).toBe(0);
    expect(broken.err).toContain('BREAK-GLASS');
    expect(await opposed()).toBe(false);
    const { rows } = await db.query(`SELECT details FROM audit_event WHERE type = 'operator.broke_glass'`);
    expect(rows).toMatchObject([
      { details: { operator: 'claire', name: 'card.release', reason: 'at night' } },
    ]);
  });
});

describe('operators', () => {
  test('beyond the second are confirmed by a second', async () => {
    await man();
    const asked = await as('claire', 'operators', 'add', 'zoe', KEYS.zoe.open, '--reason', 'grows');
    expect(asked.code).toBe(3);
    expect((await caducee('operators', 'list')).out).not.toContain('zoe');
    expect(await as('paul', 'operators', 'confirm', actOf(asked))).toMatchObject({ code: 0 });
    expect((await caducee('operators', 'list')).out).toMatch(/zoe +([0-9a-f]{4} ){3}/);
    expect(await as('zoe', 'operators', 'remove', 'claire', '--reason', 'left')).toMatchObject({ code: 0 });
    expect((await as('claire', 'cards', 'oppose', '5a01bc', '--reason', 'x')).err).toContain(
      'not an operator',
    );
  });

  test('are not added by whoever passes', async () => {
    await man();
    expect((await caducee('operators', 'add', 'zoe', KEYS.zoe.open, '--reason', 'me too')).code).toBe(2);
    expect((await as('zoe', 'operators', 'add', 'zoe', KEYS.zoe.open, '--reason', 'me too')).code).toBe(1);
  });

  test.each<[string[]]>([
    [['operators']],
    [['operators', 'add', 'zoe']],
    [['operators', 'add', 'Zoé', KEYS.zoe.open]],
    [['operators', 'add', 'zoe', KEYS.zoe.open, '--email', 'nobody']],
    [['operators', 'confirm']],
    [['operators', 'list', 'more']],
    [['operators', 'acts', '--limit', '0']],
    [['cards', 'oppose', '5a01bc', '--operator']],
  ])('%j is explained', async (args) => {
    const { code, err } = await caducee(...args);
    expect(code).toBe(2);
    expect(err.length).toBeGreaterThan(10);
  });

  test.each<[string[]]>([
    [['show', 'act_0']],
    [['confirm', 'act_0']],
    [['remove', 'nobody', '--reason', 'x']],
  ])('%j says that there is none', async (args) => {
    await man();
    expect((await as('claire', 'operators', ...args)).code).toBe(1);
  });
});
