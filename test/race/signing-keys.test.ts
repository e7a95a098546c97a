import { beforeAll, describe, expect, it } from 'vitest';
import { createAudit } from '../../src/audit/record.ts';
import { loadSigningKeys } from '../../src/oidc/keys.ts';
import { listKeys } from '../../src/oidc/signing/repository.ts';
import {
  advanceKeys,
  FRESH_SECONDS,
  retireKey,
  rotateKeys,
  SPREAD_SECONDS,
  type RotateDeps,
} from '../../src/oidc/signing/rotate.ts';
import { rewrapSigningKeys } from '../../src/oidc/signing/rewrap.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { createKeyRing } from '../../src/platform/crypto.ts';
import { keyringKms } from '../../src/platform/kms/keyrings.ts';
import { createKmsRing } from '../../src/platform/kms/kms.ts';
import { bytes } from '../../src/platform/random.ts';
import { testDatabase } from '../support/services.ts';

/** The life of signing keys, by one or sixteen hands. */

const HOUR = 3600;
const DAY = 24 * HOUR;
const schedule = { days: 90, announceSeconds: DAY, publishSeconds: 4 * HOUR };

interface World extends RotateDeps {
  clock: ManualClock;
  states(algorithm?: string): Promise<string[]>;
}

const world = async (): Promise<World> => {
  const { db } = await testDatabase({ max: 20 });
  const clock = new ManualClock('2027-01-01T00:00:00Z');
  const keyring = createKeyRing(bytes(32));
  const kms = createKmsRing(keyringKms('env', keyring));
  const audit = createAudit({ clock });
  await loadSigningKeys({ db, keyring, clock, audit });
  return {
    ...{ db, kms, audit, clock, schedule },
    states: async (algorithm = 'ES256') =>
      (await listKeys(db)).filter((row) => row.algorithm === algorithm).map(({ state }) => state),
  };
};

const sixteen = <T>(work: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: 16 }, () => work()));

let at: World;
beforeAll(async () => {
  at = await world();
  at.clock.advance(DAY);
});

describe('sixteen rotations at once', () => {
  it('announce one next key', async () => {
    const all = (await sixteen(() => rotateKeys(at))).flat();
    expect(all.filter(({ done }) => done === 'announced')).toHaveLength(2);
    expect(all.filter(({ done }) => done === 'waiting')).toHaveLength(30);
    expect(await at.states()).toEqual(['announced', 'active']);
    expect(await at.states('RS256')).toEqual(['announced', 'active']);
  });

  it('wait until services had the time to fetch it', async () => {
    at.clock.advance(DAY - 1);
    expect((await rotateKeys(at)).map(({ done }) => done)).toEqual(['waiting', 'waiting']);
  });

  it('then have it sign, once', async () => {
    at.clock.advance(1);
    const all = (await sixteen(() => rotateKeys(at))).flat();
    expect(all.filter(({ done }) => done === 'promoted')).toHaveLength(2);
    expect(all.filter(({ done }) => done === 'fresh')).toHaveLength(30);
    expect(await at.states()).toEqual(['active', 'retired']);
  });

  it('in a hurry, too', async () => {
    at.clock.advance(FRESH_SECONDS);
    const hurry = () => rotateKeys(at, { algorithms: ['ES256'], hurried: true });
    const first = (await sixteen(hurry)).flat();
    expect(first.filter(({ done }) => done === 'announced')).toHaveLength(1);
    at.clock.advance(SPREAD_SECONDS);
    const second = (await sixteen(hurry)).flat();
    expect(second.filter(({ done }) => done === 'promoted')).toHaveLength(1);
    expect(second.filter(({ done }) => done === 'fresh')).toHaveLength(15);
    expect(await at.states()).toEqual(['active', 'retired', 'retired']);
    expect(await at.states('RS256')).toEqual(['active', 'retired']);
  });

  it('leave their rows in the audit', async () => {
    const { rows } = await at.db.query<{ change: string }>(
      `SELECT details->>'change' AS change FROM audit_event WHERE type = 'signing_key_changed' ORDER BY id`,
    );
    const count = (change: string) => rows.filter((row) => row.change === change).length;
    expect([count('made'), count('announced'), count('promoted')]).toEqual([2, 3, 3]);
  });
});

describe('the schedule', () => {
  it('announces, promotes and withdraws in time, whoever runs it', async () => {
    const own = await world();
    const step = async (seconds: number): Promise<string[]> => {
      own.clock.advance(seconds);
      await sixteen(() => advanceKeys(own));
      return own.states();
    };
    expect(await step(89 * DAY - 1)).toEqual(['active']);
    expect(await step(1)).toEqual(['announced', 'active']);
    expect(await step(DAY - 1)).toEqual(['announced', 'active']);
    expect(await step(1)).toEqual(['active', 'retired']);
    expect(await step(4 * HOUR - 1)).toEqual(['active', 'retired']);
    expect(await step(1)).toEqual(['active', 'withdrawn']);
    const { rows } = await own.db.query<{ left: number }>(
      `SELECT max(octet_length(private_encrypted)) AS left FROM signing_key WHERE state = 'withdrawn'`,
    );
    expect(rows[0]?.left).toBe(0);
  });

  it('does nothing when it is off, but finishes what someone began', async () => {
    const own = await world();
    own.schedule = { ...schedule, days: 0 };
    own.clock.advance(400 * DAY);
    await advanceKeys(own);
    expect(await own.states()).toEqual(['active']);
    await rotateKeys(own);
    own.clock.advance(DAY);
    await advanceKeys(own);
    expect(await own.states()).toEqual(['active', 'retired']);
  });
});

describe('ending a key', () => {
  it('that is compromised: the next signs as soon as it is known, and this one is gone', async () => {
    const own = await world();
    const active = async () => (await listKeys(own.db)).find((row) => row.state === 'active')?.kid ?? '';
    const kid = await active();
    const waiting = await sixteen(() => retireKey(own, { kid, compromised: true }));
    expect(new Set(waiting.map(({ done }) => done))).toEqual(new Set(['waiting']));
    own.clock.advance(SPREAD_SECONDS);
    const done = (await sixteen(() => retireKey(own, { kid, compromised: true }))).map((one) => one.done);
    expect(done.filter((one) => one === 'withdrawn')).toHaveLength(1);
    expect(done.filter((one) => one === 'already')).toHaveLength(15);
    expect(await active()).not.toBe(kid);
    expect((await listKeys(own.db)).find((row) => row.kid === kid)).toMatchObject({
      state: 'withdrawn',
      compromised: true,
    });
  });

  it('that is only shown waits for what it signed, unless it is compromised', async () => {
    const own = await world();
    own.clock.advance(DAY);
    await rotateKeys(own);
    own.clock.advance(DAY);
    await rotateKeys(own);
    const kid = (await listKeys(own.db)).find((row) => row.state === 'retired')?.kid ?? '';
    expect(await retireKey(own, { kid, compromised: false })).toMatchObject({ done: 'shown' });
    expect(await retireKey(own, { kid, compromised: true })).toMatchObject({ done: 'withdrawn' });
    expect(await retireKey(own, { kid: 'nobody', compromised: true })).toMatchObject({ done: 'unknown' });
  });
});

describe('encrypting anew', () => {
  it('changes what encrypts, and not the keys', async () => {
    const own = await world();
    const master = createKeyRing(bytes(32));
    const before = await loadSigningKeys({ ...own, keyring: master });
    const file = keyringKms('file', createKeyRing(bytes(32)));
    const kms = createKmsRing(file, own.kms.current);
    const done = await sixteen(() => rewrapSigningKeys({ ...own, kms }));
    expect(done.map(({ rewrapped }) => rewrapped.length).sort()).toEqual([...Array(15).fill(0), 2]);
    const after = await loadSigningKeys({ ...own, kms: createKmsRing(file), keyring: master });
    expect(after.map(({ kid }) => kid).sort()).toEqual(before.map(({ kid }) => kid).sort());
    await expect(loadSigningKeys({ ...own, keyring: master })).rejects.toThrow(/"file"/);
  });
});
