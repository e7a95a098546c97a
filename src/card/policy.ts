/** What a deployment accepts as a card: configuration, with the values of IGC-Santé in docs/card.md. */
export interface CardPolicy {
  /** Certificate policies, at least one of which the holder's certificate must carry. */
  policies: readonly string[];
  /** Subject names (RFC 4514 text as OpenSSL writes it is ambiguous, so: CN) of the authorities that issue cards. */
  issuers: readonly string[];
}

/** Signature algorithms accepted anywhere on a path: SHA-2 with RSA (PKCS#1 or PSS) or ECDSA. */
export const SIGNATURE_ALGORITHMS: ReadonlySet<string> = new Set([
  '1.2.840.113549.1.1.10',
  '1.2.840.113549.1.1.11',
  '1.2.840.113549.1.1.12',
  '1.2.840.113549.1.1.13',
  '1.2.840.10045.4.3.2',
  '1.2.840.10045.4.3.3',
  '1.2.840.10045.4.3.4',
]);

/** Smallest RSA modulus, in bits. */
export const RSA_BITS = 2048;

export const CURVES: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);
