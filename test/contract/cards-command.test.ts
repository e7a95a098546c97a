import { Writable } from 'node:stream';
import { beforeEach, describe, expect, test } from 'vitest';
import { runCardsCommand } from '../../src/card/command.ts';
import { isOpposed, rememberCard } from '../../src/card/repository.ts';
import type { CommandContext } from '../../src/command.ts';
import { UsageError } from '../../src/io.ts';
import type { Database } from '../../src/platform/postgres.ts';
import { unnamed } from '../support/command.ts';
import { testDatabase } from '../support/services.ts';

const SERIAL = '5a01bc';
const NUMBER = '8025000001/2600301752';
const DOCTOR = '899700218896';
let db: Database;

beforeEach(async () => {
  ({ db } = await testDatabase());
  await rememberCard(db, {
    nationalId: DOCTOR,
    serial: SERIAL,
    cardNumber: NUMBER,
    cardType: 'CPS',
    notAfter: new Date('2029-03-01T00:00:00Z'),
    der: Buffer.from('3000', 'hex'),
    at: new Date('2027-03-01T08:00:00Z'),
  });
});

const cards = async (...args: string[]): Promise<{ code: number; text: string }> => {
  let text = '';
  const stdout = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  const context = { io: { stdout }, database: async () => db, ...unnamed } as unknown as CommandContext;
  return { code: await runCardsCommand(args, context), text };
};
const json = async (...args: string[]): Promise<unknown> => JSON.parse((await cards(...args, '--json')).text);

describe('caducee cards', () => {
  test.each([
    ['the serial as certificates show it', '00:5A:01:BC', SERIAL],
    ['the serial as we show it', SERIAL, SERIAL],
    ['the number of the card', NUMBER, NUMBER],
  ])('oppose takes %s, works at once, and is recorded', async (_case, given, key) => {
    expect(await isOpposed(db, SERIAL, NUMBER)).toBe(false);
    expect(await json('oppose', given, '--reason', 'stolen in Lyon')).toEqual({ card: key, opposed: true });
    expect(await isOpposed(db, SERIAL, NUMBER)).toBe(true);
    expect(await json('oppose', given)).toEqual({ card: key, opposed: false });
    const { rows } = await db.query('SELECT type, national_id, details FROM audit_event');
    expect(rows).toEqual([
      {
        type: 'card.opposed',
        national_id: DOCTOR,
        details: { card: key, operator: 'tester', reason: 'stolen in Lyon' },
      },
    ]);
  });

  test('release takes it back, once', async () => {
    await cards('oppose', NUMBER);
    expect(await json('release', NUMBER)).toEqual({ card: NUMBER, released: true });
    expect(await isOpposed(db, SERIAL, NUMBER)).toBe(false);
    expect((await cards('release', NUMBER)).code).not.toBe(0);
  });

  test('a card nobody ever used can be declared lost too', async () => {
    expect(await json('oppose', 'ffee')).toEqual({ card: 'ffee', opposed: true });
    expect((await cards('list')).text).toMatch(/ffee {2}\S+Z {2}declared lost/);
  });

  test.each([DOCTOR, '99700218896', SERIAL, NUMBER])('list finds a card by %s', async (what) => {
    await cards('oppose', NUMBER);
    expect(await json('list', what)).toMatchObject({
      cards: [{ nationalId: DOCTOR, serial: SERIAL, cardNumber: NUMBER, cardType: 'CPS', lost: true }],
    });
    expect((await cards('list', what)).text).toContain('declared lost');
  });

  test('list says when there is nothing', async () => {
    expect((await cards('list')).text).toBe('No card is declared lost.\n');
    expect((await cards('list', '899700999999')).text).toBe('No card.\n');
  });

  test.each([[['oppose']], [['oppose', 'not a serial']], [['oppose', ':']], [['forget', SERIAL]], [[]]])(
    '%j is explained',
    async (args) => {
      await expect(cards(...args)).rejects.toThrow(UsageError);
    },
  );
});
