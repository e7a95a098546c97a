import { hostname } from 'node:os';
import type { ActivationView } from '../../ecps/protocol/api.ts';
import { acceptPin } from '../../phone/activation.ts';
import { PhoneRefusal } from '../../phone/errors.ts';
import { UsageError } from '../../io.ts';
import { phoneTexts } from '../../../views/locales/phone.ts';
import { sandboxPorts } from '../ports.ts';
import { createInbox } from './inbox.ts';
import type { Outcome, PhoneSession } from './session.ts';

/** The file is the phone of somebody else. */
export class OtherPersonError extends Error {}

/** The person at the computer said no, or nothing. */
export class NotConfirmedError extends Error {
  readonly code: 'computer_refused' | 'computer_silent';

  constructor(code: NotConfirmedError['code']) {
    super(code);
    this.code = code;
  }
}

const DEVICE = { model: 'Téléphone virtuel', os: `Node ${process.versions.node}` } as const;
const MAX_SMS_TRIES = 2;

/** Types the codes of new SMS until one fits: another phone may be waiting for its own at the same moment. */
const confirmSms = async ({ phone, io, portBase }: PhoneSession, qr: string): Promise<ActivationView> => {
  const inbox = createInbox(`http://localhost:${sandboxPorts(portBase).inbox}`);
  const known = await inbox.smsIds();
  await phone.scanMail(qr);
  say(io, phoneTexts(io.locale).smsSent);
  for (let count = 1; ; count += 1) {
    const { id, code } = await inbox.smsCode(known);
    try {
      return await phone.smsCode(code);
    } catch (error) {
      const again = error instanceof PhoneRefusal && error.code === 'code_wrong' && count < MAX_SMS_TRIES;
      if (!again) throw error;
      known.add(id);
    }
  }
};

/** Progress goes to standard error, so that standard output holds the result alone. */
const say = (io: PhoneSession['io'], line: string): void => {
  io.stderr.write(`${line}\n`);
};

/** Shows the letters, waits for the person at the computer, then chooses the PIN. */
const chooseOnceConfirmed = async (session: PhoneSession, letters: string, pin: string) => {
  const { phone, options, io } = session;
  const texts = phoneTexts(io.locale);
  say(io, texts.compare([...letters].join(' '), DEVICE.model));
  const view = await phone.computerAnswers(AbortSignal.timeout(options.wait * 1000));
  if (view.state !== 'pin_due') {
    throw new NotConfirmedError(view.state === 'confirm_due' ? 'computer_silent' : 'computer_refused');
  }
  const { nationalId = '' } = view;
  acceptPin(pin, nationalId, 4);
  return { nationalId, ...(await phone.enrol(pin)) };
};

/** `caducee phone activate-card --qr TEXT --pin P --state FILE`: by the card presented to a computer. */
export const activateCard = async (session: PhoneSession): Promise<Outcome> => {
  const { phone, vault, options, io } = session;
  const texts = phoneTexts(io.locale);
  const { qr, pin } = options;
  if (qr === undefined) throw new UsageError(texts.activateCardUsage);
  if (pin === undefined) throw new UsageError('--pin chooses the PIN of the e-CPS');
  const name = options.name ?? hostname().slice(0, 60);
  const device = { name, ...DEVICE };
  const { letters = '' } = await phone.activateByCard({ qr, device, newKeys: options.newKeys });
  const enrolled = await chooseOnceConfirmed(session, letters, pin);
  const { nationalId, revocationCode } = enrolled;
  await vault.note({ nationalId, pin, revocationCode });
  return {
    json: {
      action: 'activate-card',
      nationalId,
      deviceId: enrolled.device.id,
      device: enrolled.device,
      letters,
      revocationCode,
    },
    lines: [texts.activated(nationalId), texts.revocationCode(revocationCode)],
  };
};

/** `caducee phone activate ID --pin P --state FILE`: the whole activation, mail and SMS read in the sandbox's inbox. */
export const activate = async (session: PhoneSession): Promise<Outcome> => {
  const { phone, vault, options, io, portBase } = session;
  const { target: nationalId, pin } = options;
  if (nationalId === undefined) throw new UsageError('caducee phone activate ID --pin PIN --state FILE');
  if (pin === undefined) throw new UsageError('--pin chooses the PIN of the e-CPS');
  if (vault.file.nationalId !== nationalId && vault.file.state?.device) {
    throw new OtherPersonError(vault.file.nationalId);
  }
  const texts = phoneTexts(io.locale);
  acceptPin(pin, nationalId, 4);
  await vault.note({ nationalId });
  const name = options.name ?? hostname().slice(0, 60);
  const started = await phone.activate({
    nationalId,
    device: { name, ...DEVICE },
    newKeys: options.newKeys,
  });
  say(io, texts.mailSent);
  const inbox = createInbox(`http://localhost:${sandboxPorts(portBase).inbox}`);
  const qr = await inbox.mailQr(started.activationId);
  await confirmSms(session, qr);
  const { device, revocationCode } = await phone.enrol(pin);
  await vault.note({ pin, revocationCode });
  const quarantine =
    device.quarantineUntil === undefined ? [] : [texts.quarantine(device.name, device.quarantineUntil)];
  return {
    json: { action: 'activate', nationalId, deviceId: device.id, device, revocationCode },
    lines: [texts.activated(nationalId), ...quarantine, texts.revocationCode(revocationCode)],
  };
};
