/** What a probe is told. */
export interface HealthAnswer {
  status: 200 | 503;
  body: { status: 'ok' | 'failed' | 'draining'; checks?: Record<string, 'ok' | string> };
}

/** Answers for `livez` and `readyz`. */
export interface Health {
  /** The process answers: nothing else is asked, so that a database away restarts nobody. */
  live(): HealthAnswer;
  /** Everything that a request needs answers. `verbose` tells each check; errors' messages are for operators. */
  ready(options?: { verbose?: boolean }): Promise<HealthAnswer>;
  /** From now on not ready: the load balancer stops sending before the process stops listening. */
  drain(): void;
}

const TIMEOUT_MS = 2000;

/** 'ok', or why not; a check that does not answer in time failed. */
const outcome = async (check: () => Promise<unknown>, timeoutMs: number): Promise<string> => {
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve(`no answer in ${timeoutMs} ms`), timeoutMs);
  try {
    const checked = (async () => check())().then(
      () => 'ok',
      (error: unknown) => (error instanceof Error && error.message ? error.message : 'failed'),
    );
    return await Promise.race([checked, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** Makes the probes from the checks of what the process needs: `{database: () => db.query('SELECT 1'), store: () => store.ping()}`. */
export const createHealth = (options: {
  checks: Readonly<Record<string, () => Promise<unknown>>>;
  /** Told like checks, but failing takes nobody out of service: what is wrong there is wrong in every process. */
  warnings?: Readonly<Record<string, () => Promise<unknown>>>;
  timeoutMs?: number;
}): Health => {
  const { checks, warnings = {}, timeoutMs = TIMEOUT_MS } = options;
  let draining = false;
  return {
    live: () => ({ status: 200, body: { status: 'ok' } }),
    ready: async ({ verbose = false } = {}) => {
      const outcomes = await Promise.all(
        Object.entries({ ...warnings, ...checks }).map(async ([name, check]): Promise<[string, string]> => [
          name,
          await outcome(check, timeoutMs),
        ]),
      );
      const failed = outcomes.some(([name, result]) => result !== 'ok' && Object.hasOwn(checks, name));
      const status = draining ? 'draining' : failed ? 'failed' : 'ok';
      return {
        status: status === 'ok' ? 200 : 503,
        body: { status, ...(verbose ? { checks: Object.fromEntries(outcomes) } : {}) },
      };
    },
    drain: () => {
      draining = true;
    },
  };
};
