import { isUtf8 } from 'node:buffer';
import { ImportError } from './file-error.ts';

/** A longer line is not a line of a registry: it is passed over and refused, never kept in memory. */
export const LONGEST_LINE = 65_536;

/** One line of the file; `text` is undefined when it is longer than {@link LONGEST_LINE}. */
export interface Line {
  number: number;
  text: string | undefined;
}

const NEWLINE = 0x0a;

const firstBadLine = (block: Buffer, first: number): number => {
  let number = first;
  for (let start = 0; start < block.length; number++) {
    const end = block.indexOf(NEWLINE, start);
    if (end < 0 || !isUtf8(block.subarray(start, end))) return number;
    start = end + 1;
  }
  return number;
};

/** Whole lines of bytes to texts; throws with the line's number when they are not UTF-8. */
const decode = (block: Buffer, first: number): string => {
  if (isUtf8(block)) return block.toString('utf8');
  const line = firstBadLine(block, first);
  throw new ImportError('encoding', `line ${line} is not valid UTF-8`, line);
};

/** Cuts blocks of bytes into lines; holds one unfinished line at most. */
class LineCutter {
  #rest: Buffer[] = [];
  #restLength = 0;
  #number = 1;

  /** The lines that this block completes. */
  cut(block: Buffer): Line[] {
    const end = block.lastIndexOf(NEWLINE);
    if (end < 0) {
      this.#keep(block);
      return [];
    }
    const lines: Line[] = [];
    let start = 0;
    if (this.#restLength > 0) {
      start = block.indexOf(NEWLINE) + 1;
      this.#keep(block.subarray(0, start - 1));
      lines.push(this.#flush());
    }
    if (start <= end) {
      const texts = decode(block.subarray(start, end), this.#number).split('\n');
      for (const text of texts) lines.push({ number: this.#number++, text: admit(text) });
    }
    this.#keep(block.subarray(end + 1));
    return lines;
  }

  /** The last line, when the file does not end with a newline. */
  end(): Line[] {
    return this.#restLength > 0 ? [this.#flush()] : [];
  }

  #keep(bytes: Buffer): void {
    this.#restLength += bytes.length;
    // Beyond the limit only the length is kept: the line will be refused.
    if (this.#restLength <= LONGEST_LINE) this.#rest.push(Buffer.from(bytes));
    else this.#rest = [];
  }

  #flush(): Line {
    const tooLong = this.#restLength > LONGEST_LINE;
    const text = tooLong ? undefined : admit(decode(Buffer.concat(this.#rest), this.#number));
    this.#rest = [];
    this.#restLength = 0;
    return { number: this.#number++, text };
  }
}

const admit = (text: string): string | undefined => {
  const line = text.endsWith('\r') ? text.slice(0, -1) : text;
  // A UTF-16 unit is at most three bytes.
  if (line.length * 3 <= LONGEST_LINE || Buffer.byteLength(line) <= LONGEST_LINE) return line;
  return undefined;
};

const withoutMark = (text: string | undefined): string | undefined =>
  text?.startsWith('\uFEFF') ? text.slice(1) : text;

/**
 * The lines of a UTF-8 file, in groups (one for each block read), numbered from 1; a byte order mark and carriage
 * returns are tolerated. Throws {@link ImportError} `encoding` when the bytes are not UTF-8.
 */
export const readLines = async function* (input: AsyncIterable<Uint8Array>): AsyncGenerator<Line[]> {
  const cutter = new LineCutter();
  let first = true;
  const groups = async function* (): AsyncGenerator<Line[]> {
    for await (const block of input)
      yield cutter.cut(Buffer.from(block.buffer, block.byteOffset, block.byteLength));
    yield cutter.end();
  };
  for await (const lines of groups()) {
    if (first && lines[0]) {
      lines[0].text = withoutMark(lines[0].text);
      first = false;
    }
    if (lines.length > 0) yield lines;
  }
};
