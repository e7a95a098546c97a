import { NEWLINE } from './blocks.ts';
import type { Cells } from './fragments.ts';
import type { Plan } from './header.ts';

const [PIPE, END, ODD] = [1, 2, 3];
const SPACE = 0x20;
const RETURN = 0x0d;

/** What each byte means to the cutter: most mean nothing. Control characters, `"` and `\` make a line odd. */
const MEANING = new Uint8Array(256);
MEANING.fill(ODD, 0, SPACE);
MEANING[0x22] = MEANING[0x5c] = ODD;
MEANING[0x7c] = PIPE;
MEANING[NEWLINE] = END;

/**
 * Cuts lines into cells in place, byte by byte. It vouches for ordinary lines only: as many cells as the header has
 * names, nothing that JSON would escape, no exotic white space at an edge. Any other line is odd, to be read as text.
 */
export class LineCells implements Cells {
  bytes: Buffer = Buffer.alloc(0);
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** Where the line ends, its newline and carriage return not counted; and where the next one begins. */
  lineEnd = 0;
  next = 0;
  readonly #plan: Plan;
  readonly #used: Int32Array;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.from = new Int32Array(plan.columns + 1);
    this.to = new Int32Array(plan.columns + 1);
    this.#used = Int32Array.from(Object.values(plan.position));
  }

  /** Takes the line that begins at `start`; false when it is odd. */
  cut(bytes: Buffer, start: number): boolean {
    this.bytes = bytes;
    const { from, to } = this;
    const most = from.length;
    let cell = 0;
    let odd = false;
    let at = start;
    from[0] = start;
    for (; at < bytes.length; at++) {
      const meaning = MEANING[bytes[at] as number] as number;
      if (meaning === 0) continue;
      if (meaning === PIPE) {
        if (cell < most) to[cell] = at;
        cell++;
        if (cell < most) from[cell] = at + 1;
      } else if (meaning === END) {
        break;
      } else if (bytes[at] !== RETURN || (at + 1 < bytes.length && bytes[at + 1] !== NEWLINE)) {
        odd = true;
      }
    }
    this.next = at + 1;
    this.lineEnd = at > start && bytes[at - 1] === RETURN ? at - 1 : at;
    if (cell < most) to[cell] = this.lineEnd;
    return !odd && this.#isWhole(cell) && this.#trim();
  }

  /** The same count of cells as text would give, and the same judgement of the last separator. */
  #isWhole(last: number): boolean {
    const { columns, trailing } = this.#plan;
    if (last === columns) return this.from[last] === this.to[last];
    return last === columns - 1 && !trailing;
  }

  /** Takes spaces off the cells that are read; false when an edge may be white space of another kind. */
  #trim(): boolean {
    const { bytes, from, to } = this;
    for (const cell of this.#used) {
      let start = from[cell] as number;
      let end = to[cell] as number;
      if (start === end) continue;
      while (start < end && bytes[start] === SPACE) start++;
      while (start < end && bytes[end - 1] === SPACE) end--;
      from[cell] = start;
      to[cell] = end;
      if (start < end && (bytes[start] as number) >= 0x80 && mayBeSpace(bytes[start] as number)) return false;
      if (start < end && (bytes[end - 1] as number) >= 0x80 && endMayBeSpace(bytes, end)) return false;
    }
    return true;
  }
}

/** First bytes of the characters above U+007F that are white space; no letter of a French name begins so. */
const mayBeSpace = (lead: number): boolean =>
  lead === 0xc2 || (lead >= 0xe1 && lead <= 0xe3) || lead === 0xef;

const endMayBeSpace = (bytes: Buffer, end: number): boolean => {
  const before = bytes[end - 2] ?? 0;
  // A character of two bytes: its lead stands just before the last byte.
  return before >= 0xc0 ? mayBeSpace(before) : mayBeSpace(bytes[end - 3] ?? 0);
};
