import type { Context } from 'koa';
import { sha256Base64url } from '../../platform/crypto.ts';
import type { ActivationRow } from '../activation/service.ts';
import { findActivation } from '../activation/repository.ts';
import type { Ecps } from '../deps.ts';
import { findDeviceByKey, type DeviceRow } from '../devices/repository.ts';
import { PROOF_HEADER } from '../protocol/api.ts';
import type { PublicJwk } from '../protocol/payloads.ts';
import { proofKeyName, thumbprint, verifyProof } from '../protocol/proof.ts';
import { checked, refuse } from '../refuse.ts';
import { isFreshNonce } from './nonce.ts';

/** Who calls: `ECPS-Proof` is checked before anything is read of what the call asks. */

/** A proof id is remembered for longer than the nonce beside it lives. */
const JTI_SECONDS = 180;

export type Caller =
  | { kind: 'key'; jwk: PublicJwk; thumbprint: string }
  | { kind: 'activation'; activation: ActivationRow }
  | { kind: 'device'; device: DeviceRow };

const keyOf = (caller: Caller): { jwk: PublicJwk; thumbprint: string } => {
  if (caller.kind === 'device') return caller.device;
  return caller.kind === 'activation' ? caller.activation : caller;
};

/** Finds the key that the proof names; its signature is not yet checked. */
const findCaller = async (
  ecps: Ecps,
  proof: string,
  where: { auth: 'jwk' | 'kid'; activationId: string | undefined },
): Promise<Caller> => {
  const name = await checked(() => proofKeyName(proof));
  if (where.auth === 'jwk') {
    if (!('jwk' in name)) throw refuse('proof_invalid', { detail: 'this call brings its key' });
    return { kind: 'key', jwk: name.jwk, thumbprint: await thumbprint(name.jwk) };
  }
  if (!('kid' in name)) throw refuse('proof_invalid', { detail: 'this call names its key' });
  if (where.activationId !== undefined) {
    const activation = await findActivation(ecps.db, where.activationId);
    if (activation?.thumbprint !== name.kid) throw refuse('not_found');
    return { kind: 'activation', activation };
  }
  const device = await findDeviceByKey(ecps.db, name.kid);
  if (!device) throw refuse('device_unknown');
  return { kind: 'device', device };
};

/** Checks a call's proof: signature, method, URL, body, a nonce of the last minute, an id never seen. */
export const authenticate = async (
  ecps: Ecps,
  ctx: Context,
  where: { auth: 'jwk' | 'kid'; activationId: string | undefined; body: Buffer },
): Promise<Caller> => {
  const proof = ctx.get(PROOF_HEADER);
  if (proof === '') throw refuse('use_nonce', { detail: 'no proof' });
  const caller = await findCaller(ecps, proof, where);
  const { jwk, thumbprint: kid } = keyOf(caller);
  const claims = await checked(() =>
    verifyProof(proof, {
      key: jwk,
      method: ctx.method,
      url: ecps.config.origin + (ctx.originalUrl.split('?')[0] ?? ''),
      body: where.body,
    }),
  );
  if (!isFreshNonce(ecps, claims.nonce)) throw refuse('use_nonce');
  const first = await ecps.store.setIfAbsent(`ecps:jti:{${kid}}:${sha256Base64url(claims.jti)}`, '1', JTI_SECONDS);
  if (!first) throw refuse('proof_invalid', { detail: 'jti already seen' });
  return caller;
};
