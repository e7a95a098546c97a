import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { PoolClient } from 'pg';
import type { Clock } from '../platform/clock.ts';
import type { Database, Queryable } from '../platform/postgres.ts';
import {
  compare,
  declareContacts,
  deactivateMissing,
  insertAdded,
  knowsSource,
  lockImports,
  updateChanged,
  type ImportScope,
} from './comparison.ts';
import { ImportError } from './file-error.ts';
import { openReader, type RegistryReader } from './reader.ts';
import type { RefusalReason, WarningCode } from './record.ts';
import { createTeller, type ImportReport } from './report.ts';
import { insertRun } from './repository.ts';
import { copyPersons, createStaging, indexStaging, joinScattered } from './staging.ts';

/** How far an import is. */
export interface ImportProgress {
  phase: 'reading' | 'comparing' | 'writing';
  /** Bytes read so far, and in all when the input is a file. */
  bytes: number;
  total: number | undefined;
  lines: number;
}

/** The part of the audit trail that an import writes to. */
export interface ImportAudit {
  record(
    tx: Queryable,
    event: { type: 'registry_imported'; details: Record<string, string | number | boolean> },
  ): Promise<unknown>;
}

export interface ImportOptions {
  clock: Clock;
  /** Hours before changed contact details may serve an activation. */
  contactDelayHours: number;
  /** Who declares these persons; by default the name of the file's layout. */
  source?: string | undefined;
  /** What the run is called when the input is not a file. */
  fileName?: string;
  audit?: ImportAudit;
  onProgress?: (progress: ImportProgress) => void;
  /** Aborting leaves the registry as it was. */
  signal?: AbortSignal;
}

/** A path, or bytes. */
export type ImportInput = string | AsyncIterable<Uint8Array>;

/** A file of which more lines are refused is not what it says. */
const MOST_REFUSED = 100_000;

/** Counts and hashes the bytes on their way. */
const meter = (input: AsyncIterable<Uint8Array>, onBytes: (bytes: number) => void) => {
  const hash = createHash('sha256');
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    for await (const block of input) {
      hash.update(block);
      onBytes(block.byteLength);
      yield block;
    }
  };
  return { bytes: bytes(), digest: () => hash.digest('hex') };
};

const openInput = async (
  input: ImportInput,
  name: string | undefined,
): Promise<{ bytes: AsyncIterable<Uint8Array>; total: number | undefined; fileName: string }> => {
  if (typeof input !== 'string') return { bytes: input, total: undefined, fileName: name ?? '-' };
  const { size } = await stat(input);
  const bytes = createReadStream(input, { highWaterMark: 1 << 18 });
  return { bytes, total: size, fileName: name ?? basename(input) };
};

/** One connection, one transaction: COPY needs the connection itself. */
const inTransaction = <T>(db: Database, work: (client: PoolClient) => Promise<T>): Promise<T> =>
  db.withConnection(async (client) => {
    await client.query('BEGIN');
    try {
      const result = await work(client);
      await client.query('COMMIT');
      return result;
    } catch (error) {
      // The first error is the one to tell; a failing ROLLBACK means that the connection is gone anyway.
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    }
  });

/** Writes what the comparison decided. */
const apply = async (tx: Queryable, scope: ImportScope): Promise<{ removed: number }> => {
  await insertAdded(tx, scope);
  await updateChanged(tx, scope);
  await declareContacts(tx, scope);
  return { removed: await deactivateMissing(tx, scope) };
};

/** The persons of whom a line was refused, bounded. */
const createSpared = (): { add(nationalId: string | undefined, refused: number): void; list(): string[] } => {
  const spared = new Set<string>();
  return {
    add: (nationalId, refused) => {
      if (refused > MOST_REFUSED) {
        throw new ImportError('too_many_refused', `more than ${MOST_REFUSED} lines are malformed`);
      }
      if (nationalId !== undefined) spared.add(nationalId);
    },
    list: () => [...spared],
  };
};

/**
 * Imports a registry file: all of it or, when it throws, nothing. Idempotent: the same file again changes nothing.
 * Only persons of its own source are changed or deactivated. Throws {@link ImportError} when the file is unfit, when
 * another import runs (`busy`) or when it was cancelled.
 */
export const importFile = async (
  db: Database,
  input: ImportInput,
  options: ImportOptions,
): Promise<ImportReport> => {
  const { clock, signal } = options;
  const startedAt = clock.now();
  const start = performance.now();
  const opened = await openInput(input, options.fileName);
  const progress: ImportProgress = { phase: 'reading', bytes: 0, total: opened.total, lines: 0 };
  const report = (change: Partial<ImportProgress>): void =>
    options.onProgress?.(Object.assign(progress, change));
  const metered = meter(opened.bytes, (bytes) => report({ bytes: progress.bytes + bytes }));
  const refused = createTeller<RefusalReason>();
  const warnings = createTeller<WarningCode>();
  const spared = createSpared();
  const reader = await openReader(metered.bytes, {
    refused: (line, reason, nationalId) => {
      refused.tell(line, reason);
      spared.add(nationalId, refused.told.count);
    },
    warned: warnings.tell,
  });
  const { layout, columns } = reader.plan;
  const source = options.source ?? layout.name;

  const work = async (client: PoolClient): Promise<ImportReport> => {
    const tx = client as Queryable;
    if (!(await lockImports(tx)))
      throw new ImportError('busy', 'another import is running; try again when it has ended');
    await createStaging(tx);
    await copyPersons(
      client,
      watched(reader, (lines) => report({ lines })),
      signal,
    );
    report({ phase: 'comparing', lines: reader.read() });
    await joinScattered(tx);
    const persons = await indexStaging(tx);
    if (persons === 0) throw new ImportError('no_person', 'the file declares nobody');
    const first = !(await knowsSource(tx, source));
    const now = clock.now();
    const effectiveAt = first ? now : new Date(now.getTime() + options.contactDelayHours * 3_600_000);
    const scope = { source, now, contacts: layout.contacts, effectiveAt, spared: spared.list() };
    const counts = await compare(tx, scope);
    signal?.throwIfAborted();
    report({ phase: 'writing' });
    const { removed } = await apply(tx, scope);
    signal?.throwIfAborted();
    const done = {
      source,
      layout: layout.name,
      columns,
      fileName: opened.fileName,
      fileHash: metered.digest(),
      first,
      read: reader.read(),
      persons,
      ...counts,
      removed,
      refused: refused.told,
      warnings: warnings.told,
      durationMs: Math.round(performance.now() - start),
    };
    const run = await insertRun(tx, { ...done, startedAt, finishedAt: clock.now() });
    const { added, changed } = counts;
    const details = {
      run,
      source,
      file: opened.fileName,
      added,
      changed,
      removed,
      refused: refused.told.count,
    };
    await options.audit?.record(tx, { type: 'registry_imported', details });
    return { run, ...done };
  };

  try {
    return await inTransaction(db, work);
  } catch (error) {
    if (signal?.aborted) throw new ImportError('cancelled', 'the import was cancelled; nothing was changed');
    throw error;
  }
};

/** Tells the number of lines read after each group. */
const watched = async function* (reader: RegistryReader, onLines: (lines: number) => void) {
  for await (const persons of reader.persons) {
    onLines(reader.read());
    yield persons;
  }
};
