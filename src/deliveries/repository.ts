import type { Queryable } from '../platform/postgres.ts';
import type { DeliveryFilter, DeliveryKind, DeliveryState } from './request.ts';

/** The SQL of the deliveries, one function a query. Every instant comes from the caller's clock. */

export interface NewDelivery {
  id: string;
  kind: DeliveryKind;
  clientId: string;
  host: string;
  sealed: Buffer;
  nationalId: string | undefined;
  createdAt: Date;
  nextAttemptAt: Date;
  expiresAt: Date;
}

/** Writes a delivery to be tried. */
export const insertDelivery = async (tx: Queryable, delivery: NewDelivery): Promise<void> => {
  await tx.query(
    `INSERT INTO http_delivery (id, kind, client_id, host, sealed, national_id, created_at, next_attempt_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      delivery.id,
      delivery.kind,
      delivery.clientId,
      delivery.host,
      delivery.sealed,
      delivery.nationalId ?? null,
      delivery.createdAt,
      delivery.nextAttemptAt,
      delivery.expiresAt,
    ],
  );
};

/** Lets deliveries go that waited for what they tell to happen. */
export const releaseDeliveries = async (tx: Queryable, ids: readonly string[], now: Date): Promise<void> => {
  await tx.query(
    `UPDATE http_delivery SET next_attempt_at = $2
     WHERE id = ANY ($1::uuid[]) AND state = 'queued' AND next_attempt_at > $2`,
    [ids, now],
  );
};

/** A delivery that this process holds until its lease ends. */
export interface ClaimedDelivery {
  id: string;
  kind: DeliveryKind;
  client_id: string;
  sealed: Buffer;
  national_id: string | null;
  /** This try's number: proof, when reporting, that nobody took it over since. */
  attempts: number;
  expires_at: Date;
}

/**
 * Takes the delivery that has waited longest, or one whose holder died (its lease ended), and counts the try; services
 * that this process is already busy with are passed over. SKIP LOCKED lets any number of processes ask at once.
 */
export const claimDelivery = async (
  db: Queryable,
  claim: { now: Date; leaseUntil: Date; busy: readonly string[] },
): Promise<ClaimedDelivery | undefined> => {
  const { rows } = await db.query<ClaimedDelivery>(
    `UPDATE http_delivery SET state = 'sending', attempts = attempts + 1, next_attempt_at = $2
     WHERE id = (
       SELECT id FROM http_delivery
       WHERE state IN ('queued', 'sending') AND next_attempt_at <= $1 AND expires_at > $1
         AND client_id <> ALL ($3::text[])
       ORDER BY next_attempt_at
       FOR UPDATE SKIP LOCKED
       LIMIT 1)
     RETURNING id, kind, client_id, sealed, national_id, attempts, expires_at`,
    [claim.now, claim.leaseUntil, claim.busy],
  );
  return rows[0];
};

/** Ends a delivery and erases its content; false when another process took it over meanwhile. */
export const endDelivery = async (
  db: Queryable,
  end: {
    id: string;
    attempts: number;
    state: 'sent' | 'abandoned';
    at: Date;
    status?: number | undefined;
    error?: string | undefined;
  },
): Promise<boolean> => {
  const { rowCount } = await db.query(
    `UPDATE http_delivery
     SET state = $3, ended_at = $4, sealed = NULL, last_status = $5, last_error = coalesce($6, last_error)
     WHERE id = $1 AND attempts = $2 AND state = 'sending'`,
    [end.id, end.attempts, end.state, end.at, end.status ?? null, end.error ?? null],
  );
  return rowCount === 1;
};

/** Puts a delivery back in the queue after a failed try; false when another process took it over meanwhile. */
export const requeueDelivery = async (
  db: Queryable,
  retry: { id: string; attempts: number; at: Date; status: number | undefined; error: string },
): Promise<boolean> => {
  const { rowCount } = await db.query(
    `UPDATE http_delivery SET state = 'queued', next_attempt_at = $3, last_status = $4, last_error = $5
     WHERE id = $1 AND attempts = $2 AND state = 'sending'`,
    [retry.id, retry.attempts, retry.at, retry.status ?? null, retry.error],
  );
  return rowCount === 1;
};

/** What {@link expireDeliveries} ended. */
export interface ExpiredDelivery {
  id: string;
  kind: DeliveryKind;
  client_id: string;
  national_id: string | null;
  attempts: number;
  last_error: string | null;
}

/** Ends what is no longer worth delivering and is on nobody's hands. */
export const expireDeliveries = async (db: Queryable, now: Date): Promise<ExpiredDelivery[]> =>
  (
    await db.query<ExpiredDelivery>(
      `UPDATE http_delivery SET state = 'expired', ended_at = $1, sealed = NULL
       WHERE state IN ('queued', 'sending') AND expires_at <= $1
         AND (state = 'queued' OR next_attempt_at <= $1)
       RETURNING id, kind, client_id, national_id, attempts, last_error`,
      [now],
    )
  ).rows;

/** Forgets deliveries that ended before an instant; returns how many. */
export const deleteEndedBefore = async (db: Queryable, before: Date): Promise<number> =>
  (await db.query('DELETE FROM http_delivery WHERE ended_at < $1', [before])).rowCount ?? 0;

/** A row of the operators' view. */
export interface DeliveryRow {
  id: string;
  kind: DeliveryKind;
  client_id: string;
  host: string;
  national_id: string | null;
  state: DeliveryState;
  attempts: number;
  last_status: number | null;
  last_error: string | null;
  created_at: Date;
  next_attempt_at: Date;
  expires_at: Date;
  ended_at: Date | null;
}

/** Deliveries that match every given field, newest first. */
export const selectDeliveries = async (db: Queryable, filter: DeliveryFilter): Promise<DeliveryRow[]> =>
  (
    await db.query<DeliveryRow>(
      `SELECT id, kind, client_id, host, national_id, state, attempts, last_status, last_error, created_at,
         next_attempt_at, expires_at, ended_at
       FROM http_delivery
       WHERE ($1::uuid IS NULL OR id = $1) AND ($2::text IS NULL OR client_id = $2)
         AND ($3::text IS NULL OR national_id = $3) AND ($4::text IS NULL OR kind = $4)
         AND ($5::text IS NULL OR state = $5)
       ORDER BY created_at DESC, id
       LIMIT $6`,
      [
        filter.id ?? null,
        filter.clientId ?? null,
        filter.nationalId ?? null,
        filter.kind ?? null,
        filter.state ?? null,
        filter.limit ?? 100,
      ],
    )
  ).rows;

/** How many wait, and since when the oldest does. */
export const selectDeliveryBacklog = async (
  db: Queryable,
): Promise<{ waiting: number; oldest: Date | undefined }> => {
  const { rows } = await db.query<{ waiting: number; oldest: Date | null }>(
    `SELECT count(*) AS waiting, min(created_at) AS oldest FROM http_delivery WHERE state IN ('queued', 'sending')`,
  );
  return { waiting: rows[0]?.waiting ?? 0, oldest: rows[0]?.oldest ?? undefined };
};
