import { bytes } from '../platform/random.ts';

/**
 * The addresses of the card's host. A browser remembers, for each host and for its whole session, which certificate was
 * chosen or that none was; so with `https://*.host` each attempt goes to a label that nobody has ever seen.
 */
export interface CardHosts {
  /** True when each attempt has a host of its own. */
  fresh: boolean;
  /** For the content policy of pages whose forms end there. */
  source: string;
  /** Where to send the browser for this attempt. */
  link(attemptId: string): string;
}

/** Reads CADUCEE_CARD_ORIGIN. */
export const createCardHosts = (origin: string): CardHosts => ({
  fresh: origin.startsWith('https://*.'),
  source: origin,
  link: (attemptId) => `${origin.replace('*', `c${bytes(10).toString('hex')}`)}/c/${attemptId}`,
});
