import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/**
 * Every metric of ours, each named `caducee_…`; docs/metrics.md is generated from this table. No label holds anything
 * about a person. Counters count since the process started.
 */
export const METRICS = {
  http_requests_total: {
    kind: 'counter',
    labels: ['method', 'route', 'status'],
    help: 'HTTP answers; `route` is the pattern of the route, never the path asked.',
  },
  http_request_seconds: { kind: 'histogram', labels: ['route'], help: 'Time to answer, in seconds.' },
  sign_ins_total: {
    kind: 'counter',
    labels: ['means', 'outcome'],
    help: 'Sign-ins by means (`ecps`, `card`) and outcome: `granted`, or why not.',
  },
  messages_total: {
    kind: 'counter',
    labels: ['channel', 'outcome'],
    help: 'What became of messages: sent, tried again, abandoned.',
  },
  events_total: {
    kind: 'counter',
    labels: ['name', 'client'],
    help: 'What services asked for, by service: codes, refreshes, userinfo, introspections, revocations, refusals.',
  },
  audit_events_total: {
    kind: 'counter',
    labels: ['type'],
    help: 'Events given to the audit trail, by type (docs/events.md); one whose transaction failed counts too.',
  },
  job_runs_total: {
    kind: 'counter',
    labels: ['job', 'outcome'],
    help: 'Runs of scheduled jobs in this process: `done` or `failed`.',
  },
  database_connections: {
    kind: 'gauge',
    labels: ['state'],
    help: 'Connections of this process to PostgreSQL: `used`, `idle`; and `waiting`, callers that wait for one.',
  },
  operator_acts_open: {
    kind: 'gauge',
    labels: ['state'],
    help: 'Operators’ acts that somebody has to look at: `waiting` for a confirmation, done and `unseen`, done by `break_glass`. The same in every process.',
  },
  signing_key_age_seconds: {
    kind: 'gauge',
    labels: [],
    help: 'How long the oldest key that signs has been signing.',
  },
  card_revocation_fresh_seconds: {
    kind: 'gauge',
    labels: [],
    help: 'Seconds until the first revocation list in use is stale; NaN when one is missing, or no card is accepted.',
  },
} as const satisfies Record<
  string,
  { kind: 'counter' | 'histogram' | 'gauge'; labels: readonly string[]; help: string }
>;

type NameOf<Kind> = {
  [Name in keyof typeof METRICS]: (typeof METRICS)[Name]['kind'] extends Kind ? Name : never;
}[keyof typeof METRICS];

/** What a gauge reads. */
type GaugeValue = number | undefined | Readonly<Record<string, number | undefined>>;

/** The numbers of one process, in Prometheus' format. */
export interface Metrics {
  /** An HTTP answer; `route` is the pattern of the route, never the path asked. */
  request(labels: { method: string; route: string; status: number }, seconds: number): void;
  /** A sign-in's end: by which means, and granted or why not. */
  signIn(labels: { means: string; outcome: string }): void;
  /** A message's fate: mail, sms, push or what services are told; sent, retried, abandoned. */
  message(labels: { channel: string; outcome: string }): void;
  /** Anything else that a service asked for: successful refresh, userinfo, introspection. */
  count(name: string, clientId?: string): void;
  /** An event given to the audit trail. */
  audited(type: string): void;
  /** A scheduled job ran. */
  job(labels: { job: string; outcome: 'done' | 'failed' }): void;
  /** A value that is read each time the metrics are, or several by their one label; undefined, or a failure, is NaN. */
  gauge(name: NameOf<'gauge'>, read: () => GaugeValue | Promise<GaugeValue>): void;
  readonly contentType: string;
  text(): Promise<string>;
}

/** Series remembered by name. */
const MOST_SERIES = 2000;

/** The answers of one method, route and status. */
interface Series {
  /** Not yet in the counter. */
  answers: number;
  counter: { inc(by: number): void };
  times: { observe(seconds: number): void };
}

const settle = (series: Series): void => {
  series.counter.inc(series.answers);
  series.answers = 0;
};

/** Makes the metrics; `processMetrics` adds those of the Node.js process. */
export const createMetrics = (options: { processMetrics?: boolean } = {}): Metrics => {
  const registry = new Registry();
  if (options.processMetrics) collectDefaultMetrics({ register: registry, prefix: 'caducee_' });
  const declared = (name: keyof typeof METRICS) => ({
    name: `caducee_${name}`,
    help: METRICS[name].help,
    labelNames: [...METRICS[name].labels],
    registers: [registry],
  });
  const counter = (name: NameOf<'counter'>): Counter => new Counter(declared(name));

  const signIns = counter('sign_ins_total');
  const messages = counter('messages_total');
  const events = counter('events_total');
  const audited = counter('audit_events_total');
  const jobs = counter('job_runs_total');
  const durations = new Histogram({
    ...declared('http_request_seconds'),
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  });

  /** Series found before, without going through their labels again. Their answers reach the counter when it is read. */
  const series = new Map<string, Series>();
  const requests = new Counter({ ...declared('http_requests_total'), collect: () => series.forEach(settle) });
  const seriesOf = (method: string, route: string, status: number): Series => {
    const name = `${method} ${status} ${route}`;
    const known = series.get(name);
    if (known) return known;
    const made = {
      answers: 0,
      counter: requests.labels(method, route, String(status)),
      times: durations.labels(route),
    };
    if (series.size < MOST_SERIES) series.set(name, made);
    return made;
  };
  const counts = new Map<string, { inc(): void }>();

  return {
    request: ({ method, route, status }, seconds) => {
      const found = seriesOf(method, route, status);
      found.answers += 1;
      found.times.observe(seconds);
      if (series.size >= MOST_SERIES) settle(found);
    },
    signIn: (labels) => signIns.inc(labels),
    message: (labels) => messages.inc(labels),
    count: (name, clientId = '') => {
      const both = `${name} ${clientId}`;
      const known = counts.get(both) ?? events.labels(name, clientId);
      if (counts.size < MOST_SERIES) counts.set(both, known);
      known.inc();
    },
    audited: (type) => audited.inc({ type }),
    job: (labels) => jobs.inc(labels),
    gauge: (name, read) => {
      const [label] = METRICS[name].labels;
      void new Gauge({
        ...declared(name),
        async collect() {
          // A database that does not answer is told by the probes; the other metrics are told all the same.
          const value = await Promise.resolve(read()).catch(() => undefined);
          if (typeof value !== 'object') return this.set(value ?? Number.NaN);
          for (const [state, count] of Object.entries(value)) {
            this.set({ [label ?? '']: state }, count ?? Number.NaN);
          }
        },
      });
    },
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
};
