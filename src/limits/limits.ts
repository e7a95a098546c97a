import { sha256Base64url } from '../platform/crypto.ts';
import type { ExpiringStore } from '../platform/store/contract.ts';
import { taggedKey } from '../platform/store/keys.ts';

/** At most `limit` in `seconds`, counted from the first. */
export interface LimitRule {
  limit: number;
  seconds: number;
}

export interface LimitAnswer {
  allowed: boolean;
  /** Seconds after which a new try may pass; 0 when this one does. */
  retryAfter: number;
}

export interface Limits {
  /**
   * Counts one try of `subject` at `name` under each rule, then compares: a refused try counts too, and of many at once
   * never more pass than the limit. The subject (an address, an identifier) is only kept hashed.
   */
  hit(name: string, subject: string, rules: readonly LimitRule[]): Promise<LimitAnswer>;
}

/** Makes the counters of tries; they live in the expiring store, and what must survive its loss is not counted here. */
export const createLimits = ({ store }: { store: ExpiringStore }): Limits => ({
  hit: async (name, subject, rules) => {
    if (new Set(rules.map(({ seconds }) => seconds)).size < rules.length) {
      throw new TypeError(`the limits of ${name} must have different durations`);
    }
    const tag = sha256Base64url(`${name}\n${subject}`).slice(0, 22);
    const waits = await Promise.all(
      rules.map(async ({ limit, seconds }) => {
        const key = taggedKey('limit', tag, String(seconds));
        const count = await store.increment(key, seconds);
        return count <= limit ? 0 : ((await store.ttl(key)) ?? 1);
      }),
    );
    const retryAfter = Math.max(0, ...waits);
    return { allowed: retryAfter === 0, retryAfter };
  },
});
