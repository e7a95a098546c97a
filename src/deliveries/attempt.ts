import type { Audit } from '../audit/record.ts';
import { backoffMs } from '../messages/backoff.ts';
import { scrub } from '../messages/mask.ts';
import { retryAfterSeconds } from '../messages/transport.ts';
import type { Clock } from '../platform/clock.ts';
import type { KeyRing } from '../platform/crypto.ts';
import type { Log } from '../platform/log.ts';
import { type Outgoing, OutgoingError } from '../platform/outgoing.ts';
import type { Database, Queryable } from '../platform/postgres.ts';
import {
  type ClaimedDelivery,
  type ExpiredDelivery,
  endDelivery,
  expireDeliveries,
  requeueDelivery,
} from './repository.ts';
import type { Compose, DeliveryKind, DeliveryRequest, HttpMessage } from './request.ts';
import { ANSWER_MAX_BYTES, ANSWER_WITHIN_MS, DELIVERY_PATIENCE, END_EVENTS } from './rules.ts';

/** What became of a try, for metrics. */
export interface DeliveryOutcome {
  kind: DeliveryKind;
  outcome: 'sent' | 'retried' | 'abandoned' | 'expired';
}

export interface AttemptParts {
  db: Database;
  keyring: KeyRing;
  clock: Clock;
  log: Log;
  audit: Audit;
  outgoing: Pick<Outgoing, 'request'>;
  compose: Compose;
  onOutcome?: ((outcome: DeliveryOutcome) => void) | undefined;
}

const PURPOSE = 'http-delivery';

/** Encrypts a request for the row `id`. */
export const sealDelivery = (keyring: KeyRing, id: string, request: DeliveryRequest): Buffer =>
  keyring.encrypt(PURPOSE, Buffer.from(JSON.stringify(request)), id);

const openDelivery = (keyring: KeyRing, row: ClaimedDelivery): DeliveryRequest =>
  JSON.parse(keyring.decrypt(PURPOSE, row.sealed, row.id).toString('utf8')) as DeliveryRequest;

interface Failure {
  error: string;
  status?: number | undefined;
  retryAfter?: number | undefined;
  /** No further try can succeed. */
  final?: boolean;
}

const composed = ({ compose }: AttemptParts, request: DeliveryRequest): Promise<HttpMessage> =>
  request.kind === 'backchannel_logout' ? compose.backchannel_logout(request) : compose.ciba_ping(request);

/** One try: undefined when the service took it. */
const attempt = async (parts: AttemptParts, row: ClaimedDelivery): Promise<Failure | number> => {
  let request: DeliveryRequest;
  try {
    request = openDelivery(parts.keyring, row);
  } catch {
    return { error: 'cannot be decrypted with this master key', final: true };
  }
  try {
    const { url, headers, body } = await composed(parts, request);
    const answer = await parts.outgoing.request(url, { method: 'POST', headers, body, ...BOUNDS });
    const { status } = answer;
    if (status === 200 || status === 204) return status;
    return {
      error: `the service answered ${status}`,
      status,
      // Who refuses a ping would refuse it again; the service may still poll.
      final: request.kind === 'ciba_ping' && isRefusal(status),
      retryAfter: retryAfterSeconds(answer.headers['retry-after'], parts.clock.now()),
    };
  } catch (error) {
    return failureOf(error);
  }
};

/** A redirect, or "not so": 408 and 429 ask for patience. */
const isRefusal = (status: number): boolean =>
  status >= 300 && status < 500 && status !== 408 && status !== 429;

const BOUNDS = { timeoutMs: ANSWER_WITHIN_MS, maxBytes: ANSWER_MAX_BYTES } as const;

/** Anything but a failed request is a fault of ours: tried again, told by its name only. */
const failureOf = (error: unknown): Failure =>
  error instanceof OutgoingError
    ? { error: scrub(error.message), final: error.reason === 'refused' }
    : { error: `internal error (${error instanceof Error ? error.name : typeof error})` };

/** Tries a claimed delivery once, and writes down what came of it. */
export const tryDelivery = async (parts: AttemptParts, row: ClaimedDelivery): Promise<void> => {
  const outcome = await attempt(parts, row);
  if (typeof outcome === 'number') return end(parts, row, 'sent', { status: outcome });
  const patience = DELIVERY_PATIENCE[row.kind];
  if (outcome.final || row.attempts >= patience.maxAttempts) return end(parts, row, 'abandoned', outcome);
  const wait = backoffMs({ ...patience, parallel: 1 }, row.attempts, outcome.retryAfter);
  const { id, attempts } = row;
  const at = new Date(parts.clock.now().getTime() + wait);
  await requeueDelivery(parts.db, { id, attempts, at, status: outcome.status, error: outcome.error });
  parts.log.warn(
    { delivery: id, kind: row.kind, client: row.client_id, attempts, reason: outcome.error },
    'delivery failed, to be tried again',
  );
  parts.onOutcome?.({ kind: row.kind, outcome: 'retried' });
};

/** The end and its row of the audit are written together. */
const end = async (
  parts: AttemptParts,
  row: ClaimedDelivery,
  state: 'sent' | 'abandoned',
  result: { status?: number | undefined; error?: string },
): Promise<void> => {
  const { id, attempts } = row;
  const ours = await parts.db.transaction(async (tx) => {
    const done = await endDelivery(tx, { id, attempts, state, at: parts.clock.now(), ...result });
    if (done) await recordEnd(parts, tx, row, state === 'sent' ? undefined : (result.error ?? state));
    return done;
  });
  const facts = { delivery: id, kind: row.kind, client: row.client_id, attempts };
  if (!ours) parts.log.warn(facts, 'another process took the delivery over');
  else if (state === 'sent') parts.log.info(facts, 'delivered');
  else parts.log.error({ ...facts, reason: result.error }, 'delivery abandoned');
  if (ours) parts.onOutcome?.({ kind: row.kind, outcome: state });
};

const recordEnd = async (
  { audit }: Pick<AttemptParts, 'audit'>,
  tx: Queryable,
  row: Pick<ExpiredDelivery, 'kind' | 'client_id' | 'national_id' | 'attempts'>,
  reason: string | undefined,
): Promise<void> => {
  const type = END_EVENTS[row.kind][reason === undefined ? 'sent' : 'failed'];
  if (type === undefined) return;
  await audit.record(tx, {
    type,
    clientId: row.client_id,
    ...(row.national_id === null ? {} : { nationalId: row.national_id }),
    details: { attempts: row.attempts, ...(reason === undefined ? {} : { reason }) },
  });
};

/** Ends what is no longer worth delivering, with its rows of the audit. */
export const expireDue = async (parts: AttemptParts): Promise<void> => {
  const expired = await parts.db.transaction(async (tx) => {
    const rows = await expireDeliveries(tx, parts.clock.now());
    for (const row of rows) await recordEnd(parts, tx, row, row.last_error ?? 'expired before it was tried');
    return rows;
  });
  for (const { id, kind, client_id: client } of expired) {
    parts.log.error({ delivery: id, kind, client }, 'delivery expired');
    parts.onOutcome?.({ kind, outcome: 'expired' });
  }
};
