import type { Provider } from 'oidc-provider';
import { epochSeconds, systemClock } from '../platform/clock.ts';

/**
 * The keys that a service publishes at its `jwks_uri`. The library asks for them again only when a signature fails, so that
 * a key that was withdrawn would be believed for ever, and it believes whatever life the answer claims: here keys are
 * asked for again when their time is over, an hour at most, before they are used.
 */
const LONGEST_SECONDS = 3600;

/** The library's store of a service's keys; not in its types. */
interface Keys {
  jwksUri: string | undefined;
  stale(): boolean;
  selectForVerify(options: object): unknown[];
}

const lives = new WeakMap<object, number>();

/** Adapts the class of these stores, which can only be reached through a client. */
export const adaptClientKeys = (provider: Provider): void => {
  const { Client } = provider as unknown as {
    Client: new (metadata: object) => { asymmetricKeyStore: Keys };
  };
  const sample = new Client({
    client_id: 'keys',
    token_endpoint_auth_method: 'none',
    response_types: [],
    grant_types: [],
    redirect_uris: [],
  });
  const prototype = Object.getPrototypeOf(sample.asymmetricKeyStore) as Keys;
  // Inherited from the store of any keys.
  const { selectForVerify } = prototype;
  Object.defineProperty(prototype, 'selectForVerify', {
    value(this: Keys, options: object): unknown[] {
      // The library's verification, met by an error, refreshes stale keys and begins again.
      if (this.jwksUri !== undefined && this.stale()) throw new Error('the keys are to be asked for again');
      return selectForVerify.call(this, options);
    },
  });
  Object.defineProperty(prototype, 'freshUntil', {
    get(this: Keys) {
      return lives.get(this);
    },
    set(this: Keys, until: number) {
      // The library compares with its own clock.
      lives.set(this, Math.min(until, epochSeconds(systemClock.now()) + LONGEST_SECONDS));
    },
  });
};
