import { type KeyObject, createPrivateKey, createPublicKey } from 'node:crypto';
import { sha256 } from '../platform/crypto.ts';

/** An operator's key: Ed25519 or P-256, made with `openssl genpkey`; the private half never leaves its owner. */

/** What is wrong with a key, and what to do. */
export class KeyError extends Error {}

const ASK =
  'make one with: openssl genpkey -algorithm ed25519 -aes256 -out me.key && openssl pkey -in me.key -pubout -out me.pub';

const checked = (key: KeyObject): KeyObject => {
  const { asymmetricKeyType: type, asymmetricKeyDetails } = key;
  if (type === 'ed25519' || (type === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1')) return key;
  throw new KeyError(`the key is neither Ed25519 nor P-256; ${ASK}`);
};

/** Reads a public key: PEM, or the base64 of its SubjectPublicKeyInfo on one line. A private key is refused. */
export const readPublicKey = (text: string): KeyObject => {
  const trimmed = text.trim();
  if (trimmed.includes('PRIVATE KEY')) {
    throw new KeyError('this is a private key: keep it to yourself, and give its public half');
  }
  try {
    if (trimmed.startsWith('-----')) return checked(createPublicKey(trimmed));
    const der = Buffer.from(trimmed, 'base64');
    return checked(createPublicKey({ key: der, format: 'der', type: 'spki' }));
  } catch (error) {
    if (error instanceof KeyError) throw error;
    throw new KeyError(`this is not a public key; ${ASK}`);
  }
};

/** SubjectPublicKeyInfo, DER: how a public key is kept and compared. */
export const publicKeyDer = (key: KeyObject): Buffer => key.export({ format: 'der', type: 'spki' });

/** Reads a private key, PEM; an encrypted one needs its passphrase. */
export const readPrivateKey = (pem: string, passphrase: string | undefined): KeyObject => {
  try {
    return checked(createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) }));
  } catch (error) {
    if (error instanceof KeyError) throw error;
    throw new KeyError('the private key does not open: another passphrase, or not a key in PEM');
  }
};

/** True when this PEM asks for a passphrase. */
export const isEncrypted = (pem: string): boolean => pem.includes('ENCRYPTED');

/** What two people compare aloud: 16 hexadecimal digits of the key's SHA-256. */
export const fingerprint = (der: Uint8Array): string =>
  sha256(der)
    .toString('hex')
    .slice(0, 16)
    .replaceAll(/(.{4})(?=.)/g, '$1 ');
