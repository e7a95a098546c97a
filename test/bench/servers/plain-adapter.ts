import { Redis } from 'ioredis';
import type { Adapter, AdapterPayload } from 'oidc-provider';

/** A straightforward Redis adapter, as the library's documentation shows it: one MULTI for a write, one GET for a read. */

const GRANTABLE = new Set([
  'AccessToken',
  'AuthorizationCode',
  'RefreshToken',
  'DeviceCode',
  'BackchannelAuthenticationRequest',
]);
const CONSUMABLE = new Set([
  'AuthorizationCode',
  'RefreshToken',
  'DeviceCode',
  'BackchannelAuthenticationRequest',
]);

const grantKey = (id: string): string => `grant:${id}`;
const uidKey = (id: string): string => `uid:${id}`;
const userCodeKey = (id: string): string => `userCode:${id}`;

/** Makes the adapter's class on one connection. */
export const createPlainAdapter = (redisUrl: string) => {
  const client = new Redis(redisUrl, { keyPrefix: 'oidc:' });
  return (name: string): Adapter => {
    const keyOf = (id: string): string => `${name}:${id}`;
    const find = async (id: string): Promise<AdapterPayload | undefined> => {
      if (!CONSUMABLE.has(name)) {
        const text = await client.get(keyOf(id));
        return text === null ? undefined : (JSON.parse(text) as AdapterPayload);
      }
      const { payload, ...rest } = await client.hgetall(keyOf(id));
      return payload === undefined ? undefined : { ...rest, ...(JSON.parse(payload) as AdapterPayload) };
    };
    const findBy = async (key: string): Promise<AdapterPayload | undefined> => {
      const id = await client.get(key);
      return id === null ? undefined : find(id);
    };
    return {
      find,
      findByUid: (uid) => findBy(uidKey(uid)),
      findByUserCode: (code) => findBy(userCodeKey(code)),
      async upsert(id, payload, expiresIn = 0) {
        const key = keyOf(id);
        const multi = client.multi();
        if (CONSUMABLE.has(name)) multi.hset(key, { payload: JSON.stringify(payload) });
        else multi.set(key, JSON.stringify(payload));
        if (expiresIn) multi.expire(key, expiresIn);
        if (GRANTABLE.has(name) && payload.grantId) {
          const family = grantKey(payload.grantId);
          multi.rpush(family, key);
          if (expiresIn > (await client.ttl(family))) multi.expire(family, expiresIn);
        }
        if (payload.userCode) multi.set(userCodeKey(payload.userCode), id, 'EX', expiresIn);
        if (payload.uid) multi.set(uidKey(payload.uid), id, 'EX', expiresIn);
        await multi.exec();
      },
      async destroy(id) {
        await client.del(keyOf(id));
      },
      async consume(id) {
        await client.hset(keyOf(id), 'consumed', Math.floor(Date.now() / 1000));
      },
      async revokeByGrantId(id) {
        const tokens = await client.lrange(grantKey(id), 0, -1);
        const multi = client.multi();
        for (const token of tokens) multi.del(token);
        multi.del(grantKey(id));
        await multi.exec();
      },
    };
  };
};
