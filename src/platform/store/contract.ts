/**
 * The expiring state: what may be lost with Redis without losing a right, a count of wrong PINs or a proof.
 * Two implementations, Redis (and Redis Cluster) and PostgreSQL, pass one contract suite (test/contract).
 *
 * Rules for every method:
 * - a key is text; the part between `{` and `}` is its hash tag, and each call touches keys of one tag only;
 * - every key has a time to live in whole seconds, at least 1; an expired key is as one never written;
 * - values are text (the callers' JSON);
 * - each method is atomic: of several callers at once exactly one gets the answer that may serve once.
 */
export interface ExpiringStore {
  get(key: string): Promise<string | undefined>;
  /** Several keys of one hash tag in one round trip, in the order asked. */
  getMany(keys: readonly string[]): Promise<(string | undefined)[]>;
  set(key: string, value: string, ttlSeconds: number): Promise<void>;
  /** Writes only if the key is absent; says whether this call wrote it (`jti`, nonces, locks). */
  setIfAbsent(key: string, value: string, ttlSeconds: number): Promise<boolean>;
  /** Writes only if the value is still exactly `expected`; says whether this call did. Keeps the time to live
   * unless one is given. State machines advance with it. */
  replace(key: string, expected: string, value: string, ttlSeconds?: number): Promise<boolean>;
  /** Reads and deletes in one step: of several callers one gets the value, the others `undefined`. */
  take(key: string): Promise<string | undefined>;
  delete(...keys: string[]): Promise<void>;
  /** Adds one and returns the new count. The time to live is set by the first call and not renewed. */
  increment(key: string, ttlSeconds: number): Promise<number>;
  /** Seconds left, or undefined when the key is absent. */
  ttl(key: string): Promise<number | undefined>;
  /** Adds a member to a set, and lengthens the set's life to at least `ttlSeconds`. */
  addMember(key: string, member: string, ttlSeconds: number): Promise<void>;
  removeMember(key: string, member: string): Promise<void>;
  /** The members of a set, in no order; empty when there is none. */
  members(key: string): Promise<string[]>;
  /**
   * Several changes in one round trip, as far as the store can; each is atomic by itself, their order is not told. Says of
   * each whether it took effect. The keys may have different hash tags.
   */
  apply(changes: readonly Change[]): Promise<boolean[]>;
  /** Tells every process that listens on `channel`. A hint to look, never the only news: it may be lost. */
  publish(channel: string, message: string): Promise<void>;
  /** Listens on `channel` until the returned function is called. */
  subscribe(channel: string, listener: (message: string) => void): Promise<() => Promise<void>>;
  /** Answers when the store does; for readiness probes. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** A change of one key, for {@link ExpiringStore.apply}. */
export type Change =
  | { do: 'set'; key: string; value: string; ttlSeconds: number }
  | { do: 'setIfAbsent'; key: string; value: string; ttlSeconds: number }
  | { do: 'replace'; key: string; expected: string; value: string; ttlSeconds?: number | undefined }
  | { do: 'delete'; key: string }
  | { do: 'addMember'; key: string; member: string; ttlSeconds: number };
