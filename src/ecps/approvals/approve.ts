import { Refusal } from '../../http/errors.ts';
import { personChannel } from '../channels.ts';
import type { Ecps } from '../deps.ts';
import type { DeviceRow } from '../devices/repository.ts';
import { keepHistory } from '../history.ts';
import { finalizeChange } from '../pin/change.ts';
import {
  judgePin,
  keepReceipt,
  openSigned,
  signedStep,
  type Body,
  type SignedContext,
} from '../pin/signed.ts';
import { contextHash } from '../protocol/context.ts';
import { approvalPayload, type ApprovalPayload, type GeneralJws } from '../protocol/payloads.ts';
import { refuse } from '../refuse.ts';
import { decideBackchannel } from './backchannel.ts';
import { answered } from './doorbell.ts';
import { tellPage } from './page.ts';
import { bindMatches, findFor, requirePractising } from './phone.ts';
import { advance, isOpen, read, type Stored, type Transaction } from './record.ts';

/**
 * The approval: the sign-in is taken in the expiring store (one phone, one payload), judged and proven in PostgreSQL,
 * then opened in the store. A crash between two of these steps is resumed by the same payload sent again.
 */

const pinKids = (payload: ApprovalPayload) => [payload.gen];

/** What stands against this payload taking the sign-in; `own` when it has it already. */
const judgeTaking = (
  ecps: Ecps,
  value: Transaction,
  by: { deviceId: string; hash: string },
): 'own' | Refusal | undefined => {
  const own = value.signing?.deviceId === by.deviceId && value.signing.hash === by.hash;
  if (own && (value.state === 'signing' || value.state === 'approved')) return 'own';
  if (value.state === 'approved' || value.state === 'served') return refuse('already_used');
  if (value.state === 'signing') return refuse('step_wrong', { detail: 'another approval is being judged' });
  return isOpen(value, ecps.clock.now()) ? undefined : refuse('gone');
};

/** Takes the sign-in for this payload; why not, otherwise. Sent twice at once, the same payload has it twice. */
const take = async (ecps: Ecps, device: DeviceRow, txn: string, hash: string): Promise<Stored | Refusal> => {
  const by = { deviceId: device.id, hash };
  for (;;) {
    const stored = await findFor(ecps, device, txn);
    if (!stored) return refuse('gone');
    const verdict = judgeTaking(ecps, stored.value, by);
    if (verdict === 'own') return stored;
    if (verdict) return verdict;
    const taken = await advance(ecps.store, stored, 'sign', { signing: by });
    if (typeof taken === 'object') return taken;
    // Someone was faster: look again who it was.
  }
};

const mismatch = (value: Transaction, device: DeviceRow, payload: ApprovalPayload): Refusal | undefined => {
  const same =
    payload.txn === value.txn &&
    payload.gen === device.gen &&
    payload.chal === value.challenge &&
    payload.ctx_sha256 === contextHash(value.context) &&
    payload.flow === (payload.bind.m === 'link' ? 'same' : 'cross');
  if (!same) return refuse('payload_mismatch');
  return bindMatches(value, device, payload.bind) ? undefined : refuse('bind_wrong');
};

const prove = async (
  ecps: Ecps,
  context: SignedContext<ApprovalPayload>,
  value: Transaction,
): Promise<Refusal | Body> => {
  const { tx, device, payload, now } = context;
  const wrong = mismatch(value, device, payload);
  if (wrong) return wrong;
  const judged = await judgePin(ecps, context, { scope: value.txn, gen: device.gen });
  if (judged instanceof Refusal) return judged;
  const receipt = await keepReceipt(ecps, context, {
    kind: 'sign_in',
    scope: value.txn,
    context: value.context,
    flow: payload.flow,
    verifierHash: payload.verifier_sha256,
  });
  if (receipt === undefined) return refuse('already_used');
  await finalizeChange(tx, device);
  await ecps.audit.record(tx, {
    type: 'ecps.approval_given',
    nationalId: device.national_id,
    deviceId: device.id,
    clientId: value.context.service.clientId,
    details: { txn: value.txn, flow: payload.flow, bind: payload.bind.m, gen: payload.gen },
  });
  await keepHistory(tx, {
    nationalId: device.national_id,
    kind: 'sign_in',
    service: value.context.service.name,
    browser: value.context.browser,
    place: value.context.place,
    device: device.name,
    at: now,
  });
  return {
    receipt,
    wrongTriesSince: judged.wrongTriesSince,
    ...(payload.flow === 'same' ? { returnTo: ecps.ports.returnUrl(value.interactionId) } : {}),
  };
};

/**
 * Opens the sign-in for its browser; done again by a retry when a crash came between. What PostgreSQL holds is what was
 * approved: a copy of this call that failed meanwhile may have given the sign-in back, and it is taken again.
 */
const open = async (
  ecps: Ecps,
  device: DeviceRow,
  approved: { txn: string; hash: string; flow: 'cross' | 'same' },
): Promise<void> => {
  const { txn, hash, flow } = approved;
  const stored = await read(ecps.store, txn);
  if (!stored) return;
  // Opened before, and the service perhaps not told.
  if (stored.value.state === 'approved' && stored.value.backchannel !== undefined) {
    return decideBackchannel(ecps, stored.value);
  }
  const signing = { deviceId: device.id, hash };
  const taken =
    stored.value.state === 'waiting' ? await advance(ecps.store, stored, 'sign', { signing }) : stored;
  if (typeof taken !== 'object') return;
  const next = await advance(ecps.store, taken, 'approve', { flow });
  if (typeof next !== 'object') return;
  await answered(ecps, next.value);
  await tellPage(ecps, next.value);
  await ecps.store.publish(personChannel(device.national_id), 'pending');
};

/** Gives the sign-in back after a refusal: a wrong PIN may be tried again, a wrong bind may not. */
const giveBack = async (ecps: Ecps, taken: Stored, refusal: unknown): Promise<void> => {
  const released = await advance(ecps.store, taken, 'release');
  if (typeof released !== 'object') return;
  const broken = refusal instanceof Refusal && refusal.code === 'bind_wrong';
  if (!broken) return;
  const ended = await advance(ecps.store, released, 'mismatch');
  if (typeof ended === 'object') await tellPage(ecps, ended.value);
};

/** Verifies both signatures and every field against our own record, once. */
export const approveSignIn = async (
  ecps: Ecps,
  device: DeviceRow,
  txn: string,
  jws: GeneralJws,
): Promise<Body> => {
  const step = { device, jws, schema: approvalPayload, pinKids };
  const { hash, payload } = await openSigned(ecps, step);
  await requirePractising(ecps, device);
  const taken = await take(ecps, device, txn, hash);
  try {
    const { body } = await signedStep(ecps, {
      ...step,
      work: async (context) => (taken instanceof Refusal ? taken : prove(ecps, context, taken.value)),
    });
    await open(ecps, device, { txn, hash, flow: payload.flow });
    return body;
  } catch (error) {
    if (!(taken instanceof Refusal)) await giveBack(ecps, taken, error);
    throw error;
  }
};
