import { errors, type Adapter, type AdapterPayload } from 'oidc-provider';
import { epochSeconds, type Clock } from '../platform/clock.ts';
import type { Change } from '../platform/store/contract.ts';
import {
  beforeDot,
  grantKey,
  isIdentifier,
  recordKey,
  refreshParts,
  sessionKey,
  sessionTag,
  tagOf,
} from './record-keys.ts';
import { LIFETIMES } from './lifetimes.ts';
import type { RecordTexts } from './record-text.ts';
import type { RefreshIds } from './refresh-ids.ts';
import type { Records } from './unit.ts';

/**
 * What the library keeps, in the expiring store; the names are those of record-keys.ts.
 *
 * - The store knows codes and access tokens by their hash only: reading it gives no token.
 * - A grant is the family of everything it gave. Each use of a code or token asks for its grant, so deleting the
 *   grant's one record revokes the family, whatever is still being written at that moment.
 * - Consuming is one atomic write: of any number of callers at once, one succeeds. For a code it is a key of its own. A
 *   refresh token is consumed by the record of its family going on to the next generation: the old one is used up in the
 *   very write that makes the new one, and leaves nothing behind.
 * - Codes and refresh tokens outlive their `exp` by a minute, so that a late use is told "expired" rather than
 *   "unknown". What merely has to be alive (session, access token, sign-in in progress) is gone at the second; the
 *   library's tolerance is for the clocks of others.
 */

/** Seconds that a record stays beyond its expiry. */
export const GRACE_SECONDS = 60;

/** Thrown when an identifier that may be used once was written before. */
export class AlreadyUsed extends Error {}

const CONSUMABLE: ReadonlySet<string> = new Set([
  'AuthorizationCode',
  'PushedAuthorizationRequest',
  'BackchannelAuthenticationRequest',
  'DeviceCode',
]);
/** Read together with the grant and session on which they depend. */
const OF_A_GRANT: ReadonlySet<string> = new Set(['AuthorizationCode', 'AccessToken', 'RefreshToken']);
const STRICT: ReadonlySet<string> = new Set(['Session', 'AccessToken', 'Interaction']);
const LABELS: Readonly<Record<string, string>> = {
  AuthorizationCode: 'authorization code',
  RefreshToken: 'refresh token',
};

/** Words of {@link errors.InvalidGrant} by which the events recognise a replay; the library's own are alike. */
export const REPLAYED = /already (consumed|used)$/;

const indexKey = (name: 'code', value: string): string => `oidc:{${value}}:by-${name}`;

export interface AdapterDeps {
  records: Records;
  texts: RecordTexts;
  refreshIds: RefreshIds;
  clock: Clock;
  /** The longest life of what can be consumed: as long must it be remembered that it was. */
  longestSeconds: number;
  /**
   * Whether this request ends in an ID token for what has this scope. Then what serves once is used up while that token
   * is signed, together with all that is given for it (token-models.ts); else at once.
   */
  idTokenFollows(scope: string | undefined): boolean;
  /** Relying parties are configuration; the store knows nothing of them. */
  findClient(clientId: string): Promise<AdapterPayload | undefined>;
}

/** Makes the adapter of each of the library's models. */
export const createAdapter = (deps: AdapterDeps): ((model: string) => Adapter) => {
  return (model) => {
    if (model === 'Client') return clientAdapter(deps);
    if (model === 'RefreshToken') return new RefreshTokenAdapter(model, deps);
    return model === 'Session' ? new SessionAdapter(model, deps) : new StoreAdapter(model, deps);
  };
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
  readonly model: string;
  readonly deps: AdapterDeps;

  constructor(model: string, deps: AdapterDeps) {
    this.model = model;
    this.deps = deps;
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn = 0): Promise<void> {
    const { records } = this.deps;
    const key = this.key(id);
    const value = this.write(id, payload);
    const ttlSeconds = this.kept(expiresIn);
    if (this.model === 'ReplayDetection') {
      await records.change({ do: 'setIfAbsent', key, value, ttlSeconds }, () =>
        Promise.reject(new AlreadyUsed()),
      );
      // The library waits for the answer: this one is not kept together with others.
      await records.flush();
      return;
    }
    await records.change({ do: 'set', key, value, ttlSeconds });
    if (payload.userCode) {
      await records.change({ do: 'set', key: indexKey('code', payload.userCode), value: id, ttlSeconds });
    }
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const key = recordKey(this.model, id);
    if (key === undefined) return undefined;
    const [text, consumed] = await this.load(id, key);
    if (text === undefined) return undefined;
    const payload = this.read(id, text);
    if (payload !== undefined && consumed !== undefined) payload.consumed = Number(consumed);
    return payload;
  }

  findByUid(_uid: string): Promise<AdapterPayload | undefined> {
    return Promise.resolve(undefined);
  }

  async findByUserCode(userCode: string): Promise<AdapterPayload | undefined> {
    if (!isIdentifier(userCode)) return undefined;
    const id = await this.deps.records.get(indexKey('code', userCode));
    return id === undefined ? undefined : this.find(id);
  }

  /**
   * Exactly one caller consumes. A second one, at the same moment or later, is a replay: what the first obtained is
   * revoked (RFC 9700, 2.1.1 and 4.14.2), since nobody can tell which of the two is the thief.
   *
   * That of a code may wait for what is given for it ({@link AdapterDeps.idTokenFollows}).
   */
  async consume(id: string): Promise<void> {
    const { records, texts, clock, longestSeconds } = this.deps;
    const code = this.model === 'AuthorizationCode';
    const key = this.key(id);
    const change: Change = {
      do: 'setIfAbsent',
      key: `${key}:consumed`,
      value: String(epochSeconds(clock.now())),
      // Longer than the record itself.
      ttlSeconds: (code ? LIFETIMES.code + GRACE_SECONDS : longestSeconds) + GRACE_SECONDS,
    };
    await records.change(change, () => this.replayed(id));
    const text = code && records.together ? await records.get(key) : undefined;
    const { scope } = text === undefined ? {} : texts.read(this.model, id, text);
    if (text === undefined || !this.deps.idTokenFollows(scope)) await records.flush();
  }

  async destroy(id: string): Promise<void> {
    const key = recordKey(this.model, id);
    if (key !== undefined) await this.deps.records.change({ do: 'delete', key });
  }

  /** Nothing to do: the library deletes the grant itself, without which nothing it gave is of use. */
  async revokeByGrantId(): Promise<void> {}

  protected async load(id: string, key: string): Promise<(string | undefined)[]> {
    const own = CONSUMABLE.has(this.model) ? [key, `${key}:consumed`] : [key];
    const loaded = await this.deps.records.load([...own, ...this.companions(id)]);
    return CONSUMABLE.has(this.model) ? loaded.slice(0, 2) : loaded.slice(0, 1);
  }

  /** What will be asked next. */
  protected companions(id: string): string[] {
    const grant = OF_A_GRANT.has(this.model) ? beforeDot(id) : undefined;
    return grant === undefined || !this.deps.records.together ? [] : [grantKey(grant), sessionKey(tagOf(id))];
  }

  protected read(id: string, text: string): AdapterPayload | undefined {
    const payload = this.deps.texts.read(this.model, id, text);
    const now = epochSeconds(this.deps.clock.now());
    const grace = STRICT.has(this.model) ? 0 : GRACE_SECONDS;
    return payload.exp !== undefined && payload.exp + grace <= now ? undefined : payload;
  }

  protected write(id: string, payload: AdapterPayload): string {
    return this.deps.texts.write(this.model, id, payload);
  }

  protected kept(expiresIn: number): number {
    return Math.max(1, Math.ceil(expiresIn)) + GRACE_SECONDS;
  }

  protected async replayed(id: string): Promise<never> {
    const grant = beforeDot(id);
    if (grant !== undefined) {
      await this.deps.records.change({ do: 'delete', key: grantKey(grant) });
      await this.deps.records.flush();
    }
    throw new errors.InvalidGrant(`${LABELS[this.model] ?? this.model} already consumed`);
  }

  protected key(id: string): string {
    const key = recordKey(this.model, id);
    if (key === undefined) throw new Error(`not an identifier of ${this.model}`);
    return key;
  }
}

/** A family has one record: `<generation>!<text>`, and while its last one is used up, `<generation>!!<text>`. */
class RefreshTokenAdapter extends StoreAdapter {
  override async find(id: string): Promise<AdapterPayload | undefined> {
    const parts = refreshParts(id);
    if (!parts || !this.deps.refreshIds.isGenuine(id)) return undefined;
    const [record] = await this.load(id, this.key(id));
    const read = record === undefined ? undefined : split(record);
    if (!read || read.generation < parts.generation) return undefined;
    const payload = this.read(id, read.text);
    if (payload && (read.used || read.generation > parts.generation)) payload.consumed = payload.iat ?? 1;
    return payload;
  }

  /** The next generation takes the place of the one before, if that is still the one in force. */
  override async upsert(id: string, payload: AdapterPayload, expiresIn = 0): Promise<void> {
    const { records } = this.deps;
    const generation = refreshParts(id)?.generation ?? 0;
    const key = this.key(id);
    const value = `${generation}!${this.write(id, payload)}`;
    const ttlSeconds = this.kept(expiresIn);
    const before = generation === 0 ? undefined : await records.get(key);
    if (before === undefined) {
      if (generation > 0) await this.replayed(id);
      return records.change({ do: 'set', key, value, ttlSeconds });
    }
    await records.change({ do: 'replace', key, expected: before, value, ttlSeconds }, () =>
      this.replayed(id),
    );
    if (!this.deps.idTokenFollows(payload.scope)) await records.flush();
  }

  override async consume(id: string): Promise<void> {
    const { records } = this.deps;
    const key = this.key(id);
    const before = await records.get(key);
    const read = before === undefined ? undefined : split(before);
    if (before === undefined || !read || read.used || read.generation !== refreshParts(id)?.generation) {
      return this.replayed(id);
    }
    const value = `${read.generation}!!${read.text}`;
    await records.change({ do: 'replace', key, expected: before, value }, () => this.replayed(id));
  }

  override async destroy(id: string): Promise<void> {
    if (this.deps.refreshIds.isGenuine(id)) await super.destroy(id);
  }
}

const split = (record: string): { generation: number; used: boolean; text: string } | undefined => {
  const [, generation = '', marks = '', text = ''] = /^(\d+)(!!?)(.*)$/s.exec(record) ?? [];
  return generation === '' ? undefined : { generation: Number(generation), used: marks === '!!', text };
};

/** A session has one record, whatever its cookie's identifier is at the time. */
class SessionAdapter extends StoreAdapter {
  override async find(id: string): Promise<AdapterPayload | undefined> {
    const payload = await super.find(id);
    return payload?.jti === id ? payload : undefined;
  }

  override async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    if (!isIdentifier(uid)) return undefined;
    const tag = sessionTag(uid);
    const text = await this.deps.records.get(sessionKey(tag));
    return text === undefined ? undefined : this.read(tag, text);
  }

  /** Two services opened at the same moment write the same session: what the other one added is kept. */
  override async upsert(id: string, payload: AdapterPayload, expiresIn = 0): Promise<void> {
    const { records } = this.deps;
    const key = this.key(id);
    const value = this.write(id, payload);
    const ttlSeconds = this.kept(expiresIn);
    // A request that writes a session has read it, unless it is new.
    const before = records.together ? records.seen(key) : await records.get(key);
    if (before === undefined) return records.change({ do: 'set', key, value, ttlSeconds });
    await records.change({ do: 'replace', key, expected: before, value, ttlSeconds }, () =>
      this.#merge(id, payload, before, ttlSeconds),
    );
  }

  async #merge(id: string, payload: AdapterPayload, before: string, ttlSeconds: number): Promise<void> {
    const { records, texts } = this.deps;
    const key = this.key(id);
    const gotNewCookie = texts.read('Session', id, before).jti !== payload.jti;
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const known = await records.fresh(key);
      // Signed out meanwhile: nothing brings it back.
      if (known === undefined) return;
      const there = texts.read('Session', id, known);
      const merged =
        there.accountId === payload.accountId
          ? {
              ...payload,
              // Nothing brings back the cookie's identifier that another request has just replaced.
              jti: gotNewCookie ? payload.jti : there.jti,
              authorizations: { ...there.authorizations, ...payload.authorizations },
            }
          : payload;
      const value = this.write(id, merged as AdapterPayload);
      if (await records.now({ do: 'replace', key, expected: known, value, ttlSeconds })) return;
    }
    await records.now({ do: 'set', key, value: this.write(id, payload), ttlSeconds });
  }
}

/**
 * Counts a use of the session from now, without its cookie: a refresh keeps single sign-on alive. Does nothing when
 * the session is gone or is being written by someone else, which counts as a use itself.
 */
export const touchSession = async (
  { records, texts }: Pick<AdapterDeps, 'records' | 'texts'>,
  uid: string,
  expiryOf: (session: AdapterPayload) => number,
  now: number,
): Promise<void> => {
  const tag = sessionTag(uid);
  const key = sessionKey(tag);
  const known = await records.get(key);
  if (known === undefined) return;
  const session = texts.read('Session', tag, known);
  const exp = expiryOf(session);
  if (session.exp === undefined || exp <= session.exp) return;
  const value = texts.write('Session', tag, { ...session, exp });
  await records.change({ do: 'replace', key, expected: known, value, ttlSeconds: exp - now + GRACE_SECONDS });
};
