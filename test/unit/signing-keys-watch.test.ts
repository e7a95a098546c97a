import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fingerprintOf, type SigningKey } from '../../src/oidc/keys.ts';
import { createKeyWatch } from '../../src/oidc/signing/watch.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { watchSigningKeys } from '../../src/wiring/signing-keys.ts';

/** What a process knows of its keys: their age, and that they changed. */

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const clock = new ManualClock('2027-01-01T00:00:00Z');
const DAY = 86_400;

const key = (kid: string, state: SigningKey['state'], activatedAt?: Date): SigningKey => ({
  ...{ kid, state, activatedAt, ...pair },
  algorithm: 'ES256',
});

/** The part of the wiring that asks nobody. */
const watched = (keys: SigningKey[], keyDays = 90) => {
  let read = (): number | undefined => undefined;
  const { overdue } = watchSigningKeys({
    ...{ clock },
    config: { keyDays, keyAnnounceHours: 24, sessionSeconds: 14_400 },
    metrics: {
      gauge: (_name: string, value: () => number | undefined) => void (read = value),
    },
    oidc: { keys: () => keys, reloadKeys: () => Promise.resolve() },
  } as unknown as Parameters<typeof watchSigningKeys>[0]);
  return { overdue, age: () => read() };
};

const ago = (days: number): Date => new Date(clock.now().getTime() - days * DAY * 1000);

describe('the age of the keys', () => {
  it('is that of the oldest which signs', () => {
    const keys = [key('a', 'active', ago(3)), key('b', 'active', ago(5)), key('c', 'retired', ago(100))];
    expect(watched(keys).age()).toBe(5 * DAY);
    expect(watched([key('d', 'announced')]).age()).toBeUndefined();
  });

  it('is told by the probe once a rotation is two days late, unless nobody schedules them', async () => {
    await expect(watched([key('a', 'active', ago(92))]).overdue()).resolves.toBeUndefined();
    await expect(watched([key('a', 'active', ago(93))]).overdue()).rejects.toThrow(/for 93 days/);
    await expect(watched([key('a', 'active', ago(900))], 0).overdue()).resolves.toBeUndefined();
  });
});

describe('the watch', () => {
  const world = () => {
    const state = { rows: 'a active', loaded: 'a active', reloads: 0, fail: false };
    const watch = createKeyWatch({
      db: { query: () => Promise.resolve({ rows: [{ keys: state.rows }] }) } as never,
      log: { info: () => undefined, error: () => undefined },
      loaded: () => state.loaded,
      reload: async () => {
        if (state.fail) throw new Error('the security module is away');
        state.reloads += 1;
        state.loaded = state.rows;
      },
      everyMs: 5,
    });
    return { state, watch };
  };

  it('reads the keys again when they changed, and only then', async () => {
    const { state, watch } = world();
    await watch.look();
    expect(state.reloads).toBe(0);
    state.rows = 'a retired,b active';
    await watch.look();
    await watch.look();
    expect(state.reloads).toBe(1);
  });

  it('goes on looking after a failure, until it is stopped', async () => {
    const { state, watch } = world();
    Object.assign(state, { rows: 'b active', fail: true });
    watch.start();
    await expect.poll(() => state.reloads, { timeout: 100 }).toBe(0);
    state.fail = false;
    await expect.poll(() => state.reloads).toBe(1);
    await watch.stop();
    state.rows = 'c active';
    await expect.poll(() => state.reloads, { timeout: 60 }).toBe(1);
  });

  it('compares in the order of the database', () => {
    const keys = ['b', '_', 'A', '-'].map((kid) => key(kid, 'active'));
    expect(fingerprintOf(keys)).toBe('- active,A active,_ active,b active');
  });
});
