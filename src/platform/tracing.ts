import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import type { Attributes, Context, Span, SpanKind } from '@opentelemetry/api';
import type { Database, Queryable } from './postgres.ts';
import type { ExpiringStore } from './store/contract.ts';

/**
 * OpenTelemetry traces: what a request or a job spent its time on. Spans are made at the edges of the process (HTTP,
 * PostgreSQL, Redis, jobs) and nowhere inside, so that no room knows of them. Nothing about a person is in a span: no
 * query string, no parameter of a query, no key, no value.
 */
export interface Tracing {
  /** Runs `work` in a span of its own; what it throws marks the span as failed, and goes on. */
  span<T>(name: string, options: SpanOptions, work: (span: Span) => Promise<T>): Promise<T>;
  /** The same, only where a recorded span surrounds it: a query of nobody's request is not worth a trace. */
  inside<T>(name: string, options: SpanOptions, work: () => Promise<T>): Promise<T>;
  /** Sends what is waiting, and ends. */
  stop(): Promise<void>;
}

export interface SpanOptions {
  kind: 'server' | 'client' | 'internal';
  attributes?: Attributes;
  /** The request whose `traceparent` is continued; the caller has made sure that it may be believed. */
  from?: IncomingMessage;
}

/** What `createTracing` reads of the configuration. */
export interface TracingOptions {
  /** OTLP over HTTP, such as `http://collector:4318/v1/traces`. */
  url: string;
  /** Share of traces kept, 0 to 1, where who calls did not decide. */
  ratio: number;
}

/** Loads OpenTelemetry, which a process without a collector never does, and starts to send. */
export const createTracing = async ({ url, ratio }: TracingOptions): Promise<Tracing> => {
  const [api, sdk, core, resources, otlp] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/core'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ]);
  const provider = new sdk.TracerProvider({
    resource: resources.resourceFromAttributes({ 'service.name': 'caducee' }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter: new otlp.OTLPTraceExporter({ url }) })],
  });
  const tracer = provider.getTracer('caducee');
  const current = new AsyncLocalStorage<Context>();
  const kinds: Record<SpanOptions['kind'], SpanKind> = {
    server: api.SpanKind.SERVER,
    client: api.SpanKind.CLIENT,
    internal: api.SpanKind.INTERNAL,
  };

  const parentOf = (from: IncomingMessage | undefined): Context => {
    const header = from?.headers['traceparent'];
    const remote = typeof header === 'string' ? core.parseTraceParent(header) : null;
    if (remote) return api.trace.setSpanContext(api.ROOT_CONTEXT, { ...remote, isRemote: true });
    return current.getStore() ?? api.ROOT_CONTEXT;
  };

  const run: Tracing['span'] = async (name, { kind, attributes = {}, from }, work) => {
    const parent = parentOf(from);
    const span = tracer.startSpan(name, { kind: kinds[kind], attributes }, parent);
    try {
      return await current.run(api.trace.setSpan(parent, span), () => work(span));
    } catch (error) {
      // The class alone: a message may quote what was asked.
      span.setAttribute('error.type', error instanceof Error ? error.name : typeof error);
      span.setStatus({ code: api.SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  };

  return {
    span: run,
    inside: (name, options, work) => {
      const context = current.getStore();
      return context && api.trace.getSpan(context)?.isRecording() ? run(name, options, work) : work();
    },
    stop: () => provider.shutdown(),
  };
};

/** `SELECT practitioner` of a query: its verb and the first table it names. */
export const querySummary = (text: string): string => {
  const [, verb = 'QUERY'] = /^\s*([A-Za-z]+)/.exec(text) ?? [];
  const [, table] = /\b(?:FROM|INTO|UPDATE|TABLE)\s+(?:ONLY\s+)?"?([a-z_][a-z0-9_]*)/i.exec(text) ?? [];
  return table === undefined ? verb.toUpperCase() : `${verb.toUpperCase()} ${table}`;
};

/** The database, each of whose queries is a span: its text, which holds no values, and never its parameters. */
export const traceDatabase = (db: Database, tracing: Tracing): Database => {
  const traced = (on: Queryable): Queryable['query'] => {
    const query: Queryable['query'] = (text, values) => {
      const attributes = { 'db.system.name': 'postgresql', 'db.query.text': text };
      return tracing.inside(querySummary(text), { kind: 'client', attributes }, () => on.query(text, values));
    };
    return query;
  };
  return {
    ...db,
    query: traced(db),
    transaction: (work) =>
      tracing.inside('transaction', { kind: 'internal' }, () =>
        db.transaction((tx) => work({ query: traced(tx) })),
      ),
  };
};

/** Waits by its nature: not a span. */
const UNTRACED = new Set(['subscribe', 'close']);

/** The expiring store, each of whose calls is a span: the operation, and never its key. */
export const traceStore = (store: ExpiringStore, system: string, tracing: Tracing): ExpiringStore =>
  new Proxy(store, {
    get: (target, name, receiver) => {
      const method: unknown = Reflect.get(target, name, receiver);
      if (typeof method !== 'function' || typeof name !== 'string' || UNTRACED.has(name)) return method;
      const options = {
        kind: 'client',
        attributes: { 'db.system.name': system, 'db.operation.name': name },
      } as const;
      return (...args: unknown[]): unknown =>
        tracing.inside(`store ${name}`, options, async () => Reflect.apply(method, target, args) as unknown);
    },
  });
