import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { errorText, isErrorCode } from '../../../views/locales/errors.ts';
import type { Config } from '../../config.ts';
import { readForm } from '../../http/body.ts';
import { Refusal } from '../../http/errors.ts';
import type { Failures } from '../../http/failures.ts';
import type { Limits } from '../../limits/limits.ts';
import type { Database, Queryable } from '../../platform/postgres.ts';
import { capabilityStatement } from './capability.ts';
import { outcomeOf } from './outcome.ts';
import { readIds, readParameters, type Parameters } from './parameters.ts';
import { findByIds } from './repository.ts';
import { personOfRole, toPractitioner, toRoles } from './resources.ts';
import {
  PRACTITIONER_PARAMETERS,
  ROLE_PARAMETERS,
  searchPractitioners,
  searchRoles,
  type Found,
} from './search.ts';
import type { Bundle, Resource } from './types.ts';

/** FHIR R4, to read: Practitioner and PractitionerRole under `/fhir`. */

export const FHIR_PATH = '/fhir';

export interface FhirDependencies {
  db: Database;
  config: Pick<Config, 'origin' | 'ordreUrl' | 'timeZone'>;
  limits: Pick<Limits, 'hit'>;
  /** The kernel's: writes the log and the status. */
  failures: Failures;
}

/** From one address: enough for a hospital's software, too few to copy the directory in a day. */
const RULES = [
  { limit: 120, seconds: 60 },
  { limit: 3000, seconds: 3600 },
];
/** A search that no index serves ends here. */
const LONGEST_MS = 2000;
const MEDIA_TYPE = 'application/fhir+json';

const refuseAs = (ctx: Context, error: unknown, { failures, config }: FhirDependencies): void => {
  const refusal =
    error instanceof Refusal
      ? error
      : new Refusal('internal_error', (error as { status?: number }).status ?? 500, { cause: error });
  failures(ctx, refusal);
  const code = refusal.expose && isErrorCode(refusal.code) ? refusal.code : 'internal_error';
  const { title, text } = errorText('en', code, { ...config, ...refusal.details });
  ctx.type = MEDIA_TYPE;
  ctx.body = JSON.stringify(outcomeOf(refusal, `${title}. ${text}`));
};

/** JSON is what is spoken; who asks for nothing else than XML is told so. */
const checkFormat = (ctx: Context): void => {
  const asked = ctx.query['_format'];
  const fits =
    asked === undefined
      ? ctx.accepts('application/fhir+json', 'application/json', 'json') !== false
      : typeof asked === 'string' && /^(json|(application|text)\/(fhir[+ ])?json)$/.test(asked);
  if (!fits) throw new Refusal('fhir_format', 406);
};

const guarded =
  (dependencies: FhirDependencies): Middleware =>
  async (ctx, next) => {
    try {
      const { allowed, retryAfter } = await dependencies.limits.hit('fhir', ctx.ip, RULES);
      if (!allowed) throw new Refusal('too_many_requests', 429, { retryAfter });
      checkFormat(ctx);
      await next();
      if (ctx.status === 404 && ctx.body === undefined) throw new Refusal('not_found', 404);
    } catch (error) {
      refuseAs(ctx, error, dependencies);
    }
  };

const answer = (ctx: Context, body: unknown, lastUpdated?: string): void => {
  ctx.type = MEDIA_TYPE;
  ctx.set('Cache-Control', 'no-cache');
  if (lastUpdated !== undefined) ctx.set('Last-Modified', new Date(lastUpdated).toUTCString());
  ctx.body = JSON.stringify(body);
};

/** Reads within its time: what takes longer is refused, and stops. */
const inTime = async <T>(db: Database, work: (tx: Queryable) => Promise<T>): Promise<T> => {
  try {
    return await db.transaction(async (tx) => {
      await tx.query(`SET LOCAL statement_timeout = ${LONGEST_MS}`);
      return work(tx);
    });
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === '57014') throw new Refusal('fhir_too_costly', 400, { cause: error });
    // An instant of a made-up cursor that no calendar has.
    if (code === '22007' || code === '22008') throw new Refusal('request_invalid', 400, { cause: error });
    throw error;
  }
};

const bundleOf = (base: string, type: string, given: URLSearchParams, found: Found): Bundle => {
  const url = (changes: Record<string, string> = {}): string => {
    const query = new URLSearchParams(given);
    for (const [name, value] of Object.entries(changes)) query.set(name, value);
    return `${base}/${type}${query.size > 0 ? `?${query.toString()}` : ''}`;
  };
  const entry = found.resources.map((resource) => ({
    fullUrl: `${base}/${type}/${resource.id}`,
    resource,
    search: { mode: 'match' as const },
  }));
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    ...(found.total === undefined ? {} : { total: found.total }),
    link: [
      { relation: 'self', url: url() },
      ...(found.next === undefined ? [] : [{ relation: 'next' as const, url: url({ _cursor: found.next }) }]),
    ],
    // FHIR has no empty lists.
    ...(entry.length > 0 ? { entry } : {}),
  };
};

interface Type {
  parameters: readonly string[];
  search(tx: Queryable, parameters: Parameters): Promise<Found>;
  read(tx: Queryable, id: string): Promise<Resource | undefined>;
}

const typesOf = (system: string): Record<string, Type> => ({
  Practitioner: {
    parameters: PRACTITIONER_PARAMETERS,
    search: searchPractitioners,
    read: async (tx, id) => {
      const [row] = await findByIds(tx, readIds(id).slice(0, 1));
      return row && toPractitioner(row);
    },
  },
  PractitionerRole: {
    parameters: ROLE_PARAMETERS,
    search: (tx, parameters) => searchRoles(tx, parameters, system),
    read: async (tx, id) => {
      const person = personOfRole(id);
      const [row] = person === undefined ? [] : await findByIds(tx, [person]);
      return row && toRoles(row, system).find((role) => role.id === id);
    },
  },
});

/** The routes; mounted with the directory. */
export const fhirRoutes = (dependencies: FhirDependencies): Router => {
  const { db, config } = dependencies;
  const base = config.origin + FHIR_PATH;
  const statement = capabilityStatement(base);
  const router = new Router({ prefix: FHIR_PATH });
  router.use(guarded(dependencies));
  router.get('/metadata', (ctx) => answer(ctx, statement));
  for (const [type, { parameters: known, search, read }] of Object.entries(
    typesOf(`${base}/PractitionerRole`),
  )) {
    const find = async (ctx: Context, given: URLSearchParams): Promise<void> => {
      const parameters = readParameters(given, known);
      answer(ctx, bundleOf(base, type, given, await inTime(db, (tx) => search(tx, parameters))));
    };
    router.get(`/${type}`, (ctx) => find(ctx, new URLSearchParams(ctx.querystring)));
    router.post(`/${type}/_search`, async (ctx) => find(ctx, await readForm(ctx)));
    router.get(`/${type}/:id`, async (ctx) => {
      const resource = await inTime(db, (tx) => read(tx, ctx.params['id'] ?? ''));
      if (!resource) throw new Refusal('not_found', 404);
      answer(ctx, resource, resource.meta.lastUpdated);
    });
  }
  // What is not spoken here is answered in FHIR too.
  router.all('/{*rest}', (ctx) => {
    if (ctx.method !== 'GET' && ctx.method !== 'HEAD') throw new Refusal('method_not_allowed', 405);
    throw new Refusal('not_found', 404);
  });
  return router;
};
