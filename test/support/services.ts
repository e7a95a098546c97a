import { request } from 'node:http';
import { Cluster, Redis } from 'ioredis';
import { inject } from 'vitest';
import { openDatabase, type Database } from '../../src/platform/postgres.ts';
import { embeddedUrl } from '../../src/platform/embedded/postgres.ts';
import { token } from '../../src/platform/random.ts';
import { onFileEnd } from './cleanup.ts';
import { TEMPLATE, type ServiceAnswers } from './servers.ts';

/**
 * What a test file asks for: a database, a Redis, a Redis Cluster of its own. All are real; all are given back when the
 * file ends, so a test needs no clean-up of its own.
 */

const ask = <K extends keyof ServiceAnswers>(name: K): Promise<ServiceAnswers[K]> =>
  new Promise((resolve, reject) => {
    request({ socketPath: inject('services'), path: `/${name}` }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () =>
        response.statusCode === 200
          ? resolve(JSON.parse(body) as ServiceAnswers[K])
          : reject(new Error(`${name} did not start: ${body}`)),
      );
    })
      .on('error', reject)
      .end();
  });

/** A database of its own. */
export interface TestDatabase {
  db: Database;
  url: string;
  /** Earlier than at the end of the file, when that is what is tested. */
  drop(): Promise<void>;
}

/**
 * A fresh database: migrated (a copy of the template), or empty. Call it in `beforeAll` or at the top of a file; it is
 * dropped when the file ends. Every call gives another one.
 */
export const testDatabase = async (
  options: { empty?: boolean; max?: number } = {},
): Promise<TestDatabase> => {
  const { url: adminUrl } = await ask('postgres');
  const name = `test_${token(9).replaceAll('-', '$').toLowerCase()}`;
  const admin = openDatabase(adminUrl, { max: 1 });
  await admin.query(
    `CREATE DATABASE "${name}" TEMPLATE ${options.empty ? 'template1' : TEMPLATE} STRATEGY FILE_COPY`,
  );
  const url = embeddedUrl(adminUrl, name);
  const db = openDatabase(url, { max: options.max ?? 10 });
  let dropped: Promise<void> | undefined;
  const drop = (): Promise<void> =>
    (dropped ??= (async () => {
      await db.close().catch(() => undefined); // the test may have closed it
      await admin.query(`DROP DATABASE "${name}" WITH (FORCE)`);
      await admin.close();
    })());
  onFileEnd(drop);
  return { db, url, drop };
};

/** URL of the Redis and of a database number that no other test file uses at this time. */
export const testRedisUrl = async (): Promise<string> => {
  const { url } = await ask('redis');
  const first = new Redis(url.slice('unix://'.length));
  const number = Number(await first.incr('test-databases')) % 255;
  first.disconnect();
  return `${url}?db=${number + 1 > 255 ? 1 : number + 1}`;
};

/** A connection to a Redis database that only this file uses. */
export const testRedis = async (): Promise<Redis> => {
  const url = new URL(await testRedisUrl());
  const redis = new Redis(url.pathname, { db: Number(url.searchParams.get('db')) });
  await redis.flushdb();
  onFileEnd(() => redis.disconnect());
  return redis;
};

/** The nodes of a real Redis Cluster of three masters, shared by the files that ask: use keys of your own. */
export const testRedisClusterNodes = async (): Promise<string[]> => (await ask('cluster')).nodes;

/** A connection to that cluster. */
export const testRedisCluster = async (): Promise<Cluster> => {
  const nodes = await testRedisClusterNodes();
  const cluster = new Cluster(
    nodes.map((node) => ({ host: '127.0.0.1', port: Number(node.slice(node.lastIndexOf(':') + 1)) })),
  );
  onFileEnd(() => cluster.disconnect());
  return cluster;
};
