import { Refusal } from '../../http/errors.ts';
import { constantTimeEqualText } from '../../platform/crypto.ts';
import type { Queryable } from '../../platform/postgres.ts';
import type { Ecps } from '../deps.ts';
import { listDevices } from '../devices/repository.ts';
import { stateAt } from '../devices/state.ts';
import { allotGeneration } from '../pin/repository.ts';
import { normalizeSmsCode } from '../protocol/qr.ts';
import { decide, refuse } from '../refuse.ts';
import { requireContact } from './contact.ts';
import { MAX_PHONES, SMS_PER_PERSON, SMS_SECONDS, SMS_TRIES, STEP_SECONDS } from './limits.ts';
import { checkMailSecret, type MailInput } from './mail.ts';
import {
  consumeMail,
  consumeSms,
  countSmsTry,
  endActivation,
  insertSms,
  listSends,
  lockActivation,
  lockPerson,
  nextSms,
  setActivationGen,
  type ActivationRow,
} from './repository.ts';
import { smsCode } from './secrets.ts';
import { judgeStep } from './step.ts';

/** The SMS of an activation: it leaves once the mail's secret was right, not before. */

/** Refuses when the person already got the day's SMS. Holds the person's lock. */
const smsQuota = async (ecps: Ecps, tx: Queryable, practitionerId: string): Promise<Refusal | undefined> => {
  const now = ecps.clock.now();
  const since = new Date(now.getTime() - SMS_PER_PERSON.seconds * 1000);
  const sent = await listSends(tx, practitionerId, 'sms', since);
  const oldest = sent[sent.length - SMS_PER_PERSON.limit];
  if (oldest === undefined) return undefined;
  const retryAfter = Math.ceil((oldest.getTime() + SMS_PER_PERSON.seconds * 1000 - now.getTime()) / 1000);
  return refuse('too_many_requests', { retryAfter: Math.max(1, retryAfter) });
};

const sendSms = async (
  ecps: Ecps,
  tx: Queryable,
  activation: ActivationRow,
  sms: { phone: string; counter: number; expiresAt: Date },
): Promise<void> => {
  await insertSms(tx, {
    activationId: activation.id,
    practitionerId: activation.practitioner_id,
    now: ecps.clock.now(),
    expiresAt: sms.expiresAt,
  });
  await ecps.messages.enqueue(tx, {
    kind: 'sms',
    template: 'activation_code',
    to: sms.phone,
    locale: activation.locale,
    data: {
      code: smsCode(ecps, activation.id, sms.counter),
      domain: new URL(ecps.config.appOrigin).hostname,
    },
    practitionerId: activation.practitioner_id,
    activationId: activation.id,
    expiresAt: sms.expiresAt,
  });
};

const deadlines = (ecps: Ecps) => {
  const now = ecps.clock.now();
  return {
    now,
    smsExpiresAt: new Date(now.getTime() + SMS_SECONDS * 1000),
    expiresAt: new Date(now.getTime() + STEP_SECONDS * 1000),
  };
};

/** Takes the mail's QR or typed code; right, the SMS leaves. */
export const scanMail = async (ecps: Ecps, activation: ActivationRow, input: MailInput): Promise<void> => {
  const judged = await ecps.db.transaction((tx) => judgeStep(ecps, tx, activation, 'scan'));
  if (judged) throw judged;
  await checkMailSecret(ecps, activation, input);
  const contact = await requireContact(ecps, activation.practitioner_id);
  await decide(ecps.db, async (tx) => {
    await lockPerson(tx, activation.practitioner_id);
    const full = await smsQuota(ecps, tx, activation.practitioner_id);
    if (full) return full;
    const times = deadlines(ecps);
    if (!(await consumeMail(tx, activation.id, times))) return refuse('already_used');
    await sendSms(ecps, tx, activation, {
      phone: contact.phone,
      counter: 1,
      expiresAt: times.smsExpiresAt,
    });
    await ecps.audit.record(tx, {
      type: 'ecps.activation_scanned',
      nationalId: activation.national_id,
      deviceId: activation.device_id,
      details: { activation: activation.id, by: 'qr' in input ? 'qr' : 'typed' },
    });
    return undefined;
  });
  ecps.messages.kick();
};

/** Sends another SMS, with another code. */
export const resendSms = async (ecps: Ecps, activation: ActivationRow): Promise<void> => {
  const contact = await requireContact(ecps, activation.practitioner_id);
  await decide(ecps.db, async (tx) => {
    await lockPerson(tx, activation.practitioner_id);
    const held = await lockActivation(tx, activation.id);
    if (!held) return refuse('not_found');
    const refused =
      (await judgeStep(ecps, tx, held, 'resend_sms')) ??
      (await smsQuota(ecps, tx, activation.practitioner_id));
    if (refused) return refused;
    const times = deadlines(ecps);
    const counter = await nextSms(tx, activation.id, times);
    if (counter === undefined) return refuse('step_wrong');
    await sendSms(ecps, tx, activation, { phone: contact.phone, counter, expiresAt: times.smsExpiresAt });
    await ecps.audit.record(tx, {
      type: 'ecps.activation_resent',
      nationalId: held.national_id,
      deviceId: held.device_id,
      details: { activation: held.id, kind: 'sms', sent: true },
    });
    return undefined;
  });
  ecps.messages.kick();
};

/** A fourth phone is refused here: told to nobody who lacks the person's mail and SMS. Holds the person's lock. */
export const phoneLimit = async (
  ecps: Ecps,
  tx: Queryable,
  activation: ActivationRow,
): Promise<Refusal | undefined> => {
  const now = ecps.clock.now();
  const others = (await listDevices(tx, activation.national_id)).filter((device) => {
    const state = stateAt(device, now);
    return device.id !== activation.device_id && (state === 'active' || state === 'quarantine');
  });
  if (others.length < MAX_PHONES) return undefined;
  await endActivation(tx, activation.id, { from: activation.state, to: 'refused', now });
  await ecps.audit.record(tx, {
    type: 'ecps.activation_closed',
    nationalId: activation.national_id,
    deviceId: activation.device_id,
    details: { activation: activation.id, reason: 'phone_limit' },
  });
  return refuse('phone_limit');
};

/** Counts the try in a statement of its own, then the limit, then the comparison in constant time. */
const checkSmsCode = async (ecps: Ecps, activation: ActivationRow, code: string): Promise<number> => {
  const { tries, sends, expiresAt } = await countSmsTry(ecps.db, activation.id);
  if (tries > SMS_TRIES) throw refuse('code_expired', { detail: 'no try left' });
  if (expiresAt === null || expiresAt <= ecps.clock.now()) throw refuse('code_expired');
  const right = constantTimeEqualText(normalizeSmsCode(code) ?? '', smsCode(ecps, activation.id, sends));
  if (right) return sends;
  await ecps.db.transaction((tx) =>
    ecps.audit.record(tx, {
      type: 'ecps.activation_code_wrong',
      nationalId: activation.national_id,
      deviceId: activation.device_id,
      details: { activation: activation.id, kind: 'sms', tries },
    }),
  );
  throw refuse('code_wrong', { triesLeft: SMS_TRIES - tries });
};

/** Takes the SMS code; right, the PIN is due and gets its generation. */
export const confirmSms = async (ecps: Ecps, activation: ActivationRow, code: string): Promise<void> => {
  const judged = await ecps.db.transaction((tx) => judgeStep(ecps, tx, activation, 'confirm_sms'));
  if (judged) throw judged;
  const sends = await checkSmsCode(ecps, activation, code);
  await decide(ecps.db, async (tx) => {
    const times = deadlines(ecps);
    await lockPerson(tx, activation.practitioner_id);
    if (!(await consumeSms(tx, activation.id, { sends, ...times }))) return refuse('already_used');
    const full = await phoneLimit(ecps, tx, { ...activation, state: 'pin_due' });
    if (full) return full;
    const gen = await allotGeneration(tx, activation.device_id, activation.id, times.now);
    await setActivationGen(tx, activation.id, gen);
    await ecps.audit.record(tx, {
      type: 'ecps.activation_confirmed',
      nationalId: activation.national_id,
      deviceId: activation.device_id,
      details: { activation: activation.id, gen },
    });
    return undefined;
  });
};
