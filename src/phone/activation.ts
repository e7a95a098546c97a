import type { ActivationView, DeviceView, RequestOf } from '../ecps/protocol/api.ts';
import { PIN_MAX_LENGTH } from '../ecps/protocol/api.ts';
import type { PinProblem } from '../ecps/protocol/pin.ts';
import { pinProblem } from '../ecps/protocol/pin.ts';
import { parseCardQr } from '../ecps/protocol/qr.ts';
import type { PhoneParts } from './parts.ts';
import { PhoneError, PhoneRefusal } from './errors.ts';
import { trustedIssuer } from './issuer.ts';

export interface Enrolment {
  readonly device: DeviceView;
  /** To print and keep away from the phone. */
  readonly revocationCode: string;
  readonly receipt: string;
}

export interface ThisPhone {
  name: string;
  model: string;
  os: string;
}

/** From the national identifier, or a card presented to a computer, to a phone that can approve. */
export interface ActivationFlow {
  /**
   * Asks for an activation. A phone that already has keys uses them again (forgotten PIN, locked or frozen phone);
   * `newKeys` makes others, as a phone that was revoked must.
   */
  activate(input: { nationalId: string; device: ThisPhone; newKeys?: boolean }): Promise<ActivationView>;
  /**
   * Scans the QR of the page on which a card was presented. `letters` are to be compared with those of the computer;
   * {@link ActivationFlow.computerAnswers} tells when it did.
   */
  activateByCard(input: { qr: string; device: ThisPhone; newKeys?: boolean }): Promise<ActivationView>;
  /** Asks until the person answered at the computer, or its time is over: then the PIN is due, or it is closed. */
  computerAnswers(signal: AbortSignal): Promise<ActivationView>;
  /** Where the activation under way stands. */
  activation(): Promise<ActivationView>;
  resendMail(): Promise<ActivationView>;
  /** The QR of the mail. */
  scanMail(qr: string): Promise<ActivationView>;
  /** The eight characters of the mail. */
  typeMailCode(typedCode: string): Promise<ActivationView>;
  resendSms(): Promise<ActivationView>;
  smsCode(code: string): Promise<ActivationView>;
  /** Chooses the PIN and enrols. Throws `pin_refused` for a PIN of the block list. */
  enrol(pin: string): Promise<Enrolment>;
}

/** How often the computer's answer is asked for. */
const ASK_MS = 1_500;

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });

/** A new PIN must pass the block list. */
export const acceptPin = (pin: string, nationalId: string, minLength: number): void => {
  const problem: PinProblem | undefined = pinProblem(pin, {
    minLength,
    maxLength: PIN_MAX_LENGTH,
    nationalId,
  });
  if (problem)
    throw new PhoneError('pin_refused', `this PIN is not accepted: ${problem}`, { pinProblem: problem });
};

export const createActivationFlow = (
  { transport, signing, vault }: PhoneParts,
  locale: 'fr' | 'en',
): ActivationFlow => {
  const current = async () => {
    const { activation } = await signing.state();
    if (!activation) throw new PhoneError('no_activation', 'no activation under way');
    return activation;
  };

  const remember = async (view: ActivationView): Promise<ActivationView> => {
    await signing.update((state) => {
      if (state.activation?.id !== view.activationId) return state;
      const { nationalId = state.activation.nationalId } = view;
      return { ...state, activation: { ...state.activation, nationalId, state: view.state } };
    });
    return view;
  };

  const read = async (): Promise<ActivationView> =>
    remember(await transport.call('activation', { id: (await current()).id }));

  /** One step, sent once: when its answer is lost, the activation itself tells whether the step was taken. */
  const step = async (send: (id: string) => Promise<ActivationView>): Promise<ActivationView> => {
    const { id, state } = await current();
    try {
      return await remember(await send(id));
    } catch (error) {
      if (!(error instanceof PhoneError && error.code === 'offline')) throw error;
      const view = await read();
      return view.state === state ? remember(await send(id)) : view;
    }
  };
  const scan = (body: RequestOf<'scanMail'>): Promise<ActivationView> =>
    step((id) => transport.call('scanMail', { id, body, once: true }));

  const readyForPin = (view: ActivationView) => {
    const { gen, aud, activationId, deviceId } = view;
    if (view.state !== 'pin_due' || gen === undefined || aud === undefined) {
      throw new PhoneError('no_activation', 'the PIN is not due yet');
    }
    return { gen, aud: trustedIssuer(aud, transport.origin), activationId, deviceId };
  };

  /** The keys of this phone: those it has, or others when it must start afresh. */
  const keysToUse = async (newKeys: boolean) => {
    const keys = (newKeys ? undefined : await vault.keys()) ?? (await vault.createKeys());
    if (newKeys) await signing.update(() => ({ seq: 0 }));
    return keys;
  };

  const begin = async (view: ActivationView, nationalId: string): Promise<ActivationView> => {
    const { activationId: id, deviceId, state } = view;
    await signing.update((former) => ({ ...former, activation: { id, deviceId, nationalId, state } }));
    return view;
  };

  return {
    async activate({ nationalId, device, newKeys = false }) {
      const { jwk } = await keysToUse(newKeys);
      const body = { nationalId, jwk, device, locale };
      return begin(await transport.call('activate', { body, once: true }), nationalId);
    },
    async activateByCard({ qr, device, newKeys = false }) {
      parseCardQr(qr);
      const { jwk } = await keysToUse(newKeys);
      // The same phone may scan again: a lost answer costs nothing. Whose e-CPS it is, is not told yet.
      return begin(
        await transport.call('activateByCard', { body: { qr: qr.trim(), jwk, device, locale } }),
        '',
      );
    },
    async computerAnswers(signal) {
      for (;;) {
        const view = await read();
        if (view.state !== 'confirm_due' || signal.aborted) return view;
        await pause(ASK_MS, signal);
      }
    },
    activation: read,
    resendMail: () => step((id) => transport.call('resendMail', { id, body: {}, once: true })),
    scanMail: (qr) => scan({ qr }),
    typeMailCode: (typedCode) => scan({ typedCode }),
    resendSms: () => step((id) => transport.call('resendSms', { id, body: {}, once: true })),
    smsCode: (code) => step((id) => transport.call('smsCode', { id, body: { code }, once: true })),

    async enrol(pin) {
      const view = await read();
      const { nationalId } = await current();
      const { gen, aud, activationId: id, deviceId } = readyForPin(view);
      acceptPin(pin, nationalId, view.pin?.minLength ?? 4);
      const { jwk } = await signing.keys();
      const P = await signing.pinKey({
        pin,
        gen,
        deviceId,
        subject: id,
        evaluate: (blinded) => transport.call('enrolEvaluate', { id, body: { blinded, gen } }),
      });
      const enrolment = await signing.signed(
        {
          typ: 'ecps.enrol.v1',
          aud,
          activation_id: id,
          device_id: deviceId,
          gen,
          jwk_d: jwk,
          jwk_p: P.publicJwk,
        },
        [P],
        (jws) => transport.call('enrol', { id, body: { jws } }),
      );
      const { name } = enrolment.device;
      await signing.update(({ seq }) => ({ seq, device: { id: deviceId, nationalId, aud, name } }));
      return enrolment;
    },
  };
};

/** Whether a refusal says that this phone’s keys are of no more use, so that only new ones can be activated. */
export const needsNewKeys = (error: unknown): boolean =>
  error instanceof PhoneRefusal && error.code === 'device_revoked';
