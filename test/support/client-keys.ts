import { createHash, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import type { CLIENT_ALGORITHMS } from '../../src/clients/credentials.ts';
import { SignJWT, type JWTPayload, type JWTHeaderParameters } from 'jose';

/** A service's own key, to sign assertions, request objects and proofs. */
export interface ServiceKey {
  alg: string;
  kid: string;
  privateKey: KeyObject;
  jwk: Record<string, unknown>;
}

export const serviceKey = (
  alg: (typeof CLIENT_ALGORITHMS)[number] = 'ES256',
  kid: string = randomUUID(),
): ServiceKey => {
  const { privateKey, publicKey } =
    alg === 'ES256' || alg === 'ES384'
      ? generateKeyPairSync('ec', { namedCurve: alg === 'ES256' ? 'P-256' : 'P-384' })
      : alg === 'EdDSA'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { alg, kid, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid } };
};

export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** Signs anything; `header` replaces or adds. */
export const sign = (
  key: ServiceKey,
  payload: JWTPayload,
  header: Partial<JWTHeaderParameters> = {},
): Promise<string> =>
  new SignJWT(payload).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey);

/** A client assertion (RFC 7523); `changes` replace its claims. */
export const assertion = (
  key: ServiceKey,
  clientId: string,
  audience: string,
  changes: Record<string, unknown> = {},
): Promise<string> =>
  sign(key, {
    iss: clientId,
    sub: clientId,
    aud: audience,
    jti: randomUUID(),
    iat: nowSeconds(),
    exp: nowSeconds() + 60,
    ...changes,
  });

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** The parameters that carry an assertion. */
export const withAssertion = (text: string): Record<string, string> => ({
  client_assertion_type: ASSERTION_TYPE,
  client_assertion: text,
});

/** A DPoP proof (RFC 9449). */
export const dpopProof = (
  key: ServiceKey,
  proof: { htm: string; htu: string; accessToken?: string; nonce?: string },
  changes: Record<string, unknown> = {},
): Promise<string> => {
  const { kid: _kid, ...jwk } = key.jwk;
  return new SignJWT({
    htm: proof.htm,
    htu: proof.htu,
    jti: randomUUID(),
    iat: nowSeconds(),
    ...(proof.nonce === undefined ? {} : { nonce: proof.nonce }),
    ...(proof.accessToken === undefined
      ? {}
      : { ath: createHash('sha256').update(proof.accessToken).digest('base64url') }),
    ...changes,
  })
    .setProtectedHeader({ alg: key.alg, typ: 'dpop+jwt', jwk })
    .sign(key.privateKey);
};
