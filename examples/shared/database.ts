import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';

/**
 * A service's own small database: one SQLite file, which Node carries itself. Nothing to install, nothing shared with the
 * identity provider, and a copy of the folder is a backup. A service that runs on several machines takes PostgreSQL.
 */

export interface Database {
  /** Rows of a query, as the caller declares them. */
  all<Row>(sql: string, ...values: SQLInputValue[]): Row[];
  one<Row>(sql: string, ...values: SQLInputValue[]): Row | undefined;
  /** Says how many rows it changed. */
  run(sql: string, ...values: SQLInputValue[]): number;
  /** All of it or nothing. */
  together<T>(work: () => T): T;
  close(): void;
}

/** Opens the file of that name in the folder (in memory without one) and applies the schema's steps it lacks. */
export const openDatabase = (
  folder: string | undefined,
  name: string,
  steps: readonly string[],
): Database => {
  if (folder) mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = folder ? join(folder, `${name}.sqlite`) : ':memory:';
  const db = new DatabaseSync(path, { timeout: 5000 });
  if (folder) chmodSync(path, 0o600);
  db.exec('pragma journal_mode = wal; pragma foreign_keys = on; pragma secure_delete = on');

  const together = <T>(work: () => T): T => {
    if (db.isTransaction) return work();
    db.exec('begin immediate');
    try {
      const result = work();
      db.exec('commit');
      return result;
    } catch (error) {
      db.exec('rollback');
      throw error;
    }
  };
  const database: Database = {
    all: <Row>(sql: string, ...values: SQLInputValue[]) => db.prepare(sql).all(...values) as Row[],
    one: <Row>(sql: string, ...values: SQLInputValue[]) => db.prepare(sql).get(...values) as Row | undefined,
    run: (sql, ...values) => Number(db.prepare(sql).run(...values).changes),
    together,
    close: () => db.close(),
  };
  const done = database.one<{ user_version: number }>('pragma user_version')?.user_version ?? 0;
  for (const [index, step] of steps.entries()) {
    if (index >= done) together(() => db.exec(`${step}; pragma user_version = ${index + 1}`));
  }
  return database;
};

/** A key that lies beside the database, not in it: whoever changes rows cannot sign them. Made at the first start. */
export const openKey = (folder: string | undefined): Buffer => {
  if (!folder) return randomBytes(32);
  const path = join(folder, 'signing.key');
  if (!existsSync(path)) writeFileSync(path, randomBytes(32).toString('base64'), { mode: 0o600, flag: 'wx' });
  return Buffer.from(readFileSync(path, 'utf8'), 'base64');
};
