import type { AccessToken, Client, Grant, Provider } from 'oidc-provider';
import { allows, own } from '../client-model.ts';

/** What stands behind an access token that is good. */
export interface LiveToken {
  token: AccessToken;
  client: Client;
  grant: Grant;
}

/** Where answers are as for everyone: no certificate to show, no older spelling of claims. */
export const isPlainClient = (client: Client): boolean => {
  const { trusted_space: trusted, fapi_profile: profile } = own(client);
  return !allows(client, 'older_claim_names') && trusted !== true && profile === undefined;
};

/**
 * The token, its service and its grant, by the library's own reading of them: expiry and session are checked by `find`, the grant
 * as the library's endpoints do. Undefined for whatever is not plainly good, which is then the library's to judge.
 */
export const findLiveToken = async (provider: Provider, value: string): Promise<LiveToken | undefined> => {
  const token = (await provider.AccessToken.find(value)) as
    (AccessToken & { jkt?: string; 'x5t#S256'?: string; claims?: { userinfo?: unknown } }) | undefined;
  if (!token || token.kind !== 'AccessToken' || token.isExpired) return undefined;
  const bound = token.jkt !== undefined || token['x5t#S256'] !== undefined;
  if (bound || token.aud !== undefined || token.claims?.userinfo !== undefined) return undefined;
  if (token.clientId === undefined || token.grantId === undefined) return undefined;
  const [client, grant] = await Promise.all([
    provider.Client.find(token.clientId),
    provider.Grant.find(token.grantId, { ignoreExpiration: true }),
  ]);
  if (!client || !isPlainClient(client) || !grant || grant.isExpired) return undefined;
  const same = grant.clientId === token.clientId && grant.accountId === token.accountId;
  return same && grant.getRejectedOIDCClaims().length === 0 ? { token, client, grant } : undefined;
};
