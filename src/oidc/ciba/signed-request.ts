import { decodeJwt } from 'jose';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { epochSeconds, type Clock } from '../../platform/clock.ts';
import type { ExpiringStore } from '../../platform/store/contract.ts';
import { taggedKey } from '../../platform/store/keys.ts';

/** Claims that a signed CIBA request must have (CIBA Core, 7.1.1). */
const REQUIRED = ['iss', 'aud', 'exp', 'iat', 'nbf', 'jti'] as const;
/** Longest life of a signed request, and oldest `nbf` (FAPI, 5.2.2). */
const LONGEST_SECONDS = 3600;

/**
 * What CIBA asks of a signed request beyond the library's judgement, which has verified signature, issuer, audience and
 * expiry before: every claim is there, it lives an hour at most, and it serves once.
 */
export const createSignedRequestCheck =
  ({ store, clock }: { store: ExpiringStore; clock: Clock }) =>
  async (ctx: KoaContextWithOIDC): Promise<void> => {
    const request: unknown = (ctx.oidc.body as { request?: unknown } | undefined)?.request;
    if (typeof request !== 'string') return;
    const claims = decodeJwt(request);
    for (const name of REQUIRED) {
      if (claims[name] === undefined) throw new errors.InvalidRequest(`the signed request has no ${name}`);
    }
    const { exp = 0, nbf = 0, jti = '' } = claims;
    if (exp - nbf > LONGEST_SECONDS || nbf < epochSeconds(clock.now()) - LONGEST_SECONDS) {
      throw new errors.InvalidRequest('the signed request must not live longer than an hour');
    }
    const used = taggedKey('ciba:request', ctx.oidc.client?.clientId ?? '', jti.slice(0, 200));
    if (!(await store.setIfAbsent(used, '1', 2 * LONGEST_SECONDS))) {
      throw new errors.InvalidRequest('the signed request was used before');
    }
  };
