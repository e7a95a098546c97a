import { DatabaseError } from 'pg';
import type { Audit } from '../audit/record.ts';
import type { Clock } from '../platform/clock.ts';
import type { Database, Queryable } from '../platform/postgres.ts';
import { lockImports } from './comparison.ts';
import { RunError } from './run-error.ts';
import { beginRun, endRun, findRun, nextRun, type RunRow } from './runs.ts';

/**
 * Undoes one import exactly: persons that it changed are as before, those that it added are gone, contact details that it
 * declared were never declared. Not what people did since: a status set by hand after the import stays.
 */

export interface RollbackReport {
  /** Number of the rollback itself. */
  run: number;
  undoes: number;
  restored: number;
  removed: number;
  contacts: number;
}

/** What an import may have written; the rest of a row never changes. */
const RESTORED =
  'national_id civility family_name given_name search_family search_given towns practices exercises other_ids digest declared_email declared_phone updated_at'.split(
    ' ',
  );
const STATUS = ['status', 'status_set_at', 'missing_since'];
/** Whether the status was set by hand since. */
const BY_HAND = 'p.status_set_at IS DISTINCT FROM a.status_set_at';

const restore = async (tx: Queryable, run: number): Promise<number> => {
  const { rowCount } = await tx.query(
    `UPDATE practitioner p
        SET ${RESTORED.map((column) => `${column} = b.${column}`).join(', ')},
            ${STATUS.map((column) => `${column} = CASE WHEN ${BY_HAND} THEN p.${column} ELSE b.${column} END`).join(', ')}
       FROM import_change c
      CROSS JOIN LATERAL jsonb_populate_record(NULL::practitioner, c.before) b
      CROSS JOIN LATERAL jsonb_populate_record(NULL::practitioner, c.after) a
      WHERE c.run_id = $1 AND p.id = c.practitioner_id`,
    [run],
  );
  return rowCount ?? 0;
};

/** Later runs that changed some of the same persons, and how many of them. */
const findOverlaps = async (
  tx: Queryable,
  run: number,
): Promise<{ runs: number[]; persons: number } | undefined> => {
  const { rows } = await tx.query<{ runs: number[] | null; persons: number }>(
    `SELECT array_agg(DISTINCT c.run_id ORDER BY c.run_id DESC) AS runs, count(DISTINCT c.practitioner_id) AS persons
       FROM import_change c JOIN import_run r ON r.id = c.run_id
      WHERE c.run_id > $1 AND r.rolled_back_by IS NULL
        AND (EXISTS (SELECT FROM import_change mine WHERE mine.run_id = $1 AND mine.practitioner_id = c.practitioner_id)
          OR EXISTS (SELECT FROM practitioner p WHERE p.id = c.practitioner_id AND p.added_by_run = $1))`,
    [run],
  );
  const found = rows[0];
  return found?.runs ? { runs: found.runs.map(Number), persons: found.persons } : undefined;
};

const countChanges = async (tx: Queryable, run: number): Promise<number> => {
  const { rows } = await tx.query<{ count: number }>(
    'SELECT count(*) AS count FROM import_change WHERE run_id = $1',
    [run],
  );
  return rows[0]?.count ?? 0;
};

/** Whether this run can be undone at all; throws with what to do instead. */
const require = async (tx: Queryable, id: number): Promise<RunRow> => {
  const run = await findRun(tx, id);
  if (!run) throw new RunError('run_unknown', `there is no run ${id}: caducee registry runs lists them`);
  if (run.kind !== 'import') {
    throw new RunError(
      'run_not_import',
      `run ${id} is a ${run.kind}: only imports are rolled back; import the file again`,
    );
  }
  if (run.rolled_back_by !== null) {
    throw new RunError('run_rolled_back', `run ${id} was rolled back by run ${run.rolled_back_by}`);
  }
  const { changed = 0, removed = 0, dryRun } = run.report;
  if (dryRun === undefined || (await countChanges(tx, id)) < changed + removed) {
    throw new RunError(
      'run_too_old',
      `how people were before run ${id} is no longer kept (CADUCEE_REGISTRY_HISTORY_DAYS): import the file of the day before`,
    );
  }
  const overlaps = await findOverlaps(tx, id);
  if (overlaps) {
    const [newest] = overlaps.runs;
    throw new RunError(
      'run_overlapped',
      `${overlaps.runs.length > 1 ? 'runs' : 'run'} ${overlaps.runs.join(', ')} changed ${overlaps.persons} of the same persons since: ` +
        `roll back the newest first (caducee registry rollback ${newest})`,
    );
  }
  return run;
};

const removeAdded = async (tx: Queryable, id: number): Promise<number> => {
  try {
    return (await tx.query('DELETE FROM practitioner WHERE added_by_run = $1', [id])).rowCount ?? 0;
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== '23503') throw error;
    throw new RunError(
      'persons_in_use',
      `some persons whom run ${id} added have activated a phone since, and would lose it: import a corrected file instead`,
    );
  }
};

export interface RollbackOptions {
  db: Database;
  clock: Clock;
  audit?: Audit;
  actor?: string;
}

/** Rolls back one run, whole. Throws {@link RunError}, and then nothing was changed. */
export const rollbackRun = (
  { db, clock, audit, actor = '' }: RollbackOptions,
  id: number,
): Promise<RollbackReport> =>
  db.transaction(async (tx) => {
    if (!(await lockImports(tx)))
      throw new RunError('busy', 'an import is running; try again when it has ended');
    const undone = await require(tx, id);
    const startedAt = clock.now();
    const number = await nextRun(tx);
    const { source, layout, file_name: fileName, file_hash: fileHash } = undone;
    await beginRun(tx, {
      id: number,
      kind: 'rollback',
      source,
      layout,
      fileName,
      fileHash,
      startedAt,
      actor,
      undoes: id,
    });
    const restored = await restore(tx, id);
    const { rowCount: contacts } = await tx.query('DELETE FROM practitioner_contact WHERE import_run = $1', [
      id,
    ]);
    const removed = await removeAdded(tx, id);
    await tx.query('UPDATE import_run SET rolled_back_by = $2 WHERE id = $1', [id, number]);
    const report: RollbackReport = { run: number, undoes: id, restored, removed, contacts: contacts ?? 0 };
    await endRun(tx, number, { finishedAt: clock.now(), report });
    await audit?.record(tx, { type: 'registry_rolled_back', details: { ...report, actor } });
    return report;
  });
