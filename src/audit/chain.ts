import canonicalize from 'canonicalize';
import { createHash } from 'node:crypto';

/** The hash chain over audit events: each hash covers an event and the hash before it. */

/** What stands before the first event. */
export const GENESIS = Buffer.alloc(32);

/** An event as it is hashed; `at` with microseconds, as PostgreSQL keeps it. */
export interface ChainedEvent {
  id: number;
  at: string;
  type: string;
  national_id: string | null;
  client_id: string | null;
  device_id: string | null;
  support_id: string | null;
  address: string | null;
  details: unknown;
}

/** The columns of {@link ChainedEvent}, for SELECT. */
export const CHAINED_COLUMNS = `id, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
  type, national_id, client_id, device_id, support_id, address, details`;

/** SHA-256(previous ‖ the event as canonical JSON, RFC 8785). docs/audit.md describes it for other verifiers. */
export const eventHash = (previous: Uint8Array, event: ChainedEvent): Buffer => {
  const { id, at, type, national_id, client_id, device_id, support_id, address, details } = event;
  const text = canonicalize({
    id,
    at,
    type,
    national_id,
    client_id,
    device_id,
    support_id,
    address,
    details,
  });
  return createHash('sha256')
    .update(previous)
    .update(text ?? '')
    .digest();
};
