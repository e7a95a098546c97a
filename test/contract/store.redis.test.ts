import { mkdtempSync, rmSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { openRedis } from '../../src/platform/redis.ts';
import { createRedisStore } from '../../src/platform/store/redis.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { startCluster, superviseRedis } from '../support/servers.ts';
import { testRedisClusterNodes, testRedisUrl } from '../support/services.ts';

describe('opening Redis from the configuration', () => {
  test('one Redis, by its socket and database number', async () => {
    const redisUrl = await testRedisUrl();
    const redis = openRedis({ redisUrl });
    onFileEnd(() => redis.disconnect());
    await redis.set('k', 'v', 'EX', 60);
    const other = openRedis({ redisUrl: redisUrl.replace(/db=\d+/, 'db=255') });
    onFileEnd(() => other.disconnect());
    expect(await redis.get('k')).toBe('v');
    expect(await other.get('k')).toBeNull();
  });

  test('a cluster, by any of its nodes', async () => {
    const nodes = await testRedisClusterNodes();
    const redis = openRedis({ redisCluster: nodes.slice(1, 2), redisUrl: 'redis://ignored' });
    onFileEnd(() => redis.disconnect());
    const store = createRedisStore(redis);
    for (let index = 0; index < 20; index += 1) await store.set(`spread:${index}`, String(index), 60);
    expect(await store.get('spread:19')).toBe('19');
  });

  test('nothing configured is an error', () => {
    expect(() => openRedis({ redisCluster: [] })).toThrow('neither a Redis URL nor');
  });
});

describe('a Redis that goes away', () => {
  test(
    'is an error within seconds, and is found again with its subscriptions',
    { timeout: 40_000 },
    async () => {
      const folder = mkdtempSync('/tmp/caducee-redis-test-');
      onFileEnd(() => rmSync(folder, { recursive: true }));
      const start = () =>
        superviseRedis(['--port', '0', '--unixsocket', `${folder}/r.sock`, '--dir', folder]);
      const first = await start();
      const errors: Error[] = [];
      const redis = openRedis({ redisUrl: `unix://${folder}/r.sock` }, (error) => errors.push(error));
      const store = createRedisStore(redis);
      onFileEnd(async () => {
        await store.close();
        redis.disconnect();
      });
      const heard: string[] = [];
      await store.subscribe('news', (message) => heard.push(message));
      await store.set('k', 'v', 60);

      await first.stop();
      const asked = performance.now();
      await expect(store.get('k')).rejects.toThrow(/closed|retries|timed out|ECONN|ENOENT/i);
      expect(performance.now() - asked).toBeLessThan(5000);
      await expect(store.ping()).rejects.toThrow(/closed|retries|timed out|ECONN|ENOENT/i);
      expect(errors.length).toBeGreaterThan(0);

      const second = await start();
      onFileEnd(() => second.stop());
      await vi.waitFor(() => store.ping(), { timeout: 10_000 });
      expect(await store.get('k')).toBeUndefined(); // it kept nothing, and that is allowed
      await vi.waitFor(
        async () => {
          await store.publish('news', 'again');
          expect(heard).toContain('again');
        },
        { timeout: 10_000 },
      );
      // A server that forgot its scripts is sent them again.
      expect(await store.increment('count', 60)).toBe(1);
    },
  );

  test('is an error too when it stays connected and says nothing', { timeout: 40_000 }, async () => {
    const folder = mkdtempSync('/tmp/caducee-redis-test-');
    onFileEnd(() => rmSync(folder, { recursive: true }));
    const server = await superviseRedis(['--port', '0', '--unixsocket', `${folder}/r.sock`, '--dir', folder]);
    onFileEnd(() => server.stop());
    const redis = openRedis({ redisUrl: `unix://${folder}/r.sock` });
    const store = createRedisStore(redis);
    onFileEnd(() => redis.disconnect());
    await store.set('k', 'v', 60);
    const pid = Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]);

    process.kill(pid, 'SIGSTOP');
    const asked = performance.now();
    const answers = await Promise.allSettled([store.get('k'), store.setIfAbsent('once', '1', 60)]);
    process.kill(pid, 'SIGCONT');
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(performance.now() - asked).toBeLessThan(10_000);
    await vi.waitFor(async () => expect(await store.get('k')).toBe('v'), { timeout: 10_000 });
  });

  test('so is a cluster', { timeout: 40_000 }, async () => {
    const folder = mkdtempSync('/tmp/caducee-redis-test-');
    onFileEnd(() => rmSync(folder, { recursive: true }));
    const cluster = await startCluster(folder);
    const redis = openRedis({ redisCluster: cluster.answer.nodes });
    onFileEnd(() => redis.disconnect());
    const store = createRedisStore(redis);
    await store.set('k', 'v', 60);
    await cluster.stop();
    for (let round = 0; round < 3; round += 1) {
      const asked = performance.now();
      await expect(store.get('k')).rejects.toThrow(/closed|retries|timed out|ready|refresh/i);
      expect(performance.now() - asked).toBeLessThan(5000);
    }
  });
});
