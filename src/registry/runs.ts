import type { Queryable } from '../platform/postgres.ts';
import type { ImportReport } from './report.ts';

/** The queries on runs: what was imported, when, by whom, and undone by which. */

export type RunKind = 'import' | 'rollback' | 'merge';

/** A type, not an interface, so that it is a row of any query. */
export type RunRow = {
  id: number;
  kind: RunKind;
  source: string;
  layout: string;
  file_name: string;
  file_hash: string;
  started_at: Date;
  finished_at: Date;
  actor: string;
  undoes: number | null;
  rolled_back_by: number | null;
  /** Of an import of this version, whole; of the others, counts. */
  report: Partial<ImportReport>;
};

const RUN =
  'id, kind, source, layout, file_name, file_hash, started_at, finished_at, actor, undoes, rolled_back_by, report';

/** The number that the next run has; it stays free if that run is given up. */
export const nextRun = async (tx: Queryable): Promise<number> => {
  const { rows } = await tx.query<{ id: number }>(
    `SELECT nextval(pg_get_serial_sequence('import_run', 'id')) AS id`,
  );
  return rows[0]?.id ?? 0;
};

export interface NewRun {
  id: number;
  kind: RunKind;
  source: string;
  layout: string;
  fileName: string;
  fileHash: string;
  startedAt: Date;
  actor: string;
  undoes?: number;
}

/** Begins a run; its report follows. */
export const beginRun = async (tx: Queryable, run: NewRun): Promise<void> => {
  await tx.query(
    `INSERT INTO import_run (id, kind, source, layout, file_name, file_hash, started_at, finished_at, actor, undoes, report)
     OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, '{}')`,
    [
      ...[run.id, run.kind, run.source, run.layout, run.fileName, run.fileHash],
      ...[run.startedAt, run.actor, run.undoes ?? null],
    ],
  );
};

export const endRun = async (
  tx: Queryable,
  id: number,
  { fileHash, finishedAt, report }: { fileHash?: string; finishedAt: Date; report: object },
): Promise<void> => {
  await tx.query(
    'UPDATE import_run SET file_hash = coalesce($2, file_hash), finished_at = $3, report = $4 WHERE id = $1',
    [id, fileHash ?? null, finishedAt, JSON.stringify(report)],
  );
};

/** The last import of a source that still holds. */
export const lastImport = async (tx: Queryable, source: string): Promise<RunRow | undefined> => {
  const { rows } = await tx.query<RunRow>(
    `SELECT ${RUN} FROM import_run WHERE source = $1 AND kind = 'import' AND rolled_back_by IS NULL ORDER BY id DESC LIMIT 1`,
    [source],
  );
  return rows[0];
};

export const findRun = async (tx: Queryable, id: number): Promise<RunRow | undefined> => {
  const { rows } = await tx.query<RunRow>(`SELECT ${RUN} FROM import_run WHERE id = $1`, [id]);
  return rows[0];
};

/** The newest first. */
export const listRuns = async (
  db: Queryable,
  { source, limit }: { source?: string | undefined; limit: number },
): Promise<RunRow[]> => {
  const { rows } = await db.query<RunRow>(
    `SELECT ${RUN} FROM import_run WHERE $1::text IS NULL OR source = $1 ORDER BY id DESC LIMIT $2`,
    [source ?? null, limit],
  );
  return rows;
};

/** Whether nothing happened to the registry since a run: no other run, and no person of its source written to. */
export const holdsSince = async (tx: Queryable, { id, source, finished_at }: RunRow): Promise<boolean> => {
  const { rows } = await tx.query<{ holds: boolean }>(
    `SELECT NOT EXISTS (SELECT FROM import_run WHERE id > $1)
        AND NOT EXISTS (SELECT FROM practitioner WHERE source = $2 AND (updated_at > $3 OR practices IS NULL)) AS holds`,
    [id, source, finished_at],
  );
  return rows[0]?.holds === true;
};

/** Forgets how persons were before runs older than `before`: those can no longer be shown in detail nor rolled back. */
export const forgetChanges = async (tx: Queryable, before: Date): Promise<void> => {
  await tx.query(
    'DELETE FROM import_change c USING import_run r WHERE r.id = c.run_id AND r.finished_at < $1',
    [before],
  );
};
