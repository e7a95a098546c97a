import { taggedKey } from '../../platform/store/keys.ts';
import { id as newId, token } from '../../platform/random.ts';
import { personChannel, transactionChannel } from '../channels.ts';
import type { Ecps } from '../deps.ts';
import type { ApprovalContext } from '../protocol/context.ts';
import type { BindMethod } from '../protocol/payloads.ts';
import { sameLink, signInQr } from '../protocol/qr.ts';
import { decideBackchannel } from './backchannel.ts';
import { isSilenced, originOf } from './browsers.ts';
import { TRANSACTION_SECONDS } from './limits.ts';
import { approvedBy, serveReceipt, type Approved } from './receipt.ts';
import { advance, read, writeNew, type Transaction } from './record.ts';
import { browserHash, isSameBrowser, linkSecret, qrSecret } from './secrets.ts';
import { leavePlace, takePlace } from './slots.ts';

/** What the sign-in page does: start, draw, watch, and come for the approval. */

export interface StartInput {
  /** As normalised; absent for a page that only shows a QR. */
  nationalId?: string | undefined;
  interactionId: string;
  /** The secret in the interaction's cookie. */
  browserToken: string;
  context: ApprovalContext;
  bindings?: BindMethod[] | undefined;
  /** The browser's address: a report silences it for that person. */
  address?: string | undefined;
}

export interface Started {
  txn: string;
  number: string | undefined;
  expiresAt: Date;
}

export type PageStatus = 'waiting' | 'approved' | 'expired' | 'stopped';

const interactionKey = (interactionId: string) => taggedKey('ecps:interaction', interactionId);

const release = async (ecps: Ecps, value: Transaction): Promise<void> => {
  if (value.nationalId === undefined || value.slot === undefined || value.number === undefined) return;
  const place = { slot: value.slot, number: value.number };
  await leavePlace(ecps.store, value.nationalId, value.txn, place);
};

/** The same interaction starts again: its former sign-in ends. */
const replaceFormer = async (ecps: Ecps, input: StartInput, txn: string): Promise<void> => {
  const key = interactionKey(input.interactionId);
  const former = await ecps.store.get(key);
  await ecps.store.set(key, txn, TRANSACTION_SECONDS);
  const stored = former === undefined ? undefined : await read(ecps.store, former);
  if (!stored || !isSameBrowser(stored.value, input.browserToken)) return;
  if (typeof (await advance(ecps.store, stored, 'replace')) === 'object') await release(ecps, stored.value);
};

/**
 * Starts a sign-in. What is done, and how long it takes, does not depend on whether anyone has that identifier: who
 * has no phone simply has nothing that could approve.
 */
export const startSignIn = async (
  ecps: Ecps,
  input: StartInput,
): Promise<Started & { value: Transaction }> => {
  const { nationalId, context } = input;
  const txn = newId('txn');
  await replaceFormer(ecps, input, txn);
  const origin = originOf(ecps, { address: input.address, browser: context.browser, place: context.place });
  const wanted = input.bindings ?? ['number', 'qr', 'link'];
  const silenced = nationalId !== undefined && (await isSilenced(ecps, nationalId, origin));
  const place =
    nationalId !== undefined && wanted.includes('number')
      ? await takePlace(ecps.store, nationalId, txn)
      : undefined;
  const expiresAt = new Date(ecps.clock.now().getTime() + TRANSACTION_SECONDS * 1000);
  const value: Transaction = {
    txn,
    state: 'waiting',
    interactionId: input.interactionId,
    browserHash: browserHash(input.browserToken),
    ...(nationalId === undefined ? {} : { nationalId }),
    ...place,
    challenge: token(32),
    seed: token(32),
    context,
    bindings: wanted.filter((method) => method !== 'number' || place !== undefined),
    origin,
    silenced,
    expiresAt: expiresAt.getTime(),
  };
  await ecps.audit.record(ecps.db, {
    type: 'ecps.approval_started',
    clientId: context.service.clientId,
    details: { txn, silenced },
    ...(nationalId === undefined ? {} : { nationalId }),
    ...(input.address === undefined ? {} : { address: input.address }),
  });
  await writeNew(ecps.store, value);
  if (nationalId !== undefined) await ecps.store.publish(personChannel(nationalId), 'pending');
  return { txn, number: place?.number, expiresAt, value };
};

const readOwn = async (ecps: Ecps, txn: string, browserToken: string) => {
  const stored = await read(ecps.store, txn);
  return stored && isSameBrowser(stored.value, browserToken) ? stored : undefined;
};

/**
 * The page goes on drawing until the time is over, whatever the phone did: a denied sign-in looks like one that
 * nobody has seen.
 */
const looksOpen = (ecps: Ecps, value: Transaction): boolean => value.expiresAt > ecps.clock.now().getTime();

/** The text of the QR, as it is drawn now. */
export const currentQr = async (ecps: Ecps, txn: string, browserToken: string) => {
  const stored = await readOwn(ecps, txn, browserToken);
  if (!stored?.value.bindings.includes('qr') || !looksOpen(ecps, stored.value)) return undefined;
  return signInQr({ id: txn, secret: qrSecret(stored.value, ecps.clock.now()) });
};

/** The link to the app on the same phone. */
export const currentLink = async (ecps: Ecps, txn: string, browserToken: string) => {
  const stored = await readOwn(ecps, txn, browserToken);
  if (!stored?.value.bindings.includes('link') || !looksOpen(ecps, stored.value)) return undefined;
  return sameLink(ecps.config.appOrigin, { id: txn, secret: linkSecret(stored.value) });
};

/** What the page is told; of what the phone did, only an approval, unless this browser is known to the person. */
export const pageStatus = async (ecps: Ecps, txn: string, browserToken: string): Promise<PageStatus> => {
  const stored = await readOwn(ecps, txn, browserToken);
  if (!stored) return 'expired';
  const { value } = stored;
  if (value.state === 'approved' && value.flow === 'cross') return 'approved';
  if (value.state === 'served' || value.state === 'replaced') return 'expired';
  if (!looksOpen(ecps, value)) return 'expired';
  const stopped = value.state === 'denied' || value.state === 'reported' || value.state === 'broken';
  return stopped && value.context.known ? 'stopped' : 'waiting';
};

/**
 * Ends an approved sign-in for the browser that started it: of several calls at once, one gets the approval. A
 * same-phone approval opens only with the verifier that the phone brought.
 */
export const finishSignIn = async (
  ecps: Ecps,
  asked: { txn: string; browserToken: string; verifier?: string | undefined },
): Promise<Approved | undefined> => {
  const stored = await readOwn(ecps, asked.txn, asked.browserToken);
  if (stored?.value.state !== 'approved') return undefined;
  const served = await serveReceipt(ecps, asked.txn, asked.verifier);
  if (!served) return undefined;
  await advance(ecps.store, stored, 'serve');
  await release(ecps, stored.value);
  return approvedBy(ecps, served);
};

/** Tells the page to look, when there is something that it may see; or the service that asked without a page. */
export const tellPage = async (ecps: Ecps, value: Transaction): Promise<void> => {
  if (value.backchannel !== undefined) return decideBackchannel(ecps, value);
  const visible = value.state === 'approved' ? value.flow === 'cross' : value.context.known;
  if (visible) await ecps.store.publish(transactionChannel(value.txn), 'changed');
};
