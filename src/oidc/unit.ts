import { AsyncLocalStorage } from 'node:async_hooks';
import { attached } from '../platform/attached.ts';
import type { Change, ExpiringStore } from '../platform/store/contract.ts';

/**
 * The store as one request sees it. What the request read it does not read again; what it writes is kept together and leaves
 * in one round trip, before the answer. Outside of a request everything happens at once.
 */
export interface Records {
  /**
   * Runs a request; all it changed is in the store when this resolves. Two parts of one `request` share what they read.
   */
  unit<T>(work: () => Promise<T>, request?: object): Promise<T>;
  /** Sends what was changed so far. */
  flush(): Promise<void>;
  /** True while a request is under way, whose changes are kept together. */
  readonly together: boolean;
  get(key: string): Promise<string | undefined>;
  /** What the request read or wrote of this key, if it did. */
  seen(key: string): string | undefined;
  /** Several keys of one hash tag, in one round trip for all those not known yet. */
  load(keys: readonly string[]): Promise<(string | undefined)[]>;
  /**
   * Changes one key. `lost` is called when the change did not take effect (a value that was not as expected, a key that was
   * there), and what it throws is the request's failure.
   */
  change(change: Change, lost?: () => Promise<void>): Promise<void>;
  /** What a request asks of others than the store, once. */
  once<T>(name: string, ask: () => Promise<T>): Promise<T>;
  /** What the store holds at this moment, and a change of it at once: for what another request changed meanwhile. */
  fresh(key: string): Promise<string | undefined>;
  now(change: Change): Promise<boolean>;
}

interface Pending {
  change: Change;
  lost: (() => Promise<void>) | undefined;
}

class Unit {
  readonly known: Map<string, string | undefined>;
  readonly pending = new Map<string, Pending>();
  readonly asked = new Map<string, Promise<unknown>>();
  /** Changes of sets: any number for one key. */
  readonly members: Change[] = [];

  constructor(known = new Map<string, string | undefined>()) {
    this.known = known;
  }
}

/** What a key holds after a change, as far as this request is concerned. */
const valueAfter = (change: Change): string | undefined => ('value' in change ? change.value : undefined);

/** Two changes of one key in one request are one: the last value, on the condition of the first. */
const joined = (before: Change | undefined, change: Change): Change => {
  if (before?.do === 'replace' && change.do === 'replace') return { ...change, expected: before.expected };
  if (before?.do === 'set' && change.do === 'replace') {
    return {
      do: 'set',
      key: change.key,
      value: change.value,
      ttlSeconds: change.ttlSeconds ?? before.ttlSeconds,
    };
  }
  return change;
};

/** Makes {@link Records} of a store. */
export const createRecords = (store: ExpiringStore): Records => {
  const current = new AsyncLocalStorage<Unit>();
  const earlier = attached<object, Unit>('unit');
  const begin = (request: object | undefined): Unit => {
    const unit = new Unit(request && earlier.get(request)?.known);
    if (request) earlier.set(request, unit);
    return unit;
  };

  const apply = async (all: readonly Pending[]): Promise<void> => {
    const took = await store.apply(all.map(({ change }) => change));
    const losses = all.filter((_each, index) => took[index] === false);
    const ends = await Promise.allSettled(losses.map(async ({ lost }) => lost?.()));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  };

  const flush = async (): Promise<void> => {
    const unit = current.getStore();
    if (!unit) return;
    // A change that was lost may bring others about.
    while (unit.pending.size + unit.members.length > 0) {
      const all = [
        ...unit.pending.values(),
        ...unit.members.map((change): Pending => ({ change, lost: undefined })),
      ];
      unit.pending.clear();
      unit.members.length = 0;
      await apply(all);
    }
  };

  return {
    fresh: (key) => store.get(key),
    now: async (change) => (await store.apply([change]))[0] === true,
    unit: (work, request) =>
      current.getStore() !== undefined
        ? work()
        : current.run(begin(request), async () => {
            try {
              return await work();
            } finally {
              await flush();
            }
          }),
    flush,
    once<T>(name: string, ask: () => Promise<T>) {
      const asked = current.getStore()?.asked;
      if (!asked) return ask();
      const known = (asked.get(name) as Promise<T> | undefined) ?? ask();
      asked.set(name, known);
      return known;
    },
    get together() {
      return current.getStore() !== undefined;
    },
    seen: (key) => current.getStore()?.known.get(key),
    async get(key) {
      const unit = current.getStore();
      if (!unit) return store.get(key);
      if (!unit.known.has(key)) unit.known.set(key, await store.get(key));
      return unit.known.get(key);
    },
    async load(keys) {
      const unit = current.getStore();
      if (!unit) return store.getMany(keys);
      const unknown = keys.filter((key) => !unit.known.has(key));
      if (unknown.length > 0) {
        const values = await store.getMany(unknown);
        for (const [index, key] of unknown.entries()) {
          if (!unit.known.has(key)) unit.known.set(key, values[index]);
        }
      }
      return keys.map((key) => unit.known.get(key));
    },
    async change(change, lost) {
      const unit = current.getStore();
      if (!unit) return apply([{ change, lost }]);
      if (change.do === 'addMember') {
        unit.members.push(change);
        return;
      }
      const { key } = change;
      unit.known.set(key, valueAfter(change));
      const before = unit.pending.get(key);
      unit.pending.set(key, { change: joined(before?.change, change), lost: lost ?? before?.lost });
    },
  };
};
