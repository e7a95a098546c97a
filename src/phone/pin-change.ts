import type { DeviceView, EndpointName, Operation, ResponseOf } from '../ecps/protocol/api.ts';
import type { PinKey } from '../ecps/protocol/keys.ts';
import { acceptPin } from './activation.ts';
import type { PhoneParts } from './parts.ts';
import { PhoneError } from './errors.ts';
import { trustedIssuer } from './issuer.ts';

/** What needs the PIN besides signing in. */
export interface PinFlow {
  changePin(oldPin: string, newPin: string): Promise<ResponseOf<'completePinChange'>>;
  /** Comes back to the former PIN, within ten minutes and before the first approval with the new one. */
  rollbackPin(oldPin: string): Promise<ResponseOf<'rollbackPin'>>;
  renew(pin: string): Promise<DeviceView>;
  /** Lets a new phone of the same person leave its quarantine. */
  approveNewPhone(deviceId: string, pin: string): Promise<void>;
  denyNewPhone(deviceId: string): Promise<void>;
}

type EvaluateCall = Extract<
  EndpointName,
  'oldEvaluate' | 'newEvaluate' | 'renewalEvaluate' | 'newPhoneEvaluate'
>;

export const createPinFlow = ({ transport, signing }: PhoneParts): PinFlow => {
  const device = async () => {
    const { device: known } = await signing.state();
    if (!known) throw new PhoneError('not_activated', 'this phone has no e-CPS yet');
    return known;
  };

  const pinKey = async (name: EvaluateCall, id: string, gen: number, pin: string): Promise<PinKey> =>
    signing.pinKey({
      pin,
      gen,
      deviceId: (await device()).id,
      subject: id,
      evaluate: (blinded) => transport.call(name, { id, body: { blinded } }),
    });

  /** What every payload of an operation says. */
  const common = async ({ aud, challenge }: Pick<Operation, 'aud' | 'challenge'>) => ({
    aud: trustedIssuer(aud, transport.origin),
    device_id: (await device()).id,
    chal: challenge,
  });

  return {
    async changePin(oldPin, newPin) {
      const { nationalId } = await device();
      const change = await transport.call('startPinChange', { body: {}, once: true });
      const { id, gen: oldGen, newGen } = change;
      acceptPin(newPin, nationalId, change.pinRules.minLength);
      const base = { ...(await common(change)), change_id: id };
      const oldP = await pinKey('oldEvaluate', id, oldGen, oldPin);
      await signing.signed({ typ: 'ecps.pin-proof.v1', ...base, gen: oldGen }, [oldP], (jws) =>
        transport.call('provePin', { id, body: { jws } }),
      );
      const newP = await pinKey('newEvaluate', id, newGen, newPin);
      await signing.update((state) => ({ ...state, pinChange: { id, challenge: change.challenge, oldGen } }));
      return signing.signed(
        { typ: 'ecps.pin-change.v1', ...base, old_gen: oldGen, gen: newGen, jwk_p: newP.publicJwk },
        [oldP, newP],
        (jws) => transport.call('completePinChange', { id, body: { jws } }),
      );
    },

    async rollbackPin(oldPin) {
      const { pinChange } = await signing.state();
      if (!pinChange) throw new PhoneError('nothing_to_roll_back', 'no PIN change to undo');
      const { id, challenge, oldGen } = pinChange;
      const oldP = await pinKey('oldEvaluate', id, oldGen, oldPin);
      const base = await common({ aud: (await device()).aud, challenge });
      const answer = await signing.signed(
        { typ: 'ecps.pin-rollback.v1', ...base, change_id: id, gen: oldGen },
        [oldP],
        (jws) => transport.call('rollbackPin', { id, body: { jws } }),
      );
      await signing.update(({ pinChange: _done, ...state }) => state);
      return answer;
    },

    async renew(pin) {
      const renewal = await transport.call('startRenewal', { body: {}, once: true });
      const { id, gen } = renewal;
      const P = await pinKey('renewalEvaluate', id, gen, pin);
      const answer = await signing.signed(
        { typ: 'ecps.renewal.v1', ...(await common(renewal)), renewal_id: id, gen },
        [P],
        (jws) => transport.call('completeRenewal', { id, body: { jws } }),
      );
      return answer.device;
    },

    async approveNewPhone(deviceId, pin) {
      const operation = await transport.call('startNewPhone', { id: deviceId, body: {}, once: true });
      const { gen, newPhone } = operation;
      const P = await pinKey('newPhoneEvaluate', deviceId, gen, pin);
      await signing.signed(
        {
          typ: 'ecps.new-phone.v1',
          ...(await common(operation)),
          act: 'approve',
          gen,
          new_device_id: newPhone.deviceId,
          new_kid: newPhone.kid,
        },
        [P],
        (jws) => transport.call('approveNewPhone', { id: deviceId, body: { jws } }),
      );
    },
    denyNewPhone: async (deviceId) => {
      await transport.call('denyNewPhone', { id: deviceId, body: {} });
    },
  };
};
