import type { Audit } from '../audit/record.ts';
import type { Clock } from '../platform/clock.ts';
import type { Database, Queryable } from '../platform/postgres.ts';
import { usesCertificate, usesSecret } from './credentials.ts';
import { differences, type Difference } from './diff.ts';
import { lockClient } from './repository.ts';
import { parseClient, type ClientMetadata } from './schema.ts';
import { createClients } from './service.ts';

/** A file of declarations. */
export interface Source {
  name: string;
  text: string;
}

/** What becomes of one declaration. */
export interface Applied {
  clientId: string;
  change: 'added' | 'changed' | 'unchanged';
  /** Name by name, against what is registered; of a new one, everything. */
  differences: Difference[];
  /** `generated` for one that now needs a secret and has none, `removed` when secrets no longer serve. */
  secrets: 'kept' | 'generated' | 'removed' | 'none';
  /** The generated one; told now and never again. */
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

/** What a declaration needs that the provider's own configuration has not. */
export interface Site {
  mode: string;
  mtlsOrigin: string | undefined;
  mtlsTrustFile: string | undefined;
}

const siteProblems = (metadata: ClientMetadata, site: Site | undefined): string[] => {
  if (!site) return [];
  const method = metadata.token_endpoint_auth_method;
  const problems: string[] = [];
  const binds = metadata.tls_client_certificate_bound_access_tokens === true;
  if ((usesCertificate(method) || binds) && site.mtlsOrigin === undefined) {
    problems.push('needs a host where services present certificates: set CADUCEE_MTLS_ORIGIN');
  } else if (method === 'tls_client_auth' && site.mtlsTrustFile === undefined) {
    problems.push(
      'tls_client_auth needs the authorities of services’ certificates: set CADUCEE_MTLS_TRUST_FILE',
    );
  }
  if (metadata.loopback_redirects && site.mode !== 'sandbox') {
    problems.push('loopback_redirects is for the sandbox alone');
  }
  return problems;
};

/** Reads and validates declarations; every problem of every file, each with the place it is at. */
export const readDeclarations = (
  sources: readonly Source[],
  site?: Site,
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
      const found = result.ok ? siteProblems(result.metadata, site) : result.problems;
      problems.push(...found.map((problem) => `${at}: ${problem}`));
      if (!result.ok) continue;
      if (declarations.some(({ client_id: id }) => id === result.metadata.client_id)) {
        problems.push(`${at}: client_id ${result.metadata.client_id} is declared twice`);
      } else declarations.push(result.metadata);
    }
  }
  return { declarations, problems };
};

/** As it would be read back: what is undefined is not there. */
const plain = (metadata: ClientMetadata): Record<string, unknown> =>
  JSON.parse(JSON.stringify(metadata)) as Record<string, unknown>;

const planOne = async (tx: Queryable, metadata: ClientMetadata): Promise<Applied> => {
  const known = await lockClient(tx, metadata.client_id);
  const found = differences(known ? plain(known.metadata) : {}, plain(metadata));
  const held = known?.secret_hashes.length ?? 0;
  const needs = usesSecret(metadata.token_endpoint_auth_method);
  const secrets = needs ? (held > 0 ? 'kept' : 'generated') : held > 0 ? 'removed' : 'none';
  const same = known !== undefined && found.length === 0 && (secrets === 'kept' || secrets === 'none');
  return {
    clientId: metadata.client_id,
    change: same ? 'unchanged' : known ? 'changed' : 'added',
    differences: found,
    secrets,
  };
};

/** Rolls a transaction back with an answer. */
class DryRun extends Error {
  readonly applied: Applied[];
  constructor(applied: Applied[]) {
    super('dry run');
    this.applied = applied;
  }
}

/**
 * Brings the relying parties to what is declared, in one transaction; those not declared are left alone. With `dryRun` all
 * is done and taken back: what is told is what would happen.
 */
export const applyClients = async (
  declarations: readonly ClientMetadata[],
  { db, clock, audit, dryRun = false }: { db: Database; clock: Clock; audit: Audit; dryRun?: boolean },
): Promise<Applied[]> => {
  try {
    return await db.transaction(async (tx) => {
      const clients = createClients({ db: tx, clock });
      const applied: Applied[] = [];
      for (const metadata of declarations) {
        const plan = await planOne(tx, metadata);
        const { clientId, change } = plan;
        if (change === 'unchanged') {
          applied.push(plan);
          continue;
        }
        const { secret } = await clients.upsert(metadata);
        const names = plan.differences.map(({ name }) => name).join(' ');
        await audit.record(tx, { type: 'client_changed', clientId, details: { change, names } });
        applied.push({ ...plan, ...(secret === undefined || dryRun ? {} : { secret }) });
      }
      if (dryRun) throw new DryRun(applied);
      return applied;
    });
  } catch (error) {
    if (error instanceof DryRun) return error.applied;
    throw error;
  }
};
