import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The numbers of one process, in Prometheus' format. No label holds anything about a person. */
export interface Metrics {
  /** An HTTP answer; `route` is the pattern of the route, never the path asked. */
  request(labels: { method: string; route: string; status: number }, seconds: number): void;
  /** A sign-in's end: by which means, and granted or why not. */
  signIn(labels: { means: string; outcome: string }): void;
  /** A message's fate: mail, sms, push or what services are told; sent, retried, abandoned. */
  message(labels: { channel: string; outcome: string }): void;
  /** Anything else worth counting: successful refresh, userinfo, introspection. */
  count(name: string, clientId?: string): void;
  /** A value that is read each time the metrics are; undefined is told as NaN. */
  gauge(name: string, help: string, read: () => number | undefined): void;
  readonly contentType: string;
  text(): Promise<string>;
}

/** Series remembered by name. */
const MOST_SERIES = 2000;

/** Makes the metrics; `processMetrics` adds those of the Node.js process. */
export const createMetrics = (options: { processMetrics?: boolean } = {}): Metrics => {
  const registry = new Registry();
  if (options.processMetrics) collectDefaultMetrics({ register: registry, prefix: 'caducee_' });
  const counter = <const L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
  ): Counter<L> => new Counter({ name: `caducee_${name}`, help, labelNames, registers: [registry] });

  const requests = counter('http_requests_total', 'HTTP answers.', ['method', 'route', 'status']);
  const signIns = counter('sign_ins_total', 'Sign-ins by means and outcome.', ['means', 'outcome']);
  const messages = counter('messages_total', 'Messages by channel and outcome.', ['channel', 'outcome']);
  const events = counter('events_total', 'Other events by name and service.', ['name', 'client']);
  const durations = new Histogram({
    name: 'caducee_http_request_seconds',
    help: 'Time to answer, in seconds.',
    labelNames: ['route'] as const,
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });

  /** Series that were counted before, found without going through their labels again. */
  const series = new Map<string, { count(): void; time(seconds: number): void }>();
  const seriesOf = (method: string, route: string, status: number) => {
    const name = `${method} ${status} ${route}`;
    const known = series.get(name);
    if (known) return known;
    const [counted, timed] = [requests.labels(method, route, String(status)), durations.labels(route)];
    const made = { count: () => counted.inc(), time: (seconds: number) => timed.observe(seconds) };
    if (series.size < MOST_SERIES) series.set(name, made);
    return made;
  };
  const counts = new Map<string, { inc(): void }>();

  return {
    request: ({ method, route, status }, seconds) => {
      const { count, time } = seriesOf(method, route, status);
      count();
      time(seconds);
    },
    signIn: (labels) => signIns.inc(labels),
    message: (labels) => messages.inc(labels),
    count: (name, clientId = '') => {
      const both = `${name} ${clientId}`;
      const known = counts.get(both) ?? events.labels(name, clientId);
      if (counts.size < MOST_SERIES) counts.set(both, known);
      known.inc();
    },
    gauge: (name, help, read) =>
      void new Gauge({
        name: `caducee_${name}`,
        help,
        registers: [registry],
        collect() {
          this.set(read() ?? Number.NaN);
        },
      }),
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
};
