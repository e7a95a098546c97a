import { beforeAll, describe, expect, test } from 'vitest';
import type { ExpiringStore } from '../../src/platform/store/contract.ts';
import { freshKey, openStores, STORES } from '../support/stores.ts';

const WAYS = 16;
const ROUNDS = 20;

// Sixteen callers at once, from two stores, many times: exactly one may win.
describe.each(STORES)('sixteen callers at once on $name', ({ open }) => {
  let stores: { one: ExpiringStore; two: ExpiringStore };
  beforeAll(async () => {
    stores = await openStores(open);
  });

  const atOnce = <T>(call: (store: ExpiringStore, index: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: WAYS }, (_, index) => call(index % 2 ? stores.one : stores.two, index)));

  test('setIfAbsent: one writes, and its value is there', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const key = freshKey();
      const wrote = await atOnce((store, index) => store.setIfAbsent(key, `value ${index}`, 60));
      expect(wrote.filter(Boolean)).toHaveLength(1);
      expect(await stores.one.get(key)).toBe(`value ${wrote.indexOf(true)}`);
    }
  });

  test('replace: one advances the state', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const key = freshKey();
      await stores.one.set(key, 'waiting', 60);
      const advanced = await atOnce((store, index) => store.replace(key, 'waiting', `approved by ${index}`));
      expect(advanced.filter(Boolean)).toHaveLength(1);
      expect(await stores.two.get(key)).toBe(`approved by ${advanced.indexOf(true)}`);
    }
  });

  test('take: one gets the value', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const key = freshKey();
      await stores.one.set(key, 'code', 60);
      const taken = await atOnce((store) => store.take(key));
      expect(taken.filter((value) => value !== undefined)).toEqual(['code']);
    }
  });

  test('increment: every caller gets another number', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const key = freshKey();
      const counts = await atOnce((store) => store.increment(key, 60));
      expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: WAYS }, (_, index) => index + 1));
    }
  });

  test('addMember and removeMember: no member is lost, none comes back', async () => {
    const key = freshKey();
    await atOnce((store, index) => store.addMember(key, `m${index}`, 60));
    expect(await stores.one.members(key)).toHaveLength(WAYS);
    await atOnce((store, index) => store.removeMember(key, `m${index}`));
    expect(await stores.two.members(key)).toEqual([]);
  });

  test('take against replace: the value is taken or advanced, never both', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const key = freshKey();
      await stores.one.set(key, 'waiting', 60);
      const results = await atOnce(async (store, index) =>
        index < WAYS / 2 ? await store.take(key) : await store.replace(key, 'waiting', 'advanced'),
      );
      const taken = results.filter((result) => typeof result === 'string');
      expect(taken).toHaveLength(1);
      expect(taken).toEqual([results.includes(true) ? 'advanced' : 'waiting']);
    }
  });

  test('deleting the same keys in opposite orders never blocks', async () => {
    const base = freshKey();
    const keys = Array.from({ length: 30 }, (_, index) => `${base}:${index}`);
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(keys.map((key) => stores.one.set(key, 'x', 60)));
      await atOnce((store, index) => store.delete(...(index % 2 ? keys : keys.toReversed())));
      expect((await stores.one.getMany(keys)).filter((value) => value !== undefined)).toEqual([]);
    }
  });
});
