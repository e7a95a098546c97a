import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ImportError } from './file-error.ts';
import { LAYOUTS } from './layouts.ts';
import { isZlibError, readZip } from './unzip.ts';

/** A path of a file or folder, or bytes. */
export type ImportInput = string | AsyncIterable<Uint8Array>;

/** The bytes of the input, counted and hashed on their way; one or several candidates for the registry's file in them. */
export interface Source {
  /** Those of a plain or gzipped file; the entries of an archive, one after the other. */
  files: AsyncGenerator<{ name: string; bytes: AsyncIterable<Uint8Array> }>;
  total: number | undefined;
  /** Where the bytes are, when they can be read twice. */
  path: string | undefined;
  fileName: string;
  /** SHA-256 of all that was read, once read to the end. */
  hash(): Promise<string>;
  close(): void;
}

const REGISTRY_FILE = new RegExp(
  `^(${LAYOUTS.map(({ name }) => name).join('|')}).*\\.(txt|csv|zip|gz)$`,
  'i',
);

/** The newest registry file of a folder: their names end with the date. */
const findIn = async (folder: string): Promise<string> => {
  const names = (await readdir(folder)).filter((name) => REGISTRY_FILE.test(name)).toSorted();
  const layouts = new Set(names.map((name) => REGISTRY_FILE.exec(name)?.[1]?.toLowerCase()));
  if (names.length === 0) {
    const wanted = LAYOUTS.map(({ name }) => `${name}….txt`).join(' or ');
    throw new ImportError('no_file', `no registry file in ${folder} (${wanted}, zipped or not)`);
  }
  if (layouts.size > 1)
    throw new ImportError('no_file', `${folder} holds files of both layouts: name the file`);
  return join(folder, names.at(-1) ?? '');
};

const ZIP = Buffer.from('PK\u0003\u0004', 'latin1');
const EMPTY_ZIP = Buffer.from('PK\u0005\u0006', 'latin1');
const GZIP = Buffer.from([0x1f, 0x8b]);

/** Puts back what was read to see what it is. */
const withHead = async function* (
  head: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
};

const gunzip = async function* (bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = Readable.from(bytes, { objectMode: false });
  const output = createGunzip({ chunkSize: 1 << 17 });
  input.on('error', (error) => output.destroy(error));
  input.pipe(output);
  try {
    for await (const block of output) yield block as Buffer;
  } catch (error) {
    if (!isZlibError(error)) throw error;
    throw new ImportError('damaged_archive', 'the gzip file is cut off or damaged: fetch it again');
  } finally {
    input.destroy();
    output.destroy();
  }
};

/** An archive made from a pipe calls its only entry `-`. */
const TEXT = /(\.(txt|csv)|^[^.]*[^./])$/i;

/** What the bytes hold: by their first four, whatever the name says. */
const open = async function* (
  bytes: AsyncIterable<Uint8Array>,
  fileName: string,
): AsyncGenerator<{ name: string; bytes: AsyncIterable<Uint8Array> }> {
  const iterator = bytes[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < 4) {
    const next = await iterator.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  const all = withHead(head, iterator);
  const starts = head.subarray(0, 4);
  if (starts.equals(EMPTY_ZIP)) throw new ImportError('damaged_archive', 'the zip archive is empty');
  if (starts.equals(ZIP)) {
    for await (const entry of readZip(all)) {
      if (TEXT.test(entry.name)) yield { name: `${fileName}/${entry.name}`, bytes: entry.bytes };
    }
  } else if (starts.subarray(0, 2).equals(GZIP)) {
    yield { name: fileName, bytes: gunzip(all) };
  } else {
    yield { name: fileName, bytes: all };
  }
};

/** Something that stops a stream, even one that waits for bytes that never come; a plain generator has nothing to stop. */
const streamOf = (input: ImportInput): Readable | undefined => {
  if (typeof input === 'string') return createReadStream(input, { highWaterMark: 1 << 18 });
  return input instanceof Readable ? input : undefined;
};

/** Opens a path or a stream: a folder gives its newest registry file; archives and plain text are told apart by content. */
export const openSource = async (
  given: ImportInput,
  { fileName, signal }: { fileName?: string | undefined; signal?: AbortSignal | undefined },
  onBytes: (bytes: number) => void,
): Promise<Source> => {
  const input = typeof given === 'string' && (await stat(given)).isDirectory() ? await findIn(given) : given;
  const total = typeof input === 'string' ? (await stat(input)).size : undefined;
  const stream = streamOf(input);
  const close = (): void => void stream?.destroy();
  signal?.addEventListener('abort', close, { once: true });
  const digest = createHash('sha256');
  const counted = (async function* (): AsyncGenerator<Uint8Array> {
    for await (const block of (stream ?? input) as AsyncIterable<Uint8Array>) {
      digest.update(block);
      onBytes(block.byteLength);
      yield block;
    }
  })();
  const name = fileName ?? (typeof input === 'string' ? basename(input) : '-');
  let hashed: string | undefined;
  const hash = async (): Promise<string> => {
    // Beyond the last line of an archive comes its directory.
    for (let next = await counted.next(); !next.done; next = await counted.next());
    return (hashed ??= digest.digest('hex'));
  };
  const path = typeof input === 'string' ? input : undefined;
  return { files: open(counted, name), total, path, fileName: name, hash, close };
};

/** SHA-256 of a file, read for nothing else. */
export const hashFile = async (path: string, signal?: AbortSignal): Promise<string> => {
  const digest = createHash('sha256');
  const stream = createReadStream(path, { highWaterMark: 1 << 18, ...(signal ? { signal } : {}) });
  for await (const block of stream) digest.update(block as Buffer);
  return digest.digest('hex');
};
