import type { NewPhone, PendingRequest, ResponseOf } from '../../ecps/protocol/api.ts';
import type { Phone } from '../client.ts';
import { PhoneError } from '../errors.ts';

/**
 * What waits for this phone, known at once: asked on start, at each event of the server, when the app comes back in
 * sight or on line, and when a push rang. One watch for the whole app.
 */

export interface WatchState {
  readonly requests: readonly PendingRequest[];
  readonly newPhones: readonly NewPhone[];
  readonly me: ResponseOf<'me'> | undefined;
  /** `looking` until the first answer. */
  readonly link: 'looking' | 'on' | 'off';
  /** A refusal that ends the watch: the phone is locked, removed… */
  readonly refusal: unknown;
  /** Requests that have been on the screen: they do not come forward again. */
  readonly shown: ReadonlySet<string>;
}

export interface Watch {
  readonly state: WatchState;
  /** Begins, unless it runs already. Without an activated phone, nothing happens. */
  start(): Promise<void>;
  stop(): void;
  /** Asks now; resolves once answered, and never throws. */
  look(): Promise<WatchState>;
  /** Tells that a request is on the screen. */
  show(txn: string): void;
  /** Called with the present state, then at each change, until the signal. */
  subscribe(listener: (state: WatchState) => void, signal: AbortSignal): void;
}

const NOTHING: WatchState = {
  requests: [],
  newPhones: [],
  me: undefined,
  link: 'looking',
  refusal: undefined,
  shown: new Set(),
};
const RETRY_MS = [1_000, 2_000, 5_000, 10_000, 30_000] as const;
/** Also asked for now and then, should an event be lost on the way. */
const REGULAR_MS = 45_000;

const isOffline = (error: unknown): boolean =>
  error instanceof PhoneError && (error.code === 'offline' || error.code === 'answer_invalid');

const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });

type WatchedPhone = Pick<Phone, 'state' | 'me' | 'pending' | 'events'>;

/** Makes the watch; asks nothing before `start`. */
export const createWatch = (phone: WatchedPhone): Watch => {
  const listeners = new Set<(state: WatchState) => void>();
  let state = NOTHING;
  let running: AbortController | undefined;
  let asking: Promise<WatchState> | undefined;
  let again = false;

  const set = (change: Partial<WatchState>): WatchState => {
    state = { ...state, ...change };
    for (const listener of listeners) listener(state);
    return state;
  };

  const ask = async (): Promise<WatchState> => {
    try {
      if ((await phone.state()).device === undefined) return state;
      const me = await phone.me();
      const idle = me.device.state !== 'active' && me.device.state !== 'quarantine';
      const { requests, newPhones } = idle ? NOTHING : await phone.pending();
      return set({ me, requests, newPhones, link: 'on', refusal: undefined });
    } catch (error) {
      if (isOffline(error)) return set({ link: 'off' });
      return set({ requests: [], newPhones: [], link: 'on', refusal: error });
    }
  };

  /** One question at a time; what is asked meanwhile is asked once more after. */
  const look = async (): Promise<WatchState> => {
    if (asking) {
      again = true;
      return asking;
    }
    asking = (async () => {
      let answer = await ask();
      while (again) {
        again = false;
        answer = await ask();
      }
      return answer;
    })();
    try {
      return await asking;
    } finally {
      asking = undefined;
    }
  };

  /** Listens until the signal; comes back by itself, later and later. */
  const listen = async (signal: AbortSignal): Promise<void> => {
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        const events = phone.events(signal);
        while (!(await events.next()).done) {
          failures = 0;
          await look();
        }
      } catch (error) {
        if (signal.aborted) return;
        const { refusal } = await look();
        if (refusal !== undefined || !isOffline(error)) failures = Math.max(failures, 3);
      }
      await pause(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 30_000, signal);
    }
  };

  /** A stream that slept with the phone looks alive and is not: coming back in sight or on line opens another. */
  const begin = (): void => {
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    const restart = (): void => begin();
    const seen = (): void => {
      if (document.visibilityState === 'visible') begin();
    };
    addEventListener('online', restart, { signal });
    addEventListener('focus', () => void look(), { signal });
    addEventListener('offline', () => set({ link: 'off' }), { signal });
    document.addEventListener('visibilitychange', seen, { signal });
    navigator.serviceWorker?.addEventListener('message', () => void look(), { signal });
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') void look();
    }, REGULAR_MS);
    signal.addEventListener('abort', () => clearInterval(timer));
    void look();
    void listen(signal);
  };

  return {
    get state() {
      return state;
    },
    async start() {
      if (!running && (await phone.state()).device !== undefined && !running) begin();
    },
    stop: () => {
      running?.abort();
      running = undefined;
      state = NOTHING;
    },
    look,
    show(txn) {
      if (!state.shown.has(txn)) set({ shown: new Set([...state.shown, txn]) });
    },
    subscribe(listener, signal) {
      listeners.add(listener);
      signal.addEventListener('abort', () => listeners.delete(listener));
      listener(state);
    },
  };
};
