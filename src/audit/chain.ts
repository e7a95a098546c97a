import canonicalize from 'canonicalize';
import { hash } from 'node:crypto';

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

const text = (value: string | null): string => (value === null ? 'null' : JSON.stringify(value));

const isPlain = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);

/** Details as they are recorded are flat, and canonical in one line; whatever else stands there takes the long way. */
const detailsText = (details: unknown): string => {
  const entries = Object.entries(details ?? {});
  if (details === null || Array.isArray(details) || !entries.every(([, value]) => isPlain(value))) {
    try {
      return canonicalize(details) ?? '';
    } catch {
      return ''; // no JSON of ours: it matches no hash
    }
  }
  if (entries.length > 1) entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join()}}`;
};

/** The event as canonical JSON (RFC 8785): no space, names in order, strings and numbers as JavaScript writes them. */
export const eventText = (event: ChainedEvent): string =>
  `{"address":${text(event.address)},"at":${text(event.at)},"client_id":${text(event.client_id)},` +
  `"details":${detailsText(event.details)},"device_id":${text(event.device_id)},"id":${event.id},` +
  `"national_id":${text(event.national_id)},"support_id":${text(event.support_id)},"type":${text(event.type)}}`;

/** SHA-256(previous ‖ {@link eventText}). docs/audit.md describes it for other verifiers. */
export const eventHash = (previous: Uint8Array, event: ChainedEvent): Buffer =>
  hash('sha256', Buffer.concat([previous, Buffer.from(eventText(event))]), 'buffer');
