import { Readable } from 'node:stream';
import { crc32, createInflateRaw } from 'node:zlib';
import { ImportError } from './file-error.ts';

/**
 * A zip archive read from its beginning to its end, as a pipe brings it: entry by entry, never back to the directory at
 * the end. Node's own zlib inflates (off the main thread); every entry's length and CRC-32 are checked.
 */

const LOCAL_HEADER = 0x04034b50;
const DESCRIPTOR = 0x08074b50;
/** Length and checksum follow the entry instead of being in its header. */
const DESCRIPTOR_FOLLOWS = 8;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;

export interface ZipEntry {
  name: string;
  /** Its bytes; to be read to the end (or returned from) before the next entry is asked for. */
  bytes: AsyncGenerator<Uint8Array>;
}

const damaged = (what: string): ImportError =>
  new ImportError('damaged_archive', `the zip archive is damaged (${what}): fetch it again`);

/** Bytes taken from a stream in the amounts that one asks for. */
class ByteSource {
  #rest: Buffer = Buffer.alloc(0);
  readonly #input: AsyncIterator<Uint8Array>;

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#input = input[Symbol.asyncIterator]();
  }

  /** Some bytes, as many as are there; undefined at the end. */
  async some(): Promise<Buffer | undefined> {
    const rest = this.#rest;
    if (rest.length > 0) {
      this.#rest = Buffer.alloc(0);
      return rest;
    }
    const next = await this.#input.next();
    if (next.done) return undefined;
    return Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength);
  }

  /** Exactly so many; undefined when there are not. */
  async exactly(length: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    let have = 0;
    while (have < length) {
      const more = await this.some();
      if (more === undefined) return undefined;
      parts.push(more);
      have += more.length;
    }
    const all = Buffer.concat(parts);
    this.giveBack(all.subarray(length));
    return all.subarray(0, length);
  }

  giveBack(bytes: Buffer): void {
    if (bytes.length > 0) this.#rest = this.#rest.length > 0 ? Buffer.concat([bytes, this.#rest]) : bytes;
  }
}

interface LocalHeader {
  name: string;
  flags: number;
  method: number;
  crc: number;
  /** Undefined when a descriptor tells it afterwards. */
  packedLength: number | undefined;
  zip64: boolean;
}

const readHeader = async (source: ByteSource): Promise<LocalHeader | undefined> => {
  const signature = await source.exactly(4);
  // After the last entry comes the directory, which repeats what is known.
  if (signature?.readUInt32LE() !== LOCAL_HEADER) return undefined;
  const fixed = await source.exactly(26);
  const names = fixed && (await source.exactly(fixed.readUInt16LE(22) + fixed.readUInt16LE(24)));
  if (!fixed || !names) throw damaged('it ends within a header');
  const nameLength = fixed.readUInt16LE(22);
  const flags = fixed.readUInt16LE(2);
  const packed = fixed.readUInt32LE(14);
  const extra = zip64Length(names.subarray(nameLength));
  return {
    ...{ name: names.subarray(0, nameLength).toString('utf8'), flags, method: fixed.readUInt16LE(4) },
    crc: fixed.readUInt32LE(10),
    packedLength: flags & DESCRIPTOR_FOLLOWS ? undefined : packed === 0xffffffff ? extra : packed,
    zip64: extra !== undefined,
  };
};

/** The packed length in the extra field of archives beyond 4 GB. */
const zip64Length = (extra: Buffer): number | undefined => {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === 1) {
      return extra.readUInt16LE(at + 2) >= 16 && at + 20 <= extra.length
        ? Number(extra.readBigUInt64LE(at + 12))
        : 0;
    }
  }
  return undefined;
};

const readStored = async function* (source: ByteSource, length: number): AsyncGenerator<Buffer> {
  for (let left = length; left > 0;) {
    const bytes = await source.some();
    if (!bytes) throw damaged('it ends too early');
    source.giveBack(bytes.subarray(left));
    yield bytes.subarray(0, left);
    left -= Math.min(left, bytes.length);
  }
};

/** Inflates until the data say that they end; what was read beyond goes back. */
const readDeflated = async function* (source: ByteSource): AsyncGenerator<Buffer> {
  const inflate = createInflateRaw({ chunkSize: 1 << 17 });
  const fed: Buffer[] = [];
  let total = 0;
  let cut = false;
  const feed = async function* (): AsyncGenerator<Buffer> {
    for (;;) {
      const bytes = await source.some();
      if (!bytes) {
        cut = true;
        return;
      }
      total += bytes.length;
      fed.push(bytes);
      // Only the last ones can hold what lies beyond the end.
      while (
        fed.length > 4 &&
        total - inflate.bytesWritten < fed.slice(1).reduce((sum, { length }) => sum + length, 0)
      )
        fed.shift();
      yield bytes;
    }
  };
  const feeding = Readable.from(feed(), { objectMode: false, highWaterMark: 1 });
  feeding.on('error', (error) => inflate.destroy(error));
  feeding.pipe(inflate);
  try {
    for await (const bytes of inflate) yield bytes as Buffer;
  } catch (error) {
    if (error instanceof ImportError || !isZlibError(error)) throw error;
    throw damaged(cut ? 'it ends too early' : 'its data cannot be inflated');
  } finally {
    feeding.unpipe(inflate);
    feeding.destroy();
    inflate.destroy();
  }
  const beyond = total - inflate.bytesWritten;
  const kept = Buffer.concat(fed);
  if (beyond > 0) source.giveBack(kept.subarray(kept.length - beyond));
};

export const isZlibError = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');

const readData = async function* (source: ByteSource, header: LocalHeader): AsyncGenerator<Buffer> {
  const { method, packedLength } = header;
  if (header.flags & ENCRYPTED)
    throw new ImportError('damaged_archive', `"${header.name}" is encrypted: unpack it first`);
  if (method !== DEFLATED && (method !== STORED || packedLength === undefined)) {
    throw new ImportError(
      'damaged_archive',
      `"${header.name}" is packed in a way that is not known here: unpack it first`,
    );
  }
  let sum = 0;
  for await (const bytes of method === STORED
    ? readStored(source, packedLength ?? 0)
    : readDeflated(source)) {
    sum = crc32(bytes, sum);
    yield bytes;
  }
  const expected = packedLength === undefined ? await readDescriptor(source, header) : header.crc;
  if (sum !== expected) throw damaged('a checksum is wrong');
};

/** The CRC that follows an entry. Its signature may be left out. */
const readDescriptor = async (source: ByteSource, { zip64 }: LocalHeader): Promise<number> => {
  const first = await source.exactly(4);
  const signed = first?.readUInt32LE() === DESCRIPTOR;
  const crc = signed ? await source.exactly(4) : first;
  const lengths = await source.exactly(zip64 ? 16 : 8);
  if (!crc || !lengths) throw damaged('it ends too early');
  return crc.readUInt32LE();
};

/** The entries of an archive, in order. */
export const readZip = async function* (input: AsyncIterable<Uint8Array>): AsyncGenerator<ZipEntry> {
  const source = new ByteSource(input);
  for (let count = 0; ; count++) {
    const header = await readHeader(source);
    if (!header) {
      if (count === 0) throw damaged('it has no entry');
      return;
    }
    const data = readData(source, header);
    yield { name: header.name, bytes: data };
    // What the reader left is passed over, and checked.
    for (let next = await data.next(); !next.done; next = await data.next());
  }
};
