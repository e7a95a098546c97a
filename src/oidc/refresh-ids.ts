import { constantTimeEqualText, hmacSha256 } from '../platform/crypto.ts';
import { token } from '../platform/random.ts';
import { refreshParts } from './record-keys.ts';

/**
 * Identifiers of refresh tokens. All that followed each other by rotation are one family with one record, which knows
 * which generation is in force; each carries its generation under an authenticator made with the master key. So an older one
 * is known for what it is without having been kept, and nobody makes one up, not even from the store's content.
 */
export interface RefreshIds {
  /** The first of a new family. */
  first(grantId: string): string;
  /** The one that takes the place of this. */
  next(id: string): string;
  /** True when this was once given. */
  isGenuine(id: string): boolean;
}

const FAMILY_BYTES = 12;
const MAC_BYTES = 24;

/** Makes {@link RefreshIds} with a key of their own. */
export const createRefreshIds = (key: Uint8Array): RefreshIds => {
  const macOf = (grantId: string, family: string, generation: number): string =>
    hmacSha256(key, `${grantId}.${family}.${generation}`).subarray(0, MAC_BYTES).toString('base64url');
  const make = (grantId: string, family: string, generation: number): string =>
    `${grantId}.${family}${macOf(grantId, family, generation)}${generation}`;
  return {
    first: (grantId) => make(grantId, token(FAMILY_BYTES), 0),
    next: (id) => {
      const parts = refreshParts(id);
      if (!parts) throw new Error('not the identifier of a refresh token');
      return make(parts.grantId, parts.family, parts.generation + 1);
    },
    isGenuine: (id) => {
      const parts = refreshParts(id);
      if (!parts) return false;
      const { grantId, family, mac, generation } = parts;
      return constantTimeEqualText(mac, macOf(grantId, family, generation));
    },
  };
};
