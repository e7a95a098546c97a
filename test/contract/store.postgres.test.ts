import { beforeAll, describe, expect, test, vi } from 'vitest';
import { ManualClock } from '../../src/platform/clock.ts';
import type { Database } from '../../src/platform/postgres.ts';
import type { ExpiringStore } from '../../src/platform/store/contract.ts';
import { createPostgresStore, sweepExpired } from '../../src/platform/store/postgres.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { testDatabase } from '../support/services.ts';

// What belongs to the PostgreSQL implementation alone: a clock that tests move, the sweep, a lost LISTEN connection.
describe('the expiring store on PostgreSQL', () => {
  const clock = new ManualClock('2026-11-23T10:00:00Z');
  let db: Database;
  let store: ExpiringStore;
  beforeAll(async () => {
    ({ db } = await testDatabase());
    store = createPostgresStore(db, clock);
    onFileEnd(() => store.close());
  });

  test('expires to the second of the clock it was given', async () => {
    await store.set('k', 'v', 120);
    clock.advance(119);
    expect(await store.get('k')).toBe('v');
    expect(await store.ttl('k')).toBe(1);
    clock.advance(1);
    expect(await store.get('k')).toBeUndefined();
    expect(await store.ttl('k')).toBeUndefined();
    expect(await store.take('k')).toBeUndefined();
    expect(await store.replace('k', 'v', 'w')).toBe(false);
  });

  test('the sweep removes what has expired, in slices, and nothing else', async () => {
    await Promise.all(Array.from({ length: 25 }, (_, index) => store.set(`short:${index}`, 'x', 10)));
    await store.set('long', 'kept', 3600);
    await store.addMember('set', 'kept', 3600);
    clock.advance(11);
    expect(await sweepExpired(db, clock.now(), 10)).toBe(26); // with `k` of the test before
    expect(await sweepExpired(db, clock.now())).toBe(0);
    expect(await store.get('long')).toBe('kept');
    expect(await store.members('set')).toEqual(['kept']);
  });

  test('two sweeps at once share the work', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, index) => store.set(`short:${index}`, 'x', 10)));
    clock.advance(11);
    const counts = await Promise.all([sweepExpired(db, clock.now(), 7), sweepExpired(db, clock.now(), 7)]);
    expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBe(40);
  });

  test('listens again after its connection was lost', async () => {
    const heard: string[] = [];
    await store.subscribe('news', (message) => heard.push(message));
    await db.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %' AND datname = current_database()",
    );
    await vi.waitFor(
      async () => {
        await store.publish('news', 'again');
        expect(heard).toContain('again');
      },
      { timeout: 10_000, interval: 50 },
    );
  });
});
