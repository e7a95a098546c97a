import { createPublicKey, X509Certificate } from 'node:crypto';
import { calculateJwkThumbprint, type JWK } from 'jose';

/** A key as `jwks` of a registration takes it, from a PEM file: of a private key nothing but its public half. */
export const jwkFromPem = async (pem: string): Promise<Record<string, unknown>> => {
  const certificate = pem.includes('BEGIN CERTIFICATE') ? new X509Certificate(pem) : undefined;
  const key = certificate?.publicKey ?? createPublicKey(pem);
  const jwk = key.export({ format: 'jwk' });
  return {
    ...jwk,
    kid: await calculateJwkThumbprint(jwk as JWK),
    use: 'sig',
    ...(certificate ? { x5c: [certificate.raw.toString('base64')] } : {}),
  };
};
