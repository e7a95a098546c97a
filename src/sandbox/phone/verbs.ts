import { UsageError } from '../../io.ts';
import { phoneTexts } from '../../../views/locales/phone.ts';
import { activate, activateCard } from './activate.ts';
import { approve } from './approve.ts';
import type { Outcome, PhoneSession } from './session.ts';
import { pinOf } from './session.ts';
import { deviceLine, newPhoneLines, requestLines } from './show.ts';
import { waitForRequest } from './wait.ts';

type Verb = (session: PhoneSession) => Promise<Outcome>;

const pending: Verb = async ({ phone, io }) => {
  const { requests, newPhones } = await phone.pending();
  const lines = [
    ...requests.flatMap((request) => requestLines(request, io.locale)),
    ...newPhones.flatMap((newPhone) => newPhoneLines(newPhone, io.locale)),
  ];
  return {
    json: { action: 'pending', requests, newPhones },
    lines: lines.length > 0 ? lines : [phoneTexts(io.locale).nothingPending],
  };
};

const refuseWith =
  (action: 'deny' | 'report'): Verb =>
  async (session) => {
    const { txn, context } = await waitForRequest(session);
    await session.phone[action](txn);
    const texts = phoneTexts(session.io.locale);
    const done = action === 'deny' ? texts.denied : texts.reported;
    return { json: { action, txn, service: context.service }, lines: [done(context.service.name)] };
  };

const changePin: Verb = async (session) => {
  const { phone, vault, options, io } = session;
  const { newPin } = options;
  if (newPin === undefined) throw new UsageError('--new-pin chooses the new PIN');
  const oldPin = pinOf(session);
  const answer = await phone.changePin(oldPin, newPin);
  await vault.note({ pin: newPin, formerPin: oldPin });
  return {
    json: { action: 'change-pin', ...answer },
    lines: [phoneTexts(io.locale).pinChanged(answer.rollbackUntil)],
  };
};

const undoPin: Verb = async ({ phone, vault, options, io }) => {
  const pin = options.pin ?? vault.file.formerPin;
  if (pin === undefined) throw new UsageError('this phone keeps no former PIN: give it with --pin');
  const answer = await phone.rollbackPin(pin);
  await vault.note({ pin });
  return { json: { action: 'undo-pin', ...answer }, lines: [phoneTexts(io.locale).pinRestored] };
};

const renew: Verb = async (session) => {
  const device = await session.phone.renew(pinOf(session));
  return {
    json: { action: 'renew', device },
    lines: [phoneTexts(session.io.locale).renewed(device.renewBy)],
  };
};

const devices: Verb = async ({ phone, io }) => {
  const list = await phone.devices();
  return {
    json: { action: 'devices', devices: list },
    lines: list.map((device) => deviceLine(device, io.locale)),
  };
};

/** Without an id: this phone itself. */
const revoke: Verb = async ({ phone, options, io }) => {
  const id = options.target ?? (await phone.me()).device.id;
  await phone.revoke(id);
  return { json: { action: 'revoke', deviceId: id }, lines: [phoneTexts(io.locale).revoked] };
};

const me: Verb = async ({ phone, io }) => {
  const view = await phone.me();
  return {
    json: { action: 'me', ...view },
    lines: [`${view.name} — ${view.nationalId}`, deviceLine(view.device, io.locale)],
  };
};

const history: Verb = async ({ phone, io }) => {
  const entries = await phone.history();
  const texts = phoneTexts(io.locale);
  return {
    json: { action: 'history', entries },
    lines: entries.map(({ at, kind, service, browser, place }) =>
      [texts.instant(at), texts.history[kind], service, browser, place].filter(Boolean).join(' — '),
    ),
  };
};

const newPhoneVerb =
  (action: 'approve-phone' | 'deny-phone'): Verb =>
  async (session) => {
    const { phone, options, io } = session;
    const id = options.target ?? (await phone.pending()).newPhones[0]?.deviceId;
    const texts = phoneTexts(io.locale);
    if (id === undefined) throw new UsageError(texts.noNewPhone);
    if (action === 'deny-phone') await phone.denyNewPhone(id);
    else await phone.approveNewPhone(id, pinOf(session));
    return {
      json: { action, deviceId: id },
      lines: [action === 'deny-phone' ? texts.newPhoneDenied : texts.newPhoneApproved],
    };
  };

/** Every verb of `caducee phone`. */
export const VERBS: Readonly<Record<string, Verb>> = {
  activate,
  'activate-card': activateCard,
  pending,
  approve,
  deny: refuseWith('deny'),
  report: refuseWith('report'),
  'change-pin': changePin,
  'undo-pin': undoPin,
  renew,
  me,
  devices,
  history,
  revoke,
  'approve-phone': newPhoneVerb('approve-phone'),
  'deny-phone': newPhoneVerb('deny-phone'),
};
