import { generateSync } from 'otplib';
import { hmacSha256 } from '../../platform/crypto.ts';
import { readable, token } from '../../platform/random.ts';
import type { EcpsDeps } from '../deps.ts';
import { SECRET_BYTES } from '../protocol/qr.ts';

/** The secrets of an activation. Of those of the mail the server keeps only HMACs; those of the SMS it recomputes. */

type Keys = Pick<EcpsDeps, 'keyring'>;

/** Whom a mail's secret is for: the QR photographed or forwarded is worth nothing on another phone. */
export interface Bound {
  activationId: string;
  thumbprint: string;
}

export interface MailSecrets {
  /** 16 bytes in base64url. */
  secret: string;
  /** Eight characters of Crockford's base 32. */
  typedCode: string;
}

export const newMailSecrets = (): MailSecrets => ({ secret: token(SECRET_BYTES), typedCode: readable(8) });

const mailHmac = ({ keyring }: Keys, kind: 'qr' | 'typed', value: string, bound: Bound): Buffer =>
  hmacSha256(
    keyring.derive('ecps/activation-mail'),
    [kind, bound.activationId, bound.thumbprint, value].join('|'),
  );

export const qrHmac = (keys: Keys, secret: string, bound: Bound): Buffer =>
  mailHmac(keys, 'qr', secret, bound);

export const typedHmac = (keys: Keys, typedCode: string, bound: Bound): Buffer =>
  mailHmac(keys, 'typed', typedCode, bound);

/**
 * The six digits of an SMS: HOTP (RFC 4226) with a secret of this activation alone, derived from a key that is not in
 * the database; the counter is the number of the SMS.
 */
export const smsCode = ({ keyring }: Keys, activationId: string, counter: number): string =>
  generateSync({
    strategy: 'hotp',
    secret: hmacSha256(keyring.derive('ecps/activation-sms'), activationId).subarray(0, 20),
    counter,
    digits: 6,
  });
