import { sha256Base64url } from '../platform/crypto.ts';
import type { ExpiringStore } from '../platform/store/contract.ts';

/** Keeps those who poll from polling too often: the library leaves `slow_down` to us. */
export interface Pacing {
  /** True when this identifier was asked about less than `seconds` ago; of many at once, one is in time. */
  tooSoon(kind: string, id: string, seconds: number): Promise<boolean>;
}

/** Makes {@link Pacing}. */
export const createPacing = (store: Pick<ExpiringStore, 'setIfAbsent'>): Pacing => ({
  tooSoon: async (kind, id, seconds) =>
    !(await store.setIfAbsent(`oidc:{${sha256Base64url(id)}}:${kind}-polled`, '1', seconds)),
});
