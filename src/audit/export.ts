import { once } from 'node:events';
import type { Database } from '../platform/postgres.ts';
import { streamSealed, type SealedEvent, type SealedFilter } from './stream.ts';

/** Events for other systems, one JSON line each, in the order of the chain. */

export const EXPORT_FORMATS = ['ndjson', 'ecs'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Everything as it is stored, hashes included: the chain can be verified from these lines alone. */
const toNdjson = ({ number, previous, hash, ...event }: SealedEvent): object => ({
  number,
  ...event,
  previous: previous.toString('hex'),
  hash: hash.toString('hex'),
});

const OUTCOMES: readonly (readonly [RegExp, string])[] = [
  [/refused|wrong|not_delivered|replayed|illegal|denied|locked|frozen/, 'failure'],
  [/./, 'success'],
];

const CATEGORIES: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(sign_in|signed_out|sign_out|tokens?_|ecps\.approval|card\.refused)/, ['authentication']],
  [/^(registry|contact|ecps\.(activation|device|pin)|card\.)/, ['iam']],
  [/^(client|signing_key|audit|operator)/, ['configuration']],
  [/./, ['process']],
];

const first = <T>(table: readonly (readonly [RegExp, T])[], type: string): T | undefined =>
  table.find(([pattern]) => pattern.test(type))?.[1];

/** Without what is absent. */
const present = (fields: Record<string, unknown>): object | undefined => {
  const kept = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
};

/** Elastic Common Schema 8.17; what it has no field for stands under `caducee`. */
const toEcs = (event: SealedEvent): object => ({
  '@timestamp': event.at,
  ecs: { version: '8.17.0' },
  event: {
    kind: 'event',
    category: first(CATEGORIES, event.type),
    type: ['info'],
    action: event.type,
    outcome: first(OUTCOMES, event.type),
    id: String(event.id),
    sequence: event.number,
    hash: event.hash.toString('hex'),
    dataset: 'caducee.audit',
    module: 'caducee',
  },
  ...present({
    user: present({ id: event.national_id }),
    source: present({ ip: event.address, address: event.address }),
    device: present({ id: event.device_id }),
  }),
  caducee: present({ client: event.client_id, support: event.support_id, details: event.details }),
});

const LINES: Record<ExportFormat, (event: SealedEvent) => object> = { ndjson: toNdjson, ecs: toEcs };

/**
 * Writes sealed events to a stream, as fast as it takes them; returns how many. Those not sealed yet (of the last second)
 * are not among them.
 */
export const exportAudit = (
  db: Database,
  output: NodeJS.WritableStream,
  { format, ...filter }: SealedFilter & { format: ExportFormat },
): Promise<number> =>
  db.transaction(async (tx) => {
    await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
    const line = LINES[format];
    let count = 0;
    for await (const page of streamSealed(tx, filter)) {
      const text = page.map((event) => `${JSON.stringify(line(event))}\n`).join('');
      if (!output.write(text)) await once(output, 'drain');
      count += page.length;
    }
    return count;
  });
