import type { Provider } from 'oidc-provider';
import { epochSeconds, systemClock } from '../platform/clock.ts';

/**
 * The keys that a service publishes at its `jwks_uri`. The library asks for them again only when a signature fails, so that
 * a key that was withdrawn would be believed for ever; it believes whatever life the answer claims; it keeps asking an
 * address that does not answer. Here keys are asked for again when their time is over, an hour at most, before they are used; a
 * key that is not among them is looked for once a minute; and those that are known stay good for that hour when
 * the service's address is down.
 */
const LONGEST = 3600;
/** Not more often than that is a key looked for that is not there. */
const MISSED = 60;
/** An address that failed is left alone for so long. */
const FAILED = 5;

/** The library's store of a service's keys; not in its types. */
interface Keys {
  jwksUri: string | undefined;
  freshUntil: number | undefined;
  stale(): boolean;
  refresh(): Promise<void>;
  selectForVerify(options: object): unknown[];
}

interface State {
  freshUntil: number;
  /** When the keys were last had. */
  had: number;
  failed: number;
}

const states = new WeakMap<object, State>();
const stateOf = (keys: Keys): State => {
  const known = states.get(keys) ?? { freshUntil: 0, had: 0, failed: 0 };
  states.set(keys, known);
  return known;
};

/** The library compares with its own clock. */
const nowSeconds = (): number => epochSeconds(systemClock.now());

/** Asks for the keys; when they do not come, those known are good until they are too old. */
const ask = async (keys: Keys, refresh: () => Promise<void>): Promise<void> => {
  const state = stateOf(keys);
  if (!keys.stale()) return;
  const now = nowSeconds();
  try {
    if (now - state.failed < FAILED) throw new Error('the keys were asked for a moment ago, in vain');
    await refresh();
    state.had = nowSeconds();
  } catch (error) {
    if (now - state.failed >= FAILED) state.failed = nowSeconds();
    if (nowSeconds() - state.had >= LONGEST) {
      state.freshUntil = 0;
      throw error;
    }
    state.freshUntil = nowSeconds() + FAILED;
  }
};

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
  const { refresh, selectForVerify } = prototype;
  prototype.refresh = function () {
    return ask(this, () => refresh.call(this));
  };
  Object.defineProperty(prototype, 'selectForVerify', {
    value(this: Keys, options: object): unknown[] {
      if (this.jwksUri === undefined) return selectForVerify.call(this, options);
      // The library's verification, met by an error, refreshes stale keys and begins again.
      if (this.stale()) throw new Error('the keys are to be asked for again');
      const found = selectForVerify.call(this, options);
      const state = stateOf(this);
      if (found.length === 0 && nowSeconds() - Math.max(state.had, state.failed) >= MISSED) {
        state.freshUntil = 0;
        throw new Error('a key is looked for that was not there');
      }
      return found;
    },
  });
  Object.defineProperty(prototype, 'freshUntil', {
    get(this: Keys) {
      return stateOf(this).freshUntil;
    },
    set(this: Keys, until: number) {
      stateOf(this).freshUntil = Math.min(until, nowSeconds() + LONGEST);
    },
  });
};
