import { RULES, type Case, type Diagnosis } from './causes.ts';
import type { Failure } from './failures.ts';
import type { Client } from './service.ts';

/** Explains the failed requests of a service: what happened, in which words of its own, and what to do. */

/** A cause with how often and when it was met last. */
export interface Finding extends Diagnosis {
  count: number;
  first: Date;
  last: Date;
  endpoint: string;
  error: string;
  supportId: string | undefined;
}

/** Explains one failure by what the service is registered as now. */
export const explain = (failure: Failure, client: Client, acrs: readonly string[] = []): Diagnosis => {
  const words = [failure.error, failure.description, failure.detail].join('\n');
  const examined: Case = { failure, facts: failure.facts, words, client, metadata: client.metadata, acrs };
  for (const rule of RULES) {
    const diagnosis = rule(examined);
    if (diagnosis) return diagnosis;
  }
  return {
    cause: `${failure.endpoint} ${failure.error} ${failure.description}`,
    what: failure.description || failure.error,
    facts: failure.detail && failure.detail !== failure.description ? [failure.detail] : [],
    fix: 'See docs/openid.md; the log has more under the support id.',
  };
};

/** Explains the failures of a service, newest first; the same cause is told once, with how often it was met. */
export const diagnose = (
  failures: readonly Failure[],
  client: Client,
  acrs: readonly string[] = [],
): Finding[] => {
  const found = new Map<string, Finding>();
  for (const failure of failures) {
    const diagnosis = explain(failure, client, acrs);
    const key = `${failure.endpoint}\n${diagnosis.cause}`;
    const known = found.get(key);
    if (known) {
      known.count += 1;
      if (failure.at < known.first) known.first = failure.at;
      continue;
    }
    const { at, endpoint, error, supportId } = failure;
    found.set(key, { ...diagnosis, count: 1, first: at, last: at, endpoint, error, supportId });
  }
  return [...found.values()];
};
