import type { Configuration } from 'oidc-provider';
import { claimsOf } from './claims.ts';

/**
 * Gives every signed-in person's grant to a registered service for what it asks: there is no consent page. One grant for
 * each session and service, which the library finds again in the session.
 */
export const loadGrant: NonNullable<Configuration['loadExistingGrant']> = async (ctx) => {
  const { oidc } = ctx;
  const { client, session, account, provider } = oidc;
  if (!client || !session || !account) return undefined;
  const known = session.grantIdFor(client.clientId);
  const found = known === undefined ? undefined : await provider.Grant.find(known);
  const grant =
    found?.accountId === account.accountId
      ? found
      : new provider.Grant({ clientId: client.clientId, accountId: account.accountId });

  const scopes = [...oidc.requestParamOIDCScopes];
  // The claims parameter gives nothing that the service's scopes would not.
  const registered = claimsOf((client.scope ?? '').split(' '));
  const claims = [...oidc.requestParamClaims].filter((claim) => registered.has(claim));
  const granted = new Set(grant.getOIDCScope().split(' '));
  const grantedClaims = new Set(grant.getOIDCClaims());
  const complete =
    grant === found &&
    scopes.every((scope) => granted.has(scope)) &&
    claims.every((claim) => grantedClaims.has(claim));
  if (!complete) {
    grant.addOIDCScope(scopes);
    if (claims.length > 0) grant.addOIDCClaims(claims);
    await grant.save();
  }
  return grant;
};
