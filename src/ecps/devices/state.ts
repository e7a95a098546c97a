import type { Refusal } from '../../http/errors.ts';
import type { DeviceView, RefusalCode } from '../protocol/api.ts';
import { MAX_PIN_TRIES } from '../protocol/api.ts';
import { nextRung } from '../pin/ladder.ts';
import { refuse } from '../refuse.ts';
import type { DeviceState } from './flow.ts';
import type { DeviceRow } from './repository.ts';

/** The state that holds now: time ends a quarantine and a phone not renewed, whether or not a job wrote it down. */
export const stateAt = (
  device: Pick<DeviceRow, 'state' | 'expires_at' | 'quarantine_until'>,
  now: Date,
): DeviceState => {
  if (device.state === 'revoked') return 'revoked';
  if (device.expires_at <= now) return 'expired';
  const over = device.quarantine_until !== null && device.quarantine_until <= now;
  return device.state === 'quarantine' && over ? 'active' : device.state;
};

const REFUSED = {
  active: undefined,
  quarantine: 'device_quarantined',
  locked: 'device_locked',
  frozen: 'device_frozen',
  expired: 'device_expired',
  revoked: 'device_revoked',
} as const satisfies Record<DeviceState, RefusalCode | undefined>;

/** Why this phone may not use its PIN now; undefined when it may. */
export const unusable = (device: DeviceRow, now: Date): Refusal | undefined => {
  const code = REFUSED[stateAt(device, now)];
  if (code === undefined) return undefined;
  const until = code === 'device_quarantined' ? device.quarantine_until : null;
  return refuse(code, until === null ? {} : { availableAt: until });
};

/** What the phone is told of its PIN counter. */
export const pinStateAt = (
  device: Pick<DeviceRow, 'pin_tries' | 'pin_tried_at'>,
  now: Date,
): { triesLeft: number; wait?: number } => {
  const rung = nextRung(device.pin_tries, device.pin_tried_at ?? undefined, now);
  const triesLeft = Math.max(0, MAX_PIN_TRIES - device.pin_tries);
  return rung.kind === 'wait' ? { triesLeft, wait: rung.seconds } : { triesLeft };
};

/** One phone as its owner sees it. */
export const viewOf = (device: DeviceRow, now: Date, currentId?: string): DeviceView => {
  const state = stateAt(device, now);
  return {
    id: device.id,
    name: device.name,
    model: device.model,
    os: device.os,
    state,
    via: device.via,
    addedAt: device.added_at.toISOString(),
    renewBy: device.expires_at.toISOString(),
    current: device.id === currentId,
    ...(device.last_used_at === null ? {} : { lastUsedAt: device.last_used_at.toISOString() }),
    ...(state === 'quarantine' && device.quarantine_until !== null
      ? { quarantineUntil: device.quarantine_until.toISOString() }
      : {}),
  };
};
