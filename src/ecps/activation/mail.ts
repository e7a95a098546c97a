import { constantTimeEqual } from '../../platform/crypto.ts';
import type { Queryable } from '../../platform/postgres.ts';
import type { Ecps } from '../deps.ts';
import { mailQr, normalizeTypedCode, parseMailQr } from '../protocol/qr.ts';
import { checked, decide, refuse } from '../refuse.ts';
import { requireContact } from './contact.ts';
import { MAIL_SECONDS, MAILS_PER_PERSON, QR_TRIES, TYPED_TRIES } from './limits.ts';
import {
  countMailTry,
  endActivation,
  extendActivation,
  insertMail,
  listMails,
  listSends,
  lockActivation,
  lockPerson,
  type ActivationRow,
} from './repository.ts';
import { newMailSecrets, qrHmac, typedHmac } from './secrets.ts';
import { judgeStep } from './step.ts';

/** The mail of an activation: its QR, the same as eight typed characters. */

/** Writes the mail in the outbox. Every mail of an activation works until it expires; one use for all. */
export const sendMail = async (
  ecps: Ecps,
  tx: Queryable,
  activation: ActivationRow,
  email: string,
): Promise<void> => {
  const now = ecps.clock.now();
  const expiresAt = new Date(now.getTime() + MAIL_SECONDS * 1000);
  const { secret, typedCode } = newMailSecrets();
  const bound = { activationId: activation.id, thumbprint: activation.thumbprint };
  await insertMail(tx, {
    activationId: activation.id,
    practitionerId: activation.practitioner_id,
    qrHmac: qrHmac(ecps, secret, bound),
    typedHmac: typedHmac(ecps, typedCode, bound),
    now,
    expiresAt,
  });
  await extendActivation(tx, activation.id, expiresAt);
  await ecps.messages.enqueue(tx, {
    kind: 'mail',
    template: 'activation_qr',
    to: email,
    locale: activation.locale,
    data: {
      qrText: mailQr({ id: activation.id, secret }),
      typedCode,
      expiresAt,
      minutes: MAIL_SECONDS / 60,
      deviceName: activation.name,
    },
    practitionerId: activation.practitioner_id,
    activationId: activation.id,
    expiresAt,
  });
};

/** Sends the mail again; past a quota, same answer and no mail. */
export const resendMail = async (ecps: Ecps, activation: ActivationRow): Promise<void> => {
  const contact = await requireContact(ecps, activation.practitioner_id);
  await decide(ecps.db, async (tx) => {
    await lockPerson(tx, activation.practitioner_id);
    const held = await lockActivation(tx, activation.id);
    if (!held) return refuse('not_found');
    const refused = await judgeStep(ecps, tx, held, 'resend_mail');
    if (refused) return refused;
    const now = ecps.clock.now().getTime();
    const since = new Date(now - MAILS_PER_PERSON.seconds * 1000);
    const sent = await listSends(tx, held.practitioner_id, 'mail', since);
    const sends = !held.silent && sent.length < MAILS_PER_PERSON.limit;
    await ecps.audit.record(tx, {
      type: 'ecps.activation_resent',
      nationalId: held.national_id,
      deviceId: held.device_id,
      details: { activation: held.id, kind: 'mail', sent: sends },
    });
    if (sends) await sendMail(ecps, tx, held, contact.email);
    else await extendActivation(tx, held.id, new Date(now + MAIL_SECONDS * 1000));
    return undefined;
  });
  ecps.messages.kick();
};

export type MailInput = { qr: string } | { typedCode: string };

/** The HMAC that this input would have, undefined when it is of another activation or not well formed. */
const hmacOf = async (ecps: Ecps, activation: ActivationRow, input: MailInput) => {
  const bound = { activationId: activation.id, thumbprint: activation.thumbprint };
  if ('typedCode' in input) {
    const code = normalizeTypedCode(input.typedCode);
    return code === undefined ? undefined : typedHmac(ecps, code, bound);
  }
  const ticket = await checked(() => parseMailQr(input.qr));
  return ticket.id === activation.id ? qrHmac(ecps, ticket.secret, bound) : undefined;
};

const spend = (ecps: Ecps, activation: ActivationRow) =>
  ecps.db.transaction(async (tx) => {
    const now = ecps.clock.now();
    if (!(await endActivation(tx, activation.id, { from: 'mail_sent', to: 'spent', now }))) return;
    await ecps.audit.record(tx, {
      type: 'ecps.activation_closed',
      nationalId: activation.national_id,
      deviceId: activation.device_id,
      details: { activation: activation.id, reason: 'tries' },
    });
  });

/** Judges the mail's secret: counts first, in a statement of its own, then the limit, then the comparison. */
export const checkMailSecret = async (
  ecps: Ecps,
  activation: ActivationRow,
  input: MailInput,
): Promise<void> => {
  const typed = 'typedCode' in input;
  const limit = typed ? TYPED_TRIES : QR_TRIES;
  const hmac = await hmacOf(ecps, activation, input);
  const tries = await countMailTry(ecps.db, activation.id, typed ? 'typed' : 'qr');
  if (tries > limit) throw refuse('gone', { detail: 'no try left' });
  const mails = await listMails(ecps.db, activation.id);
  const matches = mails.filter(
    (mail) => hmac !== undefined && constantTimeEqual(typed ? mail.typed_hmac : mail.qr_hmac, hmac),
  );
  if (matches.some((mail) => mail.expires_at > ecps.clock.now())) return;
  if (matches.length > 0) throw refuse('code_expired');
  await ecps.db.transaction((tx) =>
    ecps.audit.record(tx, {
      type: 'ecps.activation_code_wrong',
      nationalId: activation.national_id,
      deviceId: activation.device_id,
      details: { activation: activation.id, kind: typed ? 'typed' : 'qr', tries },
    }),
  );
  if (tries >= limit) await spend(ecps, activation);
  throw refuse('code_wrong', { triesLeft: limit - tries });
};
