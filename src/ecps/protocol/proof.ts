import { sha256 } from '@noble/hashes/sha2.js';
import { CompactSign, calculateJwkThumbprint, compactVerify, decodeProtectedHeader, importJWK } from 'jose';
import { z } from 'zod';
import { base64urlOf, fromBase64url, toBase64url, utf8 } from './encoding.ts';
import { ProtocolError } from './errors.ts';
import type { PublicJwk } from './payloads.ts';
import { publicJwk } from './payloads.ts';

/** `ECPS-Proof`: each call is signed by D over its method, its URL, a server nonce, a unique id and its body's hash. */

export const PROOF_TYP = 'ecps-proof+jwt';

const claims = z.strictObject({
  htm: z.enum(['GET', 'POST', 'PUT', 'DELETE']),
  htu: z.string().max(2048),
  nonce: z.string().min(1).max(256),
  jti: z.string().min(16).max(64),
  bh: base64urlOf(32),
});
export type ProofClaims = z.output<typeof claims>;

const header = z.union([
  z.strictObject({ typ: z.literal(PROOF_TYP), alg: z.literal('ES256'), kid: base64urlOf(32) }),
  z.strictObject({ typ: z.literal(PROOF_TYP), alg: z.literal('ES256'), jwk: publicJwk }),
]);

/** The name of a key: its RFC 7638 thumbprint (SHA-256). */
export const thumbprint = (jwk: PublicJwk): Promise<string> => calculateJwkThumbprint(jwk, 'sha256');

/** SHA-256 of a body, of the empty text when there is none. */
export const bodyHash = (body: string | Uint8Array = ''): string =>
  toBase64url(sha256(typeof body === 'string' ? utf8(body) : body));

/** A URL as `htu` names it: without query and fragment. */
export const htuOf = (url: string): string => {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
};

export interface ProofInput {
  readonly key: CryptoKey;
  /** The key itself on the first call of a new phone, its thumbprint afterwards. */
  readonly name: { readonly jwk: PublicJwk } | { readonly kid: string };
  readonly method: string;
  readonly url: string;
  readonly body?: string | undefined;
  readonly nonce: string;
  readonly jti: string;
}

/** Makes the value of the `ECPS-Proof` header. */
export const makeProof = (input: ProofInput): Promise<string> =>
  new CompactSign(
    utf8(
      JSON.stringify({
        htm: input.method,
        htu: htuOf(input.url),
        nonce: input.nonce,
        jti: input.jti,
        bh: bodyHash(input.body),
      }),
    ),
  )
    .setProtectedHeader({ typ: PROOF_TYP, alg: 'ES256', ...input.name })
    .sign(input.key);

/** Who a proof says it comes from, before its signature is checked. */
export const proofKeyName = (compact: string): { jwk: PublicJwk } | { kid: string } => {
  try {
    if (compact.length > 4096) throw new TypeError('too long');
    const parsed = header.parse(decodeProtectedHeader(compact));
    return 'jwk' in parsed ? { jwk: parsed.jwk } : { kid: parsed.kid };
  } catch (error) {
    throw new ProtocolError('proof_invalid', 'malformed proof header', error);
  }
};

/**
 * Checks a proof against the call it came with. Freshness of the nonce and uniqueness of `jti` are the caller's to
 * judge from the claims. Throws `proof_invalid`.
 */
export const verifyProof = async (
  compact: string,
  call: {
    readonly key: PublicJwk;
    readonly method: string;
    readonly url: string;
    readonly body?: string | Uint8Array | undefined;
  },
): Promise<ProofClaims> => {
  let verified: ProofClaims;
  try {
    proofKeyName(compact);
    for (const part of compact.split('.')) fromBase64url(part); // one spelling only
    const { payload } = await compactVerify(compact, await importJWK(call.key, 'ES256'), {
      algorithms: ['ES256'],
    });
    verified = claims.parse(JSON.parse(new TextDecoder().decode(payload)));
  } catch (error) {
    throw new ProtocolError('proof_invalid', 'the proof does not verify', error);
  }
  if (verified.htm !== call.method) throw new ProtocolError('proof_invalid', 'htm is of another method');
  if (verified.htu !== htuOf(call.url)) throw new ProtocolError('proof_invalid', 'htu is of another URL');
  if (verified.bh !== bodyHash(call.body)) throw new ProtocolError('proof_invalid', 'bh is of another body');
  return verified;
};
