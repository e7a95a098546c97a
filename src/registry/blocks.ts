import { isUtf8 } from 'node:buffer';
import { ImportError } from './file-error.ts';

/** A longer line is not a line of a registry: it is passed over and refused, never kept in memory. */
export const LONGEST_LINE = 65_536;

export const NEWLINE = 0x0a;

/** Whole lines (the last one of the file may lack its newline), or one line longer than {@link LONGEST_LINE}. */
export type Block = Buffer | 'line_too_long';

/**
 * Cuts what a stream brings into blocks of whole lines; holds one unfinished line at most. Blocks lie in one buffer that is
 * used again and again: each is good until the next one is asked for.
 */
class BlockCutter {
  #work = Buffer.allocUnsafe(1 << 19);
  /** How much of the unfinished line lies at the beginning of the buffer. */
  #rest = 0;
  /** The unfinished line is too long already: only its end matters. */
  #skipping = false;

  /** The blocks that these bytes complete, one after the other. */
  *cut(bytes: Buffer): Generator<Block> {
    let start = 0;
    if (this.#skipping) {
      start = bytes.indexOf(NEWLINE) + 1;
      if (start === 0) return;
      this.#skipping = false;
      yield 'line_too_long';
    }
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (end > start) {
      const length = this.#append(bytes.subarray(start, end));
      this.#rest = 0;
      yield this.#work.subarray(0, length);
    }
    this.#keep(bytes.subarray(Math.max(start, end)));
  }

  /** The last line, when the file does not end with a newline. */
  *end(): Generator<Block> {
    if (this.#skipping) yield 'line_too_long';
    else if (this.#rest > 0) yield this.#work.subarray(0, this.#rest);
  }

  #keep(bytes: Buffer): void {
    if (this.#rest + bytes.length > LONGEST_LINE) {
      this.#skipping = true;
      this.#rest = 0;
    } else this.#rest = this.#append(bytes);
  }

  /** Puts bytes behind the unfinished line; gives the length of both. */
  #append(bytes: Buffer): number {
    const length = this.#rest + bytes.length;
    if (length > this.#work.length) {
      const larger = Buffer.allocUnsafe(length * 2);
      this.#work.copy(larger, 0, 0, this.#rest);
      this.#work = larger;
    }
    bytes.copy(this.#work, this.#rest);
    return length;
  }
}

/** The file as blocks of whole lines, in order. */
export const readBlocks = async function* (input: AsyncIterable<Uint8Array>): AsyncGenerator<Block> {
  const cutter = new BlockCutter();
  for await (const bytes of input) {
    yield* cutter.cut(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }
  yield* cutter.end();
};

const firstBadLine = (block: Buffer, first: number): number => {
  let number = first;
  for (let start = 0; start < block.length; number++) {
    const end = block.indexOf(NEWLINE, start);
    if (end < 0 || !isUtf8(block.subarray(start, end))) return number;
    start = end + 1;
  }
  return number;
};

/** Throws with the line's number when a block, whose first line has the number `first`, is not UTF-8. */
export const requireUtf8 = (block: Buffer, first: number): void => {
  if (isUtf8(block)) return;
  const line = firstBadLine(block, first);
  throw new ImportError('encoding', `line ${line} is not valid UTF-8: export the file again as UTF-8`, line);
};
