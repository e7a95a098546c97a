import type { DeviceState } from '../devices/flow.ts';
import type { DeviceRow } from '../devices/repository.ts';
import { stateAt, unusable } from '../devices/state.ts';
import type { EndpointName } from '../protocol/api.ts';
import { refuse } from '../refuse.ts';

/**
 * What a phone that is not active may still do; all else is for active ones. A phone in quarantine sees nothing of its
 * owner's and touches no other phone: it may be a thief's.
 */
const ALLOWED: Partial<Record<EndpointName, readonly DeviceState[]>> = {
  me: ['quarantine', 'locked', 'frozen', 'expired'],
  pending: ['quarantine'],
  events: ['quarantine'],
  push: ['quarantine'],
  rename: ['quarantine'],
  revoke: ['quarantine', 'locked', 'expired'],
};
const OF_ITSELF: readonly EndpointName[] = ['rename', 'revoke'];

/** Throws unless this phone may make this call now. `target` is the `:id` of the path. */
export const requireAccess = (
  device: DeviceRow,
  name: EndpointName,
  target: string | undefined,
  now: Date,
): void => {
  const state = stateAt(device, now);
  if (state === 'active') return;
  if (ALLOWED[name]?.includes(state) && (!OF_ITSELF.includes(name) || target === device.id)) return;
  throw unusable(device, now) ?? refuse('device_unknown');
};
