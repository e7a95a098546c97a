import type { Refusal } from '../../http/errors.ts';
import type { Queryable } from '../../platform/postgres.ts';
import type { Ecps } from '../deps.ts';
import { PIN_MAX_LENGTH, type ActivationView, type RefusalCode } from '../protocol/api.ts';
import { refuse } from '../refuse.ts';
import { activationFlow, type ActivationAction, type ActivationState } from './flow.ts';
import type { ActivationRow } from './repository.ts';

/** Where an activation stands, and whether it may go on. */

/** Those that may still lead to a phone. */
const OPEN_STATES: readonly ActivationState[] = ['mail_sent', 'sms_sent', 'confirm_due', 'pin_due'];

const isOpen = (state: ActivationState): boolean => OPEN_STATES.includes(state);

/** The state that holds now, whether or not a job wrote down that time ran out. */
export const activationStateAt = (
  activation: Pick<ActivationRow, 'state' | 'expires_at'>,
  now: Date,
): ActivationState =>
  isOpen(activation.state) && activation.expires_at <= now ? 'expired' : activation.state;

const ENDED: Partial<Record<ActivationState, RefusalCode>> = {
  done: 'already_used',
  expired: 'code_expired',
  superseded: 'superseded',
  spent: 'gone',
  refused: 'gone',
  closed: 'gone',
};

/** What a code tried a second time, after it served, is told. */
const SERVED: Partial<Record<ActivationAction, readonly ActivationState[]>> = {
  scan: ['sms_sent', 'pin_due'],
  confirm_sms: ['pin_due'],
  confirm_phone: ['pin_due'],
};

/** Follows the flow's table: undefined when the action is allowed; else the refusal, with its audit row. */
export const judgeStep = async (
  ecps: Ecps,
  tx: Queryable,
  activation: ActivationRow,
  action: ActivationAction,
): Promise<Refusal | undefined> => {
  const state = activationStateAt(activation, ecps.clock.now());
  if (activationFlow.next(state, action) !== undefined) return undefined;
  await ecps.audit.record(tx, {
    type: 'ecps.step_illegal',
    nationalId: activation.national_id,
    deviceId: activation.device_id,
    details: { flow: activationFlow.name, activation: activation.id, state, action },
  });
  const code = SERVED[action]?.includes(state) ? 'already_used' : (ENDED[state] ?? 'step_wrong');
  return refuse(code, { detail: `${action} of an activation that is ${state}` });
};

const VIEW: Record<ActivationState, ActivationView['state']> = {
  mail_sent: 'mail_sent',
  sms_sent: 'sms_sent',
  confirm_due: 'confirm_due',
  pin_due: 'pin_due',
  done: 'done',
  spent: 'closed',
  refused: 'closed',
  superseded: 'closed',
  closed: 'closed',
  expired: 'closed',
};

/** What the phone is told. */
export const viewActivation = (ecps: Ecps, activation: ActivationRow): ActivationView => {
  const state = VIEW[activationStateAt(activation, ecps.clock.now())];
  const pinDue = state === 'pin_due' && activation.gen !== null;
  return {
    activationId: activation.id,
    deviceId: activation.device_id,
    state,
    expiresAt: activation.expires_at.toISOString(),
    ...(state === 'sms_sent' && activation.sms_expires_at !== null
      ? { smsExpiresAt: activation.sms_expires_at.toISOString() }
      : {}),
    ...(state === 'confirm_due' && activation.letters !== null ? { letters: activation.letters } : {}),
    ...(pinDue && activation.via === 'card' ? { nationalId: activation.national_id } : {}),
    ...(pinDue
      ? {
          gen: activation.gen ?? 0,
          aud: ecps.config.issuer,
          pin: { minLength: ecps.config.pinMinLength, maxLength: PIN_MAX_LENGTH },
        }
      : {}),
  };
};
