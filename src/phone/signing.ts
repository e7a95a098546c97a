import type { GeneralJws, SignedPayload } from '../ecps/protocol/api.ts';
import { signPayload, pinKid } from '../ecps/protocol/jws.ts';
import type { BlindedPin, PinKey } from '../ecps/protocol/keys.ts';
import { blindPin, derivePinKey, stretchPin } from '../ecps/protocol/keys.ts';
import { thumbprint } from '../ecps/protocol/proof.ts';
import type { Clock } from './clock.ts';
import { PhoneError } from './errors.ts';
import type { PhoneKeys, PhoneState, Vault } from './vault.ts';
import { EMPTY_STATE } from './vault.ts';

/** A payload without what {@link Signing.signed} adds. */
export type Draft<P extends SignedPayload = SignedPayload> = P extends SignedPayload
  ? Omit<P, 'seq' | 'iat'>
  : never;

/** What the flows need to sign: the state under its lock, the PIN key, the sequence. */
export interface Signing {
  keys(): Promise<PhoneKeys>;
  state(): Promise<PhoneState>;
  /** Changes the state under the lock. */
  update(change: (state: PhoneState) => PhoneState): Promise<PhoneState>;
  /** P for this PIN; `evaluate` brings the blinded element to the server, and may be asked again with the same one. */
  pinKey(use: PinUse): Promise<PinKey>;
  /** Raises and saves `seq`, signs with D and these PIN keys, and sends, all under the lock. */
  signed<T>(draft: Draft, pinKeys: readonly PinKey[], send: (jws: GeneralJws) => Promise<T>): Promise<T>;
}

export interface PinUse {
  readonly pin: string;
  readonly gen: number;
  readonly deviceId: string;
  /** What the evaluation belongs to: with the same PIN, a lost answer is asked again with the same element. */
  readonly subject: string;
  readonly evaluate: (blinded: string) => Promise<{ evaluated: string }>;
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index]);

/** Makes the signing half of a phone on its vault. */
export const createSigning = (vault: Vault, clock: Clock): Signing => {
  /** Evaluations asked whose answer never came. Any answer forgets them. */
  const unanswered = new Map<string, BlindedPin>();

  const keys = async (): Promise<PhoneKeys> => {
    const found = await vault.keys();
    if (!found) throw new PhoneError('not_activated', 'this phone has no key yet');
    return found;
  };
  const state = async (): Promise<PhoneState> => (await vault.read()) ?? EMPTY_STATE;

  return {
    keys,
    state,
    update: (change) =>
      vault.lock(async () => {
        const next = change(await state());
        await vault.write(next);
        return next;
      }),

    async pinKey({ pin, gen, deviceId, subject, evaluate }) {
      const { secret } = await keys();
      const name = `${subject}|${gen}`;
      const x = await stretchPin(pin, secret, deviceId);
      const former = unanswered.get(name);
      const blinded = former && sameBytes(former.x, x) ? former : blindPin(x);
      unanswered.set(name, blinded);
      const { evaluated } = await evaluate(blinded.blinded).catch((error: unknown) => {
        if (!(error instanceof PhoneError && error.code === 'offline')) unanswered.delete(name);
        throw error;
      });
      unanswered.delete(name);
      return derivePinKey(blinded, evaluated, { secret, deviceId, gen });
    },

    signed: (draft, pinKeys, send) =>
      vault.lock(async () => {
        const { privateKey, jwk } = await keys();
        const before = await state();
        const seq = before.seq + 1;
        await vault.write({ ...before, seq });
        const iat = Math.floor(clock.now().getTime() / 1000);
        const payload = { ...draft, seq, iat } as SignedPayload;
        const jws = await signPayload(payload, [
          { kid: await thumbprint(jwk), key: privateKey },
          ...pinKeys.map((key) => ({ kid: pinKid(key.gen), key: key.privateKey })),
        ]);
        return send(jws);
      }),
  };
};
