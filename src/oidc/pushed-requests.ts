import { errors, Provider } from 'oidc-provider';

/**
 * A pushed request brings one answer. It may be opened twice (a page loaded anew), and whoever ends first uses it up. The
 * library looks for its record at that moment, which may be gone: signing in takes longer than the minute a reference
 * lives. So what counts is the mark of its use, whether the record is there or not.
 */
export const adaptPushedRequests = (provider: Provider): void => {
  const { PushedAuthorizationRequest: Model } = provider;
  type Pushed = InstanceType<typeof Model>;
  const find = Model.find.bind(Model) as (id: string, options?: object) => Promise<Pushed | undefined>;
  const findOrName = async (id: string, options?: object): Promise<Pushed | undefined> => {
    const found = await find(id, options);
    if (found || Provider.ctx?.oidc.route !== 'resume') return found;
    // Its name alone, to be used up.
    return new Model({ jti: id } as unknown as ConstructorParameters<typeof Model>[0]);
  };
  Object.defineProperty(Model, 'find', { value: findOrName });

  const { prototype } = Model;
  const { consume } = prototype;
  prototype.consume = async function (this: Pushed) {
    try {
      await consume.call(this);
    } catch (error) {
      if (!(error instanceof errors.InvalidGrant)) throw error;
      throw new errors.InvalidRequestUri('request_uri is invalid, expired, or was already used');
    }
  };
};
