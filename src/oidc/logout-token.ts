import type { Client, Provider } from 'oidc-provider';
import type { Compose, Deliveries, DeliveryRequest } from '../deliveries/service.ts';
import { epochSeconds, type Clock } from '../platform/clock.ts';
import type { Queryable } from '../platform/postgres.ts';
import { uuid } from '../platform/random.ts';
import { subjectOf } from './claims.ts';
import type { TokenSigner } from './jwt.ts';
import type { Algorithm } from './keys.ts';

/**
 * Telling services, server to server, that a session ended (OpenID Connect Back-Channel Logout 1.0).
 *
 * The token is signed anew for each try, with an `iat`, `exp` and `jti` of its own: it is to live two minutes at most
 * (2.4), a try may come hours later, and the key may have changed meanwhile. The same `jti` twice is what a service
 * that got the first try but could not answer must take for a replay (2.6); a further token for a session that it has
 * ended already counts as success (2.7).
 */

/** Seconds that a logout token lives. */
const LIFE = 120;
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** Whose session ended, at which service. */
export interface EndedAt {
  client: Client;
  sub: string;
  sid: string | undefined;
}

/** Queues the news for a service that wants to hear of it; the delivery's id. */
export const tellLogout = async (
  deps: { deliveries: Pick<Deliveries, 'deliverHttp'>; subUuid: string },
  tx: Queryable,
  { client, sub, sid }: EndedAt,
  notBefore?: Date,
): Promise<string | undefined> => {
  if (client.backchannelLogoutUri === undefined) return undefined;
  return deps.deliveries.deliverHttp(tx, {
    kind: 'backchannel_logout',
    clientId: client.clientId,
    url: client.backchannelLogoutUri,
    content: { sub, sid, algorithm: client.idTokenSignedResponseAlg ?? 'RS256' },
    nationalId: subjectOf(deps.subUuid, sub),
    ...(notBefore === undefined ? {} : { notBefore }),
  });
};

/** Makes the request of one try. */
export const composeLogout = (deps: {
  issuer: string;
  signer(): TokenSigner;
  clock: Clock;
}): Compose['backchannel_logout'] => {
  return async ({ clientId, url, content }: DeliveryRequest & { kind: 'backchannel_logout' }) => {
    const iat = epochSeconds(deps.clock.now());
    const token = await deps.signer().sign(
      content.algorithm as Algorithm,
      {
        iss: deps.issuer,
        aud: clientId,
        iat,
        exp: iat + LIFE,
        jti: uuid(),
        sub: content.sub,
        ...(content.sid === undefined ? {} : { sid: content.sid }),
        events: { [EVENT]: {} },
      },
      'logout+jwt',
    );
    return {
      url,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ logout_token: token }).toString(),
    };
  };
};

/** The library tells services of a confirmed sign-out by a method of its client model; the news is queued instead. */
export const queueLogouts = (provider: Provider, tell: (ended: EndedAt) => Promise<unknown>): void => {
  // Not in the library's types.
  const prototype = provider.Client.prototype as unknown as {
    backchannelLogout(this: Client, sub: string, sid: string | undefined): Promise<unknown>;
  };
  prototype.backchannelLogout = function (sub, sid) {
    return tell({ client: this, sub, sid });
  };
};
