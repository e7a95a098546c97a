/** Where the keys live that encrypt other keys. */

export const KMS_DRIVERS = ['env', 'file', 'pkcs11'] as const;
export type KmsDriver = (typeof KMS_DRIVERS)[number];

/** One key management: it encrypts small secrets, and hands out none of its own. */
export interface Kms {
  readonly driver: KmsDriver;
  /** Names the key that encrypts now: tells whether something must be encrypted anew. */
  keyId(): Promise<string>;
  /** Encrypts; `aad` binds the result to where it is kept. */
  seal(plaintext: Uint8Array, aad: string): Promise<Buffer>;
  /** Undoes {@link Kms.seal}; `keyId` is what was noted then. Throws when it cannot. */
  open(sealed: Uint8Array, aad: string, keyId: string): Promise<Buffer>;
}

/** The key management in use, and those with which something may still be encrypted. */
export interface KmsRing {
  readonly current: Kms;
  /** Opens what any of them sealed. */
  open(driver: KmsDriver, sealed: Uint8Array, aad: string, keyId: string): Promise<Buffer>;
}

/** Makes the ring of those configured; the first is in use. */
export const createKmsRing = (current: Kms, ...others: readonly Kms[]): KmsRing => ({
  current,
  open: (driver, sealed, aad, keyId) => {
    const kms = [current, ...others].find((candidate) => candidate.driver === driver);
    if (!kms) {
      return Promise.reject(
        new Error(
          `it is encrypted by the key management "${driver}", which is not configured (docs/keys.md)`,
        ),
      );
    }
    return kms.open(sealed, aad, keyId);
  },
});
