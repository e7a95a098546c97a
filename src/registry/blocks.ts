import { isUtf8 } from 'node:buffer';
import { ImportError } from './file-error.ts';

/** A longer line is not a line of a registry: it is passed over and refused, never kept in memory. */
export const LONGEST_LINE = 65_536;

export const NEWLINE = 0x0a;

/** Whole lines (the last one of the file may lack its newline), or one line longer than {@link LONGEST_LINE}. */
export type Block = Buffer | 'line_too_long';

/** Cuts what a stream brings into blocks of whole lines; holds one unfinished line at most. */
class BlockCutter {
  #rest: Buffer[] = [];
  #restLength = 0;

  /** The blocks that these bytes complete: none, one, or two when a line that was too long ends here. */
  cut(bytes: Buffer): Block[] {
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (end === 0) {
      this.#keep(bytes);
      return [];
    }
    const blocks: Block[] = [];
    let start = 0;
    if (this.#restLength > LONGEST_LINE) {
      start = bytes.indexOf(NEWLINE) + 1;
      blocks.push('line_too_long');
    }
    const whole = bytes.subarray(start, end);
    if (start === 0 && this.#restLength > 0) blocks.push(Buffer.concat([...this.#rest, whole]));
    else if (whole.length > 0) blocks.push(whole);
    this.#rest = [];
    this.#restLength = 0;
    this.#keep(bytes.subarray(end));
    return blocks;
  }

  /** The last line, when the file does not end with a newline. */
  end(): Block[] {
    if (this.#restLength === 0) return [];
    return [this.#restLength > LONGEST_LINE ? 'line_too_long' : Buffer.concat(this.#rest)];
  }

  #keep(bytes: Buffer): void {
    this.#restLength += bytes.length;
    // Beyond the limit only the length is kept: the line will be refused.
    if (this.#restLength > LONGEST_LINE) this.#rest = [];
    else if (bytes.length > 0) this.#rest.push(Buffer.from(bytes));
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
