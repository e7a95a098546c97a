import * as z from 'zod';
import type { ExpiringStore } from '../../platform/store/contract.ts';
import { approvalContext } from '../protocol/context.ts';
import { SERVE_SECONDS, TRANSACTION_SECONDS } from './limits.ts';
import { TRANSACTION_STATES, transactionFlow, type TransactionAction } from './flow.ts';

/** A sign-in that waits for a phone, as the expiring store keeps it. */
const record = z.object({
  txn: z.string(),
  state: z.enum(TRANSACTION_STATES),
  interactionId: z.string(),
  /** SHA-256 of the secret in the browser's cookie. */
  browserHash: z.string(),
  /** Who is expected; absent for a sign-in that names nobody, until a phone scans its QR. */
  nationalId: z.string().optional(),
  /** Among the numbers shown; absent when only the QR is offered. */
  number: z.string().optional(),
  slot: z.number().optional(),
  challenge: z.string(),
  /** From which the secrets of QR and link are made. */
  seed: z.string(),
  context: approvalContext,
  bindings: z.array(z.enum(['number', 'qr', 'link', 'message'])),
  /** Asked by a service and not by a page (CIBA): the service's own name of its request. */
  backchannel: z.string().optional(),
  /** What that service shows, to be typed. */
  message: z.string().optional(),
  /** HMAC of where it comes from, to silence an origin that is reported. */
  origin: z.string(),
  /** Comes from an origin that this person reported: no phone rings; who opens the app still sees it. */
  silenced: z.boolean(),
  expiresAt: z.number(),
  /** The phone that scanned the QR or followed the link, and with which secret. */
  claim: z.object({ deviceId: z.string(), m: z.enum(['qr', 'link']), v: z.string() }).optional(),
  /** Whose approval is being judged: the phone, and the hash of its payload. */
  signing: z.object({ deviceId: z.string(), hash: z.string() }).optional(),
  flow: z.enum(['cross', 'same']).optional(),
});
export type Transaction = z.output<typeof record>;

/** What is read is kept as text, since the next write says what it replaces. */
export interface Stored {
  text: string;
  value: Transaction;
}

const key = (txn: string): string => `ecps:txn:{${txn}}`;

export const writeNew = (
  store: ExpiringStore,
  value: Transaction,
  seconds = TRANSACTION_SECONDS,
): Promise<boolean> => store.setIfAbsent(key(value.txn), JSON.stringify(value), seconds + SERVE_SECONDS);

export const read = async (store: ExpiringStore, txn: string): Promise<Stored | undefined> => {
  const text = await store.get(key(txn));
  return text === undefined ? undefined : { text, value: record.parse(JSON.parse(text)) };
};

/** Whether it may still be approved. */
export const isOpen = (value: Transaction, now: Date): boolean =>
  value.state === 'waiting' && value.expiresAt > now.getTime();

/**
 * Follows the flow's table, if nobody changed the record since it was read. The changed record, `illegal` when the
 * table does not allow the action from this state, undefined when someone was faster.
 */
export const advance = async (
  store: ExpiringStore,
  stored: Stored,
  action: TransactionAction,
  change: Partial<Transaction> = {},
): Promise<Stored | 'illegal' | undefined> => {
  const state = transactionFlow.next(stored.value.state, action);
  if (state === undefined) return 'illegal';
  const value: Transaction = { ...stored.value, ...change, state };
  const text = JSON.stringify(value);
  const done = await store.replace(key(value.txn), stored.text, text);
  return done ? { text, value } : undefined;
};
