import * as z from 'zod';
import type { PublicJwk } from '../ecps/protocol/api.ts';
import { ACTIVATION_STATES } from '../ecps/protocol/api.ts';
import { type Bytes, DEVICE_SECRET_BYTES } from '../ecps/protocol/encoding.ts';

/** What a phone remembers, apart from its keys. Nothing here tells a right PIN from a wrong one. */
export const phoneState = z.object({
  /** The last `seq` used. Raised and saved before anything is sent. */
  seq: z.int().min(0),
  activation: z
    .object({
      id: z.string(),
      deviceId: z.string(),
      nationalId: z.string(),
      state: z.enum(ACTIVATION_STATES),
    })
    .optional(),
  device: z.object({ id: z.string(), nationalId: z.string(), aud: z.string(), name: z.string() }).optional(),
  /** The last PIN change, which may be undone for ten minutes. */
  pinChange: z.object({ id: z.string(), challenge: z.string(), oldGen: z.int() }).optional(),
});
export type PhoneState = z.output<typeof phoneState>;

export const EMPTY_STATE: PhoneState = { seq: 0 };

/** K and D. */
export interface PhoneKeys {
  /** K, 32 bytes. */
  readonly secret: Bytes;
  /** D's private half; not extractable on a real phone. */
  readonly privateKey: CryptoKey;
  readonly jwk: PublicJwk;
}

/**
 * Where a phone keeps its keys and its state: IndexedDB in the app, a file for the virtual phone. `write` resolves
 * once the state would survive a crash.
 */
export interface Vault {
  keys(): Promise<PhoneKeys | undefined>;
  /** Makes and keeps new keys; the former ones are forgotten. */
  createKeys(): Promise<PhoneKeys>;
  read(): Promise<PhoneState | undefined>;
  write(state: PhoneState): Promise<void>;
  /** Runs one piece of work at a time, across every tab or process that shares the vault. */
  lock<T>(work: () => Promise<T>): Promise<T>;
}

/** New keys: 32 random bytes and a P-256 pair. `extractable` is for the virtual phone, which keeps them in a file. */
export const generateKeys = async (extractable = false): Promise<PhoneKeys> => {
  const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, extractable, [
    'sign',
    'verify',
  ]);
  const { x, y } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  if (x === undefined || y === undefined) throw new TypeError('not an elliptic-curve key');
  return {
    secret: crypto.getRandomValues(new Uint8Array(DEVICE_SECRET_BYTES)),
    privateKey: pair.privateKey,
    jwk: { kty: 'EC', crv: 'P-256', x, y },
  };
};
