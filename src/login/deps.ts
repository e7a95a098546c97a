import type { Config } from '../config.ts';
import type { CardActivations } from '../ecps/activation/service.ts';
import type { Kernel } from '../http/kernel.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Memory } from './memory.ts';
import type { Approvals, CardReader, Geo, Limits, SignInProvider } from './ports.ts';

/** What the sign-in pages are given by app.ts. */
export interface LoginOptions {
  kernel: Pick<Kernel, 'render' | 'forms' | 'cookies' | 'failures' | 'refused'>;
  config: Config;
  oidc: SignInProvider;
  approvals: Approvals;
  /** Undefined where no card host is configured: the tab says so. */
  card?: CardReader | undefined;
  cardActivations?: CardActivations | undefined;
  /** Names the person at the end of a test of the e-CPS. */
  registry?: {
    find(nationalId: string): Promise<{ givenName: string; familyName: string } | undefined>;
    /** The identifier that a person has now, who may type one of before a merge; any other comes back as it went. */
    currentId?(nationalId: string): Promise<string>;
  };
  limits: Limits;
  geo: Geo;
  clock: Clock;
  log: Log;
}

/** The same, with what this room makes of it. */
export interface LoginDeps extends LoginOptions {
  memory: Memory;
  /** Who hears the end of an interaction: the OpenID provider, or our own test. */
  providerOf(uid: string): SignInProvider;
}
