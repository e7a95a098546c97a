import type { FateRow } from './repository.ts';
import type { MessageFate } from './request.ts';

/** A row of the outbox as the help desk sees it. */
export const toFate = (row: FateRow): MessageFate => ({
  id: row.id,
  kind: row.kind,
  template: row.template,
  locale: row.locale,
  recipient: row.recipient_masked,
  state: row.state,
  attempts: row.attempts,
  ...(row.last_error === null ? {} : { lastError: row.last_error }),
  ...(row.provider_id === null ? {} : { providerId: row.provider_id }),
  ...(row.practitioner_id === null ? {} : { practitionerId: row.practitioner_id }),
  ...(row.activation_id === null ? {} : { activationId: row.activation_id }),
  ...(row.device_id === null ? {} : { deviceId: row.device_id }),
  createdAt: row.created_at,
  ...(row.state === 'queued' ? { nextAttemptAt: row.next_attempt_at } : {}),
  expiresAt: row.expires_at,
  ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
});
