import type Router from '@koa/router';
import type { Audit } from '../audit/record.ts';
import type { Config } from '../config.ts';
import type { Forms } from '../http/csrf.ts';
import type { Render } from '../http/render.ts';
import type { Limits } from '../limits/limits.ts';
import type { Messages } from '../messages/service.ts';
import type { Clock } from '../platform/clock.ts';
import type { KeyRing } from '../platform/crypto.ts';
import type { Job } from '../platform/jobs.ts';
import type { Database } from '../platform/postgres.ts';
import type { ExpiringStore } from '../platform/store/contract.ts';
import { forgetBatches } from './feed/repository.ts';
import { feedRoutes } from './feed/routes.ts';
import { tellContactChanges } from './notices.ts';
import { contactPages } from './pages.ts';
import type { StopDeps } from './stop.ts';

/** What follows a change of contact details: who is told, how it is stopped, and the feed that brings changes. */
export interface Contacts {
  jobs: Job[];
  /** The page of the stop link. */
  pages(kernel: { render: Render; forms: Forms }): Router;
  /** `POST /registry/contacts`. */
  feed: Router;
}

export interface ContactsDeps {
  config: Pick<Config, 'origin' | 'defaultLocale' | 'contactDelayHours'>;
  db: Database;
  store: ExpiringStore;
  messages: Messages;
  audit: Audit;
  limits: Limits;
  keyring: KeyRing;
  clock: Clock;
  ports: {
    /** Runs the job of the notices now. */
    kick(): void;
    onStopped: StopDeps['onStopped'];
  };
}

/** Days for which a batch, sent again, is known. */
const BATCH_DAYS = 90;

export const createContacts = (deps: ContactsDeps): Contacts => {
  const { db, clock, ports, config } = deps;
  return {
    jobs: [
      { name: 'contact-notices', everySeconds: 5, run: () => tellContactChanges(deps) },
      {
        name: 'contact-batches-forget',
        everySeconds: 86_400,
        run: () => forgetBatches(db, new Date(clock.now().getTime() - BATCH_DAYS * 86_400_000)),
      },
    ],
    pages: (kernel) => contactPages({ ...deps, ...kernel, onStopped: ports.onStopped }),
    feed: feedRoutes({
      ...deps,
      contactDelayHours: config.contactDelayHours,
      onDeclared: ports.kick,
    }),
  };
};
