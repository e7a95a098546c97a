import { Refusal } from '../../http/errors.ts';
import type { Queryable } from '../../platform/postgres.ts';
import type { Ecps } from '../deps.ts';
import { holdDevice } from '../devices/changes.ts';
import { setGeneration, type DeviceRow } from '../devices/repository.ts';
import { unusable } from '../devices/state.ts';
import { keepHistory } from '../history.ts';
import { PIN_MAX_LENGTH, type ResponseOf } from '../protocol/api.ts';
import { pinKid } from '../protocol/jws.ts';
import {
  pinChangePayload,
  pinProofPayload,
  pinRollbackPayload,
  type GeneralJws,
  type PinChangePayload,
} from '../protocol/payloads.ts';
import { decide, refuse } from '../refuse.ts';
import { countNewPin, countPinTry } from './count.ts';
import { readPinKey, sealPinKey } from './key.ts';
import { openOperation, stepOperation, viewOperation } from './operations.ts';
import {
  allotGeneration,
  findCommittedChange,
  forgetFormer,
  installGeneration,
  restoreGeneration,
  setOperation,
  type OperationRow,
} from './repository.ts';
import { judgePin, keepReceipt, signedStep, type Body, type SignedContext } from './signed.ts';

/** Changing the PIN: the old one is judged, the new one takes a new generation, ten minutes to undo. */

export const ROLLBACK_SECONDS = 600;
const KIND = 'pin_change';

/** Starts a change and allots its generation. */
export const startPinChange = async (ecps: Ecps, device: DeviceRow): Promise<ResponseOf<'startPinChange'>> =>
  decide(ecps.db, async (tx) => {
    const now = ecps.clock.now();
    const held = await holdDevice(ecps, tx, device.id);
    if (!held) return refuse('device_unknown');
    const refused = unusable(held, now);
    if (refused) return refused;
    await finalizeChange(tx, held);
    const operation = await openOperation(ecps, tx, held, {
      kind: KIND,
      newGen: (id) => allotGeneration(tx, held.id, id, now),
    });
    return {
      ...viewOperation(ecps, held, operation),
      newGen: operation.new_gen ?? 0,
      pinRules: { minLength: ecps.config.pinMinLength, maxLength: PIN_MAX_LENGTH },
    };
  });

/** A counted try under the old generation: before the change to prove the PIN, after it to undo it. */
export const evaluateOldPin = async (ecps: Ecps, device: DeviceRow, id: string, blinded: string) => {
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

/** Judges the old PIN; right, it opens the new generation. */
export const provePin = async (ecps: Ecps, device: DeviceRow, id: string, jws: GeneralJws): Promise<Body> => {
  const { body } = await signedStep(ecps, {
    device,
    jws,
    schema: pinProofPayload,
    pinKids: (payload) => [payload.gen],
    async work(context) {
      const { tx, payload } = context;
      const step = await stepOperation(ecps, tx, { device: context.device, id, kind: KIND, action: 'prove' });
      if (step instanceof Refusal) return step;
      const { operation } = step;
      const same =
        payload.change_id === id && payload.chal === operation.challenge && payload.gen === operation.gen;
      if (!same) return refuse('payload_mismatch');
      const judged = await judgePin(ecps, context, { scope: id, gen: operation.gen });
      if (judged instanceof Refusal) return judged;
      await setOperation(tx, id, { state: step.next });
      return { newGen: operation.new_gen };
    },
  });
  return body;
};

/** An evaluation of the PIN being chosen: three at most, not on the ladder. */
export const evaluateNewPin = async (ecps: Ecps, device: DeviceRow, id: string, blinded: string) => {
  const counted = await decide(ecps.db, async (tx) => {
    const now = ecps.clock.now();
    const held = await holdDevice(ecps, tx, device.id);
    if (!held) return refuse('device_unknown');
    const refused = unusable(held, now);
    if (refused) return refused;
    const step = await stepOperation(ecps, tx, { device: held, id, kind: KIND, action: 'evaluate_new' });
    if (step instanceof Refusal) return step;
    const gen = step.operation.new_gen ?? 0;
    return countNewPin(tx, { scope: id, deviceId: held.id, gen, blinded, now });
  });
  return { evaluated: ecps.keys.evaluate(device.id, counted.gen, blinded), triesLeft: counted.triesLeft };
};

const changeMismatch = async (
  ecps: Ecps,
  context: SignedContext<PinChangePayload>,
  operation: OperationRow,
): Promise<Refusal | undefined> => {
  const { tx, device, payload, opened } = context;
  const same =
    payload.change_id === operation.id &&
    payload.chal === operation.challenge &&
    payload.old_gen === operation.gen &&
    payload.gen === operation.new_gen;
  if (!same) return refuse('payload_mismatch');
  // The old PIN was judged by `prove`; here its key only has to be the same one.
  const old = await readPinKey(ecps, tx, device.id, operation.gen);
  if (!old || !(await opened.verify(pinKid(operation.gen), old))) return refuse('signature_invalid');
  return (await opened.verify(pinKid(payload.gen), payload.jwk_p)) ? undefined : refuse('signature_invalid');
};

const commit = async (
  ecps: Ecps,
  context: SignedContext<PinChangePayload>,
  operation: OperationRow,
): Promise<Body> => {
  const { tx, device, payload, alerts, now } = context;
  const rollbackUntil = new Date(now.getTime() + ROLLBACK_SECONDS * 1000);
  const sealed = sealPinKey(ecps, device.id, payload.gen, payload.jwk_p);
  await installGeneration(tx, device.id, payload.gen, sealed);
  await setGeneration(tx, device.id, payload.gen);
  await setOperation(tx, operation.id, { state: 'committed', rollbackUntil });
  const receipt = await keepReceipt(ecps, context, { kind: KIND, scope: operation.id });
  await ecps.audit.record(tx, {
    type: 'ecps.pin_changed',
    nationalId: device.national_id,
    deviceId: device.id,
    details: { gen: payload.gen },
  });
  await keepHistory(tx, {
    nationalId: device.national_id,
    kind: 'pin_changed',
    device: device.name,
    at: now,
  });
  await alerts.mail(
    tx,
    'pin_changed',
    { deviceName: device.name, at: now, rollbackUntil },
    { locale: device.locale, deviceId: device.id },
  );
  return { gen: payload.gen, rollbackUntil: rollbackUntil.toISOString(), receipt: receipt ?? '' };
};

/** The change itself: signed by D, the old P and the new one. */
export const completePinChange = async (
  ecps: Ecps,
  device: DeviceRow,
  id: string,
  jws: GeneralJws,
): Promise<Body> => {
  const { body } = await signedStep(ecps, {
    device,
    jws,
    schema: pinChangePayload,
    pinKids: (payload) => [payload.old_gen, payload.gen],
    async work(context) {
      const { tx } = context;
      const step = await stepOperation(ecps, tx, {
        device: context.device,
        id,
        kind: KIND,
        action: 'complete',
      });
      if (step instanceof Refusal) return step;
      return (await changeMismatch(ecps, context, step.operation)) ?? commit(ecps, context, step.operation);
    },
  });
  return body;
};

/** Back to the old PIN, which must be right (a counted try, by {@link evaluateOldPin}). */
export const rollbackPin = async (
  ecps: Ecps,
  device: DeviceRow,
  id: string,
  jws: GeneralJws,
): Promise<Body> => {
  const { body } = await signedStep(ecps, {
    device,
    jws,
    schema: pinRollbackPayload,
    pinKids: (payload) => [payload.gen],
    async work(context) {
      const { tx, payload, now } = context;
      const held = context.device;
      const step = await stepOperation(ecps, tx, { device: held, id, kind: KIND, action: 'rollback' });
      if (step instanceof Refusal) return step;
      const { operation } = step;
      const same =
        payload.change_id === id && payload.chal === operation.challenge && payload.gen === operation.gen;
      if (!same) return refuse('payload_mismatch');
      const judged = await judgePin(ecps, context, { scope: id, gen: operation.gen });
      if (judged instanceof Refusal) return judged;
      await restoreGeneration(tx, held.id, { back: operation.gen, gone: operation.new_gen ?? 0 });
      await setGeneration(tx, held.id, operation.gen);
      await setOperation(tx, id, { state: step.next });
      const receipt = await keepReceipt(ecps, context, { kind: 'pin_rollback', scope: id });
      await ecps.audit.record(tx, {
        type: 'ecps.pin_rolled_back',
        nationalId: held.national_id,
        deviceId: held.id,
        details: { gen: operation.gen },
      });
      await keepHistory(tx, {
        nationalId: held.national_id,
        kind: 'pin_changed',
        device: held.name,
        at: now,
      });
      return { gen: operation.gen, receipt: receipt ?? '' };
    },
  });
  return body;
};

/** The new PIN served (or another change starts): no way back any more. */
export const finalizeChange = async (tx: Queryable, device: DeviceRow): Promise<void> => {
  const change = await findCommittedChange(tx, device.id);
  if (!change) return;
  await setOperation(tx, change.id, { state: 'final' });
  await forgetFormer(tx, device.id);
};
