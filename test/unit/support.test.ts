import { beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { testDatabase, testRedis, testRedisCluster } from '../support/services.ts';

describe('test support', () => {
  test('gives each caller a migrated database of its own', async () => {
    const [one, two] = await Promise.all([testDatabase(), testDatabase()]);
    await one.db.query("INSERT INTO expiring_state (key, value, expires_at) VALUES ('k', 'v', now())");
    const { rows } = await two.db.query('SELECT key FROM expiring_state');
    expect(rows).toEqual([]);
  });

  test('gives each caller an empty Redis of its own', async () => {
    const [one, two] = [await testRedis(), await testRedis()];
    await one.set('k', 'v');
    expect(await two.get('k')).toBeNull();
  });

  test('gives a Redis Cluster of three masters', async () => {
    const cluster = await testRedisCluster();
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) await cluster.set(key, key, 'EX', 60);
    expect(await cluster.get('f')).toBe('f');
    expect(cluster.nodes('master')).toHaveLength(3);
  });

  describe('browser', () => {
    let version: string;
    beforeAll(async () => {
      version = (await launchBrowser()).version();
    });
    test('is a real Chromium', () => expect(version).toMatch(/^\d+\./));
  });
});
