import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from './crypto.ts';
import type { Database, Queryable } from './postgres.ts';

/** One file of `migrations/`: `NNNN_name.sql`. */
export interface Migration {
  number: number;
  name: string;
  sql: string;
  /** SHA-256 of the file, hexadecimal: an applied migration must never change. */
  checksum: string;
}

/** Two processes that start together meet at this lock; the number is arbitrary and belongs to migrations. */
const LOCK = 7_265_001;
const FILE = /^(\d{4})_([a-z0-9_]+)\.sql$/;

/** Reads and orders the migrations of a folder; refuses a misnamed file, a gap or a doubled number. */
export const readMigrations = async (folder: string): Promise<Migration[]> => {
  const files = (await readdir(folder)).filter((file) => !file.startsWith('.')).toSorted();
  const migrations = await Promise.all(
    files.map(async (file) => {
      const match = FILE.exec(file);
      if (!match) throw new Error(`migrations/${file}: the name must be NNNN_name.sql`);
      const sql = await readFile(join(folder, file), 'utf8');
      return { number: Number(match[1]), name: file, sql, checksum: sha256(sql).toString('hex') };
    }),
  );
  migrations.forEach((migration, index) => {
    if (migration.number !== index + 1) {
      throw new Error(
        `migrations/${migration.name}: number ${index + 1} expected, without gap or repetition`,
      );
    }
  });
  return migrations;
};

const applied = async (db: Queryable): Promise<Map<number, string>> => {
  const { rows } = await db.query<{ number: number; checksum: string }>(
    'SELECT number, checksum FROM schema_migration ORDER BY number',
  );
  return new Map(rows.map((row) => [row.number, row.checksum]));
};

/**
 * Brings the database to the newest schema. Forward only; each file in its own transaction, under an advisory
 * lock. Throws when an applied file was changed since, and leaves the database as it was when a file fails.
 * A database ahead of the code (rolling upgrade) is accepted. Returns the names of the files applied now.
 */
export const migrate = async (db: Database, migrations: readonly Migration[]): Promise<string[]> =>
  db.withConnection(async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    try {
      await client.query(
        `CREATE TABLE IF NOT EXISTS schema_migration (
           number integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
           applied_at timestamptz NOT NULL DEFAULT now())`,
      );
      const known = await applied(client as Queryable);
      const done: string[] = [];
      for (const migration of migrations) {
        const checksum = known.get(migration.number);
        if (checksum !== undefined && checksum !== migration.checksum) {
          throw new Error(
            `migrations/${migration.name} was changed after it had been applied; restore it and write a new migration`,
          );
        }
        if (checksum !== undefined) continue;
        await client.query('BEGIN');
        try {
          await client.query(migration.sql);
          await client.query('INSERT INTO schema_migration (number, name, checksum) VALUES ($1, $2, $3)', [
            migration.number,
            migration.name,
            migration.checksum,
          ]);
          await client.query('COMMIT');
        } catch (error) {
          await client.query('ROLLBACK');
          throw new Error(`migrations/${migration.name} failed`, { cause: error });
        }
        done.push(migration.name);
      }
      return done;
    } finally {
      await client.query('SELECT pg_advisory_unlock($1)', [LOCK]);
    }
  });
