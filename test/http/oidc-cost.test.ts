import { Redis } from 'ioredis';
import { beforeAll, describe, expect, it } from 'vitest';
import { openRedis } from '../../src/platform/redis.ts';
import { createRedisStore } from '../../src/platform/store/redis.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { tapRedis, type RedisWire } from '../support/redis-wire.ts';
import { testRedisUrl } from '../support/services.ts';
import {
  Browser,
  REDIRECT,
  authorize,
  basic,
  payloadOf,
  post,
  refresh,
  signIn,
  startProvider,
  userinfo,
  type Harness,
  type Tokens,
} from './oidc-harness.ts';

/**
 * What a sign-in costs Redis, counted on the wire: round trips, commands, and bytes kept. These do not depend on the machine,
 * so they are bounds and not measures; docs/performance.md has the measures.
 */

let harness: Harness;
let wire: RedisWire;
/** Beside the wire, so that looking costs nothing. */
let redis: Redis;

beforeAll(async () => {
  const url = new URL(await testRedisUrl());
  const db = Number(url.searchParams.get('db'));
  wire = await tapRedis({ path: url.pathname });
  redis = new Redis(url.pathname, { db });
  await redis.flushdb();
  const client = openRedis({ redisUrl: `redis://127.0.0.1:${wire.port}/${db}` });
  onFileEnd(() => {
    client.disconnect();
    redis.disconnect();
    wire.close();
  });
  harness = await startProvider('redis', {}, { store: createRedisStore(client) });
  await harness.addClient(
    {
      ...{ client_id: 'other', client_name: 'Other', redirect_uris: [REDIRECT] },
      ...{ access_token_format: 'opaque', token_endpoint_auth_method: 'client_secret_basic' },
    },
    'other-secret',
  );
  // Scripts are known, connections are open.
  await signIn(harness);
  await refresh(harness, (await signIn(harness)).refresh_token);
});

const counted = async <T>(work: () => Promise<T>): Promise<{ result: T } & ReturnType<RedisWire['take']>> => {
  wire.take();
  const result = await work();
  return { result, ...wire.take() };
};

describe('round trips to Redis', () => {
  let tokens: Tokens;

  it('of a whole sign-in, userinfo included: 9 at most', async () => {
    const { result, roundTrips, commands } = await counted(async () => {
      const signedIn = await signIn(harness);
      expect((await userinfo(harness, signedIn.access_token)).status).toBe(200);
      return signedIn;
    });
    tokens = result;
    expect(roundTrips).toBeLessThanOrEqual(9);
    expect(commands).toBeLessThanOrEqual(20);
  });

  it('of a refresh with rotation and reuse detection: 2', async () => {
    const { result, roundTrips, commands } = await counted(() => refresh(harness, tokens.refresh_token));
    expect(result.status).toBe(200);
    expect(roundTrips).toBe(2);
    expect(commands).toBeLessThanOrEqual(4);
    tokens = result.body as Tokens;
  });

  it('of userinfo and of introspection: 1, directly or not', async () => {
    const one = await counted(() => userinfo(harness, tokens.access_token));
    expect([one.result.status, one.roundTrips, one.commands]).toEqual([200, 1, 1]);
    const usual = await counted(() =>
      fetch(`${harness.config.issuer}/protocol/openid-connect/userinfo`, {
        headers: { authorization: `Bearer ${tokens.access_token}`, cookie: 'usual=1' },
      }),
    );
    expect([usual.result.status, usual.roundTrips]).toEqual([200, 1]);
    const two = await counted(() => post(harness, 'token/introspect', { token: tokens.access_token }));
    expect(two.result.body).toMatchObject({ active: true });
    expect([two.roundTrips, two.commands]).toEqual([1, 1]);
  });

  it('of discovery and keys: none', async () => {
    const { roundTrips } = await counted(() =>
      fetch(`${harness.config.issuer}/protocol/openid-connect/certs`),
    );
    expect(roundTrips).toBe(0);
  });
});

/** What all keys take, but for those that are gone within minutes (codes, access tokens). */
const keptBytes = async (): Promise<number> => {
  const keys = await redis.keys('*');
  let sum = 0;
  for (const key of keys) {
    if ((await redis.ttl(key)) > 300) sum += Number(await redis.memory('USAGE', key, 'SAMPLES', 0));
  }
  return sum;
};

describe('bytes in Redis', () => {
  const SESSIONS = 50;

  it('of an open session: 1800 at most', async () => {
    const before = await keptBytes();
    for (let each = 0; each < SESSIONS; each += 1) await signIn(harness);
    const perSession = ((await keptBytes()) - before) / SESSIONS;
    expect(perSession).toBeLessThanOrEqual(1800);
    expect(perSession).toBeGreaterThan(100);
  });

  it('of a further service: 500 at most, but for its refresh token', async () => {
    const browser = new Browser();
    await signIn(harness, browser);
    const before = await keptBytes();
    const { answer, verifier } = await authorize(harness, browser, { client_id: 'other' });
    const { status } = await post(
      harness,
      'token',
      {
        ...{ grant_type: 'authorization_code', code: answer.get('code') ?? '' },
        ...{ redirect_uri: REDIRECT, code_verifier: verifier },
      },
      basic('other', 'other-secret'),
    );
    expect(status).toBe(200);
    expect((await keptBytes()) - before).toBeLessThanOrEqual(1100);
  });

  it('do not grow by refreshing', async () => {
    let tokens = await signIn(harness);
    tokens = (await refresh(harness, tokens.refresh_token)).body as Tokens;
    const [keys, before] = [await redis.dbsize(), await keptBytes()];
    for (let round = 0; round < 5; round += 1) {
      const { status, body } = await refresh(harness, tokens.refresh_token);
      expect(status).toBe(200);
      tokens = body as Tokens;
    }
    expect(payloadOf(tokens.id_token)['sid']).toBeTruthy();
    expect(await keptBytes()).toBe(before);
    // Access tokens only, which live two minutes.
    expect((await redis.dbsize()) - keys).toBe(5);
  });
});
