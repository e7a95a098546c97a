import { sign as signBytes, verify as verifyBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { Algorithm, SigningKey } from './keys.ts';

/** Signs and verifies the provider's own JWTs with the keys in force. */
export interface TokenSigner {
  /** `typ` is the header's: `JWT` unless told. */
  sign(algorithm: Algorithm, payload: object, typ?: string): Promise<string>;
  /**
   * The payload of a token that one of our keys signed, whatever its age; undefined for anything else. The algorithm
   * is that of the key named by `kid`, never what the header claims. Synchronous: a verification takes some 20 µs.
   */
  verify(token: string): Readonly<Record<string, unknown>> | undefined;
}

const signInThreadPool = promisify(signBytes);
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const JWT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;
/** ES256 signatures in a JWT are r‖s, not DER. */
const keyInput = <K>(key: K) => ({ key, dsaEncoding: 'ieee-p1363' as const });

/** True when a text has the shape of a signed JWT (a stored token has one dot at most). */
export const looksLikeJwt = (token: string): boolean => JWT.test(token);

const decode = (part: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
};

/** Makes the signer of a set of keys; the first active key of an algorithm signs. */
export const createTokenSigner = (keys: readonly SigningKey[]): TokenSigner => ({
  async sign(algorithm, payload, typ = 'JWT') {
    const key = keys.find((candidate) => candidate.algorithm === algorithm && candidate.state === 'active');
    if (!key) throw new Error(`no active key signs ${algorithm}`);
    const input = `${encode({ alg: algorithm, typ, kid: key.kid })}.${encode(payload)}`;
    const data = Buffer.from(input);
    // An RSA signature takes ten times as long as the hop to the thread pool; an ECDSA one is quicker than the hop.
    const signature =
      algorithm === 'RS256'
        ? await signInThreadPool('sha256', data, key.privateKey)
        : signBytes('sha256', data, keyInput(key.privateKey));
    return `${input}.${signature.toString('base64url')}`;
  },
  verify(token) {
    const [, header = '', payload = '', signature = ''] = JWT.exec(token) ?? [];
    const { kid, alg } = decode(header) ?? {};
    const key = keys.find((candidate) => candidate.kid === kid);
    if (!key || key.algorithm !== alg) return undefined;
    const genuine = verifyBytes(
      'sha256',
      Buffer.from(`${header}.${payload}`),
      keyInput(key.publicKey),
      Buffer.from(signature, 'base64url'),
    );
    return genuine ? decode(payload) : undefined;
  },
});
