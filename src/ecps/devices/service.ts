import { hmacSha256 } from '../../platform/crypto.ts';
import { CROCKFORD } from '../../platform/random.ts';
import type { PushSubscription } from '../../messages/service.ts';
import type { RemovalReason } from '../../../views/mails/data.ts';
import { personChannel } from '../channels.ts';
import type { Ecps, EcpsDeps } from '../deps.ts';
import type { DeviceView } from '../protocol/api.ts';
import { refuse } from '../refuse.ts';
import { openAlerts, sealPush } from './alerts.ts';
import { holdDevice, revokePhone } from './changes.ts';
import {
  findDevice,
  findDeviceByRevocation,
  findDeviceByStop,
  listDevices,
  noteSessionsEnded,
  renameDevice,
  setPush,
  type DeviceRow,
} from './repository.ts';
import { stateAt, viewOf } from './state.ts';

/** A person's phones: for the phone itself, the account page, the operator and the registry's changes. */
export interface Devices {
  /** The person's phones, oldest first. */
  list(nationalId: string, currentId?: string): Promise<DeviceView[]>;
  /** Gives one of the person's phones another name; a phone of someone else is `not_found`. */
  rename(nationalId: string, deviceId: string, name: string): Promise<DeviceView>;
  /** Ends one of the person's phones. Idempotent; a phone of someone else is `not_found`. */
  revoke(nationalId: string, deviceId: string, by: RemovalReason): Promise<void>;
  /** The person left the registry, or the operator decided: every phone ends. Returns how many did. */
  revokeAll(nationalId: string, by: RemovalReason): Promise<number>;
  /** The printed code. Says nothing of whether it existed. */
  revokeByCode(code: string): Promise<void>;
  /** The phone that a stop link speaks of, for its page. */
  findByStop(token: string): Promise<{ name: string; addedAt: Date; ended: boolean } | undefined>;
  /** Stops that phone; false when the link is unknown. */
  stop(token: string): Promise<boolean>;
  setPush(deviceId: string, subscription: PushSubscription | undefined): Promise<void>;
  /** A push service said that the subscription no longer exists. */
  forgetPush(deviceId: string): Promise<void>;
}

/** What is kept of a printed revocation code, however it was typed. */
export const revocationHmac = (ecps: Pick<EcpsDeps, 'keyring'>, code: string): Buffer =>
  hmacSha256(ecps.keyring.derive('ecps/revocation-code'), normalizeRevocation(code));

/** What is kept of a stop link. */
export const stopHmac = (ecps: Pick<EcpsDeps, 'keyring'>, token: string): Buffer =>
  hmacSha256(ecps.keyring.derive('ecps/stop-link'), token);

const normalizeRevocation = (code: string): string =>
  [...code.toUpperCase().replaceAll(/[IL]/g, '1').replaceAll('O', '0')]
    .filter((character) => CROCKFORD.includes(character))
    .join('');

/** Ends the sessions born from a revoked phone; what fails is tried again by a job. */
export const endSessions = async (ecps: Ecps, deviceId: string, nationalId: string): Promise<void> => {
  try {
    await ecps.ports.onDeviceRevoked(deviceId, nationalId);
    await noteSessionsEnded(ecps.db, deviceId, ecps.clock.now());
  } catch (error) {
    ecps.log.error({ err: error, deviceId }, 'the sessions of a revoked phone could not be ended yet');
  }
};

/** Revokes one phone in its own transaction, with all that follows. */
export const revokeDevice = async (ecps: Ecps, found: DeviceRow, by: RemovalReason): Promise<boolean> => {
  const alerts = await openAlerts(ecps, found.practitioner_id);
  const done = await ecps.db.transaction(async (tx) => {
    const device = await holdDevice(ecps, tx, found.id);
    return device !== undefined && revokePhone(ecps, tx, device, alerts, by);
  });
  if (!done) return false;
  ecps.messages.kick();
  await endSessions(ecps, found.id, found.national_id);
  await ecps.store.publish(personChannel(found.national_id), 'devices');
  return true;
};

/** Makes {@link Devices}. */
export const createDevices = (ecps: Ecps): Devices => {
  const { db, clock } = ecps;
  const own = async (nationalId: string, deviceId: string): Promise<DeviceRow> => {
    const device = await findDevice(db, deviceId);
    if (device?.national_id !== nationalId) throw refuse('not_found');
    return device;
  };
  const byStop = (token: string) => findDeviceByStop(db, stopHmac(ecps, token));

  return {
    list: async (nationalId, currentId) =>
      (await listDevices(db, nationalId)).map((device) => viewOf(device, clock.now(), currentId)),
    async rename(nationalId, deviceId, name) {
      const device = await own(nationalId, deviceId);
      await db.transaction(async (tx) => {
        await renameDevice(tx, device.id, name);
        await ecps.audit.record(tx, { type: 'ecps.device_renamed', nationalId, deviceId });
      });
      return viewOf({ ...device, name }, clock.now());
    },
    revoke: async (nationalId, deviceId, by) => {
      await revokeDevice(ecps, await own(nationalId, deviceId), by);
    },
    async revokeAll(nationalId, by) {
      let count = 0;
      for (const device of await listDevices(db, nationalId)) {
        if (await revokeDevice(ecps, device, by)) count += 1;
      }
      return count;
    },
    async revokeByCode(code) {
      const device = await findDeviceByRevocation(db, revocationHmac(ecps, code));
      if (device) await revokeDevice(ecps, device, 'revocation_code');
    },
    async findByStop(token) {
      const device = await byStop(token);
      return (
        device && {
          name: device.name,
          addedAt: device.added_at,
          ended: stateAt(device, clock.now()) === 'revoked',
        }
      );
    },
    async stop(token) {
      const device = await byStop(token);
      if (device) await revokeDevice(ecps, device, 'stop_link');
      return device !== undefined;
    },
    setPush: async (deviceId, subscription) => {
      await setPush(db, deviceId, subscription && sealPush(ecps, deviceId, subscription));
    },
    forgetPush: async (deviceId) => {
      await setPush(db, deviceId, undefined);
    },
  };
};
