import {
  Provider,
  type AccessToken,
  type AdapterPayload,
  type Configuration,
  type KoaContextWithOIDC,
} from 'oidc-provider';
import { epochSeconds, systemClock } from '../platform/clock.ts';

/**
 * Between the library's models and what is kept of them, field by field. The library goes through descriptors of each field, twice
 * for a record that is read and three times for one that is written, which is a tenth of what a refresh costs; the
 * outcome is the same, and test/unit/oidc/plain-records.test.ts holds it against the library's own.
 */

type ExtraTokenClaims = NonNullable<Configuration['extraTokenClaims']>;

interface Model {
  name: string;
  IN_PAYLOAD: string[];
  prototype: object;
  new (input: object): Fields;
}

type Fields = Record<string, unknown>;

/** What a model has to tell of itself, in the library's own words. */
interface Kept extends Fields {
  iat?: number;
  exp?: number;
  expiration?: number;
  jti: string;
}

/** The names that a model keeps; the library as well looks once, at the first record. */
const createNames = () => {
  const known = new WeakMap<object, ReadonlySet<string>>();
  return (model: Model): ReadonlySet<string> => {
    const before = known.get(model);
    if (before) return before;
    const names = new Set(model.IN_PAYLOAD);
    known.set(model, names);
    return names;
  };
};

const payloadOf = (model: Kept, names: ReadonlySet<string>): AdapterPayload => {
  const now = epochSeconds(systemClock.now()); // the library's clock
  const payload: AdapterPayload = { iat: model.iat || now };
  const exp = model.exp || now + (model.expiration ?? Number.NaN);
  if (exp) payload.exp = exp;
  for (const name of Object.keys(model)) {
    if (names.has(name) && model[name] !== undefined) payload[name] = model[name];
  }
  return payload;
};

type Namer = ReturnType<typeof createNames>;

interface Writer {
  getValueAndPayload(this: Kept): Promise<{ value: string; payload: AdapterPayload }>;
}

/** What is kept of all models; the access token adds what the configuration says of it. */
const writePlainly = (provider: Provider, namesOf: Namer, extraOf: ExtraTokenClaims): void => {
  const plainly = (model: Kept): AdapterPayload =>
    payloadOf(model, namesOf(model.constructor as unknown as Model));
  (Object.getPrototypeOf(provider.BaseToken.prototype) as Writer).getValueAndPayload = async function () {
    return { value: this.jti, payload: plainly(this) };
  };
  const access = provider.AccessToken.prototype as unknown as Writer;
  const { getValueAndPayload } = access;
  access.getValueAndPayload = async function () {
    if (this['format'] !== 'opaque') return getValueAndPayload.call(this);
    const payload = plainly(this);
    const extra = await extraOf(Provider.ctx as KoaContextWithOIDC, this as unknown as AccessToken);
    this['extra'] = extra;
    return { value: this.jti, payload: { ...payload, extra } };
  };
};

/** Tokens and grants as they were kept. Sessions and interactions have constructors that do more. */
const readPlainly = (model: Model & { instantiate?: unknown }, namesOf: Namer): void => {
  model.instantiate = (payload: Fields): Fields => {
    const names = namesOf(model);
    if (payload['kind'] !== undefined && payload['kind'] !== model.name) throw new TypeError('kind mismatch');
    const made = new model({});
    for (const name of Object.keys(payload)) if (names.has(name)) made[name] = payload[name];
    return made;
  };
};

/** Makes the models of a Provider read and write plainly. Call it before anything else wraps them. */
export const keepPlainly = (provider: Provider, extraOf: ExtraTokenClaims): void => {
  const namesOf = createNames();
  writePlainly(provider, namesOf, extraOf);
  const { AccessToken, AuthorizationCode, Grant, RefreshToken } = provider;
  for (const model of [AccessToken, AuthorizationCode, Grant, RefreshToken]) {
    readPlainly(model as unknown as Model, namesOf);
  }
};
