import type { Audit } from '../audit/record.ts';
import type { Config } from '../config.ts';
import type { Limits } from '../limits/limits.ts';
import type { Messages } from '../messages/service.ts';
import type { Clock } from '../platform/clock.ts';
import type { KeyRing } from '../platform/crypto.ts';
import type { Log } from '../platform/log.ts';
import type { Database } from '../platform/postgres.ts';
import type { ExpiringStore } from '../platform/store/contract.ts';
import type { Registry } from '../registry/service.ts';
import type { Approved } from './approvals/receipt.ts';
import type { EcpsKeys } from './keys.ts';

/** What the e-CPS reads of the configuration. */
export type EcpsConfig = Pick<
  Config,
  | 'issuer'
  | 'origin'
  | 'appOrigin'
  | 'acrEcps'
  | 'timeZone'
  | 'pinMinLength'
  | 'deviceMonths'
  | 'vapidPublicKey'
  | 'defaultLocale'
>;

/** What a person decided about a sign-in that a service asked by itself; `failed`: something else than what it showed was typed. */
export type BackchannelDecision = { request: string } & (
  { outcome: 'approved'; approved: Approved } | { outcome: 'denied' | 'failed' }
);

/** What other capabilities do for the e-CPS; wired in app.ts. */
export interface EcpsPorts {
  /** A phone was revoked: the sessions born from it end. Called after the commit. */
  onDeviceRevoked(deviceId: string, nationalId: string): Promise<void>;
  /** Where the phone's browser comes back after a same-phone approval; `v=<verifier>` is added to it. */
  returnUrl(interactionId: string): string;
  /** A service that asked without a page (CIBA) gets its answer; may be told twice of an approval. */
  backchannelDecided?(decision: BackchannelDecision): Promise<void>;
  /** Approximate place of an address, '' when unknown. */
  placeOf?(address: string): string;
}

/** Everything the e-CPS needs, made by others. */
export interface EcpsDeps {
  config: EcpsConfig;
  db: Database;
  store: ExpiringStore;
  registry: Registry;
  messages: Messages;
  audit: Audit;
  limits: Limits;
  keyring: KeyRing;
  clock: Clock;
  log: Log;
  ports: EcpsPorts;
}

/** The same, with the keys that live in the database. */
export interface Ecps extends EcpsDeps {
  keys: EcpsKeys;
}
