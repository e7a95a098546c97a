import { Provider, errors, type BackchannelAuthenticationRequest } from 'oidc-provider';
import type { ExpiringStore } from '../../platform/store/contract.ts';
import type { CarriesMeans } from '../accounts.ts';
import { keep } from '../model-fields.ts';
import { TOLERATED_SECONDS } from './limits.ts';

/** The library's record of a request, and polling it. */

/** What we keep of a request beyond the library's own. */
export type OurRequest = BackchannelAuthenticationRequest & CarriesMeans & { error?: string };

/** Beside the request itself: same hash tag, one round trip for both. */
const pollKey = (authReqId: string): string => `oidc:{${authReqId}}:polled`;

/**
 * Whether this is the first poll of its interval; of any number at once, one is. Ask it together with the request's
 * record, and heed it only while the request is pending: an answer that is there is never withheld.
 */
export const firstPoll = (store: ExpiringStore, authReqId: string): Promise<boolean> =>
  store.setIfAbsent(pollKey(authReqId), '1', TOLERATED_SECONDS);

/** Still waiting for the person. */
export const isPending = (request: { grantId?: string; error?: string }): boolean =>
  request.grantId === undefined && request.error === undefined;

const IDENTIFIER = /^[A-Za-z0-9_-]{1,200}$/;

/** Polls by the service itself are paced; the record keeps the means, and of the parameters only what is needed later. */
export const adaptBackchannelRequest = (provider: Provider, store: ExpiringStore): void => {
  const { BackchannelAuthenticationRequest: Model } = provider;
  keep(Model, 'authMode', 'deviceId');

  const find = Model.find.bind(Model) as (id: string, options?: object) => Promise<OurRequest | undefined>;
  const findPaced = async (id: string, options?: object): Promise<OurRequest | undefined> => {
    const oidc = Provider.ctx?.oidc;
    if (oidc?.route !== 'token' || typeof id !== 'string' || !IDENTIFIER.test(id)) return find(id, options);
    const [request, first] = await Promise.all([find(id, options), firstPoll(store, id)]);
    const own = request?.clientId === oidc.client?.clientId;
    if (request && own && !first && isPending(request) && !request.isExpired) throw new errors.SlowDown();
    return request;
  };
  Object.defineProperty(Model, 'find', { value: findPaced });

  const { save } = Model.prototype;
  Model.prototype.save = function (...args: Parameters<typeof save>) {
    const token = this.params?.['client_notification_token'];
    if (token === undefined) delete this.params;
    else this.params = { client_notification_token: token };
    return save.apply(this, args);
  };
};
