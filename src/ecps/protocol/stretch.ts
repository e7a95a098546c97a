import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { argon2id } from 'hash-wasm';
import type { Bytes } from './encoding.ts';
import { utf8 } from './encoding.ts';

/**
 * The slow step of the PIN, apart from the rest so that the phone app can run it in a worker of its own and need not
 * load WebAssembly in its page.
 */

const ARGON = { parallelism: 1, iterations: 2, memorySize: 19456, hashLength: 32 } as const;

/** `a`: the salt of Argon2id. */
export const argonSalt = (secret: Uint8Array, deviceId: string): Bytes =>
  new Uint8Array(hkdf(sha256, secret, utf8(deviceId), utf8('ecps/argon-salt/v1'), 16));

/** `x`: the stretched PIN. Takes about 0.1 s on a computer, 0.5 s on an old phone. */
export const stretchPin = async (pin: string, secret: Uint8Array, deviceId: string): Promise<Bytes> =>
  new Uint8Array(
    await argon2id({ ...ARGON, password: pin, salt: argonSalt(secret, deviceId), outputType: 'binary' }),
  );
