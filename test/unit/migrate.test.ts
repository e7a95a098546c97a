import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { migrate, readMigrations } from '../../src/platform/migrate.ts';
import { openDatabase } from '../../src/platform/postgres.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { testDatabase } from '../support/services.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'caducee-migrations-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, sql: string): void => writeFileSync(join(folder, name), sql);

describe('migrations', () => {
  test('are applied in order, each once', async () => {
    const { db } = await testDatabase({ empty: true });
    write('0002_second.sql', 'ALTER TABLE t ADD COLUMN b text;');
    write('0001_first.sql', 'CREATE TABLE t (a text);');
    expect(await migrate(db, await readMigrations(folder))).toEqual(['0001_first.sql', '0002_second.sql']);
    expect(await migrate(db, await readMigrations(folder))).toEqual([]);
    write('0003_third.sql', "INSERT INTO t VALUES ('a', 'b');");
    expect(await migrate(db, await readMigrations(folder))).toEqual(['0003_third.sql']);
    expect((await db.query('SELECT * FROM t')).rows).toEqual([{ a: 'a', b: 'b' }]);
  });

  test('several processes that start together apply each once', async () => {
    const { url } = await testDatabase({ empty: true });
    write('0001_first.sql', 'CREATE TABLE t (a text); SELECT pg_sleep(0.1);');
    write('0002_second.sql', "INSERT INTO t VALUES ('once');");
    const migrations = await readMigrations(folder);
    const applied = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const db = openDatabase(url, { max: 1 });
        onFileEnd(() => db.close());
        return migrate(db, migrations);
      }),
    );
    expect(applied.filter((names) => names.length === 2)).toHaveLength(1);
    expect(applied.flat()).toHaveLength(2);
  });

  test('one that fails leaves no trace, and those before stay', async () => {
    const { db } = await testDatabase({ empty: true });
    write('0001_first.sql', 'CREATE TABLE t (a text);');
    write('0002_broken.sql', "INSERT INTO t VALUES ('half'); SELECT 1/0;");
    await expect(migrate(db, await readMigrations(folder))).rejects.toThrow(
      'migrations/0002_broken.sql failed',
    );
    expect((await db.query('SELECT * FROM t')).rows).toEqual([]);
    write('0002_broken.sql', "INSERT INTO t VALUES ('whole');");
    expect(await migrate(db, await readMigrations(folder))).toEqual(['0002_broken.sql']);
  });

  test('one that was changed after it had been applied is refused before anything is done', async () => {
    const { db } = await testDatabase({ empty: true });
    write('0001_first.sql', 'CREATE TABLE t (a text);');
    await migrate(db, await readMigrations(folder));
    write('0001_first.sql', 'CREATE TABLE t (a text, b text);');
    write('0002_second.sql', 'DROP TABLE t;');
    await expect(migrate(db, await readMigrations(folder))).rejects.toThrow(
      '0001_first.sql was changed after it had been applied',
    );
    expect((await db.query('SELECT * FROM t')).rows).toEqual([]);
  });

  test('a database ahead of the code is accepted', async () => {
    const { db } = await testDatabase({ empty: true });
    write('0001_first.sql', 'SELECT 1;');
    write('0002_second.sql', 'SELECT 1;');
    await migrate(db, await readMigrations(folder));
    rmSync(join(folder, '0002_second.sql'));
    expect(await migrate(db, await readMigrations(folder))).toEqual([]);
  });

  test.each([
    { names: ['0001_a.sql', '0003_c.sql'], error: '0003_c.sql: number 2 expected' },
    { names: ['0001_a.sql', '0001_b.sql'], error: '0001_b.sql: number 2 expected' },
    { names: ['0000_a.sql'], error: '0000_a.sql: number 1 expected' },
    { names: ['1_a.sql'], error: 'the name must be NNNN_name.sql' },
    { names: ['0001_a.txt'], error: 'the name must be NNNN_name.sql' },
  ])('names that are no sequence are refused: $names', async ({ names, error }) => {
    for (const name of names) write(name, 'SELECT 1;');
    await expect(readMigrations(folder)).rejects.toThrow(error);
  });
});

describe('the migrations of this project', () => {
  test('make the schema from nothing, and again change nothing', async () => {
    const { db } = await testDatabase({ empty: true });
    const migrations = await readMigrations(join(import.meta.dirname, '..', '..', 'migrations'));
    expect(await migrate(db, migrations)).toEqual(migrations.map(({ name }) => name));
    expect(await migrate(db, migrations)).toEqual([]);
  });
});
