import { beforeAll, describe, expect, test } from 'vitest';
import { type CardOutcome, type Handoffs, createHandoffs } from '../../src/card/handoff.ts';
import { createKeyRing } from '../../src/platform/crypto.ts';
import { bytes } from '../../src/platform/random.ts';
import { STORES, openStores } from '../support/stores.ts';

const outcome: CardOutcome = {
  results: [],
  proof: {
    nationalId: '899700427885',
    serial: 'ab12',
    cardNumber: '8025000001/1',
    cardType: 'CPS',
    at: 1_800_000_000,
  },
};

const expected = { purpose: 'sign_in', subject: 'interaction-1', browserToken: 'cookie-secret' } as const;

describe.each(STORES)('the way back from the card host on $name', ({ open }) => {
  let one: Handoffs;
  let two: Handoffs;

  beforeAll(async () => {
    const stores = await openStores(open);
    const keyring = createKeyRing(bytes(32));
    one = createHandoffs({ store: stores.one, keyring });
    two = createHandoffs({ store: stores.two, keyring });
  });

  const arrive = async (): Promise<string> => {
    const attempt = await one.take(await one.open('sign_in', 'interaction-1', 'cookie-secret'));
    if (!attempt) throw new Error('the attempt was not kept');
    return two.give(attempt, outcome);
  };

  test('opens for the browser and the interaction that asked', async () => {
    expect(await one.redeem(await arrive(), expected)).toEqual(outcome);
  });

  test('16 redemptions of one token: one gets the card', async () => {
    const handoff = await arrive();
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_value, index) => (index % 2 ? one : two).redeem(handoff, expected)),
    );
    expect(answers.filter(Boolean)).toEqual([outcome]);
  });

  test('16 handshakes on one link: one is judged', async () => {
    const link = await one.open('sign_in', 'interaction-1', 'cookie-secret');
    const taken = await Promise.all(
      Array.from({ length: 16 }, (_value, index) => (index % 2 ? one : two).take(link)),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
  });

  test.each([
    ['another browser', { ...expected, browserToken: 'another' }],
    ['another interaction', { ...expected, subject: 'interaction-2' }],
    ['another purpose', { ...expected, purpose: 'activation' as const }],
  ])('is spent for nothing by %s', async (_name, wrong) => {
    const handoff = await arrive();
    expect(await one.redeem(handoff, wrong)).toBeUndefined();
    expect(await one.redeem(handoff, expected)).toBeUndefined();
  });

  test.each(['', 'short', 'a'.repeat(44), `${'a'.repeat(42)}}`, '../'.repeat(14)])(
    'does not look for %j',
    async (token) => {
      expect(await one.redeem(token, expected)).toBeUndefined();
      expect(await one.take(token)).toBeUndefined();
    },
  );
});
