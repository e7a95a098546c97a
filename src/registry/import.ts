import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable } from 'node:stream';
import type { PoolClient } from 'pg';
import type { Audit } from '../audit/record.ts';
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
import type { Person } from './person.ts';
import { openReader, type ReaderEvents, type RegistryReader } from './reader.ts';
import type { RefusalReason, WarningCode } from './record.ts';
import { createTeller, type ImportReport, type Told } from './report.ts';
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

export interface ImportOptions {
  clock: Clock;
  /** Hours before changed contact details may serve an activation. */
  contactDelayHours: number;
  /** Who declares these persons; by default the name of the file's layout. */
  source?: string | undefined;
  /** What the run is called when the input is not a file. */
  fileName?: string;
  audit?: Audit;
  onProgress?: (progress: ImportProgress) => void;
  /** Aborting leaves the registry as it was. */
  signal?: AbortSignal;
}

/** A path, or bytes. */
export type ImportInput = string | AsyncIterable<Uint8Array>;

/** A file of which more lines are refused is not what it says. */
const MOST_REFUSED = 100_000;

/** The bytes of the input, counted and hashed on their way. */
interface Source {
  bytes: AsyncGenerator<Uint8Array>;
  total: number | undefined;
  fileName: string;
  /** SHA-256 of all, once read. */
  hash(): string;
  close(): void;
}

/** Something that stops a stream, even one that waits for bytes that never come; a plain generator has nothing to stop. */
const streamOf = (input: ImportInput): Readable | undefined => {
  if (typeof input === 'string') return createReadStream(input, { highWaterMark: 1 << 18 });
  return input instanceof Readable ? input : undefined;
};

const openSource = async (
  input: ImportInput,
  { fileName, signal }: ImportOptions,
  onBytes: (bytes: number) => void,
): Promise<Source> => {
  const total = typeof input === 'string' ? (await stat(input)).size : undefined;
  const stream = streamOf(input);
  const close = (): void => void stream?.destroy();
  signal?.addEventListener('abort', close, { once: true });
  const digest = createHash('sha256');
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    for await (const block of (stream ?? input) as AsyncIterable<Uint8Array>) {
      digest.update(block);
      onBytes(block.byteLength);
      yield block;
    }
  };
  const name = fileName ?? (typeof input === 'string' ? basename(input) : '-');
  return { bytes: bytes(), total, fileName: name, hash: () => digest.digest('hex'), close };
};

/** An opened file, and what its lines have told so far. */
interface Opened {
  source: Source;
  reader: RegistryReader;
  refused: Told<RefusalReason>;
  warnings: Told<WarningCode>;
  /** The persons of whom a line was refused. */
  spared: ReadonlySet<string>;
  progress(change: Partial<ImportProgress>): void;
}

const open = async (input: ImportInput, options: ImportOptions): Promise<Opened> => {
  const progress: ImportProgress = { phase: 'reading', bytes: 0, total: undefined, lines: 0 };
  const tell = (change: Partial<ImportProgress>): void =>
    options.onProgress?.(Object.assign(progress, change));
  const source = await openSource(input, options, (bytes) => tell({ bytes: progress.bytes + bytes }));
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
  const reader = await openReader(source.bytes, { refused: onRefused, warned: warnings.tell }).catch(
    (error: unknown) => {
      source.close();
      throw error;
    },
  );
  return { source, reader, refused: refused.told, warnings: warnings.told, spared, progress: tell };
};

/** Tells the number of lines read after each group. */
const watched = async function* ({ reader, progress }: Opened): AsyncGenerator<Person[]> {
  for await (const persons of reader.persons) {
    progress({ lines: reader.read() });
    yield persons;
  }
};

/** The whole file into the staging table, one row per person; says how many. */
const stage = async (client: PoolClient, opened: Opened, signal?: AbortSignal): Promise<number> => {
  await createStaging(client as Queryable);
  await copyPersons(client, watched(opened), signal);
  opened.progress({ phase: 'comparing', lines: opened.reader.read() });
  await joinScattered(client as Queryable);
  const persons = await indexStaging(client as Queryable);
  if (persons === 0) throw new ImportError('no_person', 'the file declares nobody');
  return persons;
};

/** Compares, then writes what the comparison decided. */
const apply = async (tx: Queryable, scope: ImportScope, opened: Opened, signal?: AbortSignal) => {
  const counts = await compare(tx, scope);
  signal?.throwIfAborted();
  opened.progress({ phase: 'writing' });
  await insertAdded(tx, scope);
  await updateChanged(tx, scope);
  await declareContacts(tx, scope);
  const removed = await deactivateMissing(tx, scope);
  signal?.throwIfAborted();
  return { ...counts, removed };
};

/** The import inside its transaction. */
const run = async (client: PoolClient, opened: Opened, options: ImportOptions): Promise<ImportReport> => {
  const tx = client as Queryable;
  const { clock, signal } = options;
  const [startedAt, start] = [clock.now(), performance.now()];
  const { layout, columns } = opened.reader.plan;
  const source = options.source ?? layout.name;
  if (!(await lockImports(tx))) {
    throw new ImportError('busy', 'another import is running; try again when it has ended');
  }
  const persons = await stage(client, opened, signal);
  const first = !(await knowsSource(tx, source));
  const now = clock.now();
  const effectiveAt = first ? now : new Date(now.getTime() + options.contactDelayHours * 3_600_000);
  const scope = { source, now, contacts: layout.contacts, effectiveAt, spared: [...opened.spared] };
  const counts = await apply(tx, scope, opened, signal);
  const { refused, warnings } = opened;
  const done = {
    ...{ source, layout: layout.name, columns, fileName: opened.source.fileName },
    ...{ fileHash: opened.source.hash(), first, read: opened.reader.read(), persons },
    ...counts,
    ...{ refused, warnings, durationMs: Math.round(performance.now() - start) },
  };
  const number = await insertRun(tx, { ...done, startedAt, finishedAt: clock.now() });
  await options.audit?.record(tx, { type: 'registry_imported', details: auditDetails(number, done) });
  return { run: number, ...done };
};

const auditDetails = (number: number, report: Omit<ImportReport, 'run'>) => {
  const { source, fileName, fileHash, read, added, changed, removed, refused } = report;
  return { run: number, source, fileName, fileHash, read, added, changed, removed, refused: refused.count };
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
  let opened: Opened | undefined;
  try {
    const file = (opened = await open(input, options));
    return await inTransaction(db, (client) => run(client, file, options));
  } catch (error) {
    if (options.signal?.aborted) {
      throw new ImportError('cancelled', 'the import was cancelled; nothing was changed');
    }
    throw error;
  } finally {
    opened?.source.close();
  }
};
