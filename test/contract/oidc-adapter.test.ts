import { errors, type AdapterPayload } from 'oidc-provider';
import { beforeAll, describe, expect, it } from 'vitest';
import { AlreadyUsed, createAdapter, touchSession } from '../../src/oidc/adapter.ts';
import { recordKey, sessionTag } from '../../src/oidc/record-keys.ts';
import { createRecordTexts } from '../../src/oidc/record-text.ts';
import { createRefreshIds } from '../../src/oidc/refresh-ids.ts';
import { createRecords, type Records } from '../../src/oidc/unit.ts';
import { ManualClock, epochSeconds } from '../../src/platform/clock.ts';
import { bytes, token, uuid } from '../../src/platform/random.ts';
import type { ExpiringStore } from '../../src/platform/store/contract.ts';
import { createPostgresStore } from '../../src/platform/store/postgres.ts';
import { createRedisStore } from '../../src/platform/store/redis.ts';
import { testDatabase, testRedis, testRedisCluster } from '../support/services.ts';

const clock = new ManualClock();
const now = (): number => epochSeconds(clock.now());

const stores: Record<string, () => Promise<ExpiringStore>> = {
  PostgreSQL: async () => createPostgresStore((await testDatabase()).db, clock),
  Redis: async () => createRedisStore(await testRedis()),
  'Redis Cluster': async () => createRedisStore(await testRedisCluster()),
};

describe.each(Object.keys(stores))('the library’s records in %s', (name) => {
  let store: ExpiringStore;
  let records: Records;
  const texts = createRecordTexts('f:uuid:');
  const refreshIds = createRefreshIds(bytes(32));
  let adapter: ReturnType<typeof createAdapter>;
  beforeAll(async () => {
    store = (await stores[name]?.()) as ExpiringStore;
    records = createRecords(store);
    adapter = createAdapter({
      ...{ records, texts, refreshIds, clock },
      idTokenFollows: () => true,
      longestSeconds: 1800,
      findClient: () => Promise.resolve(undefined),
    });
  });

  const grant = async (): Promise<string> => {
    const id = token(16);
    await adapter('Grant').upsert(id, { jti: id, exp: now() + 600 }, 600);
    return id;
  };

  const session = (uid: string): string => `${sessionTag(uid)}.${token(32)}`;

  it('keeps a token under its hash, without the token', async () => {
    const id = `${await grant()}.${token(32)}`;
    await adapter('AccessToken').upsert(id, { jti: id, clientId: 'c', exp: now() + 120 }, 120);
    expect(await adapter('AccessToken').find(id)).toMatchObject({ jti: id, clientId: 'c', exp: now() + 120 });
    const key = recordKey('AccessToken', id) as string;
    expect(key).not.toContain(id.split('.')[1]);
    expect(await store.get(key)).not.toContain(id.split('.')[1]);
    expect(await adapter('RefreshToken').find(id)).toBeUndefined();
  });

  it('keeps a record for a minute beyond its expiry, so that late is told from unknown', async () => {
    const id = `${await grant()}.${token(32)}`;
    await adapter('AuthorizationCode').upsert(id, { jti: id, exp: now() + 60 }, 60);
    const kept = await store.ttl(recordKey('AuthorizationCode', id) as string);
    expect(kept).toBeGreaterThan(110);
    expect(kept).toBeLessThanOrEqual(120);
    clock.advance(119);
    expect(await adapter('AuthorizationCode').find(id)).toMatchObject({ jti: id });
    clock.advance(1);
    expect(await adapter('AuthorizationCode').find(id)).toBeUndefined();
  });

  it('consumes a code once; a second time revokes the grant', async () => {
    const family = await grant();
    const id = `${family}.${token(32)}`;
    await adapter('AuthorizationCode').upsert(id, { jti: id, scope: 'openid', exp: now() + 60 }, 60);
    await adapter('AuthorizationCode').consume(id);
    expect(await adapter('AuthorizationCode').find(id)).toMatchObject({ consumed: now() });
    expect(await adapter('Grant').find(family)).toBeDefined();
    await expect(adapter('AuthorizationCode').consume(id)).rejects.toBeInstanceOf(errors.InvalidGrant);
    expect(await adapter('Grant').find(family)).toBeUndefined();
  });

  const first = async (family: string): Promise<string> => {
    const id = refreshIds.first(family);
    await adapter('RefreshToken').upsert(id, { jti: id, scope: 'openid', iat: now(), exp: now() + 600 }, 600);
    return id;
  };

  it('keeps one record for a family of refresh tokens, and knows the older ones', async () => {
    const family = await grant();
    const ids = [await first(family)];
    const before = await store.get(recordKey('RefreshToken', ids[0] ?? '') ?? '');
    for (let round = 0; round < 3; round += 1) {
      const [old = ''] = ids;
      const next = refreshIds.next(old);
      expect(recordKey('RefreshToken', next)).toBe(recordKey('RefreshToken', old));
      await records.unit(async () => {
        await adapter('RefreshToken').consume(old);
        await adapter('RefreshToken').upsert(
          next,
          { jti: next, scope: 'openid', iat: now(), exp: now() + 600 },
          600,
        );
      });
      ids.unshift(next);
    }
    expect(await adapter('RefreshToken').find(ids[0] ?? '')).not.toHaveProperty('consumed');
    for (const old of ids.slice(1)) {
      expect(await adapter('RefreshToken').find(old)).toHaveProperty('consumed');
    }
    const after = await store.get(recordKey('RefreshToken', ids[0] ?? '') ?? '');
    expect(after?.length).toBe(before?.length);
    expect(await adapter('RefreshToken').find(refreshIds.next(ids[0] ?? ''))).toBeUndefined();
  });

  it('believes no refresh token that it did not give', async () => {
    const id = await first(await grant());
    const forged = createRefreshIds(bytes(32));
    const other = id.slice(0, -2) + (id.at(-2) === 'A' ? 'B' : 'A') + id.slice(-1);
    for (const each of [other, `${id}0`, forged.next(id), id.replace(/.$/, '7')]) {
      expect(await adapter('RefreshToken').find(each)).toBeUndefined();
    }
    expect(await adapter('RefreshToken').find(id)).toBeDefined();
  });

  it('lets one of several use a refresh token, and revokes the family', async () => {
    const family = await grant();
    const id = await first(family);
    const next = refreshIds.next(id);
    const ends = await Promise.allSettled(
      Array.from({ length: 16 }, () =>
        records.unit(async () => {
          await adapter('RefreshToken').consume(id);
          await adapter('RefreshToken').upsert(next, { jti: next, scope: 'openid', exp: now() + 600 }, 600);
        }),
      ),
    );
    expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await adapter('Grant').find(family)).toBeUndefined();
  });

  it('finds a session by its name whatever its cookie is now, and by the cookie of now only', async () => {
    const uid = uuid();
    const [before, after] = [session(uid), session(uid)];
    const payload = { uid, accountId: 'f:uuid:899', exp: now() + 600 };
    await adapter('Session').upsert(before, { ...payload, jti: before }, 600);
    await adapter('Session').upsert(after, { ...payload, jti: after }, 600);
    expect(await adapter('Session').find(before)).toBeUndefined();
    expect(await adapter('Session').find(after)).toMatchObject({ ...payload, jti: after });
    expect(await adapter('Session').findByUid(uid)).toMatchObject({ jti: after });
    await adapter('Session').destroy(after);
    expect(await adapter('Session').findByUid(uid)).toBeUndefined();
  });

  it('keeps the services of both when two of them write one session at once', async () => {
    const uid = uuid();
    const id = session(uid);
    const payload: AdapterPayload = { jti: id, uid, accountId: 'a', exp: now() + 600, authorizations: {} };
    await adapter('Session').upsert(id, payload, 600);
    // Each has read the session before any writes it.
    const { promise: allRead, resolve } = Promise.withResolvers<void>();
    let read = 0;
    await Promise.all(
      ['one', 'two', 'three'].map((clientId) =>
        records.unit(async () => {
          await adapter('Session').find(id);
          read += 1;
          if (read === 3) resolve();
          await allRead;
          const authorizations = { [clientId]: { sid: uid, grantId: `${sessionTag(uid)}${clientId}` } };
          await adapter('Session').upsert(id, { ...payload, authorizations }, 600);
        }),
      ),
    );
    const merged = await adapter('Session').find(id);
    expect(Object.keys(merged?.authorizations ?? {}).sort()).toEqual(['one', 'three', 'two']);
    expect(merged?.authorizations?.['two']).toEqual({ sid: uid, grantId: `${sessionTag(uid)}two` });
  });

  it('brings back neither a session that was signed out nor a cookie that was replaced', async () => {
    const uid = uuid();
    const [id, replaced] = [session(uid), session(uid)];
    const payload = { uid, accountId: 'a', exp: now() + 600, authorizations: { a: {} } };
    await adapter('Session').upsert(id, { ...payload, jti: id }, 600);
    await records.unit(async () => {
      await adapter('Session').find(id);
      await createAdapterOfAnother().upsert(replaced, { ...payload, jti: replaced }, 600);
      await adapter('Session').upsert(id, { ...payload, jti: id, authorizations: { b: {} } }, 600);
    });
    expect(await adapter('Session').find(id)).toBeUndefined();
    expect(Object.keys((await adapter('Session').find(replaced))?.authorizations ?? {})).toEqual(['a', 'b']);
    await records.unit(async () => {
      await adapter('Session').find(replaced);
      await createAdapterOfAnother().destroy(replaced);
      await adapter('Session').upsert(replaced, { ...payload, jti: replaced }, 600);
    });
    expect(await adapter('Session').findByUid(uid)).toBeUndefined();
  });

  /** Another process, which shares the store and nothing else. */
  const createAdapterOfAnother = () =>
    createAdapter({
      ...{ records: createRecords(store), texts, refreshIds, clock },
      idTokenFollows: () => true,
      longestSeconds: 1800,
      findClient: () => Promise.resolve(undefined),
    })('Session');

  it('prolongs a session without its cookie, and never shortens it', async () => {
    const uid = uuid();
    const id = session(uid);
    const exp = now() + 100;
    await adapter('Session').upsert(id, { jti: id, uid, accountId: 'a', exp }, 100);
    await touchSession({ records, texts }, uid, () => exp + 50, now());
    expect(await adapter('Session').findByUid(uid)).toMatchObject({ exp: exp + 50, jti: id });
    expect(await adapter('Session').find(id)).toMatchObject({ uid });
    await touchSession({ records, texts }, uid, () => exp, now());
    expect(await adapter('Session').findByUid(uid)).toMatchObject({ exp: exp + 50 });
    await touchSession({ records, texts }, uuid(), () => exp, now());
  });

  it('finds by user code', async () => {
    const id = token(32);
    await adapter('DeviceCode').upsert(id, { jti: id, userCode: 'ABCD-EFGH', exp: now() + 60 }, 60);
    expect(await adapter('DeviceCode').findByUserCode('ABCD-EFGH')).toMatchObject({ jti: id });
  });

  it('writes an identifier that may be used once, once', async () => {
    const id = token(32);
    await adapter('ReplayDetection').upsert(id, { jti: id, exp: now() + 60 }, 60);
    await expect(
      adapter('ReplayDetection').upsert(id, { jti: id, exp: now() + 60 }, 60),
    ).rejects.toBeInstanceOf(AlreadyUsed);
  });

  it('looks for nothing that it cannot have given', async () => {
    for (const id of ['', 'a}b{c', 'a.b.c', 'é', '../x', 'a'.repeat(10) + '\0']) {
      expect(await adapter('AccessToken').find(id)).toBeUndefined();
      expect(await adapter('Session').findByUid(id)).toBeUndefined();
    }
  });
});
