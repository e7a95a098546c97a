import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, CompactSign, compactVerify, type JWK } from 'jose';
import type { KeyRing } from '../platform/crypto.ts';

/**
 * The key that signs what the audit says of itself. It is derived from the master key, hence not in the database: who
 * holds the database alone can neither sign nor exchange it.
 */
export interface AuditKey {
  kid: string;
  /** For whoever verifies elsewhere. */
  publicJwk: JWK;
  sign(type: StatementType, claims: Readonly<Record<string, unknown>>): Promise<string>;
  /** The claims of a statement signed by this key, or one of those it trusts; undefined when it is not. */
  verify(type: StatementType, jws: string): Promise<Record<string, unknown> | undefined>;
}

/** What is signed; the `typ` of the JWS, so that one never passes for the other. */
export type StatementType = 'audit-checkpoint+jwt' | 'audit-pruning+jwt';

const ALGORITHM = 'EdDSA';
/** DER of a PKCS #8 Ed25519 private key, before its 32 bytes (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The audit's key of this installation; `trusted` are public keys of before, by an earlier master key. */
export const createAuditKey = async (keyring: KeyRing, trusted: readonly JWK[] = []): Promise<AuditKey> => {
  const seed = keyring.derive('audit/checkpoints');
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const own = createPublicKey(privateKey).export({ format: 'jwk' }) as JWK;
  const kid = await calculateJwkThumbprint(own);
  const keys = new Map<string, KeyObject>();
  for (const jwk of [own, ...trusted]) {
    keys.set(await calculateJwkThumbprint(jwk), createPublicKey({ key: jwk as never, format: 'jwk' }));
  }
  return {
    kid,
    publicJwk: { ...own, kid, alg: ALGORITHM, use: 'sig' },
    sign: (type, claims) =>
      new CompactSign(Buffer.from(JSON.stringify(claims)))
        .setProtectedHeader({ alg: ALGORITHM, typ: type, kid })
        .sign(privateKey),
    verify: async (type, jws) => {
      try {
        const { payload, protectedHeader } = await compactVerify(
          jws,
          (header) => {
            const key = keys.get(header.kid ?? '');
            if (!key) throw new Error('signed by a key that is not trusted');
            return key;
          },
          { algorithms: [ALGORITHM] },
        );
        if (protectedHeader.typ !== type) return undefined;
        return JSON.parse(Buffer.from(payload).toString('utf8')) as Record<string, unknown>;
      } catch {
        return undefined;
      }
    },
  };
};
