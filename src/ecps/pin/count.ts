import { Refusal } from '../../http/errors.ts';
import { sha256 } from '../../platform/crypto.ts';
import type { Queryable } from '../../platform/postgres.ts';
import type { Ecps } from '../deps.ts';
import { openAlerts, type Alerts } from '../devices/alerts.ts';
import { holdDevice, lockPhone, stepDevice } from '../devices/changes.ts';
import { clearTries, countTry, type DeviceRow } from '../devices/repository.ts';
import { unusable } from '../devices/state.ts';
import { MAX_NEW_PIN_EVALUATIONS, MAX_PIN_TRIES } from '../protocol/api.ts';
import { decide, refuse } from '../refuse.ts';
import { MAX_WRONG_PER_GENERATION, nextRung } from './ladder.ts';
import { countEvaluations, countWrong, findGeneration, noteEvaluation, wasEvaluated } from './repository.ts';

/** Counting PIN tries: the count commits before the evaluation is made, so that no crash gives a try back. */

export interface Evaluation {
  deviceId: string;
  /** The sign-in or operation during which it is asked. */
  scope: string;
  /** Generation to evaluate under; that in use unless told. */
  gen?: number;
  blinded: string;
}

/** More to check once the phone's row is held: the operation's own state. */
export type Guard = (
  tx: Queryable,
  device: DeviceRow,
) => Promise<Refusal | { gen?: number | undefined } | undefined>;

const ladderRefusal = async (
  ecps: Ecps,
  tx: Queryable,
  device: DeviceRow,
  alerts: Alerts,
  wrongOfGeneration: number,
): Promise<Refusal | undefined> => {
  const rung = nextRung(device.pin_tries, device.pin_tried_at ?? undefined, ecps.clock.now());
  if (rung.kind === 'lock' || wrongOfGeneration >= MAX_WRONG_PER_GENERATION) {
    await lockPhone(ecps, tx, device, alerts);
    return refuse('device_locked');
  }
  if (rung.kind === 'go') return undefined;
  return refuse('pin_wait', {
    retryAfter: rung.seconds,
    triesLeft: Math.max(0, MAX_PIN_TRIES - device.pin_tries),
  });
};

/**
 * Counts one try of the PIN in use. The same blinded PIN again in the same scope is free. Resolves once the count is
 * committed; only then may the caller evaluate.
 */
export const countPinTry = async (
  ecps: Ecps,
  asked: Evaluation & { practitionerId: string },
  guard: Guard = async () => undefined,
): Promise<{ gen: number; triesLeft: number }> => {
  const alerts = await openAlerts(ecps, asked.practitionerId);
  return decide(ecps.db, async (tx) => {
    const now = ecps.clock.now();
    const device = await holdDevice(ecps, tx, asked.deviceId);
    if (!device) return refuse('device_unknown');
    const refused = unusable(device, now);
    if (refused) return refused;
    const step = await stepDevice(ecps, tx, device, 'use');
    if (step instanceof Refusal) return step;
    const guarded = await guard(tx, device);
    if (guarded instanceof Refusal) return guarded;
    const gen = guarded?.gen ?? asked.gen ?? device.gen;
    const evaluation = {
      scope: asked.scope,
      deviceId: device.id,
      gen,
      blindedHash: sha256(asked.blinded),
      now,
    };
    if (await wasEvaluated(tx, evaluation)) {
      return { gen, triesLeft: Math.max(0, MAX_PIN_TRIES - device.pin_tries) };
    }
    const generation = await findGeneration(tx, device.id, gen);
    if (!generation?.p_sealed) return refuse('gone', { detail: `generation ${gen} is not in use` });
    const stopped = await ladderRefusal(ecps, tx, device, alerts, generation.wrong);
    if (stopped) return stopped;
    await noteEvaluation(tx, evaluation);
    await countTry(tx, device.id, now);
    await countWrong(tx, device.id, gen, 1);
    await ecps.audit.record(tx, {
      type: 'ecps.pin_evaluated',
      nationalId: device.national_id,
      deviceId: device.id,
      details: { scope: asked.scope, gen, tries: device.pin_tries + 1 },
    });
    return { gen, triesLeft: MAX_PIN_TRIES - device.pin_tries - 1 };
  });
};

/**
 * Counts one evaluation of a PIN that is being chosen, under a generation not yet in use: at most three. Inside the
 * caller's transaction, which holds the activation or operation.
 */
export const countNewPin = async (
  tx: Queryable,
  evaluation: { scope: string; deviceId: string; gen: number; blinded: string; now: Date },
): Promise<Refusal | { gen: number; triesLeft: number }> => {
  const { scope, deviceId, gen, blinded, now } = evaluation;
  const noted = { scope, deviceId, gen, blindedHash: sha256(blinded), now };
  const used = await countEvaluations(tx, scope, deviceId, gen);
  if (await wasEvaluated(tx, noted)) return { gen, triesLeft: MAX_NEW_PIN_EVALUATIONS - used };
  if (used >= MAX_NEW_PIN_EVALUATIONS) return refuse('evaluations_spent');
  await noteEvaluation(tx, noted);
  return { gen, triesLeft: MAX_NEW_PIN_EVALUATIONS - used - 1 };
};

/** The PIN was right: the count starts again, and this evaluation was not a wrong one. Returns the wrong tries since. */
export const acceptPin = async (
  ecps: Ecps,
  tx: Queryable,
  device: DeviceRow,
  gen: number,
): Promise<number> => {
  await clearTries(tx, device.id, ecps.clock.now());
  await countWrong(tx, device.id, gen, -1);
  return Math.max(0, device.pin_tries - 1);
};

/** The PIN was wrong: it was counted when evaluated; the fifth locks. */
export const rejectPin = async (
  ecps: Ecps,
  tx: Queryable,
  device: DeviceRow,
  gen: number,
  alerts: Alerts,
): Promise<Refusal> => {
  await ecps.audit.record(tx, {
    type: 'ecps.pin_wrong',
    nationalId: device.national_id,
    deviceId: device.id,
    details: { tries: device.pin_tries },
  });
  const generation = await findGeneration(tx, device.id, gen);
  if (device.pin_tries >= MAX_PIN_TRIES || (generation?.wrong ?? 0) >= MAX_WRONG_PER_GENERATION) {
    await lockPhone(ecps, tx, device, alerts);
    return refuse('device_locked');
  }
  return refuse('pin_wrong', { triesLeft: MAX_PIN_TRIES - device.pin_tries });
};
