import { MAX_PIN_TRIES } from '../protocol/api.ts';

/** Wrong PINs under one generation, right ones in between or not, before the phone locks. */
export const MAX_WRONG_PER_GENERATION = 30;

/** Seconds to wait before each evaluation, counted from the one before it: 1–3 free, then a minute, then five. */
const WAITS = [0, 0, 0, 60, 300] as const;

/** What the ladder says of the next evaluation. */
export type Rung = { kind: 'go' } | { kind: 'wait'; seconds: number } | { kind: 'lock' };

/** Judges the next evaluation after `tries` that no right approval followed. */
export const nextRung = (tries: number, lastTryAt: Date | undefined, now: Date): Rung => {
  const wait = tries >= MAX_PIN_TRIES ? undefined : WAITS[tries];
  if (wait === undefined) return { kind: 'lock' };
  if (wait === 0 || lastTryAt === undefined) return { kind: 'go' };
  const left = Math.ceil((lastTryAt.getTime() + wait * 1000 - now.getTime()) / 1000);
  return left > 0 ? { kind: 'wait', seconds: left } : { kind: 'go' };
};
