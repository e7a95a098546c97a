import { defineFlow, type FlowTable } from '../flow.ts';
import { DEVICE_STATES, type DeviceState } from '../protocol/api.ts';

export { DEVICE_STATES, type DeviceState };

export const DEVICE_ACTIONS = [
  // uses its PIN: signs in, changes it, renews
  'use',
  // the quarantine ran out, or another phone approved it
  'promote',
  'lock',
  'freeze',
  'expire',
  'revoke',
  // its owner proved again who he is, with the same key D
  'readmit',
  'readmit_quarantined',
] as const;
export type DeviceAction = (typeof DEVICE_ACTIONS)[number];

const proof = { readmit: 'active', readmit_quarantined: 'quarantine' } as const;

const table = {
  active: {
    use: 'active',
    lock: 'locked',
    freeze: 'frozen',
    expire: 'expired',
    revoke: 'revoked',
    ...proof,
  },
  quarantine: {
    promote: 'active',
    lock: 'locked',
    freeze: 'frozen',
    expire: 'expired',
    revoke: 'revoked',
    ...proof,
  },
  locked: { freeze: 'frozen', expire: 'expired', revoke: 'revoked', ...proof },
  frozen: { expire: 'expired', revoke: 'revoked', ...proof },
  expired: { freeze: 'frozen', revoke: 'revoked', ...proof },
  revoked: {},
} as const satisfies FlowTable<DeviceState, DeviceAction>;

export const deviceFlow = defineFlow<DeviceState, DeviceAction>('device', DEVICE_ACTIONS, table);
