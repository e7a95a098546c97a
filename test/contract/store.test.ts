import { beforeAll, describe, expect, test, vi } from 'vitest';
import type { ExpiringStore } from '../../src/platform/store/contract.ts';
import { freshKey, openStores, STORES } from '../support/stores.ts';

// Every expectation holds on every implementation. Time passes for real where a key must expire: one second.
describe.each(STORES)('the expiring store on $name', ({ open }) => {
  let store: ExpiringStore;
  let other: ExpiringStore;
  beforeAll(async () => {
    ({ one: store, two: other } = await openStores(open));
  });

  /** Waits until a key of one second is gone. */
  const expired = (key: string): Promise<void> =>
    vi.waitFor(async () => expect(await store.ttl(key)).toBeUndefined(), { timeout: 5000, interval: 50 });

  test('what is written is read, by every process, until it is deleted', async () => {
    const key = freshKey();
    expect(await store.get(key)).toBeUndefined();
    await store.set(key, 'é "text" {with} \n everything 🩺', 60);
    expect(await other.get(key)).toBe('é "text" {with} \n everything 🩺');
    await store.set(key, '', 60);
    expect(await other.get(key)).toBe('');
    await other.delete(key);
    expect(await store.get(key)).toBeUndefined();
    await store.delete(key);
    await store.delete();
  });

  test('writing again renews the time to live', async () => {
    const key = freshKey();
    await store.set(key, 'a', 10);
    await store.set(key, 'b', 600);
    expect(await store.ttl(key)).toBeGreaterThan(590);
    await store.set(key, 'c', 5);
    expect(await store.ttl(key)).toBeLessThanOrEqual(5);
  });

  test('an expired key is as one never written', async () => {
    const [value, taken, counter, set, replaced] = Array.from({ length: 5 }, freshKey) as [
      string,
      string,
      string,
      string,
      string,
    ];
    await Promise.all([
      ...[value, taken, replaced].map((key) => store.set(key, 'x', 1)),
      store.increment(counter, 1),
      store.addMember(set, 'm', 1),
    ]);
    await Promise.all([value, taken, counter, set, replaced].map(expired));
    expect(await store.get(value)).toBeUndefined();
    expect(await store.getMany([value])).toEqual([undefined]);
    expect(await store.take(taken)).toBeUndefined();
    expect(await store.replace(replaced, 'x', 'y', 60)).toBe(false);
    expect(await store.increment(counter, 60)).toBe(1);
    expect(await store.ttl(counter)).toBeGreaterThan(50);
    expect(await store.members(set)).toEqual([]);
    await store.addMember(set, 'n', 60);
    expect(await store.members(set)).toEqual(['n']);
    expect(await store.setIfAbsent(value, 'again', 60)).toBe(true);
  });

  test('several keys of one tag come back in the order asked', async () => {
    const base = freshKey();
    await store.set(`${base}:1`, 'one', 60);
    await store.set(`${base}:3`, 'three', 60);
    const keys = [`${base}:3`, `${base}:2`, `${base}:1`, `${base}:3`];
    expect(await store.getMany(keys)).toEqual(['three', undefined, 'one', 'three']);
    expect(await store.getMany([])).toEqual([]);
    await store.delete(`${base}:1`, `${base}:3`, `${base}:9`);
    expect(await store.getMany(keys)).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('setIfAbsent writes once, and leaves what is there alone', async () => {
    const key = freshKey();
    expect(await store.setIfAbsent(key, 'first', 10)).toBe(true);
    expect(await other.setIfAbsent(key, 'second', 600)).toBe(false);
    expect(await store.get(key)).toBe('first');
    expect(await store.ttl(key)).toBeLessThanOrEqual(10);
  });

  test('replace writes only over the expected value; keeps the time to live unless one is given', async () => {
    const key = freshKey();
    expect(await store.replace(key, '', 'x', 60)).toBe(false);
    await store.set(key, 'waiting', 600);
    expect(await store.replace(key, 'wait', 'approved')).toBe(false);
    expect(await store.replace(key, 'waiting', 'approved')).toBe(true);
    expect(await store.get(key)).toBe('approved');
    expect(await store.ttl(key)).toBeGreaterThan(590);
    expect(await store.replace(key, 'approved', 'done', 10)).toBe(true);
    expect(await store.ttl(key)).toBeLessThanOrEqual(10);
  });

  test('take reads and deletes', async () => {
    const key = freshKey();
    await store.set(key, 'code', 60);
    expect(await store.take(key)).toBe('code');
    expect(await other.take(key)).toBeUndefined();
    expect(await store.ttl(key)).toBeUndefined();
    await store.set(key, '', 60);
    expect(await store.take(key)).toBe('');
  });

  test('increment counts from one; the first call alone sets the time to live', async () => {
    const key = freshKey();
    expect(await store.increment(key, 10)).toBe(1);
    expect(await other.increment(key, 600)).toBe(2);
    expect(await store.increment(key, 600)).toBe(3);
    expect(await store.ttl(key)).toBeLessThanOrEqual(10);
    expect(await store.get(key)).toBe('3');
  });

  test('ttl tells the seconds left, at least one while the key lives', async () => {
    const key = freshKey();
    expect(await store.ttl(key)).toBeUndefined();
    await store.set(key, 'x', 1);
    expect(await store.ttl(key)).toBe(1);
  });

  test('a set has each member once, and lives as long as its longest member asked', async () => {
    const key = freshKey();
    await store.addMember(key, 'a', 600);
    await store.addMember(key, 'b', 10);
    await other.addMember(key, 'a', 10);
    expect((await store.members(key)).toSorted()).toEqual(['a', 'b']);
    expect(await store.ttl(key)).toBeGreaterThan(590);
    await other.removeMember(key, 'a');
    await other.removeMember(key, 'absent');
    expect(await store.members(key)).toEqual(['b']);
    await store.removeMember(key, 'b');
    expect(await store.members(key)).toEqual([]);
    expect(await store.ttl(key)).toBeUndefined();
    await store.addMember(key, 'c', 10);
    expect(await store.ttl(key)).toBeLessThanOrEqual(10);
    await store.delete(key);
    expect(await store.members(key)).toEqual([]);
  });

  test('a message reaches everyone who listens on its channel, and nobody who stopped', async () => {
    const [channel, elsewhere] = [freshKey(), freshKey()];
    const [first, second, third]: [string[], string[], string[]] = [[], [], []];
    const stopFirst = await store.subscribe(channel, (message) => first.push(message));
    await other.subscribe(channel, (message) => second.push(message));
    await store.subscribe(elsewhere, (message) => third.push(message));
    await store.publish(channel, 'one');
    await vi.waitFor(() => expect([first, second]).toEqual([['one'], ['one']]), { timeout: 5000 });
    await stopFirst();
    await other.publish(channel, 'deux 🩺');
    await other.publish(channel, '');
    await store.publish(elsewhere, 'last');
    await vi.waitFor(() => expect([second, third]).toEqual([['one', 'deux 🩺', ''], ['last']]), {
      timeout: 5000,
    });
    expect(first).toEqual(['one']);
  });

  test('one may listen again after having stopped', async () => {
    const channel = freshKey();
    const heard: string[] = [];
    const stop = await store.subscribe(channel, () => undefined);
    const stopping = stop();
    await store.subscribe(channel, (message) => heard.push(message));
    await stopping;
    await other.publish(channel, 'still here');
    await vi.waitFor(() => expect(heard).toEqual(['still here']), { timeout: 5000 });
  });

  test('the longest message passes, a longer one is refused', async () => {
    const channel = freshKey();
    const heard: number[] = [];
    await store.subscribe(channel, (message) => heard.push(message.length));
    await store.publish(channel, 'x'.repeat(7999));
    await vi.waitFor(() => expect(heard).toEqual([7999]), { timeout: 5000 });
    await expect(store.publish(channel, 'x'.repeat(8000))).rejects.toThrow(RangeError);
  });

  test('keys, times and tags that could not work everywhere are refused', async () => {
    for (const key of ['', 'a\0b', 'k'.repeat(1025)]) {
      await expect(store.get(key), JSON.stringify(key.slice(0, 5))).rejects.toThrow(TypeError);
    }
    for (const ttl of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      await expect(store.set('k', 'v', ttl), String(ttl)).rejects.toThrow(RangeError);
      await expect(store.setIfAbsent('k', 'v', ttl), String(ttl)).rejects.toThrow(RangeError);
      await expect(store.increment('k', ttl), String(ttl)).rejects.toThrow(RangeError);
    }
    await expect(store.getMany(['a:{1}', 'a:{2}'])).rejects.toThrow('share a hash tag');
    await expect(store.delete('a:{1}', 'a:{2}')).rejects.toThrow('share a hash tag');
    await expect(store.set('k', 'a\0b', 5)).rejects.toThrow('zero byte');
  });

  test('answers a ping', async () => expect(await store.ping()).toBeUndefined());
});
