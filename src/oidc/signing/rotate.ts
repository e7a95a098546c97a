import type { Audit } from '../../audit/record.ts';
import type { Config } from '../../config.ts';
import type { Clock } from '../../platform/clock.ts';
import type { KmsRing } from '../../platform/kms/kms.ts';
import type { Database, Queryable } from '../../platform/postgres.ts';
import { ALGORITHMS, type Algorithm } from '../keys.ts';
import { makeKey } from './make.ts';
import {
  findKey,
  insertKey,
  listKeys,
  lockKeys,
  promoteKey,
  withdrawKey,
  type KeyRow,
} from './repository.ts';

/**
 * The life of a signing key: announced in the JWKS long enough for services to fetch it, then signing, then shown as long
 * as a token that it signed may live, then withdrawn and its private half erased. Every step is taken under one lock, and
 * says that it was taken before rather than take it twice.
 */

/** Seconds after which every process knows of a key: twice the time between two looks, at least (see watch.ts). */
export const SPREAD_SECONDS = 12;
/** A key that has signed for less long is not replaced: someone else has just rotated. */
export const FRESH_SECONDS = 60;

export interface KeySchedule {
  /** Days that a key signs; 0: until someone rotates. */
  days: number;
  /** Seconds that it is announced before. */
  announceSeconds: number;
  /** Seconds that it is shown afterwards: the longest life of what it signed, or of what is known by that. */
  publishSeconds: number;
}

/** A token or session of before the change may be heard of a little later, by the clock of another process. */
const MARGIN_SECONDS = 600;

/** The schedule of a configuration. A key is shown as long as a session lives: its ID tokens are hints to sign out. */
export const scheduleOf = (
  config: Pick<Config, 'keyDays' | 'keyAnnounceHours' | 'sessionSeconds'>,
): KeySchedule => ({
  days: config.keyDays,
  announceSeconds: config.keyAnnounceHours * 3600,
  publishSeconds: config.sessionSeconds + MARGIN_SECONDS,
});

export interface RotateDeps {
  db: Database;
  kms: KmsRing;
  audit: Audit;
  clock: Clock;
  schedule: KeySchedule;
}

/** What a rotation did to one algorithm. */
export type Rotation = { algorithm: Algorithm; kid: string } & (
  | { done: 'announced' | 'waiting'; signsFrom: Date }
  | { done: 'promoted'; retired: string; shownUntil: Date }
  /** Someone else has just rotated. */
  | { done: 'fresh' }
);

const later = (instant: Date, seconds: number): Date => new Date(instant.getTime() + seconds * 1000);

const byState = (rows: readonly KeyRow[], algorithm: Algorithm) => {
  const own = rows.filter((row) => row.algorithm === algorithm);
  return {
    next: own.find(({ state }) => state === 'announced'),
    active: own.find(({ state }) => state === 'active'),
    retired: own.filter(({ state }) => state === 'retired'),
  };
};

type Details = Record<string, string | number | boolean>;

const record = (deps: RotateDeps, tx: Queryable, change: string, details: Details) =>
  deps.audit.record(tx, { type: 'signing_key_changed', details: { change, ...details } });

const announce = async (
  deps: RotateDeps,
  tx: Queryable,
  algorithm: Algorithm,
  activateAfter: Date,
): Promise<Rotation> => {
  const key = await makeKey(algorithm, deps.kms.current);
  await insertKey(tx, key, { state: 'announced', activateAfter }, deps.clock.now());
  await record(deps, tx, 'announced', { kid: key.kid, algorithm, signsFrom: activateAfter.toISOString() });
  return { algorithm, kid: key.kid, done: 'announced', signsFrom: activateAfter };
};

const promote = async (
  deps: RotateDeps,
  tx: Queryable,
  next: KeyRow,
  active: KeyRow | undefined,
): Promise<Rotation> => {
  const now = deps.clock.now();
  const shownUntil = later(now, deps.schedule.publishSeconds);
  await promoteKey(tx, next.algorithm, now, shownUntil);
  const retired = active?.kid ?? '';
  await record(deps, tx, 'promoted', { kid: next.kid, algorithm: next.algorithm, retired });
  return { algorithm: next.algorithm, kid: next.kid, done: 'promoted', retired, shownUntil };
};

const rotateOne = async (
  deps: RotateDeps,
  tx: Queryable,
  algorithm: Algorithm,
  hurried: boolean,
): Promise<Rotation> => {
  const { next, active } = byState(await listKeys(tx), algorithm);
  const now = deps.clock.now();
  const notice = hurried ? SPREAD_SECONDS : deps.schedule.announceSeconds;
  if (!next) {
    const since = active?.activated_at;
    if (active && since && later(since, FRESH_SECONDS) > now)
      return { algorithm, kid: active.kid, done: 'fresh' };
    return announce(deps, tx, algorithm, later(now, notice));
  }
  const signsFrom = later(next.created_at, notice);
  if (signsFrom > now) return { algorithm, kid: next.kid, done: 'waiting', signsFrom };
  return promote(deps, tx, next, active);
};

/**
 * One step for each algorithm: without a next key, announces one; with one that was announced long enough, has it sign.
 * In a hurry, long enough is what the processes need to notice. Sixteen callers at once take that step once.
 */
export const rotateKeys = (
  deps: RotateDeps,
  { algorithms = ALGORITHMS, hurried = false }: { algorithms?: readonly Algorithm[]; hurried?: boolean } = {},
): Promise<Rotation[]> =>
  deps.db.transaction(async (tx) => {
    await lockKeys(tx);
    const rotations: Rotation[] = [];
    for (const algorithm of algorithms) rotations.push(await rotateOne(deps, tx, algorithm, hurried));
    return rotations;
  });

/** What ending a key did, or why it could not yet. */
export type Retirement =
  | { done: 'withdrawn' | 'retired'; kid: string }
  | { done: 'waiting'; kid: string; next: string; signsFrom: Date }
  | { done: 'shown'; kid: string; until: Date | null }
  | { done: 'unknown' | 'already'; kid: string };

const retireActive = async (
  deps: RotateDeps,
  tx: Queryable,
  row: KeyRow,
  compromised: boolean,
): Promise<Retirement> => {
  const { next, active } = byState(await listKeys(tx), row.algorithm);
  const now = deps.clock.now();
  if (!next) {
    const made = await announce(deps, tx, row.algorithm, later(now, SPREAD_SECONDS));
    return { done: 'waiting', kid: row.kid, next: made.kid, signsFrom: later(now, SPREAD_SECONDS) };
  }
  const signsFrom = later(next.created_at, SPREAD_SECONDS);
  if (signsFrom > now) return { done: 'waiting', kid: row.kid, next: next.kid, signsFrom };
  await promote(deps, tx, next, active);
  if (!compromised) return { done: 'retired', kid: row.kid };
  return withdraw(deps, tx, row, true);
};

const withdraw = async (
  deps: RotateDeps,
  tx: Queryable,
  row: KeyRow,
  compromised: boolean,
): Promise<Retirement> => {
  await withdrawKey(tx, row.kid, deps.clock.now(), compromised);
  await record(deps, tx, 'withdrawn', { kid: row.kid, algorithm: row.algorithm, compromised });
  return { done: 'withdrawn', kid: row.kid };
};

/**
 * Ends one key. One that signs is replaced first, as soon as every process knows the next. A compromised one is withdrawn
 * at once: tokens that it signed are worth nothing from then on.
 */
export const retireKey = (
  deps: RotateDeps,
  { kid, compromised }: { kid: string; compromised: boolean },
): Promise<Retirement> =>
  deps.db.transaction(async (tx) => {
    await lockKeys(tx);
    const row = await findKey(tx, kid);
    if (!row) return { done: 'unknown', kid };
    if (row.state === 'withdrawn') return { done: 'already', kid };
    if (row.state === 'active') return retireActive(deps, tx, row, compromised);
    const over = row.state === 'announced' || (row.publish_until ?? deps.clock.now()) <= deps.clock.now();
    if (compromised || over) return withdraw(deps, tx, row, compromised);
    return { done: 'shown', kid, until: row.publish_until };
  });

const advanceOne = async (
  deps: RotateDeps,
  tx: Queryable,
  algorithm: Algorithm,
  rows: readonly KeyRow[],
): Promise<void> => {
  const { next, active, retired } = byState(rows, algorithm);
  const now = deps.clock.now();
  const { days, announceSeconds } = deps.schedule;
  for (const row of retired) {
    if (row.publish_until !== null && row.publish_until <= now) await withdraw(deps, tx, row, false);
  }
  if (next) {
    if ((next.activate_after ?? now) <= now) await promote(deps, tx, next, active);
    return;
  }
  if (days === 0 || !active?.activated_at) return;
  const due = later(active.activated_at, days * 86_400);
  if (later(due, -announceSeconds) > now) return;
  const soonest = later(now, Math.max(announceSeconds, SPREAD_SECONDS));
  await announce(deps, tx, algorithm, due > soonest ? due : soonest);
};

/** What is due by the schedule, for each algorithm; a job calls it every minute, and does nothing most of the time. */
export const advanceKeys = (deps: RotateDeps): Promise<void> =>
  deps.db.transaction(async (tx) => {
    await lockKeys(tx);
    const rows = await listKeys(tx);
    for (const algorithm of ALGORITHMS) await advanceOne(deps, tx, algorithm, rows);
  });
