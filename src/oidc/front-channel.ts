import type { Client, Provider } from 'oidc-provider';
import { own } from './client-model.ts';
import type { OpenSession } from './sessions.ts';

/**
 * OpenID Connect Front-Channel Logout 1.0: the addresses that the signed-out page opens in iframes, so that services
 * can end what they keep in this browser. `iss` and `sid` go along always: a service needs them to tell a sign-out of
 * ours from anyone's.
 */
export const frontChannelUrls = (
  clients: readonly Client[],
  session: { issuer: string; sid: string },
): string[] =>
  clients.flatMap((client) => {
    const address = own(client).frontchannel_logout_uri;
    if (address === undefined || !URL.canParse(address)) return [];
    const url = new URL(address);
    url.searchParams.set('iss', session.issuer);
    url.searchParams.set('sid', session.sid);
    return [url.href];
  });

/** The iframes of sessions that ended. */
export const frontChannelOf = async (
  provider: Provider,
  ended: readonly Pick<OpenSession, 'sid' | 'clientIds'>[],
): Promise<string[]> => {
  const frames = await Promise.all(
    ended.map(async ({ sid, clientIds }) => {
      const found = await Promise.all(clientIds.map((clientId) => provider.Client.find(clientId)));
      const clients = found.filter((client) => client !== undefined);
      return frontChannelUrls(clients, { issuer: provider.issuer, sid });
    }),
  );
  return [...new Set(frames.flat())];
};
