import type { Audit } from '../audit/record.ts';
import type { Config } from '../config.ts';
import { fingerprintOf } from '../oidc/keys.ts';
import type { Oidc } from '../oidc/provider.ts';
import { advanceKeys, scheduleOf } from '../oidc/signing/rotate.ts';
import { createKeyWatch } from '../oidc/signing/watch.ts';
import type { Clock } from '../platform/clock.ts';
import type { Job } from '../platform/jobs.ts';
import type { KmsRing } from '../platform/kms/kms.ts';
import type { Log } from '../platform/log.ts';
import type { Metrics } from '../platform/metrics.ts';
import type { Database } from '../platform/postgres.ts';

const DAY = 86_400;
/** How late a rotation may be before the probe says so. */
const LATE_DAYS = 2;

/** Signing keys in this process: noticed when they change, rotated by the schedule, their age told. */
export const watchSigningKeys = (deps: {
  db: Database;
  log: Log;
  kms: KmsRing;
  audit: Audit;
  clock: Clock;
  config: Config;
  metrics: Pick<Metrics, 'gauge'>;
  oidc: Pick<Oidc, 'keys' | 'reloadKeys'>;
}) => {
  const { db, log, clock, config, oidc } = deps;
  const schedule = scheduleOf(config);

  const oldest = (): number | undefined => {
    const ages = oidc
      .keys()
      .filter(({ state, activatedAt }) => state === 'active' && activatedAt !== undefined)
      .map(({ activatedAt }) => (clock.now().getTime() - (activatedAt?.getTime() ?? 0)) / 1000);
    return ages.length === 0 ? undefined : Math.max(...ages);
  };
  deps.metrics.gauge('signing_key_age_seconds', oldest);

  return {
    watch: createKeyWatch({
      ...{ db, log },
      loaded: () => fingerprintOf(oidc.keys()),
      reload: () => oidc.reloadKeys(),
    }),
    job: {
      name: 'signing-keys',
      everySeconds: 60,
      run: () => advanceKeys({ ...deps, schedule }),
    } satisfies Job,
    /** For the probe: fails when a key signs longer than it should. */
    overdue: async (): Promise<void> => {
      const age = oldest();
      if (config.keyDays === 0 || age === undefined) return;
      if (age > (config.keyDays + LATE_DAYS) * DAY) {
        throw new Error(`a signing key has been signing for ${Math.floor(age / DAY)} days`);
      }
    },
  };
};
