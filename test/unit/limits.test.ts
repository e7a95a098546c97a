import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { createLimits, type Limits } from '../../src/limits/limits.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import type { Database } from '../../src/platform/postgres.ts';
import { token } from '../../src/platform/random.ts';
import { createPostgresStore } from '../../src/platform/store/postgres.ts';
import { openStores, STORES } from '../support/stores.ts';
import { testDatabase } from '../support/services.ts';

describe('limits', () => {
  const clock = new ManualClock('2026-11-23T10:00:00Z');
  let db: Database;
  let limits: Limits;
  beforeAll(async () => {
    ({ db } = await testDatabase());
    limits = createLimits({ store: createPostgresStore(db, clock) });
  });

  test('let so many pass, then say when the next one may', async () => {
    const rules = [{ limit: 2, seconds: 60 }];
    const subject = token();
    expect(await limits.hit('sign-in', subject, rules)).toEqual({ allowed: true, retryAfter: 0 });
    clock.advance(20);
    expect(await limits.hit('sign-in', subject, rules)).toEqual({ allowed: true, retryAfter: 0 });
    expect(await limits.hit('sign-in', subject, rules)).toEqual({ allowed: false, retryAfter: 40 });
    clock.advance(40);
    expect(await limits.hit('sign-in', subject, rules)).toEqual({ allowed: true, retryAfter: 0 });
  });

  test('a refused try counts too, but never lengthens the wait', async () => {
    const rules = [{ limit: 1, seconds: 60 }];
    const subject = token();
    await limits.hit('mail', subject, rules);
    clock.advance(59);
    expect(await limits.hit('mail', subject, rules)).toEqual({ allowed: false, retryAfter: 1 });
    clock.advance(1);
    expect((await limits.hit('mail', subject, rules)).allowed).toBe(true);
  });

  test('of several rules the strictest decides, and the longest wait is told', async () => {
    const rules = [
      { limit: 3, seconds: 900 },
      { limit: 4, seconds: 86_400 },
    ];
    const subject = token();
    const answers = [];
    for (let index = 0; index < 5; index += 1) answers.push(await limits.hit('push', subject, rules));
    expect(answers.map(({ allowed }) => allowed)).toEqual([true, true, true, false, false]);
    expect(answers[3]?.retryAfter).toBe(900);
    expect(answers[4]?.retryAfter).toBe(86_400);
  });

  test('subjects and names do not share a count', async () => {
    const rules = [{ limit: 1, seconds: 60 }];
    const subject = token();
    await limits.hit('a', subject, rules);
    expect((await limits.hit('b', subject, rules)).allowed).toBe(true);
    expect((await limits.hit('a', `${subject}x`, rules)).allowed).toBe(true);
    expect((await limits.hit('a', subject, rules)).allowed).toBe(false);
  });

  test('the subject is not readable in the store, and may be anything', async () => {
    await limits.hit('mail', 'marie.durand@example.org', [{ limit: 1, seconds: 60 }]);
    await limits.hit('mail', `{}\0${'x'.repeat(5000)}`, [{ limit: 1, seconds: 60 }]);
    const { rows } = await db.query('SELECT key FROM expiring_state');
    expect(rows.length).toBeGreaterThan(1);
    expect(JSON.stringify(rows)).not.toContain('durand');
  });

  test('two rules of one duration are refused: they would share a count', async () => {
    const rules = [
      { limit: 1, seconds: 60 },
      { limit: 2, seconds: 60 },
    ];
    await expect(limits.hit('a', 'b', rules)).rejects.toThrow(
      'the limits of a must have different durations',
    );
  });

  test('whatever the limit, exactly so many pass', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 8 }),
        fc.integer({ min: 0, max: 12 }),
        async (limit, tries) => {
          const subject = token();
          let passed = 0;
          for (let index = 0; index < tries; index += 1) {
            if ((await limits.hit('property', subject, [{ limit, seconds: 60 }])).allowed) passed += 1;
          }
          expect(passed).toBe(Math.min(limit, tries));
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe.each(STORES)('sixteen tries at once on $name', ({ open }) => {
  test('no more pass than the limit', async () => {
    const { one, two } = await openStores(open);
    const [left, right] = [createLimits({ store: one }), createLimits({ store: two })];
    const subject = token();
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        (index % 2 ? left : right).hit('race', subject, [
          { limit: 5, seconds: 60 },
          { limit: 50, seconds: 600 },
        ]),
      ),
    );
    expect(answers.filter(({ allowed }) => allowed)).toHaveLength(5);
    expect(answers.filter(({ retryAfter }) => retryAfter > 50)).toHaveLength(11);
  });
});
