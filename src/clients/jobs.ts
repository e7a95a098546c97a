import type { Clock } from '../platform/clock.ts';
import type { Job } from '../platform/jobs.ts';
import type { Database } from '../platform/postgres.ts';
import { forgetFailures } from './failures.ts';
import { forgetSecrets } from './secrets.ts';

/** What is done again and again about services: old failures and ended secrets are forgotten. */
export const clientJobs = (deps: { db: Database; clock: Clock }): Job[] => [
  {
    name: 'clients-forget',
    everySeconds: 3600,
    run: async () => {
      await forgetFailures(deps);
      await forgetSecrets(deps);
    },
  },
];
