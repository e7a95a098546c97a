import type { Refusal } from '../../http/errors.ts';
import { personChannel } from '../channels.ts';
import type { Ecps } from '../deps.ts';
import { openAlerts } from '../devices/alerts.ts';
import { listNewPhones } from '../devices/new-phone.ts';
import type { DeviceRow } from '../devices/repository.ts';
import { pinStateAt, unusable } from '../devices/state.ts';
import { keepHistory } from '../history.ts';
import { countPinTry } from '../pin/count.ts';
import type { PendingRequest, ResponseOf } from '../protocol/api.ts';
import { sameMessage, type Bind } from '../protocol/payloads.ts';
import { parseSameLink, parseSignInQr } from '../protocol/qr.ts';
import { checked, refuse } from '../refuse.ts';
import { silence } from './browsers.ts';
import { answered } from './doorbell.ts';
import { tellPage } from './page.ts';
import { advance, isOpen, read, type Stored, type Transaction } from './record.ts';
import { isFresh } from './secrets.ts';
import type { TransactionAction } from './flow.ts';
import { keepClaimed, listOpen, readClaimed } from './slots.ts';

/** What a phone does with the sign-ins of its owner. What is not his is `gone`, like what never was. */

const viewRequest = (ecps: Ecps, device: DeviceRow, value: Transaction): PendingRequest => ({
  txn: value.txn,
  aud: ecps.config.issuer,
  gen: device.gen,
  challenge: value.challenge,
  context: value.context,
  bindings: value.bindings,
  expiresAt: new Date(value.expiresAt).toISOString(),
  pin: pinStateAt(device, ecps.clock.now()),
});

/** What waits for this person: sign-ins that named him, the one this phone scanned, and new phones to let in. */
export const listPending = async (ecps: Ecps, device: DeviceRow): Promise<ResponseOf<'pending'>> => {
  const now = ecps.clock.now();
  const claimed = await readClaimed(ecps.store, device.id);
  const txns = new Set([...(await listOpen(ecps.store, device.national_id)), ...(claimed ? [claimed] : [])]);
  const found = await Promise.all([...txns].map((txn) => read(ecps.store, txn)));
  const requests = found
    .filter((stored): stored is Stored => stored !== undefined && isOpen(stored.value, now))
    .map((stored) => stored.value)
    .filter((value) => value.nationalId === device.national_id)
    .sort((a, b) => a.expiresAt - b.expiresAt);
  return {
    requests: requests.map((value) => viewRequest(ecps, device, value)),
    newPhones: await listNewPhones(ecps, device),
  };
};

/** The phone's owner must practise: struck off, the phone is lost; inactive (gone from the files), it rests until they are back. */
export const requirePractising = async (ecps: Ecps, device: DeviceRow): Promise<void> => {
  const person = await ecps.registry.findById(device.practitioner_id);
  if (person?.status === 'active') return;
  const code = person?.status === 'inactive' ? 'practitioner_inactive' : 'device_revoked';
  throw refuse(code, { detail: 'no longer practises' });
};

/** A sign-in that belongs to the phone's owner, or to nobody yet when `unclaimed` allows it. */
export const findFor = async (
  ecps: Ecps,
  device: DeviceRow,
  txn: string,
  options: { unclaimed?: boolean } = {},
): Promise<Stored | undefined> => {
  const stored = await read(ecps.store, txn);
  const owner = stored?.value.nationalId;
  const mine = owner === device.national_id || (owner === undefined && options.unclaimed === true);
  return mine ? stored : undefined;
};

const readFor = async (...asked: Parameters<typeof findFor>): Promise<Stored> => {
  const stored = await findFor(...asked);
  if (!stored) throw refuse('gone');
  return stored;
};

/** Why an action on a sign-in is not allowed any more; leaves the audit row of an illegal pair. */
export const illegal = async (
  ecps: Ecps,
  device: DeviceRow,
  value: Transaction,
  action: TransactionAction,
): Promise<Refusal> => {
  await ecps.audit.record(ecps.db, {
    type: 'ecps.step_illegal',
    nationalId: device.national_id,
    deviceId: device.id,
    details: { flow: 'transaction', txn: value.txn, state: value.state, action },
  });
  const used = value.state === 'approved' || value.state === 'served';
  if (used) return refuse('already_used');
  return refuse(value.state === 'signing' ? 'step_wrong' : 'gone');
};

const requireOpen = async (
  ecps: Ecps,
  device: DeviceRow,
  stored: Stored,
  action: TransactionAction,
): Promise<void> => {
  if (stored.value.state !== 'waiting') throw await illegal(ecps, device, stored.value, action);
  if (!isOpen(stored.value, ecps.clock.now())) throw refuse('gone');
};

/** Advances, or says why not. Losing a race to another phone or tab reads as any other illegal step. */
export const advanceFor = async (
  ecps: Ecps,
  device: DeviceRow,
  stored: Stored,
  action: TransactionAction,
  change: Partial<Transaction> = {},
): Promise<Stored> => {
  const next = await advance(ecps.store, stored, action, change);
  if (typeof next === 'object') return next;
  const now = await read(ecps.store, stored.value.txn);
  throw now ? await illegal(ecps, device, now.value, action) : refuse('gone');
};

/** Takes the QR of a sign-in page, or a same-phone link: the first phone that brings it has it. */
export const scanSignIn = async (
  ecps: Ecps,
  device: DeviceRow,
  input: { qr: string } | { link: string },
): Promise<PendingRequest> => {
  const refused = unusable(device, ecps.clock.now());
  if (refused) throw refused;
  const m = 'qr' in input ? 'qr' : 'link';
  const ticket = await checked(() => ('qr' in input ? parseSignInQr(input.qr) : parseSameLink(input.link)));
  const stored = await readFor(ecps, device, ticket.id, { unclaimed: true });
  await requireOpen(ecps, device, stored, 'scan');
  const { value } = stored;
  const scanned = { m, v: ticket.secret } as const;
  if (!value.bindings.includes(m) || !isFresh(value, scanned, ecps.clock.now())) throw refuse('gone');
  if (value.claim !== undefined && value.claim.deviceId !== device.id) throw refuse('already_used');
  await requirePractising(ecps, device);
  const next = await advanceFor(ecps, device, stored, 'scan', {
    nationalId: device.national_id,
    claim: { deviceId: device.id, ...scanned },
  });
  await keepClaimed(ecps.store, device.id, value.txn);
  return viewRequest(ecps, device, next.value);
};

/** Whether what the phone brings is what the screen shows. */
export const bindMatches = (value: Transaction, device: DeviceRow, bind: Bind): boolean => {
  if (!value.bindings.includes(bind.m)) return false;
  if (bind.m === 'number') return value.number === bind.v;
  if (bind.m === 'message') return value.message !== undefined && sameMessage(value.message, bind.v);
  const { claim } = value;
  return claim?.deviceId === device.id && claim.m === bind.m && claim.v === bind.v;
};

/** A wrong number, QR or link ends the sign-in and touches no PIN counter. */
export const breakOff = async (ecps: Ecps, device: DeviceRow, stored: Stored): Promise<Refusal> => {
  const next = await advanceFor(ecps, device, stored, 'mismatch');
  await ecps.audit.record(ecps.db, {
    type: 'ecps.approval_bound_wrong',
    nationalId: device.national_id,
    deviceId: device.id,
    clientId: next.value.context.service.clientId,
    details: { txn: next.value.txn },
  });
  await tellPage(ecps, next.value);
  return refuse('bind_wrong');
};

/** Open? Phone active? Bind right? Then one try is counted, and only then the PIN is evaluated. */
export const evaluateSignIn = async (
  ecps: Ecps,
  device: DeviceRow,
  txn: string,
  asked: { blinded: string; bind: Bind },
): Promise<{ evaluated: string; triesLeft: number }> => {
  const refused = unusable(device, ecps.clock.now());
  if (refused) throw refused;
  const stored = await readFor(ecps, device, txn);
  await requireOpen(ecps, device, stored, 'evaluate');
  await requirePractising(ecps, device);
  if (!bindMatches(stored.value, device, asked.bind)) throw await breakOff(ecps, device, stored);
  const counted = await countPinTry(ecps, {
    deviceId: device.id,
    practitionerId: device.practitioner_id,
    scope: txn,
    blinded: asked.blinded,
  });
  return {
    evaluated: ecps.keys.evaluate(device.id, counted.gen, asked.blinded),
    triesLeft: counted.triesLeft,
  };
};

/** The person says no. To a page he does not know, nothing happened. */
export const denySignIn = async (ecps: Ecps, device: DeviceRow, txn: string): Promise<void> => {
  await refuseSignIn(ecps, device, txn, 'deny');
};

/** "I asked for nothing": that origin makes the person's phones ring no more, and he is told by mail. */
export const reportSignIn = async (ecps: Ecps, device: DeviceRow, txn: string): Promise<void> => {
  const { value } = await refuseSignIn(ecps, device, txn, 'report');
  const alerts = await openAlerts(ecps, device.practitioner_id);
  const { context } = value;
  await ecps.db.transaction(async (tx) => {
    await silence(ecps, tx, device.national_id, value.origin);
    await alerts.mail(
      tx,
      'sign_in_reported',
      {
        at: ecps.clock.now(),
        service: context.service.name,
        browser: context.browser,
        place: context.place,
        deviceName: device.name,
      },
      { locale: device.locale, deviceId: device.id },
    );
  });
  ecps.messages.kick();
};

const refuseSignIn = async (ecps: Ecps, device: DeviceRow, txn: string, action: 'deny' | 'report') => {
  const refused = unusable(device, ecps.clock.now());
  if (refused) throw refused;
  const stored = await readFor(ecps, device, txn);
  await requireOpen(ecps, device, stored, action);
  const next = await advanceFor(ecps, device, stored, action);
  const { context } = next.value;
  await ecps.db.transaction(async (tx) => {
    await ecps.audit.record(tx, {
      type: action === 'deny' ? 'ecps.approval_denied' : 'ecps.approval_reported',
      nationalId: device.national_id,
      deviceId: device.id,
      clientId: context.service.clientId,
      details: { txn },
    });
    await keepHistory(tx, {
      nationalId: device.national_id,
      kind: action === 'deny' ? 'denied' : 'reported',
      service: context.service.name,
      browser: context.browser,
      place: context.place,
      device: device.name,
      at: ecps.clock.now(),
    });
  });
  await answered(ecps, next.value);
  await tellPage(ecps, next.value);
  await ecps.store.publish(personChannel(device.national_id), 'pending');
  return next;
};
