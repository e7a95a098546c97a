import { describe, expect, test } from 'vitest';
import type { Queryable } from '../../src/platform/postgres.ts';
import { versionsOf, type Versioned } from '../../src/platform/versions.ts';
import { testDatabase } from '../support/services.ts';

const { db } = await testDatabase();
await db.query('CREATE TABLE fruit (name text PRIMARY KEY, ripe boolean NOT NULL)');
await db.query('CREATE TABLE tool (name text PRIMARY KEY)');
await db.query(`INSERT INTO fruit VALUES ('fig', false), ('plum', true)`);
await db.query(`INSERT INTO tool VALUES ('fig')`);

const rowsOf = (table: string): Versioned => ({
  sql: (names) =>
    `SELECT name AS asked, xmin::text AS version FROM ${table} WHERE name = ANY (${names}::text[])`,
});
const FRUIT = rowsOf('fruit');
const TOOLS = rowsOf('tool');

describe('versions of rows', () => {
  test('change with their row, and only with theirs', async () => {
    const ask = versionsOf(db);
    const [fig, plum] = await Promise.all([ask(FRUIT, 'fig'), ask(FRUIT, 'plum')]);
    expect(fig).toMatch(/^\d+$/);
    await db.query(`UPDATE fruit SET ripe = true WHERE name = 'fig'`);
    expect(await ask(FRUIT, 'fig')).not.toBe(fig);
    expect(await ask(FRUIT, 'plum')).toBe(plum);
    await db.query(`DELETE FROM fruit WHERE name = 'plum'`);
    expect(await ask(FRUIT, 'plum')).toBeUndefined();
  });

  test('of several tables at one moment are one query, each answered from its own', async () => {
    const asked: string[] = [];
    const counted: Queryable = {
      query: (text, values) => {
        asked.push(text);
        return db.query(text, values);
      },
    };
    const ask = versionsOf(counted);
    expect(versionsOf(counted)).toBe(ask);
    const [fruit, tool, none] = await Promise.all([
      ask(FRUIT, 'fig'),
      ask(TOOLS, 'fig'),
      ask(TOOLS, 'no such thing'),
    ]);
    expect(asked).toHaveLength(1);
    expect(none).toBeUndefined();
    expect(fruit).not.toBe(tool);
  });

  test('that cannot be asked for fail, and the next can', async () => {
    const ask = versionsOf(db);
    await expect(ask(rowsOf('no_such_table'), 'fig')).rejects.toThrow('no_such_table');
    expect(await ask(TOOLS, 'fig')).toBeDefined();
  });
});
