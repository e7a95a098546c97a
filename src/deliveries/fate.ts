import type { DeliveryRow } from './repository.ts';
import type { DeliveryFate } from './request.ts';

/** A row as operators see it. */
export const toDeliveryFate = (row: DeliveryRow): DeliveryFate => ({
  id: row.id,
  kind: row.kind,
  clientId: row.client_id,
  host: row.host,
  ...(row.national_id === null ? {} : { nationalId: row.national_id }),
  state: row.state,
  attempts: row.attempts,
  ...(row.last_status === null ? {} : { lastStatus: row.last_status }),
  ...(row.last_error === null ? {} : { lastError: row.last_error }),
  createdAt: row.created_at,
  ...(row.state === 'queued' ? { nextAttemptAt: row.next_attempt_at } : {}),
  expiresAt: row.expires_at,
  ...(row.ended_at === null ? {} : { endedAt: row.ended_at }),
});
