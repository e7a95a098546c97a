import type { Refusal } from '../../http/errors.ts';
import type { Queryable } from '../../platform/postgres.ts';
import type { RemovalReason } from '../../../views/mails/data.ts';
import type { Ecps } from '../deps.ts';
import { keepHistory } from '../history.ts';
import { refuse } from '../refuse.ts';
import type { Alerts } from './alerts.ts';
import { deviceFlow, type DeviceAction, type DeviceState } from './flow.ts';
import { lockDevice, moveDevice, type DeviceRow } from './repository.ts';
import { stateAt } from './state.ts';

/**
 * Changes of a phone's state, inside the caller's transaction, on a row that it holds. Each one follows the flow's
 * table, leaves its audit row and tells the owner.
 */

type Context = Pick<Ecps, 'audit' | 'clock'>;

/** Follows the table; an illegal pair leaves an audit row and is a 409. */
export const stepDevice = async (
  ecps: Context,
  tx: Queryable,
  device: DeviceRow,
  action: DeviceAction,
): Promise<DeviceState | Refusal> => {
  const from = stateAt(device, ecps.clock.now());
  const to = deviceFlow.next(from, action);
  if (to !== undefined) return to;
  await ecps.audit.record(tx, {
    type: 'ecps.step_illegal',
    nationalId: device.national_id,
    deviceId: device.id,
    details: { flow: deviceFlow.name, state: from, action },
  });
  return refuse('step_wrong', { detail: `${action} of a phone that is ${from}` });
};

const move = async (
  ecps: Context,
  tx: Queryable,
  device: DeviceRow,
  action: DeviceAction,
  why: string,
): Promise<boolean> => {
  const to = await stepDevice(ecps, tx, device, action);
  if (typeof to !== 'string') return false;
  const now = ecps.clock.now();
  return moveDevice(tx, { id: device.id, from: device.state, to, now, why });
};

/** Writes down what time did alone; returns the row as it is afterwards. */
export const settle = async (ecps: Context, tx: Queryable, device: DeviceRow): Promise<DeviceRow> => {
  const state = stateAt(device, ecps.clock.now());
  if (state === device.state) return device;
  const action = state === 'active' ? 'promote' : 'expire';
  await moveDevice(tx, { id: device.id, from: device.state, to: state, now: ecps.clock.now(), why: action });
  await ecps.audit.record(tx, {
    type: state === 'active' ? 'ecps.device_promoted' : 'ecps.device_expired',
    nationalId: device.national_id,
    deviceId: device.id,
  });
  return { ...device, state, quarantine_until: null };
};

/** Reads, holds and settles a phone. */
export const holdDevice = async (
  ecps: Context,
  tx: Queryable,
  id: string,
): Promise<DeviceRow | undefined> => {
  const device = await lockDevice(tx, id);
  return device && settle(ecps, tx, device);
};

/** Too many wrong PINs. */
export const lockPhone = async (
  ecps: Context,
  tx: Queryable,
  device: DeviceRow,
  alerts: Alerts,
): Promise<void> => {
  if (!(await move(ecps, tx, device, 'lock', 'wrong_pins'))) return;
  await ecps.audit.record(tx, {
    type: 'ecps.device_locked',
    nationalId: device.national_id,
    deviceId: device.id,
    details: { tries: device.pin_tries },
  });
  await alerts.mail(
    tx,
    'device_locked',
    { deviceName: device.name, at: ecps.clock.now() },
    { locale: device.locale, deviceId: device.id },
  );
};

/** Two copies of one phone. */
export const freezePhone = async (
  ecps: Context,
  tx: Queryable,
  device: DeviceRow,
  alerts: Alerts,
  details: { seq: number; last: number },
): Promise<void> => {
  if (device.state === 'frozen' || !(await move(ecps, tx, device, 'freeze', 'seq_conflict'))) return;
  await ecps.audit.record(tx, {
    type: 'ecps.device_frozen',
    nationalId: device.national_id,
    deviceId: device.id,
    details,
  });
  await alerts.mail(
    tx,
    'device_frozen',
    { deviceName: device.name, at: ecps.clock.now() },
    { locale: device.locale, deviceId: device.id },
  );
};

/** Ends a phone for good; says whether this call did. */
export const revokePhone = async (
  ecps: Context,
  tx: Queryable,
  device: DeviceRow,
  alerts: Alerts,
  by: RemovalReason,
): Promise<boolean> => {
  if (device.state === 'revoked' || !(await move(ecps, tx, device, 'revoke', by))) return false;
  const at = ecps.clock.now();
  await ecps.audit.record(tx, {
    type: 'ecps.device_revoked',
    nationalId: device.national_id,
    deviceId: device.id,
    details: { by },
  });
  await keepHistory(tx, { nationalId: device.national_id, kind: 'device_removed', device: device.name, at });
  await alerts.mail(
    tx,
    'device_removed',
    { deviceName: device.name, at, by },
    { locale: device.locale, deviceId: device.id },
  );
  return true;
};

/** A quarantine ends early: another phone of the same person approved this one. */
export const promotePhone = async (ecps: Context, tx: Queryable, device: DeviceRow, by: string) => {
  if (!(await move(ecps, tx, device, 'promote', 'approved'))) return false;
  await ecps.audit.record(tx, {
    type: 'ecps.device_promoted',
    nationalId: device.national_id,
    deviceId: device.id,
    details: { by },
  });
  return true;
};
