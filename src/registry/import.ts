import type { PoolClient } from 'pg';
import type { Audit } from '../audit/record.ts';
import type { Clock } from '../platform/clock.ts';
import { createTimeOrderedIds } from '../platform/random.ts';
import type { Database, Queryable } from '../platform/postgres.ts';
import {
  compare,
  countActive,
  declareAll,
  declareContacts,
  followMerges,
  insertAdded,
  isEmpty,
  keepBefore,
  keepChanges,
  lockImports,
  markMissing,
  updateChanged,
  type Counts,
  type ImportScope,
} from './comparison.ts';
import { copyValue } from './copy-text.ts';
import { ImportError } from './file-error.ts';
import { countEnding, endGrace } from './grace.ts';
import { guard } from './guard.ts';
import { hashFile, openSource, type ImportInput, type Source } from './input.ts';
import { openReader, type ReaderEvents, type RegistryReader } from './reader.ts';
import type { RefusalReason, WarningCode } from './record.ts';
import { createTeller, type ImportReport, type Told } from './report.ts';
import { beginRun, endRun, forgetChanges, holdsSince, lastImport, nextRun, type RunRow } from './runs.ts';
import {
  copyToRegistry,
  copyToStaging,
  countStaged,
  createStaging,
  settleRegistry,
  settleStaging,
} from './staging.ts';

export type { ImportInput } from './input.ts';

/** How far an import is. */
export interface ImportProgress {
  phase: 'reading' | 'comparing' | 'writing';
  /** Bytes read so far, and in all when the input is a file. */
  bytes: number;
  total: number | undefined;
  lines: number;
}

export interface ImportOptions {
  clock: Clock;
  /** Hours before changed contact details may serve an activation. */
  contactDelayHours: number;
  /** Hours that a person may be missing from the files before they are inactive; none unless said. */
  graceHours?: number;
  /** Days for which it is kept how persons were before each run; for ever unless said. */
  historyDays?: number;
  /** Share of the source's persons that may change or go, when the operator insists; 0.05 otherwise. */
  allowChange?: number | undefined;
  /** Compares and reports, writes nothing. */
  dryRun?: boolean;
  /** Who runs it. */
  actor?: string;
  /** Who declares these persons; by default the name of the file's layout. */
  source?: string | undefined;
  /** What the run is called when the input is not a file. */
  fileName?: string;
  audit?: Audit;
  onProgress?: (progress: ImportProgress) => void;
  /** Aborting leaves the registry as it was. */
  signal?: AbortSignal;
}

/** A file of which more lines are refused is not what it says. */
const MOST_REFUSED = 100_000;

/** An opened file, and what its lines have told so far. */
interface Opened {
  source: Source;
  fileName: string;
  reader: RegistryReader;
  refused: Told<RefusalReason>;
  warnings: Told<WarningCode>;
  /** The persons of whom a line was refused. */
  spared: ReadonlySet<string>;
  progress(change: Partial<ImportProgress>): void;
  /** Bytes read so far. */
  read(): number;
}

/** The first file of the input that is a registry's: an archive brings others with it. */
const findReader = async (
  source: Source,
  events: ReaderEvents,
): Promise<{ reader: RegistryReader; fileName: string }> => {
  let first: ImportError | undefined;
  for (let next = await source.files.next(); !next.done; next = await source.files.next()) {
    const { name, bytes } = next.value;
    try {
      return { reader: await openReader(bytes, events), fileName: name };
    } catch (error) {
      if (!(error instanceof ImportError) || !['unknown_layout', 'empty'].includes(error.code)) throw error;
      first ??= error;
    }
  }
  throw first ?? new ImportError('no_file', 'the archive holds no .txt or .csv file');
};

const open = async (input: ImportInput, options: ImportOptions): Promise<Opened> => {
  const progress: ImportProgress = { phase: 'reading', bytes: 0, total: undefined, lines: 0 };
  const tell = (change: Partial<ImportProgress>): void =>
    options.onProgress?.(Object.assign(progress, change));
  let reader: RegistryReader | undefined;
  const source = await openSource(input, options, (bytes) =>
    tell({ bytes: progress.bytes + bytes, lines: reader?.read() ?? 0 }),
  );
  progress.total = source.total;
  const refused = createTeller<RefusalReason>();
  const warnings = createTeller<WarningCode>();
  const spared = new Set<string>();
  const onRefused: ReaderEvents['refused'] = (line, reason, nationalId) => {
    refused.tell(line, reason);
    if (nationalId !== undefined) spared.add(nationalId);
    if (refused.told.count > MOST_REFUSED) {
      throw new ImportError('too_many_refused', `more than ${MOST_REFUSED} lines are malformed`, line);
    }
  };
  try {
    const found = await findReader(source, { refused: onRefused, warned: warnings.tell });
    ({ reader } = found);
    return {
      source,
      ...found,
      refused: refused.told,
      warnings: warnings.told,
      spared,
      progress: tell,
      read: () => progress.bytes,
    };
  } catch (error) {
    source.close();
    throw error;
  }
};

/** Everything that one run works with. */
interface Work {
  client: PoolClient;
  tx: Queryable;
  opened: Opened;
  options: ImportOptions;
  run: number;
  source: string;
  startedAt: Date;
  /** The source's last import, if it had one. */
  last: RunRow | undefined;
}

const scopeOf = ({ run, source, last, opened, options }: Work): ImportScope => {
  const now = options.clock.now();
  const delay = last ? options.contactDelayHours * 3_600_000 : 0;
  return {
    ...{ run, source, now, contacts: opened.reader.plan.layout.contacts },
    ...{ effectiveAt: new Date(now.getTime() + delay), spared: [...opened.spared] },
  };
};

const begin = ({ tx, run, source, startedAt, opened, options }: Work): Promise<void> =>
  beginRun(tx, {
    ...{ id: run, kind: 'import', source, startedAt, layout: opened.reader.plan.layout.name },
    ...{ fileName: opened.fileName, fileHash: '', actor: options.actor ?? '' },
  });

type Done = Counts & { persons: number; deactivated: number };

const requireSomebody = (persons: number): void => {
  if (persons === 0) throw new ImportError('no_person', 'the file declares nobody');
};

/** The registry has nobody: persons go straight in, as nothing is to be compared. */
const fill = async (work: Work): Promise<Done> => {
  const { client, tx, opened, options, run, source } = work;
  const scope = scopeOf(work);
  const at = scope.now.toISOString();
  const nextId = createTimeOrderedIds(scope.now);
  const constant = `${copyValue(source)}\t${run}\t${at}\t${at}\n`;
  opened.reader.endRows(({ nationalId }) => `\t${nextId()}\t${nationalId}\t${constant}`);
  await begin(work);
  await copyToRegistry(
    client,
    opened.reader,
    'id, subject, source, added_by_run, created_at, updated_at',
    options.signal,
  );
  opened.progress({ phase: 'writing', lines: opened.reader.read() });
  await settleRegistry(tx, scope);
  const { rows } = await tx.query<{ count: number }>('SELECT count(*) AS count FROM practitioner');
  const persons = rows[0]?.count ?? 0;
  requireSomebody(persons);
  await declareAll(tx, scope);
  await tx.query('ANALYZE practitioner');
  return {
    ...{
      persons,
      added: persons,
      changed: 0,
      returned: 0,
      otherSource: 0,
      rewritten: 0,
      removed: 0,
      deactivated: 0,
    },
  };
};

/** Compares, then writes what the comparison decided; undefined when all that was read is what the last import read. */
const apply = async (work: Work): Promise<Done | undefined> => {
  const { client, tx, opened, options } = work;
  const { signal } = options;
  await copyToStaging(client, opened.reader, signal);
  if (await wasSame(work)) return undefined;
  opened.progress({ phase: 'comparing', lines: opened.reader.read() });
  requireSomebody(await settleStaging(tx));
  await followMerges(tx);
  const scope = scopeOf(work);
  const known = await countActive(tx, work.source);
  const counts = await compare(tx, scope);
  const persons = await countStaged(tx);
  signal?.throwIfAborted();
  if (work.last) {
    const changed = counts.changed - counts.returned;
    const professions = { before: work.last.report.professions, now: opened.reader.professions() };
    guard({ known, changed, removed: counts.removed, ...professions }, options.allowChange);
  }
  opened.progress({ phase: 'writing' });
  const graceHours = options.graceHours ?? 0;
  if (options.dryRun)
    return { ...counts, persons, deactivated: await countEnding(tx, scope.now, graceHours) };
  await begin(work);
  await keepBefore(tx);
  await insertAdded(tx, scope);
  await updateChanged(tx, scope);
  await declareContacts(tx, scope);
  await markMissing(tx, scope);
  const gone = await endGrace(tx, scope.now, graceHours);
  await keepChanges(tx, scope);
  signal?.throwIfAborted();
  return { ...counts, persons, deactivated: gone.length };
};

const reportOf = (work: Work, done: Done, fileHash: string, durationMs: number): ImportReport => {
  const { opened, options, source, last } = work;
  const { plan, read, professions } = opened.reader;
  const { refused, warnings, fileName, read: bytes } = opened;
  const { added, changed, otherSource, rewritten, persons } = done;
  return {
    ...{ run: options.dryRun ? 0 : work.run, dryRun: options.dryRun === true, actor: options.actor ?? '' },
    ...{
      source,
      layout: plan.layout.name,
      columns: plan.columns,
      fileName,
      fileHash,
      bytes: bytes(),
      first: !last,
      read: read(),
    },
    ...done,
    unchanged: persons - added - changed - otherSource - rewritten,
    ...{ professions: professions(), refused, warnings, durationMs },
  };
};

/** The last import of the source, if this is its very file and nothing happened since: there is nothing to compare. */
const findSame = async ({ tx, last, opened, options }: Work): Promise<RunRow | undefined> => {
  const { path, total } = opened.source;
  if (!last || path === undefined || last.report.bytes !== total) return undefined;
  if (!(await holdsSince(tx, last))) return undefined;
  return (await hashFile(path, options.signal)) === last.file_hash ? last : undefined;
};

/** The same of what came through a pipe, which is known when all of it was read. */
const wasSame = async ({ tx, last, opened }: Work): Promise<boolean> => {
  return (
    last !== undefined && (await opened.source.hash()) === last.file_hash && (await holdsSince(tx, last))
  );
};

/** The report of an import that has nothing to compare: what the last one found still holds. */
const repeat = async (work: Work, same: RunRow, start: number): Promise<ImportReport> => {
  const { tx, run: number, opened, options } = work;
  const known = same.report as ImportReport;
  opened.progress({ phase: 'writing', bytes: known.bytes, lines: known.read });
  if (!options.dryRun) await begin(work);
  const gone = await endGrace(tx, options.clock.now(), options.graceHours ?? 0);
  return {
    ...known,
    ...{
      run: number,
      dryRun: options.dryRun === true,
      actor: options.actor ?? '',
      fileName: opened.fileName,
    },
    ...{
      first: false,
      added: 0,
      changed: 0,
      returned: 0,
      rewritten: 0,
      removed: 0,
      deactivated: gone.length,
    },
    unchanged: known.persons - known.otherSource,
    durationMs: Math.round(performance.now() - start),
  };
};

/** Reads the file, and writes what it says. */
const readAndWrite = async (work: Work, start: number): Promise<ImportReport> => {
  const { tx, opened, options } = work;
  const done = !options.dryRun && (await isEmpty(tx)) ? await fill(work) : await apply(work);
  if (!done && work.last) return repeat(work, work.last, start);
  if (!done) throw new Error('nothing is the same as what never was');
  return reportOf(work, done, await opened.source.hash(), Math.round(performance.now() - start));
};

/** The import inside its transaction. */
const run = async (client: PoolClient, opened: Opened, options: ImportOptions): Promise<ImportReport> => {
  const tx = client as Queryable;
  const [startedAt, start] = [options.clock.now(), performance.now()];
  const source = options.source ?? opened.reader.plan.layout.name;
  if (!(await lockImports(tx))) {
    throw new ImportError('busy', 'another import is running; try again when it has ended');
  }
  await createStaging(tx);
  const last = await lastImport(tx, source);
  const number = options.dryRun ? 0 : await nextRun(tx);
  const work: Work = { client, tx, opened, options, run: number, source, startedAt, last };
  const same = await findSame(work);
  const report = same ? await repeat(work, same, start) : await readAndWrite(work, start);
  if (options.dryRun) return report;
  const { fileHash } = report;
  const finishedAt = options.clock.now();
  if (options.historyDays !== undefined) {
    await forgetChanges(tx, new Date(finishedAt.getTime() - options.historyDays * 86_400_000));
  }
  await endRun(tx, number, { fileHash, finishedAt, report });
  await options.audit?.record(tx, { type: 'registry_imported', details: auditDetails(report) });
  return report;
};

const auditDetails = (report: ImportReport) => {
  const { run: number, source, fileName, fileHash, read, added, changed, removed, refused, actor } = report;
  return {
    run: number,
    source,
    fileName,
    fileHash,
    read,
    added,
    changed,
    removed,
    refused: refused.count,
    actor,
  };
};

/** What a statement of PostgreSQL is stopped by when the import is cancelled: a long one hears of nothing else. */
const cancelling = async <T>(
  db: Database,
  client: PoolClient,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> => {
  if (!signal) return work();
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  let asked: Promise<unknown> | undefined;
  const cancel = (): void => {
    asked = db.query('SELECT pg_cancel_backend($1)', [rows[0]?.pid]).catch(() => undefined);
  };
  signal.addEventListener('abort', cancel, { once: true });
  try {
    signal.throwIfAborted();
    return await work();
  } finally {
    signal.removeEventListener('abort', cancel);
    // So that it stops nothing of what comes after.
    await asked;
  }
};

/** One connection, one transaction: COPY needs the connection itself. It is undone when `keep` says so of the result. */
const inTransaction = <T>(
  db: Database,
  signal: AbortSignal | undefined,
  work: (client: PoolClient) => Promise<T>,
  keep: (result: T) => boolean,
): Promise<T> =>
  db.withConnection(async (client) => {
    // Should this process die, PostgreSQL notices within a second, and gives the lock back. Not every system can.
    await client.query('SET client_connection_check_interval = 1000').catch(() => undefined);
    await client.query('BEGIN');
    try {
      await client.query(`SET LOCAL work_mem = '128MB'`);
      const result = await cancelling(db, client, signal, () => work(client));
      await client.query(keep(result) ? 'COMMIT' : 'ROLLBACK');
      return result;
    } catch (error) {
      // The first error is the one to tell; a failing ROLLBACK means that the connection is gone anyway.
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      await client.query('RESET client_connection_check_interval').catch(() => undefined);
    }
  });

/**
 * Imports a registry file: all of it or, when it throws, nothing. Idempotent: the same file again changes nothing.
 * Only persons of its own source are changed or marked as missing. Throws {@link ImportError} when the file is unfit, when
 * it would change more than a day brings (`too_many_changes`), when another import runs (`busy`) or when it was cancelled.
 */
export const importFile = async (
  db: Database,
  input: ImportInput,
  options: ImportOptions,
): Promise<ImportReport> => {
  let opened: Opened | undefined;
  try {
    const file = (opened = await open(input, options));
    return await inTransaction(
      db,
      options.signal,
      (client) => run(client, file, options),
      ({ dryRun }) => !dryRun,
    );
  } catch (error) {
    if (options.signal?.aborted) {
      throw new ImportError('cancelled', 'the import was cancelled; nothing was changed');
    }
    throw error;
  } finally {
    opened?.source.close();
  }
};
