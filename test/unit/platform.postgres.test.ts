import { describe, expect, test, vi } from 'vitest';
import { openDatabase, type Queryable } from '../../src/platform/postgres.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { testDatabase } from '../support/services.ts';

const pidOf = async (db: Queryable): Promise<number> =>
  (await db.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid ?? 0;

describe('the database', () => {
  test('a transaction is committed when its work resolves, rolled back when it throws', async () => {
    const { db } = await testDatabase({ empty: true });
    await db.query('CREATE TABLE t (n integer)');
    expect(await db.transaction(async (tx) => (await tx.query('INSERT INTO t VALUES (1)')).rowCount)).toBe(1);
    const failing = db.transaction(async (tx) => {
      await tx.query('INSERT INTO t VALUES (2)');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect((await db.query('SELECT n FROM t')).rows).toEqual([{ n: 1 }]);
  });

  test('a failing statement rolls back, and the connection serves again', async () => {
    const { db } = await testDatabase({ empty: true, max: 1 });
    await expect(db.transaction((tx) => tx.query('SELECT 1/0'))).rejects.toThrow('division by zero');
    expect((await db.query('SELECT count(*) AS n FROM pg_class WHERE false')).rows).toEqual([{ n: 0 }]);
  });

  test('eight-byte integers are numbers', async () => {
    const { db } = await testDatabase({ empty: true });
    expect((await db.query('SELECT 9007199254740991::bigint AS n')).rows).toEqual([
      { n: Number.MAX_SAFE_INTEGER },
    ]);
  });

  test('connections lost while idle, held, or in a transaction end no process, and new ones are made', async () => {
    const { db, url } = await testDatabase({ empty: true });
    const idle: Error[] = [];
    const victim = openDatabase(url, { max: 2, onIdleError: (error) => idle.push(error) });
    onFileEnd(() => victim.close());
    const kill = (pid: number) => db.query('SELECT pg_terminate_backend($1)', [pid]);

    await kill(await pidOf(victim));
    await vi.waitFor(() => expect(idle).toHaveLength(1));
    expect(await pidOf(victim)).toBeGreaterThan(0);

    const held = victim.withConnection(async (client) => {
      await kill(await pidOf(client as Queryable));
      await vi.waitFor(async () => {
        await expect(client.query('SELECT 1')).rejects.toThrow(/terminat|connection|queryable/i);
      });
      return 'survived';
    });
    expect(await held).toBe('survived');

    const inTransaction = victim.transaction(async (tx) => {
      await kill(await pidOf(tx));
      await tx.query('SELECT 1');
    });
    await expect(inTransaction).rejects.toThrow(/terminat|connection|ECONNRESET/i);
    for (let index = 0; index < 4; index += 1) expect(await pidOf(victim)).toBeGreaterThan(0);
  });
});
