import { id as newId, token } from '../../platform/random.ts';
import { personChannel } from '../channels.ts';
import { inLocale } from '../../../views/locales/catalogue.ts';
import { ecps as en } from '../../../views/locales/en/ecps.ts';
import { ecps as fr } from '../../../views/locales/fr/ecps.ts';
import type { Ecps } from '../deps.ts';
import type { ApprovalContext } from '../protocol/context.ts';
import { isSilenced, originOf } from './browsers.ts';
import { approvedBy, findReceipt, serveReceipt } from './receipt.ts';
import { advance, read, writeNew, type Transaction } from './record.ts';
import { browserHash } from './secrets.ts';
import { leaveBackchannelSlot, takeBackchannelSlot } from './slots.ts';

/**
 * A sign-in that a service asks by itself, without a page of ours (CIBA). What it shows its person is typed on the
 * phone, in the place of the page's number.
 */
export interface BackchannelInput {
  /** The service's request, by the name that comes back with the decision. */
  request: string;
  nationalId: string;
  /** What the service shows. */
  message: string;
  context: Omit<ApprovalContext, 'browser' | 'place' | 'known' | 'at'>;
  seconds: number;
}

/** Two digits as on our own pages are the number of the protocol, which every phone knows. */
const NUMBER = /^[1-9][0-9]$/;

const bindingOf = (message: string): Pick<Transaction, 'bindings' | 'number' | 'message'> =>
  NUMBER.test(message) ? { bindings: ['number'], number: message } : { bindings: ['message'], message };

/**
 * Asks a person's phones. What is done, and how long it takes, is the same for an identifier that nobody has: who has
 * no phone simply has nothing that could approve.
 */
export const startBackchannel = async (ecps: Ecps, input: BackchannelInput): Promise<Transaction> => {
  const { nationalId, seconds } = input;
  const { clientId } = input.context.service;
  const txn = newId('txn');
  const now = ecps.clock.now();
  const origin = originOf(ecps, { browser: `service ${clientId}`, place: '' });
  const silenced = await isSilenced(ecps, nationalId, origin);
  const slot = await takeBackchannelSlot(ecps.store, nationalId, txn, seconds);
  const value: Transaction = {
    txn,
    state: 'waiting',
    interactionId: txn,
    // No browser can come for it: its secret is not kept.
    browserHash: browserHash(token(32)),
    nationalId,
    ...(slot === undefined ? { bindings: [] } : { slot, ...bindingOf(input.message) }),
    backchannel: input.request,
    challenge: token(32),
    seed: token(32),
    context: {
      ...input.context,
      browser: inLocale(input.context.locale, { fr, en }).service,
      place: '',
      known: false,
      at: now.toISOString(),
    },
    origin,
    silenced,
    expiresAt: now.getTime() + seconds * 1000,
  };
  await ecps.audit.record(ecps.db, {
    type: 'ecps.approval_started',
    nationalId,
    clientId,
    details: { txn, silenced, backchannel: true },
  });
  await writeNew(ecps.store, value, seconds);
  await ecps.store.publish(personChannel(nationalId), 'pending');
  return value;
};

const release = async (ecps: Ecps, value: Transaction): Promise<void> => {
  if (value.nationalId === undefined || value.slot === undefined) return;
  await leaveBackchannelSlot(ecps.store, value.nationalId, value.txn, value.slot);
};

/** Hands an approval on, and only then marks it served: a crash between the two is resumed by the phone's retry. */
const handOn = async (ecps: Ecps, value: Transaction, request: string): Promise<void> => {
  const receipt = await findReceipt(ecps, value.txn);
  if (!receipt) return;
  const approved = await approvedBy(ecps, receipt);
  await ecps.ports.backchannelDecided?.(
    approved ? { request, outcome: 'approved', approved } : { request, outcome: 'failed' },
  );
  await serveReceipt(ecps, value.txn, undefined);
  const stored = await read(ecps.store, value.txn);
  if (stored?.value.state === 'approved') await advance(ecps.store, stored, 'serve');
};

/** Tells the service's request what the person decided; does nothing for a sign-in of a page. */
export const decideBackchannel = async (ecps: Ecps, value: Transaction): Promise<void> => {
  const { backchannel: request, state } = value;
  if (request === undefined) return;
  if (state === 'approved') await handOn(ecps, value, request);
  else if (state === 'denied' || state === 'reported') {
    await ecps.ports.backchannelDecided?.({ request, outcome: 'denied' });
  } else if (state === 'broken') await ecps.ports.backchannelDecided?.({ request, outcome: 'failed' });
  else return;
  await release(ecps, value);
};
