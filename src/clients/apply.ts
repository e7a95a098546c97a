import { isDeepStrictEqual } from 'node:util';
import type { Audit } from '../audit/record.ts';
import type { Clock } from '../platform/clock.ts';
import type { Database } from '../platform/postgres.ts';
import { parseClient, type ClientMetadata } from './schema.ts';
import { createClients } from './service.ts';

/** A file of declarations. */
export interface Source {
  name: string;
  text: string;
}

/** What became of one declaration. */
export interface Applied {
  clientId: string;
  change: 'added' | 'changed' | 'unchanged';
  /** Generated for a new confidential client; told now and never again. */
  secret?: string;
}

const parseSource = ({ name, text }: Source): { at: string; value: unknown }[] | string => {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    return `${name}: not JSON (${error instanceof Error ? error.message : String(error)})`;
  }
  if (!Array.isArray(content)) return [{ at: name, value: content }];
  return content.map((value: unknown, index) => ({ at: `${name}[${index}]`, value }));
};

/** Reads and validates declarations; every problem of every file, each with the place it is at. */
export const readDeclarations = (
  sources: readonly Source[],
): { declarations: ClientMetadata[]; problems: string[] } => {
  const declarations: ClientMetadata[] = [];
  const problems: string[] = [];
  if (sources.length === 0) problems.push('there is no .json file');
  for (const source of sources) {
    const parsed = parseSource(source);
    if (typeof parsed === 'string') {
      problems.push(parsed);
      continue;
    }
    for (const { at, value } of parsed) {
      const result = parseClient(value);
      if (!result.ok) problems.push(...result.problems.map((problem) => `${at}: ${problem}`));
      else if (declarations.some(({ client_id: id }) => id === result.metadata.client_id)) {
        problems.push(`${at}: client_id ${result.metadata.client_id} is declared twice`);
      } else declarations.push(result.metadata);
    }
  }
  return { declarations, problems };
};

/** Brings the relying parties to what is declared, in one transaction; those not declared are left alone. */
export const applyClients = (
  declarations: readonly ClientMetadata[],
  { db, clock, audit }: { db: Database; clock: Clock; audit: Audit },
): Promise<Applied[]> =>
  db.transaction(async (tx) => {
    const clients = createClients({ db: tx, clock });
    const applied: Applied[] = [];
    for (const metadata of declarations) {
      const clientId = metadata.client_id;
      const known = await clients.find(clientId);
      const withSecret =
        metadata.token_endpoint_auth_method === 'none' || (known?.secretHashes.length ?? 0) > 0;
      if (known && withSecret && isDeepStrictEqual(known.metadata, JSON.parse(JSON.stringify(metadata)))) {
        applied.push({ clientId, change: 'unchanged' });
        continue;
      }
      const { secret } = await clients.upsert(metadata);
      const change = known ? 'changed' : 'added';
      await audit.record(tx, { type: 'client_changed', clientId, details: { change } });
      applied.push({ clientId, change, ...(secret === undefined ? {} : { secret }) });
    }
    return applied;
  });
