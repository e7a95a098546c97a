import { constantTimeEqual, hmacSha256 } from '../../platform/crypto.ts';
import type { EcpsDeps } from '../deps.ts';
import { NONCE_SECONDS } from '../protocol/api.ts';

/**
 * Nonces that any process can judge without asking anyone: the second they were made, and an HMAC of it. They only
 * bound the age of a proof; that a proof serves once is the work of its `jti`.
 */

const BYTES = 6;
const TAG = 16;

const tagOf = ({ keyring }: Pick<EcpsDeps, 'keyring'>, time: Buffer): Buffer =>
  hmacSha256(keyring.derive('ecps/nonce'), time).subarray(0, TAG);

export const makeNonce = (deps: Pick<EcpsDeps, 'keyring' | 'clock'>): string => {
  const time = Buffer.alloc(BYTES);
  time.writeUIntBE(Math.floor(deps.clock.now().getTime() / 1000), 0, BYTES);
  return Buffer.concat([time, tagOf(deps, time)]).toString('base64url');
};

/** Whether we made it, at most a minute ago. */
export const isFreshNonce = (deps: Pick<EcpsDeps, 'keyring' | 'clock'>, nonce: string): boolean => {
  const bytes = Buffer.from(nonce, 'base64url');
  if (bytes.length !== BYTES + TAG) return false;
  const time = bytes.subarray(0, BYTES);
  if (!constantTimeEqual(bytes.subarray(BYTES), tagOf(deps, time))) return false;
  const age = Math.floor(deps.clock.now().getTime() / 1000) - time.readUIntBE(0, BYTES);
  return age >= 0 && age <= NONCE_SECONDS;
};
