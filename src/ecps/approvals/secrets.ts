import { constantTimeEqualText, hmacSha256, sha256Base64url } from '../../platform/crypto.ts';
import type { BindMethod } from '../protocol/payloads.ts';
import { SECRET_BYTES } from '../protocol/qr.ts';
import { QR_REDRAWN_SECONDS, QR_VALID_SECONDS } from './limits.ts';
import type { Transaction } from './record.ts';

/** The secrets that tie a phone to the screen: the QR, redrawn every 5 s and good for 15, and the same-phone link. */

const derive = (seed: string, label: string): string =>
  hmacSha256(Buffer.from(seed, 'base64url'), label).subarray(0, SECRET_BYTES).toString('base64url');

const windowAt = (now: Date): number => Math.floor(now.getTime() / 1000 / QR_REDRAWN_SECONDS);

/** What the QR carries now. */
export const qrSecret = (transaction: Pick<Transaction, 'seed'>, now: Date): string =>
  derive(transaction.seed, `qr|${windowAt(now)}`);

/** What the link carries. */
export const linkSecret = (transaction: Pick<Transaction, 'seed'>): string =>
  derive(transaction.seed, 'link');

/** Whether a scanned secret is still good. */
export const isFresh = (
  transaction: Pick<Transaction, 'seed'>,
  scanned: { m: Exclude<BindMethod, 'number' | 'message'>; v: string },
  now: Date,
): boolean => {
  if (scanned.m === 'link') return constantTimeEqualText(scanned.v, linkSecret(transaction));
  const windows = Array.from(
    { length: QR_VALID_SECONDS / QR_REDRAWN_SECONDS },
    (_, age) => windowAt(now) - age,
  );
  return windows.some((window) => constantTimeEqualText(scanned.v, derive(transaction.seed, `qr|${window}`)));
};

/** What is kept of the secret in the browser's cookie. */
export const browserHash = (browserToken: string): string => sha256Base64url(`ecps/browser|${browserToken}`);

/** Whether this is the browser that started the sign-in. */
export const isSameBrowser = (transaction: Pick<Transaction, 'browserHash'>, browserToken: string): boolean =>
  constantTimeEqualText(transaction.browserHash, browserHash(browserToken));

/** What the signed payload holds of the same-phone verifier: SHA-256 of its text. */
export const verifierHash = (verifier: string): string => sha256Base64url(verifier);
