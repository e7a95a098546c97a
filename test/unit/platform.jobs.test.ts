import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';
import { createJobs, type Jobs } from '../../src/platform/jobs.ts';
import type { Database } from '../../src/platform/postgres.ts';
import { testDatabase } from '../support/services.ts';

describe('jobs', () => {
  let db: Database;
  const schedulers: Jobs[] = [];
  const errors: unknown[] = [];
  const log = { error: (fields: unknown) => void errors.push(fields), debug: () => undefined };

  beforeAll(async () => {
    ({ db } = await testDatabase());
  });
  afterEach(async () => {
    for (const jobs of schedulers.splice(0)) await jobs.stop();
    errors.length = 0;
  });

  const scheduler = (): Jobs => {
    const jobs = createJobs({ db, clock: systemClock, log });
    schedulers.push(jobs);
    return jobs;
  };

  /** A run that waits until it is let go. */
  const gate = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    return {
      entered: entered.promise,
      open: resolve,
      run: async () => {
        entered.resolve();
        await promise;
      },
    };
  };

  test('run at once and again and again until they are stopped', async () => {
    const jobs = scheduler();
    let runs = 0;
    jobs.add({ name: 'often', everySeconds: 0.01, run: async () => void (runs += 1) });
    expect(runs).toBe(0);
    jobs.start();
    jobs.start();
    await vi.waitFor(() => expect(runs).toBeGreaterThanOrEqual(3));
    await jobs.stop();
    const after = runs;
    await jobs.kick('often');
    expect(runs).toBe(after);
  });

  test('of several processes one runs it at a time; another job is not kept waiting', async () => {
    const [one, two] = [scheduler(), scheduler()];
    const first = gate();
    let second = 0;
    one.add({ name: 'sealer', everySeconds: 60, run: first.run });
    two.add({ name: 'sealer', everySeconds: 60, run: async () => void (second += 1) });
    two.add({ name: 'sweep', everySeconds: 60, run: async () => void (second += 10) });
    const running = one.kick('sealer');
    await first.entered;
    await two.kick('sealer');
    await two.kick('sweep');
    expect(second).toBe(10);
    first.open();
    await running;
    await two.kick('sealer');
    expect(second).toBe(11);
  });

  test('more of them than the pool has connections wait for nobody', async () => {
    const { db: small } = await testDatabase({ max: 2 });
    const jobs = createJobs({ db: small, clock: systemClock, log });
    schedulers.push(jobs);
    const names = ['a', 'b', 'c', 'd', 'e'];
    const gates = names.map(() => gate());
    names.forEach((name, index) =>
      jobs.add({
        name,
        everySeconds: 60,
        run: async () => {
          await gates[index]?.run();
          await small.query('SELECT 1');
        },
      }),
    );
    jobs.start();
    await Promise.all(gates.map(({ entered }) => entered));
    for (const { open } of gates) open();
    await Promise.all(names.map((name) => jobs.kick(name)));
    expect(errors).toEqual([]);
  });

  test('a number can be its lock', async () => {
    const jobs = scheduler();
    let runs = 0;
    jobs.add({ name: 'numbered', everySeconds: 60, lock: 42, run: async () => void (runs += 1) });
    await db.withConnection(async (client) => {
      await client.query('SELECT pg_advisory_lock(42)');
      await jobs.kick('numbered');
      expect(runs).toBe(0);
      await client.query('SELECT pg_advisory_unlock(42)');
    });
    await jobs.kick('numbered');
    expect(runs).toBe(1);
  });

  test('kicked during a run, it runs once more afterwards, however often it was kicked', async () => {
    const jobs = scheduler();
    const first = gate();
    let runs = 0;
    jobs.add({
      name: 'outbox',
      everySeconds: 60,
      run: async () => {
        runs += 1;
        if (runs === 1) await first.run();
      },
    });
    const running = jobs.kick('outbox');
    await first.entered;
    const again = [jobs.kick('outbox'), jobs.kick('outbox'), jobs.kick('outbox')];
    first.open();
    await Promise.all([running, ...again]);
    expect(runs).toBe(2);
  });

  test('a run that fails is logged by name, gives its lock back, and does not end the job', async () => {
    const jobs = scheduler();
    let runs = 0;
    jobs.add({
      name: 'fragile',
      everySeconds: 60,
      run: async () => {
        runs += 1;
        if (runs === 1) throw new Error('broken');
      },
    });
    await jobs.kick('fragile');
    expect(errors).toMatchObject([{ job: 'fragile', err: { message: 'broken' } }]);
    expect(jobs.list()).toMatchObject([{ name: 'fragile', everySeconds: 60, lastError: 'broken' }]);
    const other = scheduler();
    other.add({ name: 'fragile', everySeconds: 60, run: async () => void (runs += 1) });
    await other.kick('fragile');
    expect(runs).toBe(2);
    await jobs.kick('fragile');
    expect(jobs.list()[0]).not.toHaveProperty('lastError');
    expect(jobs.list()[0]?.lastRun).toBeInstanceOf(Date);
  });

  test('stop waits for the run under way', async () => {
    const jobs = scheduler();
    const first = gate();
    let ended = false;
    jobs.add({ name: 'long', everySeconds: 60, run: () => first.run().then(() => (ended = true)) });
    jobs.start();
    await first.entered;
    const stopping = jobs.stop();
    first.open();
    await stopping;
    expect(ended).toBe(true);
  });

  test('names are unique and must exist', async () => {
    const jobs = scheduler();
    jobs.add({ name: 'one', everySeconds: 60, run: () => Promise.resolve() });
    expect(() => jobs.add({ name: 'one', everySeconds: 1, run: () => Promise.resolve() })).toThrow(
      'two jobs are named one',
    );
    await expect(jobs.kick('two')).rejects.toThrow('no job is named two');
  });
});
