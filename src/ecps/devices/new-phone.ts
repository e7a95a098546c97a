import { Refusal } from '../../http/errors.ts';
import type { Queryable } from '../../platform/postgres.ts';
import { personChannel } from '../channels.ts';
import type { Ecps } from '../deps.ts';
import { countPinTry } from '../pin/count.ts';
import { openOperation, stepOperation, viewOperation } from '../pin/operations.ts';
import { findNewPhoneOperation, setOperation } from '../pin/repository.ts';
import { judgePin, keepReceipt, signedStep, type Body } from '../pin/signed.ts';
import type { NewPhone, ResponseOf } from '../protocol/api.ts';
import { newPhonePayload, type GeneralJws } from '../protocol/payloads.ts';
import { decide, refuse } from '../refuse.ts';
import { holdDevice, promotePhone } from './changes.ts';
import { findDevice, listDevices, type DeviceRow } from './repository.ts';
import { revokeDevice } from './service.ts';
import { stateAt, unusable } from './state.ts';

/** A phone already active lets a new one of the same person out of its quarantine, with its PIN; or removes it. */

const KIND = 'new_phone';

export const viewNewPhone = (device: DeviceRow): NewPhone => ({
  deviceId: device.id,
  kid: device.thumbprint,
  name: device.name,
  model: device.model,
  os: device.os,
  place: device.place,
  addedAt: device.added_at.toISOString(),
  ...(device.quarantine_until === null ? {} : { quarantineUntil: device.quarantine_until.toISOString() }),
});

/** The phones in quarantine that this one may let in. */
export const listNewPhones = async (ecps: Ecps, device: DeviceRow): Promise<NewPhone[]> => {
  const now = ecps.clock.now();
  if (stateAt(device, now) !== 'active') return [];
  const others = await listDevices(ecps.db, device.national_id);
  return others
    .filter((other) => other.id !== device.id && stateAt(other, now) === 'quarantine')
    .map(viewNewPhone);
};

const waiting = async (
  ecps: Ecps,
  db: Queryable,
  device: DeviceRow,
  targetId: string,
): Promise<DeviceRow | undefined> => {
  const target = await findDevice(db, targetId);
  if (target?.practitioner_id !== device.practitioner_id || target.id === device.id) return undefined;
  return stateAt(target, ecps.clock.now()) === 'quarantine' ? target : undefined;
};

export const startNewPhone = async (
  ecps: Ecps,
  device: DeviceRow,
  targetId: string,
): Promise<ResponseOf<'startNewPhone'>> =>
  decide(ecps.db, async (tx) => {
    const held = await holdDevice(ecps, tx, device.id);
    if (!held) return refuse('device_unknown');
    const refused = unusable(held, ecps.clock.now());
    if (refused) return refused;
    const target = await waiting(ecps, tx, held, targetId);
    if (!target) return refuse('not_found');
    const operation = await openOperation(ecps, tx, held, { kind: KIND, target: target.id });
    return { ...viewOperation(ecps, held, operation), newPhone: viewNewPhone(target) };
  });

const operationFor = async (ecps: Ecps, device: DeviceRow, targetId: string): Promise<string> => {
  const id = await findNewPhoneOperation(ecps.db, device.id, targetId);
  if (id === undefined) throw refuse('not_found');
  return id;
};

export const evaluateNewPhone = async (ecps: Ecps, device: DeviceRow, targetId: string, blinded: string) => {
  const id = await operationFor(ecps, device, targetId);
  const counted = await countPinTry(
    ecps,
    { deviceId: device.id, practitionerId: device.practitioner_id, scope: id, blinded },
    async (tx, held) => {
      const step = await stepOperation(ecps, tx, { device: held, id, kind: KIND, action: 'evaluate' });
      return step instanceof Refusal ? step : { gen: step.operation.gen };
    },
  );
  return { evaluated: ecps.keys.evaluate(device.id, counted.gen, blinded), triesLeft: counted.triesLeft };
};

export const approveNewPhone = async (
  ecps: Ecps,
  device: DeviceRow,
  targetId: string,
  jws: GeneralJws,
): Promise<Body> => {
  const id = await operationFor(ecps, device, targetId);
  const { body } = await signedStep(ecps, {
    device,
    jws,
    schema: newPhonePayload,
    pinKids: (payload) => [payload.gen],
    async work(context) {
      const { tx, payload } = context;
      const held = context.device;
      const step = await stepOperation(ecps, tx, { device: held, id, kind: KIND, action: 'complete' });
      if (step instanceof Refusal) return step;
      const { operation } = step;
      const target = await holdDevice(ecps, tx, targetId);
      if (!target || stateAt(target, ecps.clock.now()) !== 'quarantine') return refuse('gone');
      const same =
        payload.new_device_id === target.id &&
        payload.new_kid === target.thumbprint &&
        payload.chal === operation.challenge &&
        payload.gen === held.gen &&
        payload.gen === operation.gen;
      if (!same) return refuse('payload_mismatch');
      const judged = await judgePin(ecps, context, { scope: id, gen: operation.gen });
      if (judged instanceof Refusal) return judged;
      await promotePhone(ecps, tx, target, held.id);
      await setOperation(tx, id, { state: step.next });
      const receipt = await keepReceipt(ecps, context, { kind: KIND, scope: id });
      return { receipt: receipt ?? '' };
    },
  });
  await ecps.store.publish(personChannel(device.national_id), 'devices');
  return body;
};

/** Removes a phone in quarantine at once. */
export const denyNewPhone = async (ecps: Ecps, device: DeviceRow, targetId: string): Promise<void> => {
  const target = await waiting(ecps, ecps.db, device, targetId);
  if (!target) throw refuse('not_found');
  await revokeDevice(ecps, target, 'owner');
};
