import { createAuditJobs } from '../audit/jobs.ts';
import type { Audit } from '../audit/record.ts';
import { clientJobs } from '../clients/jobs.ts';
import type { Config } from '../config.ts';
import { createDirectoryRefresh } from '../directory/refresh.ts';
import type { Messages } from '../messages/service.ts';
import type { Clock } from '../platform/clock.ts';
import type { KeyRing } from '../platform/crypto.ts';
import type { Job } from '../platform/jobs.ts';
import type { Log } from '../platform/log.ts';
import type { Database } from '../platform/postgres.ts';
import { sweepExpired } from '../platform/store/postgres.ts';
import { endGraces } from '../registry/grace.ts';
import { sweepRefusals } from '../support/refusals.ts';

const DAY = 86_400;

interface HouseDeps {
  config: Config;
  db: Database;
  keyring: KeyRing;
  audit: Audit;
  clock: Clock;
  log: Log;
  messages: Pick<Messages, 'forget'>;
  deliveries: { forget(): Promise<unknown> };
}

/** The scheduled work that belongs to no means of proof. */
export const houseJobs = async (deps: HouseDeps): Promise<Job[]> => {
  const { config, db, keyring, audit, clock, log, messages, deliveries } = deps;
  const daily = (name: string, run: () => Promise<unknown>): Job => ({ name, everySeconds: DAY, run });
  return [
    { name: 'directory-refresh', everySeconds: 5, run: createDirectoryRefresh({ db, clock }) },
    {
      name: 'registry-grace',
      everySeconds: 60,
      run: () => endGraces({ db, clock, audit, graceHours: config.registryGraceHours }),
    },
    daily('messages-forget', () => messages.forget()),
    daily('deliveries-forget', () => deliveries.forget()),
    daily('refusals-forget', () => sweepRefusals(db, clock.now())),
    ...(config.store === 'postgres'
      ? [{ name: 'store-sweep', everySeconds: 60, run: () => sweepExpired(db, clock.now()) }]
      : []),
    ...(await createAuditJobs({ config, db, keyring, clock, log, stdout: process.stdout })),
    ...clientJobs({ db, clock }),
  ];
};
