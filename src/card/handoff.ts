import { constantTimeEqualText, hmacSha256 } from '../platform/crypto.ts';
import type { KeyRing } from '../platform/crypto.ts';
import { token } from '../platform/random.ts';
import type { ExpiringStore } from '../platform/store/contract.ts';
import type { CardType } from './certificate.ts';

/**
 * The way back from the card's host: what was proved there, under a token that serves once, within 30 s, for the
 * interaction that asked and in the browser that holds its cookie. The card's host knows the cookie only by a
 * fingerprint that the provider's page put into the link.
 */
export interface CardProof {
  nationalId: string;
  /** Serial number of the certificate, hexadecimal. */
  serial: string;
  cardNumber: string;
  cardType: CardType;
  /** When the handshake proved the possession of the card, epoch seconds. */
  at: number;
}

export const HANDOFF_SECONDS = 30;

/** The link to the card's host carries `attempt`; the token of the way back is made from it. */
export interface CardAttempt {
  interactionId: string;
  /** HMAC of the browser's secret: lets the card's host bind without knowing the secret. */
  browser: string;
}

interface Kept extends CardAttempt {
  proof: CardProof;
}

export interface Handoffs {
  /** The fingerprint of a browser's secret. */
  fingerprint(browserToken: string): string;
  /** Opens an attempt; the card's host is told its id in the link, valid for ten minutes and for one handshake. */
  open(attempt: CardAttempt): Promise<string>;
  /** Takes an attempt: a second handshake with the same link finds nothing. */
  take(attemptId: string): Promise<CardAttempt | undefined>;
  /** Keeps a proof and returns the token that redeems it. */
  give(attempt: CardAttempt, proof: CardProof): Promise<string>;
  /** Redeems a token, once, for its interaction and browser alone. */
  redeem(handoff: string, interactionId: string, browserToken: string): Promise<CardProof | undefined>;
}

const ATTEMPT_SECONDS = 600;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;
const attemptKey = (id: string): string => `card:attempt:{${id}}`;
const handoffKey = (id: string): string => `card:handoff:{${id}}`;

export const createHandoffs = ({ store, keyring }: { store: ExpiringStore; keyring: KeyRing }): Handoffs => {
  const fingerprint = (browserToken: string): string =>
    hmacSha256(keyring.derive('card-handoff'), browserToken).toString('base64url');

  return {
    fingerprint,
    open: async (attempt) => {
      const id = token();
      await store.set(attemptKey(id), JSON.stringify(attempt), ATTEMPT_SECONDS);
      return id;
    },
    take: async (attemptId) => {
      if (!TOKEN.test(attemptId)) return undefined;
      const kept = await store.take(attemptKey(attemptId));
      return kept === undefined ? undefined : (JSON.parse(kept) as CardAttempt);
    },
    give: async (attempt, proof) => {
      const id = token();
      const kept: Kept = { ...attempt, proof };
      await store.set(handoffKey(id), JSON.stringify(kept), HANDOFF_SECONDS);
      return id;
    },
    redeem: async (handoff, interactionId, browserToken) => {
      if (!TOKEN.test(handoff)) return undefined;
      const value = await store.take(handoffKey(handoff));
      if (value === undefined) return undefined;
      const kept = JSON.parse(value) as Kept;
      const sameBrowser = constantTimeEqualText(kept.browser, fingerprint(browserToken));
      return sameBrowser && kept.interactionId === interactionId ? kept.proof : undefined;
    },
  };
};
