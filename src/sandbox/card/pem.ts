import { webcrypto } from 'node:crypto';
import type { KeyPair } from './authority.ts';

/** The private key of a pair as PKCS#8 PEM. */
export const privateKeyPem = async (keys: KeyPair): Promise<string> => {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
};
