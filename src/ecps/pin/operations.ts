import { Refusal } from '../../http/errors.ts';
import type { Queryable } from '../../platform/postgres.ts';
import { id as newId, token } from '../../platform/random.ts';
import type { Ecps } from '../deps.ts';
import type { DeviceRow } from '../devices/repository.ts';
import { pinStateAt } from '../devices/state.ts';
import type { Operation } from '../protocol/api.ts';
import { refuse } from '../refuse.ts';
import { operationFlow, type OperationAction, type OperationKind, type OperationState } from './flow.ts';
import { expireOperations, insertOperation, lockOperation, type OperationRow } from './repository.ts';

/** What PIN changes, renewals and approvals of new phones share: ten minutes, a challenge, a flow. */

export const OPERATION_SECONDS = 600;

/** Opens an operation; an unfinished one of the same kind and phone ends. */
export const openOperation = async (
  ecps: Ecps,
  tx: Queryable,
  device: DeviceRow,
  options: {
    kind: OperationKind;
    id?: string;
    newGen?: (operationId: string) => Promise<number>;
    target?: string;
  },
): Promise<OperationRow> => {
  const now = ecps.clock.now();
  const id = options.id ?? newId('op');
  await expireOperations(tx, device.id, options.kind);
  const operation: OperationRow = {
    id,
    kind: options.kind,
    device_id: device.id,
    state: 'open',
    challenge: token(32),
    gen: device.gen,
    new_gen: (await options.newGen?.(id)) ?? null,
    target_device_id: options.target ?? null,
    created_at: now,
    expires_at: new Date(now.getTime() + OPERATION_SECONDS * 1000),
    rollback_until: null,
  };
  await insertOperation(tx, operation);
  return operation;
};

/** What the phone is told of an operation. */
export const viewOperation = (ecps: Ecps, device: DeviceRow, operation: OperationRow): Operation => ({
  id: operation.id,
  aud: ecps.config.issuer,
  gen: operation.gen,
  challenge: operation.challenge,
  expiresAt: operation.expires_at.toISOString(),
  pin: pinStateAt(device, ecps.clock.now()),
});

const isOver = (operation: OperationRow, now: Date): boolean =>
  operation.state === 'committed'
    ? operation.rollback_until === null || operation.rollback_until <= now
    : operation.expires_at <= now;

/**
 * Holds one of the phone's operations and follows its flow: the state that the action leads to, or why not. The
 * caller writes that state.
 */
export const stepOperation = async (
  ecps: Ecps,
  tx: Queryable,
  asked: { device: DeviceRow; id: string; kind: OperationKind; action: OperationAction },
): Promise<Refusal | { operation: OperationRow; next: OperationState }> => {
  const { device, id, kind, action } = asked;
  const operation = await lockOperation(tx, id);
  if (operation?.device_id !== device.id || operation.kind !== kind) return refuse('not_found');
  const next = operationFlow(kind).next(operation.state, action);
  if (next === undefined) {
    await ecps.audit.record(tx, {
      type: 'ecps.step_illegal',
      nationalId: device.national_id,
      deviceId: device.id,
      details: { flow: kind, state: operation.state, action },
    });
    return refuse(operation.state === 'expired' ? 'gone' : 'step_wrong', {
      detail: `${action} of a ${kind} that is ${operation.state}`,
    });
  }
  return isOver(operation, ecps.clock.now()) ? refuse('gone') : { operation, next };
};
