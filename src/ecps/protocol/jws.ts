import { sha256 } from '@noble/hashes/sha2.js';
import { GeneralSign, decodeProtectedHeader, flattenedVerify, importJWK } from 'jose';
import type { z } from 'zod';
import { canonicalJson } from './context.ts';
import { fromBase64url, toBase64url, utf8 } from './encoding.ts';
import { ProtocolError } from './errors.ts';
import type { GeneralJws, PublicJwk, SignedPayload } from './payloads.ts';

/**
 * Signed payloads: a General JWS (ES256) over the canonical JSON of the payload. Each signature's protected header is
 * exactly `{alg, typ, kid}`; `typ` is that of the payload, so that a signature never serves for another use.
 */

/** The `kid` of P: says which generation, and nothing of the key. */
export const pinKid = (gen: number): string => `pin:${gen}`;

export interface PayloadSigner {
  /** Thumbprint of D, or {@link pinKid}. */
  readonly kid: string;
  readonly key: CryptoKey;
}

/** Signs a payload with each key in turn, D first. */
export const signPayload = async (
  payload: SignedPayload,
  signers: readonly PayloadSigner[],
): Promise<GeneralJws> => {
  const jws = new GeneralSign(utf8(canonicalJson(payload)));
  for (const { kid, key } of signers) {
    jws.addSignature(key).setProtectedHeader({ alg: 'ES256', typ: payload.typ, kid });
  }
  const { payload: text, signatures } = await jws.sign();
  return {
    payload: text,
    signatures: signatures.map(({ protected: header, signature }) => ({
      protected: header ?? '',
      signature,
    })),
  };
};

/** A payload read but not yet believed. */
export interface OpenedJws<P> {
  readonly payload: P;
  /** SHA-256 of the payload's bytes: what makes two messages "the same payload", whatever their signatures. */
  readonly hash: string;
  /** Whether exactly these key ids signed, in this order. */
  signedBy(...kids: readonly string[]): boolean;
  /** Whether the signature of this key id verifies with this key. */
  verify(kid: string, key: PublicJwk): Promise<boolean>;
}

const headerOf = (protectedHeader: string): { alg: unknown; typ: unknown; kid: unknown } | undefined => {
  try {
    const header = decodeProtectedHeader({ protected: protectedHeader });
    const names = Object.keys(header).toSorted().join();
    return names === 'alg,kid,typ' ? { alg: header.alg, typ: header.typ, kid: header.kid } : undefined;
  } catch {
    return undefined;
  }
};

/** Reads a JWS as one kind of payload. Throws `signature_invalid` when it is not well formed or not canonical. */
export const openJws = <S extends z.ZodType<SignedPayload>>(
  jws: GeneralJws,
  schema: S,
): OpenedJws<z.output<S>> => {
  let payload: z.output<S>;
  let bytes: Uint8Array;
  try {
    bytes = fromBase64url(jws.payload);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    if (canonicalJson(value) !== text) throw new TypeError('not canonical JSON');
    payload = schema.parse(value);
  } catch (error) {
    throw new ProtocolError('signature_invalid', 'unreadable payload', error);
  }
  const headers = jws.signatures.map((signature) => headerOf(signature.protected));
  const wellFormed = headers.every((header) => header?.alg === 'ES256' && header.typ === payload.typ);
  if (!wellFormed) throw new ProtocolError('signature_invalid', 'unexpected protected header');

  return {
    payload,
    hash: toBase64url(sha256(bytes)),
    signedBy: (...kids) =>
      kids.length === headers.length && kids.every((kid, index) => headers[index]?.kid === kid),
    async verify(kid, key) {
      const signature = jws.signatures.find((_, index) => headers[index]?.kid === kid);
      if (!signature) return false;
      try {
        fromBase64url(signature.signature); // one spelling only
        await flattenedVerify({ payload: jws.payload, ...signature }, await importJWK(key, 'ES256'), {
          algorithms: ['ES256'],
        });
        return true;
      } catch {
        return false;
      }
    },
  };
};
