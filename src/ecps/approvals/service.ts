import { transactionChannel } from '../channels.ts';
import type { Ecps } from '../deps.ts';
import { startBackchannel, type BackchannelInput } from './backchannel.ts';
import { isKnownBrowser, rememberBrowser } from './browsers.ts';
import { ringFor } from './doorbell.ts';
import {
  currentLink,
  currentQr,
  finishSignIn,
  pageStatus,
  startSignIn,
  type PageStatus,
  type Started,
  type StartInput,
} from './page.ts';
import type { Approved } from './receipt.ts';

export type { BackchannelInput } from './backchannel.ts';
export type { PageStatus, Started, StartInput } from './page.ts';
export type { Approved } from './receipt.ts';
export type { ApprovalContext } from '../protocol/context.ts';

/** Asking a phone to approve a sign-in, from the page's side. */
export interface Approvals {
  /**
   * Starts a sign-in, for an identifier or for whoever scans the QR. Same result and same timing whether the
   * identifier is unknown, not enrolled or suspended: then it can only expire. Starting again in the same interaction
   * ends the former one.
   */
  start(input: StartInput): Promise<Started>;
  /**
   * Starts a sign-in that a service asks without a page (CIBA); the decision comes by {@link EcpsPorts.backchannelDecided}.
   * Same work and same timing whoever is named.
   */
  startBackchannel(input: BackchannelInput): Promise<void>;
  /** The text of the QR: redrawn every 5 s, each one good for 15. */
  qr(txn: string, browserToken: string): Promise<string | undefined>;
  /** The link to the app on the same phone. */
  link(txn: string, browserToken: string): Promise<string | undefined>;
  /**
   * `approved` only for an approval from another screen: one from the same phone comes with its verifier to
   * {@link Approvals.finish}. `stopped` (denied, reported, wrong number) only in a browser known to the person.
   */
  status(txn: string, browserToken: string): Promise<PageStatus>;
  /** Calls when it is worth asking {@link Approvals.status} again; a hint that may be lost. */
  watch(txn: string, onChange: () => void): Promise<() => Promise<void>>;
  /** The approval, once, for the browser that started; with the verifier when the phone brought one. */
  finish(txn: string, browserToken: string, verifier?: string): Promise<Approved | undefined>;
  /** The person signed in from this browser (`browserKey`: the long-lived value of its cookie). */
  rememberBrowser(nationalId: string, browserKey: string): Promise<void>;
  /** For {@link ApprovalContext.known}. */
  isKnown(nationalId: string, browserKey: string): Promise<boolean>;
  /** Resolves when the rings under way have been queued; for a clean stop and for tests. */
  idle(): Promise<void>;
}

/** Makes {@link Approvals}. */
export const createApprovals = (ecps: Ecps): Approvals => {
  const ringing = new Set<Promise<void>>();
  const ringLater = (work: Promise<void>): void => {
    const tracked = work
      .catch((error: unknown) => ecps.log.warn({ err: error }, 'a phone could not be rung'))
      .finally(() => ringing.delete(tracked));
    ringing.add(tracked);
  };
  return {
    async start(input) {
      const { value, ...started } = await startSignIn(ecps, input);
      // After the answer is known, so that its time does not tell whether there is a phone to ring.
      ringLater(Promise.resolve().then(() => ringFor(ecps, value)));
      return started;
    },
    async startBackchannel(input) {
      const value = await startBackchannel(ecps, input);
      if (value.slot !== undefined) ringLater(Promise.resolve().then(() => ringFor(ecps, value)));
    },
    qr: (txn, browserToken) => currentQr(ecps, txn, browserToken),
    link: (txn, browserToken) => currentLink(ecps, txn, browserToken),
    status: (txn, browserToken) => pageStatus(ecps, txn, browserToken),
    watch: (txn, onChange) => ecps.store.subscribe(transactionChannel(txn), onChange),
    finish: (txn, browserToken, verifier) => finishSignIn(ecps, { txn, browserToken, verifier }),
    rememberBrowser: (nationalId, browserKey) => rememberBrowser(ecps, nationalId, browserKey),
    isKnown: (nationalId, browserKey) => isKnownBrowser(ecps, nationalId, browserKey),
    idle: async () => {
      await Promise.all(ringing);
    },
  };
};
