import * as z from 'zod';
import { constantTimeEqualText, hmacSha256 } from '../../../platform/crypto.ts';
import type { ExpiringStore } from '../../../platform/store/contract.ts';
import { SECRET_BYTES } from '../../protocol/qr.ts';
import {
  CARD_CONFIRM_SECONDS,
  CARD_QR_REDRAWN_SECONDS,
  CARD_QR_SECONDS,
  CARD_QR_VALID_SECONDS,
  STEP_SECONDS,
} from '../limits.ts';

/** A page that waits, card presented, for a phone to scan its QR; as the expiring store keeps it. */
const record = z.object({
  /** Of the activation to be: written in PostgreSQL once a phone scanned. */
  id: z.string(),
  /** SHA-256 of the secret in the browser's cookie. */
  browserHash: z.string(),
  practitionerId: z.string(),
  nationalId: z.string(),
  cardSerial: z.string(),
  /** From which the secrets of the QR are made. */
  seed: z.string(),
  openedAt: z.number(),
  /** End of the QR. */
  expiresAt: z.number(),
  /** Thumbprint of the phone that scanned: the first, for good. */
  claim: z.string().optional(),
});
export type CardPage = z.output<typeof record>;

/** What is read is kept as text, since the next write says what it replaces. */
export interface StoredCardPage {
  text: string;
  value: CardPage;
}

/** The page may be looked at until the phone is done. */
const TTL = CARD_QR_SECONDS + CARD_CONFIRM_SECONDS + STEP_SECONDS;

const key = (id: string): string => `ecps:card:{${id}}`;
const othersKey = (id: string): string => `ecps:card:{${id}}:others`;

export const writeCardPage = (store: ExpiringStore, value: CardPage): Promise<boolean> =>
  store.setIfAbsent(key(value.id), JSON.stringify(value), TTL);

export const readCardPage = async (store: ExpiringStore, id: string): Promise<StoredCardPage | undefined> => {
  const text = await store.get(key(id));
  return text === undefined ? undefined : { text, value: record.parse(JSON.parse(text)) };
};

/** Takes the page for one phone; of several at once one gets it. */
export const claimCardPage = (
  store: ExpiringStore,
  page: StoredCardPage,
  thumbprint: string,
): Promise<boolean> => {
  const claimed: CardPage = { ...page.value, claim: thumbprint };
  return store.replace(key(page.value.id), page.text, JSON.stringify(claimed));
};

/** Another phone scanned a QR that was already taken: the page warns. */
export const noteOther = (store: ExpiringStore, id: string): Promise<number> =>
  store.increment(othersKey(id), TTL);

export const countOthers = async (store: ExpiringStore, id: string): Promise<number> =>
  Number((await store.get(othersKey(id))) ?? 0);

const secretOf = (page: CardPage, window: number): string =>
  hmacSha256(Buffer.from(page.seed, 'base64url'), `card-qr|${window}`)
    .subarray(0, SECRET_BYTES)
    .toString('base64url');

/** Which drawing of the QR it is: counted from the first, so that each stands for its whole time. */
const windowAt = (page: CardPage, now: Date): number =>
  Math.floor((now.getTime() - page.openedAt) / 1000 / CARD_QR_REDRAWN_SECONDS);

/** What the QR carries now. */
export const cardQrSecret = (page: CardPage, now: Date): string => secretOf(page, windowAt(page, now));

/** Whether a scanned secret is one of the last drawings. */
export const isFreshCardQr = (page: CardPage, secret: string, now: Date): boolean => {
  if (page.expiresAt <= now.getTime()) return false;
  const drawings = Array.from(
    { length: CARD_QR_VALID_SECONDS / CARD_QR_REDRAWN_SECONDS },
    (_, age) => windowAt(page, now) - age,
  );
  return drawings.some((drawing) => drawing >= 0 && constantTimeEqualText(secret, secretOf(page, drawing)));
};
