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
import { answered } from './doorbell.ts';
import { tellPage } from './page.ts';
import { bindMatches, readFor, requirePractising } from './phone.ts';
import { advance, isOpen, read, type Stored, type Transaction } from './record.ts';

/**
 * The approval: the sign-in is taken in the expiring store (one phone, one payload), judged and proven in PostgreSQL,
 * then opened in the store. A crash between two of these steps is resumed by the same payload sent again.
 */

const pinKids = (payload: ApprovalPayload) => [payload.gen];

/** Takes the sign-in for this payload; why not, otherwise. A payload that took it before has it still. */
const take = async (
  ecps: Ecps,
  stored: Stored,
  by: { deviceId: string; hash: string },
): Promise<Stored | Refusal> => {
  const { value } = stored;
  const own = value.signing?.deviceId === by.deviceId && value.signing.hash === by.hash;
  if (own && (value.state === 'signing' || value.state === 'approved')) return stored;
  if (value.state === 'approved' || value.state === 'served') return refuse('already_used');
  if (value.state === 'signing') return refuse('step_wrong', { detail: 'another approval is being judged' });
  if (!isOpen(value, ecps.clock.now())) return refuse('gone');
  const taken = await advance(ecps.store, stored, 'sign', { signing: by });
  return typeof taken === 'object' ? taken : refuse('step_wrong', { detail: 'someone was faster' });
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

/** Opens the sign-in for its browser; done again by a retry when a crash came between. */
const open = async (ecps: Ecps, device: DeviceRow, txn: string, flow: 'cross' | 'same'): Promise<void> => {
  const stored = await read(ecps.store, txn);
  if (stored?.value.state !== 'signing') return;
  const next = await advance(ecps.store, stored, 'approve', { flow });
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
  const stored = await readFor(ecps, device, txn).catch((error: unknown) => {
    if (error instanceof Refusal) return error;
    throw error;
  });
  const taken = stored instanceof Refusal ? stored : await take(ecps, stored, { deviceId: device.id, hash });
  try {
    const { body } = await signedStep(ecps, {
      ...step,
      work: async (context) => (taken instanceof Refusal ? taken : prove(ecps, context, taken.value)),
    });
    await open(ecps, device, payload.txn, payload.flow);
    return body;
  } catch (error) {
    if (!(taken instanceof Refusal)) await giveBack(ecps, taken, error);
    throw error;
  }
};
