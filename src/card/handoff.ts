import type { KeyRing } from '../platform/crypto.ts';
import { constantTimeEqualText, hmacSha256 } from '../platform/crypto.ts';
import { token } from '../platform/random.ts';
import type { ExpiringStore } from '../platform/store/contract.ts';
import type { CardType } from './certificate.ts';
import type { CheckResult } from './checks.ts';
import type { CardRefusal } from './reasons.ts';

/** What the card proved. */
export interface CardProof {
  nationalId: string;
  /** Serial number of the certificate, hexadecimal. */
  serial: string;
  cardNumber: string;
  cardType: CardType;
  /** When the handshake proved the possession of the card, epoch seconds. */
  at: number;
}

/** What the card's host has to say: a proof, or why not; and the checks made, for the diagnostic. */
export interface CardOutcome {
  proof?: CardProof;
  refusal?: CardRefusal;
  results: CheckResult[];
  /** What the certificate says of itself: told to its holder alone. */
  certificate?: CertificateSummary;
}

/** A certificate as its holder reads it; what is not there is empty. */
export interface CertificateSummary {
  holder: string;
  nationalId: string;
  issuer: string;
  /** ISO 8601. */
  notAfter: string;
  cardType: string;
  serial: string;
}

/** Why a browser is sent to the card's host. */
export type CardPurpose = 'sign_in' | 'diagnostic' | 'activation';

export interface CardAttempt {
  purpose: CardPurpose;
  /** The interaction, or the page, that asked; the way back leads there. */
  subject: string;
  /** Fingerprint of the browser's secret: binds without telling the card's host the secret. */
  browser: string;
}

interface Kept extends CardAttempt {
  outcome: CardOutcome;
}

/** Seconds that the way back stays open. */
export const HANDOFF_SECONDS = 30;
const ATTEMPT_SECONDS = 600;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/**
 * The ways to the card's host and back. Each serves once: the attempt, in the link to it, for one handshake; the
 * hand-off, in the redirect back, within 30 s, for the interaction that asked and the browser with its cookie.
 */
export interface Handoffs {
  /** Opens an attempt; its id goes into the link. */
  open(purpose: CardPurpose, subject: string, browserToken: string): Promise<string>;
  /** Takes an attempt: a second handshake with the same link finds nothing. */
  take(attemptId: string): Promise<CardAttempt | undefined>;
  /** Keeps an outcome and returns the token that redeems it. */
  give(attempt: CardAttempt, outcome: CardOutcome): Promise<string>;
  /** Redeems a token, once; in another browser or for another purpose it is spent for nothing. */
  redeem(
    handoff: string,
    expected: { purpose: CardPurpose; subject: string; browserToken: string },
  ): Promise<CardOutcome | undefined>;
}

const attemptKey = (id: string): string => `card:attempt:{${id}}`;
const handoffKey = (id: string): string => `card:handoff:{${id}}`;

export const createHandoffs = ({ store, keyring }: { store: ExpiringStore; keyring: KeyRing }): Handoffs => {
  const fingerprint = (browserToken: string): string =>
    hmacSha256(keyring.derive('card-handoff'), browserToken).toString('base64url');

  return {
    open: async (purpose, subject, browserToken) => {
      const id = token();
      const attempt: CardAttempt = { purpose, subject, browser: fingerprint(browserToken) };
      await store.set(attemptKey(id), JSON.stringify(attempt), ATTEMPT_SECONDS);
      return id;
    },
    take: async (attemptId) => {
      if (!TOKEN.test(attemptId)) return undefined;
      const kept = await store.take(attemptKey(attemptId));
      return kept === undefined ? undefined : (JSON.parse(kept) as CardAttempt);
    },
    give: async (attempt, outcome) => {
      const id = token();
      const kept: Kept = { ...attempt, outcome };
      await store.set(handoffKey(id), JSON.stringify(kept), HANDOFF_SECONDS);
      return id;
    },
    redeem: async (handoff, expected) => {
      if (!TOKEN.test(handoff)) return undefined;
      const value = await store.take(handoffKey(handoff));
      if (value === undefined) return undefined;
      const kept = JSON.parse(value) as Kept;
      const sameBrowser = constantTimeEqualText(kept.browser, fingerprint(expected.browserToken));
      return sameBrowser && kept.purpose === expected.purpose && kept.subject === expected.subject
        ? kept.outcome
        : undefined;
    },
  };
};
