import { taggedKey } from '../../platform/store/keys.ts';
import type { Ecps } from '../deps.ts';
import { ring } from '../devices/alerts.ts';
import { listDevices } from '../devices/repository.ts';
import { stateAt } from '../devices/state.ts';
import { PUSH_BUDGET } from './limits.ts';
import type { Transaction } from './record.ts';

/** Push is a doorbell: empty, within a budget, and never needed. It rings after the page was answered. */

const outstandingKey = (nationalId: string, known: boolean) =>
  taggedKey('ecps:ringing', nationalId, known ? 'known' : 'unknown');

/** Rings a person's phones for a sign-in, unless one ring is still unanswered or the budget is spent. */
export const ringFor = async (ecps: Ecps, transaction: Transaction): Promise<void> => {
  const { nationalId, context, silenced } = transaction;
  if (nationalId === undefined || silenced) return;
  const now = ecps.clock.now();
  const phones = (await listDevices(ecps.db, nationalId)).filter(
    (device) => stateAt(device, now) === 'active' && device.push_sealed !== null,
  );
  if (phones.length === 0) return;
  const seconds = Math.ceil((transaction.expiresAt - now.getTime()) / 1000);
  if (seconds < 1) return;
  const outstanding = outstandingKey(nationalId, context.known);
  if (!(await ecps.store.setIfAbsent(outstanding, transaction.txn, seconds))) return;
  const budget = await ecps.limits.hit(context.known ? 'ecps-push-known' : 'ecps-push', nationalId, [
    ...PUSH_BUDGET,
  ]);
  if (!budget.allowed) return;
  await ecps.db.transaction(async (tx) => {
    for (const phone of phones) await ring(ecps, tx, phone, new Date(transaction.expiresAt));
  });
  ecps.messages.kick();
};

/** The person answered: the next sign-in may ring. */
export const answered = async (ecps: Ecps, transaction: Transaction): Promise<void> => {
  if (transaction.nationalId === undefined) return;
  const key = outstandingKey(transaction.nationalId, transaction.context.known);
  if ((await ecps.store.get(key)) === transaction.txn) await ecps.store.delete(key);
};
