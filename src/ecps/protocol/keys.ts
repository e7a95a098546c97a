import { ristretto255_oprf } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import type { Bytes } from './encoding.ts';
import { concat, fromBase64url, toBase64url, utf8 } from './encoding.ts';
import { ProtocolError } from './errors.ts';
import type { PublicJwk } from './payloads.ts';

/**
 * The PIN key P: what the PIN, the phone's secret K and one evaluation by the server make together. Neither side
 * alone can tell a right PIN from a wrong one. OPRF: RFC 9497, base mode, ristretto255-SHA512.
 */

const { oprf } = ristretto255_oprf;

// ---- Server -------------------------------------------------------------------------------------------------

/** `k_dev`: the OPRF key of one device and one generation, from the master M. */
export const deriveDeviceOprfKey = (master: Uint8Array, deviceId: string, gen: number): Bytes => {
  const seed = hkdf(sha256, master, utf8(deviceId), utf8(`ecps/pin-oprf/v1|gen=${gen}`), 32);
  return new Uint8Array(oprf.deriveKeyPair(seed, utf8('ecps-pin-oprf-v1')).secretKey);
};

/** Evaluates a blinded element; the caller counts the try before. Refuses what is no element, or the identity. */
export const blindEvaluate = (oprfKey: Uint8Array, blinded: string): string => {
  try {
    const element = fromBase64url(blinded);
    if (element.every((byte) => byte === 0)) throw new TypeError('the identity element');
    return toBase64url(oprf.blindEvaluate(oprfKey, element));
  } catch (error) {
    throw new ProtocolError('request_invalid', 'blinded is not a ristretto255 element', error);
  }
};

// ---- Phone --------------------------------------------------------------------------------------------------

/** A PIN ready to be evaluated. `blinded` goes to the server; the rest stays. Keep it to ask again after a lost answer. */
export interface BlindedPin {
  readonly x: Bytes;
  readonly blind: Bytes;
  readonly blinded: string;
}

/** `B`: hides `x` behind a fresh random factor, so that two evaluations of one PIN look unrelated. */
export const blindPin = (x: Bytes): BlindedPin => {
  const { blind, blinded } = oprf.blind(x);
  return { x, blind: new Uint8Array(blind), blinded: toBase64url(blinded) };
};

/** `N`: 64 bytes. */
export const finalize = (pin: BlindedPin, evaluated: string): Bytes =>
  new Uint8Array(oprf.finalize(pin.x, pin.blind, fromBase64url(evaluated)));

/** `seed`: 48 bytes. */
export const pinSeed = (n: Uint8Array, secret: Uint8Array, deviceId: string, gen: number): Bytes =>
  new Uint8Array(hkdf(sha256, concat(n, secret), utf8(deviceId), utf8(`ecps/pin-sign/v1|gen=${gen}`), 48));

/** P, to be used at once and forgotten. */
export interface PinKey {
  readonly gen: number;
  readonly publicJwk: PublicJwk;
  /** Not extractable. */
  readonly privateKey: CryptoKey;
}

/** The P-256 key of a seed: reduced modulo n without bias. */
export const keyFromSeed = (seed: Uint8Array): { publicJwk: PublicJwk; d: Bytes } => {
  const { secretKey } = p256.keygen(seed);
  const point = p256.getPublicKey(secretKey, false);
  return {
    publicJwk: {
      kty: 'EC',
      crv: 'P-256',
      x: toBase64url(point.subarray(1, 33)),
      y: toBase64url(point.subarray(33)),
    },
    d: new Uint8Array(secretKey),
  };
};

/** P from an evaluated PIN. */
export const derivePinKey = async (
  pin: BlindedPin,
  evaluated: string,
  device: { secret: Uint8Array; deviceId: string; gen: number },
): Promise<PinKey> => {
  const seed = pinSeed(finalize(pin, evaluated), device.secret, device.deviceId, device.gen);
  const { publicJwk, d } = keyFromSeed(seed);
  const privateKey = await crypto.subtle.importKey(
    'jwk',
    { ...publicJwk, d: toBase64url(d) },
    { name: 'ECDSA', namedCurve: 'P-256' },
    false,
    ['sign'],
  );
  return { gen: device.gen, publicJwk, privateKey };
};
