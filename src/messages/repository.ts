import type { Queryable } from '../platform/postgres.ts';
import type { FateFilter, MessageKind, MessageState } from './request.ts';

/** The SQL of the outbox, one function a query. Every instant comes from the caller's clock. */

export interface NewMessage {
  id: string;
  kind: MessageKind;
  template: string;
  locale: string;
  sealed: Buffer;
  recipientMasked: string;
  practitionerId: string | undefined;
  activationId: string | undefined;
  deviceId: string | undefined;
  dedupeKey: string | undefined;
  createdAt: Date;
  expiresAt: Date;
}

/** Writes a message to send at once; returns its id, or that of the message that already has its dedupe key. */
export const insertMessage = async (tx: Queryable, message: NewMessage): Promise<string> => {
  const { rows } = await tx.query<{ id: string }>(
    `INSERT INTO outbox_message (id, kind, template, locale, sealed, recipient_masked, practitioner_id,
       activation_id, device_id, dedupe_key, created_at, next_attempt_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)
     ON CONFLICT (dedupe_key) WHERE dedupe_key IS NOT NULL
       DO UPDATE SET dedupe_key = EXCLUDED.dedupe_key
     RETURNING id`,
    [
      message.id,
      message.kind,
      message.template,
      message.locale,
      message.sealed,
      message.recipientMasked,
      message.practitionerId ?? null,
      message.activationId ?? null,
      message.deviceId ?? null,
      message.dedupeKey ?? null,
      message.createdAt,
      message.expiresAt,
    ],
  );
  return rows[0]?.id ?? message.id;
};

/** A message that this process holds until its lease ends. */
export interface ClaimedRow {
  id: string;
  kind: MessageKind;
  template: string;
  sealed: Buffer;
  /** This try's number: proof, when reporting, that nobody took the message over since. */
  attempts: number;
  device_id: string | null;
  expires_at: Date;
}

/**
 * Takes the message of one kind that has waited longest, or one whose holder died (its lease ended), and
 * counts the try. SKIP LOCKED lets any number of processes ask at once and each get another message.
 */
export const claimMessage = async (
  db: Queryable,
  kind: MessageKind,
  now: Date,
  leaseUntil: Date,
): Promise<ClaimedRow | undefined> => {
  const { rows } = await db.query<ClaimedRow>(
    `UPDATE outbox_message SET state = 'sending', attempts = attempts + 1, next_attempt_at = $3
     WHERE id = (
       SELECT id FROM outbox_message
       WHERE kind = $1 AND state IN ('queued', 'sending') AND next_attempt_at <= $2 AND expires_at > $2
       ORDER BY next_attempt_at
       FOR UPDATE SKIP LOCKED
       LIMIT 1)
     RETURNING id, kind, template, sealed, attempts, device_id, expires_at`,
    [kind, now, leaseUntil],
  );
  return rows[0];
};

/** Ends a message and erases its secrets; false when another process took it over meanwhile. */
export const endMessage = async (
  db: Queryable,
  end: {
    id: string;
    attempts: number;
    state: 'sent' | 'abandoned';
    at: Date;
    lastError?: string | undefined;
    providerId?: string | undefined;
  },
): Promise<boolean> => {
  const { rowCount } = await db.query(
    `UPDATE outbox_message
     SET state = $3, ended_at = $4, sealed = NULL, provider_id = $6, last_error = coalesce($5, last_error)
     WHERE id = $1 AND attempts = $2 AND state = 'sending'`,
    [end.id, end.attempts, end.state, end.at, end.lastError ?? null, end.providerId ?? null],
  );
  return rowCount === 1;
};

/** Puts a message back in the queue after a failed try; false when another process took it over meanwhile. */
export const requeueMessage = async (
  db: Queryable,
  retry: { id: string; attempts: number; at: Date; lastError: string },
): Promise<boolean> => {
  const { rowCount } = await db.query(
    `UPDATE outbox_message SET state = 'queued', next_attempt_at = $3, last_error = $4
     WHERE id = $1 AND attempts = $2 AND state = 'sending'`,
    [retry.id, retry.attempts, retry.at, retry.lastError],
  );
  return rowCount === 1;
};

/** Ends what is no longer worth sending and is on nobody's hands; returns their kinds. */
export const expireMessages = async (db: Queryable, now: Date): Promise<MessageKind[]> => {
  const { rows } = await db.query<{ kind: MessageKind }>(
    `UPDATE outbox_message SET state = 'expired', ended_at = $1, sealed = NULL
     WHERE state IN ('queued', 'sending') AND expires_at <= $1
       AND (state = 'queued' OR next_attempt_at <= $1)
     RETURNING kind`,
    [now],
  );
  return rows.map(({ kind }) => kind);
};

/** Forgets the fate of messages that ended before an instant; returns how many. */
export const deleteEndedBefore = async (db: Queryable, before: Date): Promise<number> => {
  const { rowCount } = await db.query('DELETE FROM outbox_message WHERE ended_at < $1', [before]);
  return rowCount ?? 0;
};

/** A row of the help desk's view. */
export interface FateRow {
  id: string;
  kind: MessageKind;
  template: string;
  locale: 'fr' | 'en';
  recipient_masked: string;
  state: MessageState;
  attempts: number;
  last_error: string | null;
  provider_id: string | null;
  practitioner_id: string | null;
  activation_id: string | null;
  device_id: string | null;
  created_at: Date;
  next_attempt_at: Date;
  expires_at: Date;
  ended_at: Date | null;
}

/** Messages that match every given field, newest first. */
export const selectFates = async (db: Queryable, filter: FateFilter): Promise<FateRow[]> => {
  const { rows } = await db.query<FateRow>(
    `SELECT id, kind, template, locale, recipient_masked, state, attempts, last_error, provider_id,
       practitioner_id, activation_id, device_id, created_at, next_attempt_at, expires_at, ended_at
     FROM outbox_message
     WHERE ($1::uuid IS NULL OR id = $1) AND ($2::uuid IS NULL OR practitioner_id = $2)
       AND ($3::text IS NULL OR activation_id = $3) AND ($4::text IS NULL OR device_id = $4)
       AND ($5::text IS NULL OR state = $5)
     ORDER BY created_at DESC, id
     LIMIT $6`,
    [
      filter.id ?? null,
      filter.practitionerId ?? null,
      filter.activationId ?? null,
      filter.deviceId ?? null,
      filter.state ?? null,
      filter.limit ?? 100,
    ],
  );
  return rows;
};

/** How many messages wait, and since when the oldest one does: what an operator watches. */
export const selectBacklog = async (
  db: Queryable,
): Promise<{ waiting: number; oldest: Date | undefined }> => {
  const { rows } = await db.query<{ waiting: number; oldest: Date | null }>(
    `SELECT count(*) AS waiting, min(created_at) AS oldest FROM outbox_message
     WHERE state IN ('queued', 'sending')`,
  );
  return { waiting: rows[0]?.waiting ?? 0, oldest: rows[0]?.oldest ?? undefined };
};

/** The practitioner whom a national identifier names; for the command line, which people feed with what they have. */
export const selectPractitionerId = async (
  db: Queryable,
  nationalId: string,
): Promise<string | undefined> => {
  const { rows } = await db.query<{ id: string }>('SELECT id FROM practitioner WHERE national_id = $1', [
    /^\d{11}$/.test(nationalId) ? `8${nationalId}` : nationalId,
  ]);
  return rows[0]?.id;
};
