import { Provider, type Session } from 'oidc-provider';
import { token, uuid } from '../platform/random.ts';
import type { CarriesMeans } from './accounts.ts';
import { keep } from './model-fields.ts';
import { sessionTag } from './record-keys.ts';

const MEANS = ['authMode', 'deviceId', 'cardSerial'] as const satisfies readonly (keyof CarriesMeans)[];

/** Takes the means over from another carrier; what is known already stays. */
const takeMeans = (into: CarriesMeans, from: CarriesMeans | undefined): void => {
  for (const name of MEANS) {
    const value = from?.[name];
    if (value !== undefined) into[name] ??= value;
  }
};

/** authMode, device and card travel from the session to the code, and from there to each refresh token. */
export const carryMeans = (provider: Provider): void => {
  keep(provider.Session, ...MEANS);
  for (const model of [provider.AuthorizationCode, provider.DeviceCode, provider.RefreshToken]) {
    keep(model, ...MEANS);
    const { save } = model.prototype;
    model.prototype.save = function (this: InstanceType<typeof model> & CarriesMeans) {
      const { entities, session } = Provider.ctx?.oidc ?? {};
      // Nobody has signed in for the device yet.
      if (model === provider.DeviceCode && this.accountId === undefined) return save.call(this);
      // A code is made from the session, a refresh token from the code or from the one before it.
      const source = (
        model !== provider.RefreshToken
          ? session
          : (entities?.RotatedRefreshToken ??
            entities?.AuthorizationCode ??
            entities?.DeviceCode ??
            entities?.BackchannelAuthenticationRequest)
      ) as CarriesMeans | undefined;
      takeMeans(this, source);
      return save.call(this);
    };
  }
};

/** A session gets its name (`sid`, `session_state`: one UUID for all services, as Keycloak) when someone signs in. */
export const adaptSession = (
  provider: Provider,
  sessionChanged: (session: Session & CarriesMeans) => Promise<void>,
): void => {
  const { prototype } = provider.Session;
  const { loginAccount, save } = prototype;
  type Ours = Session &
    CarriesMeans & { changed?: boolean; oldId?: string; touched?: boolean; new?: boolean };

  // The cookie's identifier names the session's one record: `<tag>.<random>`.
  const newId = (uid: string): string => `${sessionTag(uid)}.${token(32)}`;
  const named = (session: Ours): boolean => session.jti.startsWith(`${sessionTag(session.uid)}.`);
  Object.defineProperty(prototype, 'id', {
    configurable: true,
    get(this: Ours) {
      if (!named(this)) this.jti = newId(this.uid);
      return this.jti;
    },
    set(this: Ours, value: string) {
      this.jti = value;
    },
  });
  prototype.resetIdentifier = function (this: Ours) {
    this.oldId ??= this.jti;
    this.jti = newId(this.uid);
    this.touched = true;
  };

  prototype.loginAccount = function (this: Ours, details) {
    if (this.accountId === undefined) {
      if (!this.new) this.oldId = this.jti;
      this.uid = uuid();
    }
    // A cookie of the browser's session: its life is counted here, where refreshes prolong it.
    loginAccount.call(this, { ...details, transient: true });
    const login = Provider.ctx?.oidc.entities.Interaction?.result?.login as CarriesMeans | undefined;
    // A second sign-in with another means leaves nothing of the first.
    if (login) for (const name of MEANS) delete this[name];
    takeMeans(this, login);
    this.changed = true;
  };
  prototype.ensureClientContainer = function (this: Ours, clientId) {
    if (this.sidFor(clientId)) return;
    this.sidFor(clientId, this.uid);
    this.changed = true;
  };
  prototype.save = async function (this: Ours, ttl) {
    if (!named(this)) this.jti = newId(this.uid);
    // Another cookie for the same record: nothing is to be removed.
    if (this.oldId?.startsWith(`${sessionTag(this.uid)}.`)) delete this.oldId;
    const id = await save.call(this, ttl);
    if (this.changed) {
      await sessionChanged(this);
      delete this.changed;
    }
    return id;
  };
};
