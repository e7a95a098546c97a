import { errors, type AdapterPayload } from 'oidc-provider';
import { beforeAll, describe, expect, it } from 'vitest';
import { AlreadyUsed, createAdapter, recordKey, touchSession } from '../../src/oidc/adapter.ts';
import { ManualClock, epochSeconds } from '../../src/platform/clock.ts';
import { token } from '../../src/platform/random.ts';
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
  let adapter: ReturnType<typeof createAdapter>;
  beforeAll(async () => {
    store = (await stores[name]?.()) as ExpiringStore;
    adapter = createAdapter({
      store,
      clock,
      longestSeconds: 1800,
      findClient: () => Promise.resolve(undefined),
    });
  });

  const grant = async (): Promise<string> => {
    const id = token(16);
    await adapter('Grant').upsert(id, { jti: id, exp: now() + 600 }, 600);
    return id;
  };

  it('keeps a token under its hash, without the token', async () => {
    const id = `${await grant()}.${token(32)}`;
    await adapter('AccessToken').upsert(id, { jti: id, clientId: 'c', exp: now() + 120 }, 120);
    expect(await adapter('AccessToken').find(id)).toEqual({ jti: id, clientId: 'c', exp: now() + 120 });
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

  it('consumes once; a second time revokes the grant', async () => {
    const family = await grant();
    const id = `${family}.${token(32)}`;
    await adapter('RefreshToken').upsert(id, { jti: id, exp: now() + 600 }, 600);
    await adapter('RefreshToken').consume(id);
    expect(await adapter('RefreshToken').find(id)).toMatchObject({ consumed: now() });
    expect(await adapter('Grant').find(family)).toBeDefined();
    await expect(adapter('RefreshToken').consume(id)).rejects.toBeInstanceOf(errors.InvalidGrant);
    expect(await adapter('Grant').find(family)).toBeUndefined();
  });

  it('finds a session by its name whatever its cookie is now', async () => {
    const uid = token(16);
    const [first, second] = [token(32), token(32)];
    await adapter('Session').upsert(first, { jti: first, uid, accountId: 'a', exp: now() + 600 }, 600);
    await adapter('Session').destroy(first);
    await adapter('Session').upsert(second, { jti: second, uid, accountId: 'a', exp: now() + 600 }, 600);
    expect(await adapter('Session').findByUid(uid)).toMatchObject({ jti: second });
    await adapter('Session').destroy(second);
    expect(await adapter('Session').findByUid(uid)).toBeUndefined();
  });

  it('keeps the services of both when two of them write one session at once', async () => {
    const [id, uid] = [token(32), token(16)];
    const session: AdapterPayload = { jti: id, uid, accountId: 'a', exp: now() + 600, authorizations: {} };
    await adapter('Session').upsert(id, session, 600);
    await Promise.all(
      ['one', 'two', 'three'].map((clientId) =>
        adapter('Session').upsert(id, { ...session, authorizations: { [clientId]: { sid: clientId } } }, 600),
      ),
    );
    const merged = await adapter('Session').find(id);
    expect(Object.keys(merged?.authorizations ?? {}).sort()).toEqual(['one', 'three', 'two']);
  });

  it('prolongs a session without its cookie, and never shortens it', async () => {
    const [id, uid] = [token(32), token(16)];
    const exp = now() + 100;
    await adapter('Session').upsert(id, { jti: id, uid, accountId: 'a', exp }, 100);
    await touchSession({ store }, uid, () => exp + 50, now());
    expect(await adapter('Session').findByUid(uid)).toMatchObject({ exp: exp + 50 });
    await touchSession({ store }, uid, () => exp, now());
    expect(await adapter('Session').findByUid(uid)).toMatchObject({ exp: exp + 50 });
    await touchSession({ store }, token(16), () => exp, now());
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
