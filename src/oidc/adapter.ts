import { errors, type Adapter, type AdapterPayload } from 'oidc-provider';
import { epochSeconds, type Clock } from '../platform/clock.ts';
import { sha256Base64url } from '../platform/crypto.ts';
import type { ExpiringStore } from '../platform/store/contract.ts';

/**
 * What the library keeps, in the expiring store.
 *
 * - The identifier of a code or token is `<grant>.<random>`; the grant part is the hash tag, so that all keys of one
 *   grant live on one node of a Redis Cluster. The store knows only a hash of the whole: reading it gives no token.
 * - A grant is the family of everything it gave. Each use of a code or token asks for its grant, so deleting the
 *   grant's one record revokes the family, whatever is still being written at that moment.
 * - Consuming is one atomic write of a key of its own: of any number of callers at once, one succeeds.
 * - Codes and refresh tokens outlive their `exp` by a minute, so that a late use is told "expired" rather than
 *   "unknown". What merely has to be alive (session, access token, sign-in in progress) is gone at the second; the
 *   library's tolerance is for the clocks of others.
 */

/** Seconds that a record stays beyond its expiry. */
export const GRACE_SECONDS = 60;

/** Thrown when an identifier that may be used once was written before. */
export class AlreadyUsed extends Error {}

const HASHED: ReadonlySet<string> = new Set(['AuthorizationCode', 'AccessToken', 'RefreshToken']);
const CONSUMABLE: ReadonlySet<string> = new Set([
  'AuthorizationCode',
  'RefreshToken',
  'PushedAuthorizationRequest',
  'BackchannelAuthenticationRequest',
  'DeviceCode',
]);
const STRICT: ReadonlySet<string> = new Set(['Session', 'AccessToken', 'Interaction']);
const LABELS: Readonly<Record<string, string>> = {
  AuthorizationCode: 'authorization code',
  RefreshToken: 'refresh token',
};
const IDENTIFIER = /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)?$/;

/** Words of {@link errors.InvalidGrant} by which the events recognise a replay; the library's own are alike. */
export const REPLAYED = /already (consumed|used)$/;

/** Where a record lives; undefined for an identifier that we cannot have given. */
export const recordKey = (model: string, id: string): string | undefined => {
  if (!IDENTIFIER.test(id)) return undefined;
  const dot = id.indexOf('.');
  const tag = dot === -1 ? id : id.slice(0, dot);
  return HASHED.has(model) ? `oidc:{${tag}}:${model}:${sha256Base64url(id)}` : `oidc:{${tag}}:${model}`;
};

const grantOf = (id: string): string | undefined =>
  id.includes('.') ? id.slice(0, id.indexOf('.')) : undefined;
const indexKey = (name: 'uid' | 'code', value: string): string => `oidc:{${value}}:by-${name}`;

export interface AdapterDeps {
  store: ExpiringStore;
  clock: Clock;
  /** The longest life of what can be consumed: as long must it be remembered that it was. */
  longestSeconds: number;
  /** Relying parties are configuration; the store knows nothing of them. */
  findClient(clientId: string): Promise<AdapterPayload | undefined>;
}

/** Makes the adapter of each of the library's models. */
export const createAdapter = (deps: AdapterDeps): ((model: string) => Adapter) => {
  return (model) => (model === 'Client' ? clientAdapter(deps) : new StoreAdapter(model, deps));
};

const clientAdapter = ({ findClient }: AdapterDeps): Adapter => {
  const refuse = (): Promise<void> =>
    Promise.reject(new Error('relying parties are not written by the library'));
  return {
    find: findClient,
    upsert: refuse,
    destroy: refuse,
    consume: refuse,
    revokeByGrantId: refuse,
    findByUid: () => Promise.resolve(undefined),
    findByUserCode: () => Promise.resolve(undefined),
  };
};

class StoreAdapter implements Adapter {
  readonly #model: string;
  readonly #deps: AdapterDeps;

  constructor(model: string, deps: AdapterDeps) {
    this.#model = model;
    this.#deps = deps;
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn = 0): Promise<void> {
    const { store } = this.#deps;
    const key = this.#key(id);
    const seconds = Math.max(1, Math.ceil(expiresIn)) + GRACE_SECONDS;
    if (this.#model === 'ReplayDetection') {
      if (!(await store.setIfAbsent(key, JSON.stringify(payload), seconds))) throw new AlreadyUsed();
      return;
    }
    if (this.#model === 'Session') return this.#upsertSession(id, key, payload, seconds);
    await store.set(key, this.#serialise(payload), seconds);
    if (payload.userCode) await store.set(indexKey('code', payload.userCode), id, seconds);
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const key = recordKey(this.#model, id);
    if (key === undefined) return undefined;
    const consumable = CONSUMABLE.has(this.#model);
    const [text, consumed] = consumable
      ? await this.#deps.store.getMany([key, `${key}:consumed`])
      : [await this.#deps.store.get(key)];
    if (text === undefined) return undefined;
    const payload = JSON.parse(text) as AdapterPayload;
    const now = epochSeconds(this.#deps.clock.now());
    const grace = STRICT.has(this.#model) ? 0 : GRACE_SECONDS;
    if (payload.exp !== undefined && payload.exp + grace <= now) return undefined;
    if (HASHED.has(this.#model)) payload.jti = id;
    if (consumed !== undefined) payload.consumed = Number(consumed);
    return payload;
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    return this.#findBy('uid', uid);
  }

  async findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    return this.#findBy('code', userCode);
  }

  /**
   * Exactly one caller consumes. A second one, at the same moment or later, is a replay: what the first obtained is
   * revoked (RFC 9700, 2.1.1 and 4.14.2), since nobody can tell which of the two is the thief.
   */
  async consume(id: string): Promise<void> {
    const { store, clock, longestSeconds } = this.#deps;
    const at = String(epochSeconds(clock.now()));
    if (await store.setIfAbsent(`${this.#key(id)}:consumed`, at, longestSeconds + GRACE_SECONDS)) return;
    const grant = grantOf(id);
    if (grant !== undefined) await store.delete(`oidc:{${grant}}:Grant`);
    throw new errors.InvalidGrant(`${LABELS[this.#model] ?? this.#model} already consumed`);
  }

  async destroy(id: string): Promise<void> {
    const key = recordKey(this.#model, id);
    if (key !== undefined) await this.#deps.store.delete(key);
  }

  /** Nothing to do: the library deletes the grant itself, without which nothing it gave is of use. */
  async revokeByGrantId(): Promise<void> {}

  async #findBy(name: 'uid' | 'code', value: string): Promise<AdapterPayload | undefined> {
    if (!IDENTIFIER.test(value)) return undefined;
    const id = await this.#deps.store.get(indexKey(name, value));
    return id === undefined ? undefined : this.find(id);
  }

  /**
   * Two services opened at the same moment write the same session: what the other one added is kept. The index by
   * `uid` outlives changes of the cookie's identifier.
   */
  async #upsertSession(id: string, key: string, payload: AdapterPayload, seconds: number): Promise<void> {
    const { store } = this.#deps;
    for (let attempt = 0; ; attempt += 1) {
      const known = payload.authorizations === undefined ? undefined : await store.get(key);
      if (known === undefined || attempt === 5) {
        await store.set(key, JSON.stringify(payload), seconds);
        break;
      }
      const before = JSON.parse(known) as AdapterPayload;
      const merged =
        before.accountId === payload.accountId
          ? { ...payload, authorizations: { ...before.authorizations, ...payload.authorizations } }
          : payload;
      if (await store.replace(key, known, JSON.stringify(merged), seconds)) break;
    }
    if (payload.uid) await store.set(indexKey('uid', payload.uid), id, seconds);
  }

  #serialise(payload: AdapterPayload): string {
    if (!HASHED.has(this.#model)) return JSON.stringify(payload);
    const { jti: _secret, ...rest } = payload;
    return JSON.stringify(rest);
  }

  #key(id: string): string {
    const key = recordKey(this.#model, id);
    if (key === undefined) throw new Error(`not an identifier of ${this.#model}`);
    return key;
  }
}

/**
 * Counts a use of the session from now, without its cookie: a refresh keeps single sign-on alive. Does nothing when
 * the session is gone or is being written by someone else, which counts as a use itself.
 */
export const touchSession = async (
  { store }: Pick<AdapterDeps, 'store'>,
  uid: string,
  expiryOf: (session: AdapterPayload) => number,
  now: number,
): Promise<void> => {
  const id = await store.get(indexKey('uid', uid));
  const key = id === undefined ? undefined : recordKey('Session', id);
  if (id === undefined || key === undefined) return;
  const known = await store.get(key);
  if (known === undefined) return;
  const session = JSON.parse(known) as AdapterPayload;
  const exp = expiryOf(session);
  if (session.exp === undefined || exp <= session.exp) return;
  const seconds = exp - now + GRACE_SECONDS;
  if (await store.replace(key, known, JSON.stringify({ ...session, exp }), seconds)) {
    await store.replace(indexKey('uid', uid), id, id, seconds);
  }
};
