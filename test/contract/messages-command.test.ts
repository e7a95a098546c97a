import { beforeAll, describe, expect, it } from 'vitest';
import type { CommandContext } from '../../src/command.ts';
import { EXIT, UsageError } from '../../src/io.ts';
import { runMessagesCommand } from '../../src/messages/command.ts';
import { DeliveryError, type Transports } from '../../src/messages/transport.ts';
import type { Database } from '../../src/platform/postgres.ts';
import { uuid } from '../../src/platform/random.ts';
import { testMessages } from '../support/mail.ts';
import { testDatabase } from '../support/services.ts';

/** `caducee messages list`, as the help desk uses it. */

let db: Database;
const person = uuid();
beforeAll(async () => {
  ({ db } = await testDatabase());
  await db.query(
    `INSERT INTO practitioner (id, national_id, subject, source, digest, created_at, updated_at)
     VALUES ($1, '810001234567', '810001234567', 'test', '\\x00', now(), now())`,
    [person],
  );
  const transports: Transports = {
    mail: { deliver: async () => ({ providerId: '4F1A' }) },
    sms: {
      deliver: () => Promise.reject(new DeliveryError('Twilio 400 (21211) invalid', { permanent: true })),
    },
  };
  const messages = testMessages(db, transports);
  const about = { practitionerId: person, activationId: 'act_1', locale: 'fr' } as const;
  await messages.enqueue(db, {
    ...about,
    kind: 'mail',
    template: 'device_locked',
    to: 'lea.martin@hopital.test',
    data: { deviceName: 'Pixel 8', at: '2021-01-14T07:30:00Z' },
  });
  await messages.enqueue(db, {
    ...about,
    kind: 'sms',
    template: 'activation_code',
    to: '+33612345612',
    data: { code: '493027', domain: 'x.test' },
    expiresAt: new Date('2021-01-14T07:40:00Z'),
  });
  await messages.drain();
});

const run = async (...args: string[]) => {
  const out: string[] = [];
  const errors: string[] = [];
  const writer = (lines: string[]) => ({ write: (text: string) => lines.push(text) });
  const io = { stdout: writer(out), stderr: writer(errors) };
  // What the command uses of its context: the streams and the database.
  const context = { io, database: () => Promise.resolve(db) } as unknown as CommandContext;
  const code = await runMessagesCommand(args, context);
  return { code, out: out.join(''), errors: errors.join('') };
};

describe('caducee messages list', () => {
  it('tells what became of each message, without recipient or content', async () => {
    const { code, out } = await run('list');
    expect(code).toBe(EXIT.done);
    expect(out).toMatch(/sent +mail +device_locked +l•••@h•••\.test +1 try\n/);
    expect(out).toMatch(
      /abandoned +sms +activation_code +\+33 6 •• •• •• 12 +1 try\n +Twilio 400 \(21211\) invalid\n/,
    );
    expect(out).not.toMatch(/lea|493027|345612/);
  });

  it.each(['810001234567', '10001234567', '8 10001234567', person])('finds the person %s', async (id) => {
    const { out } = await run('list', '--person', id, '--json');
    expect((JSON.parse(out) as { messages: unknown[] }).messages).toHaveLength(2);
  });

  it('filters by state, activation and number', async () => {
    const count = async (...args: string[]) =>
      (JSON.parse((await run('list', '--json', ...args)).out) as { messages: unknown[] }).messages.length;
    expect(await count('--state', 'abandoned')).toBe(1);
    expect(await count('--activation', 'act_1')).toBe(2);
    expect(await count('--activation', 'act_2')).toBe(0);
    expect(await count('--limit', '1')).toBe(1);
  });

  it('says that a person is unknown, that there is no message, and how it is used', async () => {
    expect(await run('list', '--person', '899999999999')).toMatchObject({
      code: EXIT.failed,
      errors: 'Nobody in the registry has the identifier 899999999999.\n',
    });
    expect((await run('list', '--device', 'dev_none')).out).toBe('No message.\n');
    expect((await run('--help')).out).toContain('caducee messages list');
    for (const args of [[], ['show'], ['list', '--state', 'lost'], ['list', '--limit', '0']]) {
      await expect(run(...args)).rejects.toThrow(UsageError);
    }
  });
});
