import { errors, type Client, type Configuration, type KoaContextWithOIDC } from 'oidc-provider';
import { allows, own } from './client-model.ts';
import { noted } from './request-notes.ts';

/**
 * Where the compatibility that a service's registration lists (src/clients/compatibility.ts) is looked at, for what it
 * may leave out of a request. A request is brought to what the standard expects before anyone knows whose it is
 * (src/oidc/normalise.ts): what was added or taken away there is noted here, and refused when the service may not.
 */

/** Requests of people by a browser; the others have no nonce. */
const BY_BROWSER: ReadonlySet<string | undefined> = new Set([
  'authorization',
  'pushed_authorization_request',
]);

const checkNonce = (ctx: KoaContextWithOIDC, nonce: unknown, client: Client): void => {
  if (nonce !== undefined || !BY_BROWSER.has(ctx.oidc.route) || allows(client, 'nonce_optional')) return;
  // FAPI 2.0 relies on PKCE and pushed requests.
  if (own(client).fapi_profile !== undefined) return;
  throw new errors.InvalidRequest('nonce is required of this service');
};

const checkScope = (ctx: KoaContextWithOIDC, _scope: unknown, client: Client): void => {
  if (!noted(ctx, 'openid added') || allows(client, 'scope_all_alone')) return;
  throw new errors.InvalidScope('openid scope must be requested', 'scope_all');
};

const createCheckAcr =
  (supported: readonly string[]) =>
  (_ctx: KoaContextWithOIDC, asked: unknown, client: Client): void => {
    if (typeof asked !== 'string' || asked === '' || allows(client, 'any_acr')) return;
    if (asked.split(' ').some((acr) => supported.includes(acr))) return;
    throw new errors.UnmetAuthenticationRequirements(`acr_values must name one of ${supported.join(', ')}`);
  };

/** Checks of what a request may leave out; the library calls them once the service is known. */
export const createExtraParams = (supportedAcrs: readonly string[]): Configuration['extraParams'] => ({
  nonce: checkNonce,
  // PSC's, for CIBA, which looks at it (src/oidc/ciba).
  channel: null,
  scope: checkScope,
  acr_values: createCheckAcr(supportedAcrs),
});
