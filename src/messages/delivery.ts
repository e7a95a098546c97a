import type { Clock } from '../platform/clock.ts';
import type { KeyRing } from '../platform/crypto.ts';
import type { Log } from '../platform/log.ts';
import type { Database } from '../platform/postgres.ts';
import { PATIENCE, backoffMs } from './backoff.ts';
import { type ClaimedRow, claimMessage, endMessage, requeueMessage } from './repository.ts';
import type { MessageKind } from './request.ts';
import { openRequest } from './seal.ts';
import { type Delivered, DeliveryError, type Transports } from './transport.ts';

/** Longer than any transport may take: only a dead process lets it end. */
const LEASE_MS = 90_000;
/** A try that takes longer has failed, whatever the library believes. */
const DEADLINE_MS = 45_000;

/** What became of a try, for metrics. */
export interface Outcome {
  channel: MessageKind;
  outcome: 'sent' | 'retried' | 'abandoned' | 'expired';
}

export interface DeliveryParts {
  db: Database;
  keyring: KeyRing;
  clock: Clock;
  log: Log;
  transports: Transports;
  /** Told when a push service says that a phone's subscription no longer exists. */
  onSubscriptionGone?: (deviceId: string) => Promise<void>;
  onOutcome?: (outcome: Outcome) => void;
}

/** Takes the message of a kind that is due next, if there is one; it is ours until its lease ends. */
export const claimNext = (parts: DeliveryParts, kind: MessageKind): Promise<ClaimedRow | undefined> => {
  const now = parts.clock.now();
  return claimMessage(parts.db, kind, now, new Date(now.getTime() + LEASE_MS));
};

/** Tries a claimed message once, and writes down what came of it. */
export const deliverClaimed = async (parts: DeliveryParts, row: ClaimedRow): Promise<void> => {
  if (row.attempts > PATIENCE[row.kind].maxAttempts) {
    await end(parts, row, 'abandoned', { lastError: 'too many tries' });
    return;
  }
  let delivered: Delivered;
  try {
    delivered = await withDeadline(send(parts, row));
  } catch (error) {
    await fail(parts, row, asDeliveryError(error));
    return;
  }
  await end(parts, row, 'sent', { providerId: delivered.providerId });
};

const send = async ({ keyring, transports }: DeliveryParts, row: ClaimedRow): Promise<Delivered> => {
  const request = open(keyring, row);
  if (request.kind === 'mail') return transports.mail.deliver(row.id, request, row.expires_at);
  if (request.kind === 'sms') return transports.sms.deliver(row.id, request, row.expires_at);
  if (!transports.push) throw new DeliveryError('push is not configured', { permanent: true });
  return transports.push.deliver(row.id, request, row.expires_at);
};

const open = (keyring: KeyRing, row: ClaimedRow): ReturnType<typeof openRequest> => {
  try {
    return openRequest(keyring, row.id, row.sealed);
  } catch (cause) {
    throw new DeliveryError('cannot be decrypted with this master key', { permanent: true, cause });
  }
};

const withDeadline = async <T>(work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new DeliveryError('no answer in time')), DEADLINE_MS);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
};

/** Anything else that is thrown is a fault of ours: tried again, told by its name only. */
const asDeliveryError = (error: unknown): DeliveryError =>
  error instanceof DeliveryError
    ? error
    : new DeliveryError(`internal error (${error instanceof Error ? error.name : typeof error})`, {
        cause: error,
      });

const fail = async (parts: DeliveryParts, row: ClaimedRow, error: DeliveryError): Promise<void> => {
  if (error.gone && row.device_id) await parts.onSubscriptionGone?.(row.device_id);
  const patience = PATIENCE[row.kind];
  if (error.permanent || row.attempts >= patience.maxAttempts) {
    await end(parts, row, 'abandoned', { lastError: error.message });
    return;
  }
  const wait = backoffMs(patience, row.attempts, error.retryAfterSeconds);
  const at = new Date(parts.clock.now().getTime() + wait);
  const { id, attempts } = row;
  await requeueMessage(parts.db, { id, attempts, at, lastError: error.message });
  parts.log.warn({ message: id, kind: row.kind, attempts, reason: error.message }, 'message not sent yet');
  parts.onOutcome?.({ channel: row.kind, outcome: 'retried' });
};

const end = async (
  parts: DeliveryParts,
  row: ClaimedRow,
  state: 'sent' | 'abandoned',
  result: { lastError?: string; providerId?: string | undefined },
): Promise<void> => {
  const { id, attempts, kind, template } = row;
  const ours = await endMessage(parts.db, { id, attempts, state, at: parts.clock.now(), ...result });
  const facts = { message: id, kind, template, attempts };
  if (!ours) parts.log.warn(facts, 'another process took the message over');
  else if (state === 'sent') parts.log.info(facts, 'message sent');
  else parts.log.error({ ...facts, reason: result.lastError }, 'message abandoned');
  if (ours) parts.onOutcome?.({ channel: kind, outcome: state });
};
