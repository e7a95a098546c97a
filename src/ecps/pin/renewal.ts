import { Refusal } from '../../http/errors.ts';
import type { Ecps } from '../deps.ts';
import { holdDevice } from '../devices/changes.ts';
import { setExpiry, type DeviceRow } from '../devices/repository.ts';
import { unusable, viewOf } from '../devices/state.ts';
import { keepHistory } from '../history.ts';
import type { Operation } from '../protocol/api.ts';
import { renewalPayload, type GeneralJws } from '../protocol/payloads.ts';
import { decide, refuse } from '../refuse.ts';
import { countPinTry } from './count.ts';
import { openOperation, stepOperation, viewOperation } from './operations.ts';
import { setOperation } from './repository.ts';
import { judgePin, keepReceipt, signedStep, type Body } from './signed.ts';

/** Renewing a phone: its PIN once more, and twelve months from now. */

const KIND = 'renewal';

/** The instant `months` after another, on the same day or the month's last. */
export const addMonths = (from: Date, months: number): Date => {
  const to = new Date(from);
  to.setUTCMonth(to.getUTCMonth() + months);
  if (to.getUTCDate() !== from.getUTCDate()) to.setUTCDate(0);
  return to;
};

export const startRenewal = async (ecps: Ecps, device: DeviceRow): Promise<Operation> =>
  decide(ecps.db, async (tx) => {
    const held = await holdDevice(ecps, tx, device.id);
    if (!held) return refuse('device_unknown');
    const refused = unusable(held, ecps.clock.now());
    if (refused) return refused;
    return viewOperation(ecps, held, await openOperation(ecps, tx, held, { kind: KIND }));
  });

export const evaluateRenewal = async (ecps: Ecps, device: DeviceRow, id: string, blinded: string) => {
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

export const completeRenewal = async (
  ecps: Ecps,
  device: DeviceRow,
  id: string,
  jws: GeneralJws,
): Promise<Body> => {
  const { body } = await signedStep(ecps, {
    device,
    jws,
    schema: renewalPayload,
    pinKids: (payload) => [payload.gen],
    async work(context) {
      const { tx, payload, now } = context;
      const held = context.device;
      const step = await stepOperation(ecps, tx, { device: held, id, kind: KIND, action: 'complete' });
      if (step instanceof Refusal) return step;
      const { operation } = step;
      const same =
        payload.renewal_id === id &&
        payload.chal === operation.challenge &&
        payload.gen === held.gen &&
        payload.gen === operation.gen;
      if (!same) return refuse('payload_mismatch');
      const judged = await judgePin(ecps, context, { scope: id, gen: operation.gen });
      if (judged instanceof Refusal) return judged;
      const expiresAt = addMonths(now, ecps.config.deviceMonths);
      await setExpiry(tx, held.id, expiresAt);
      await setOperation(tx, id, { state: step.next });
      const receipt = await keepReceipt(ecps, context, { kind: KIND, scope: id });
      await ecps.audit.record(tx, {
        type: 'ecps.device_renewed',
        nationalId: held.national_id,
        deviceId: held.id,
      });
      await keepHistory(tx, { nationalId: held.national_id, kind: 'renewed', device: held.name, at: now });
      return { device: viewOf({ ...held, expires_at: expiresAt }, now, held.id), receipt: receipt ?? '' };
    },
  });
  return body;
};
