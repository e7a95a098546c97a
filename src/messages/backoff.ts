import { integer } from '../platform/random.ts';
import type { MessageKind } from './request.ts';

/** How patiently each kind is tried. */
export interface Patience {
  /** Seconds before the second try; each further one waits twice as long… */
  firstSeconds: number;
  /** …up to this. */
  longestSeconds: number;
  /** After this many tries the message is abandoned. */
  maxAttempts: number;
  /** Messages of this kind on their way at once, in one process. */
  parallel: number;
  /** A message that says nothing of its end is worth nothing after this many seconds. */
  lifeSeconds: number;
}

/**
 * A mail outlives a mail server's bad night; an SMS code and a ring of the doorbell are worth minutes. Every
 * message also stops at its own `expires_at`.
 */
export const PATIENCE: Readonly<Record<MessageKind, Patience>> = {
  mail: { firstSeconds: 2, longestSeconds: 1800, maxAttempts: 120, parallel: 4, lifeSeconds: 48 * 3600 },
  sms: { firstSeconds: 2, longestSeconds: 60, maxAttempts: 15, parallel: 4, lifeSeconds: 600 },
  push: { firstSeconds: 1, longestSeconds: 15, maxAttempts: 6, parallel: 8, lifeSeconds: 120 },
};

/**
 * Milliseconds to wait after try number `attempt` (from 1): exponential, with equal jitter (between half and
 * the whole), so that processes that failed together do not come back together. `atLeastSeconds` is what the
 * other side asked for (Retry-After), believed up to an hour.
 */
export const backoffMs = (patience: Patience, attempt: number, atLeastSeconds = 0): number => {
  const whole = Math.min(patience.firstSeconds * 2 ** Math.min(attempt - 1, 30), patience.longestSeconds);
  const waited = whole * 500 + integer(0, whole * 500 + 1);
  return Math.max(waited, Math.min(atLeastSeconds, 3600) * 1000);
};
