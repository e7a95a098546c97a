import { X509Certificate, createPrivateKey, createPublicKey, webcrypto } from 'node:crypto';
import { Certificate } from 'pkijs';
import type { Issued, KeyPair } from './authority.ts';

/** The private key of a pair as PKCS#8 PEM. */
export const privateKeyPem = async (keys: KeyPair): Promise<string> => {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
};

/** The pair of a private key, PKCS#8 PEM, P-256 or RSA. */
const webKeys = async (pem: string): Promise<KeyPair> => {
  const key = createPrivateKey(pem);
  const algorithm =
    key.asymmetricKeyType === 'ec'
      ? { name: 'ECDSA', namedCurve: 'P-256' }
      : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const [privateKey, publicKey] = await Promise.all([
    webcrypto.subtle.importKey('pkcs8', key.export({ type: 'pkcs8', format: 'der' }), algorithm, true, [
      'sign',
    ]),
    webcrypto.subtle.importKey(
      'spki',
      createPublicKey(key).export({ type: 'spki', format: 'der' }),
      algorithm,
      true,
      ['verify'],
    ),
  ]);
  // One kind of key under two names: Node's types and the platform's.
  return { privateKey, publicKey } as KeyPair;
};

/** A certificate and its private key, both PEM, as they were when they were issued. */
export const readIssued = async (pem: string, key: string): Promise<Issued> => {
  const x509 = new X509Certificate(pem);
  const der = Buffer.from(x509.raw);
  return { certificate: Certificate.fromBER(der), der, pem, x509, keys: await webKeys(key) };
};
