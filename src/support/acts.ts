import type { Audit } from '../audit/record.ts';
import { closeOthers, findActivation } from '../ecps/activation/repository.ts';
import { activationStateAt } from '../ecps/activation/step.ts';
import type { EcpsService } from '../ecps/service.ts';
import { Refusal } from '../http/errors.ts';
import type { Clock } from '../platform/clock.ts';
import type { Database, Queryable } from '../platform/postgres.ts';
import type { Practitioner, Registry } from '../registry/service.ts';
import { findStatus, listActivations, listPhones } from './repository.ts';

/**
 * What the help desk does for a person, each for a reason that stays in the audit. There is no way to unlock a phone: its
 * owner proves again who he is.
 */

export interface ActDeps {
  db: Database;
  clock: Clock;
  audit: Audit;
  /** With the audit, so that a changed status is told. */
  registry: Pick<Registry, 'find' | 'setStatus'>;
  ecps: Pick<EcpsService, 'activations' | 'devices'>;
}

/** For whom, why, and who does it. */
export interface Act {
  nationalId: string;
  reason: string;
  operator: string;
}

export type ResendOutcome = 'mail' | 'sms' | 'quota' | 'nothingOpen' | 'nothingToSend';

/** Nobody in the registry has this identifier. */
export class PersonUnknown extends Error {}

const personOf = async ({ registry }: ActDeps, { nationalId }: Act): Promise<Practitioner> => {
  const person = await registry.find(nationalId);
  if (!person) throw new PersonUnknown(nationalId);
  return person;
};

const tell = (
  { audit }: ActDeps,
  tx: Queryable,
  { operator, reason }: Act,
  person: Practitioner,
  done: { act: string; deviceId?: string; outcome?: string | number },
): Promise<void> => {
  const { act, deviceId, outcome } = done;
  return audit.record(tx, {
    type: 'operator.acted',
    nationalId: person.nationalId,
    ...(deviceId === undefined ? {} : { deviceId }),
    details: { act, operator, reason, ...(outcome === undefined ? {} : { outcome }) },
  });
};

const countSends = async (db: Queryable, activationId: string): Promise<number> =>
  (
    await db.query<{ count: number }>(
      'SELECT count(*) AS count FROM ecps_activation_send WHERE activation_id = $1',
      [activationId],
    )
  ).rows[0]?.count ?? 0;

const resend = async (deps: ActDeps, practitionerId: string): Promise<ResendOutcome> => {
  const { db, clock, ecps } = deps;
  const now = clock.now();
  const open = (await listActivations(db, practitionerId, 10)).find(({ state, expires_at }) =>
    ['mail_sent', 'sms_sent', 'confirm_due', 'pin_due'].includes(
      activationStateAt({ state, expires_at }, now),
    ),
  );
  const activation = open && (await findActivation(db, open.id));
  if (!activation) return 'nothingOpen';
  const before = await countSends(db, activation.id);
  try {
    if (activation.state === 'mail_sent') await ecps.activations.resendMail(activation);
    else if (activation.state === 'sms_sent') await ecps.activations.resendSms(activation);
    else return 'nothingToSend';
  } catch (error) {
    if (error instanceof Refusal && error.code === 'too_many_requests') return 'quota';
    throw error;
  }
  if ((await countSends(db, activation.id)) === before) return 'quota';
  return activation.state === 'mail_sent' ? 'mail' : 'sms';
};

/** Sends again what the activation under way waits for, within the same limits as the person's own request. */
export const resendMessage = async (deps: ActDeps, act: Act): Promise<ResendOutcome> => {
  const person = await personOf(deps, act);
  const outcome = await resend(deps, person.id);
  await tell(deps, deps.db, act, person, { act: 'resend', outcome });
  return outcome;
};

/** Closes every activation under way; returns how many. */
export const cancelActivations = async (deps: ActDeps, act: Act): Promise<number> => {
  const person = await personOf(deps, act);
  return deps.db.transaction(async (tx) => {
    const closed = await closeOthers(tx, person.id, '', deps.clock.now());
    for (const { id } of closed) {
      await deps.audit.record(tx, {
        type: 'ecps.activation_closed',
        nationalId: person.nationalId,
        details: { activation: id, reason: 'operator' },
      });
    }
    await tell(deps, tx, act, person, { act: 'cancel', outcome: closed.length });
    return closed.length;
  });
};

/** Stops every sign-in of a person, whatever the registry's files say; false when the person was not active already. */
export const suspendPerson = async (deps: ActDeps, act: Act): Promise<boolean> => {
  const person = await personOf(deps, act);
  if (person.status !== 'active') return false;
  await deps.registry.setStatus(person.id, 'inactive');
  await tell(deps, deps.db, act, person, { act: 'suspend' });
  return true;
};

/** Gives the say back to the registry's files; false when the person was not suspended by hand. */
export const liftSuspension = async (deps: ActDeps, act: Act): Promise<boolean> => {
  const person = await personOf(deps, act);
  const status = await findStatus(deps.db, person.id);
  if (status?.status !== 'inactive' || status.setAt === undefined) return false;
  await deps.registry.setStatus(person.id, 'active');
  await tell(deps, deps.db, act, person, { act: 'lift' });
  return true;
};

/** Ends one phone of a person, who is told. */
export const revokePhone = async (
  deps: ActDeps,
  act: Act & { deviceId: string },
): Promise<'revoked' | 'already' | 'unknown'> => {
  const person = await personOf(deps, act);
  const { deviceId } = act;
  const phone = (await listPhones(deps.db, person.id)).find(({ id }) => id === deviceId);
  if (!phone) return 'unknown';
  if (phone.state === 'revoked') return 'already';
  await deps.ecps.devices.revoke(person.nationalId, deviceId, 'operator');
  await tell(deps, deps.db, act, person, { act: 'revoke', deviceId });
  return 'revoked';
};
