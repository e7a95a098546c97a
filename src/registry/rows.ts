import { hash } from 'node:crypto';
import { LONGEST_LINE, NEWLINE, requireUtf8, type Block } from './blocks.ts';
import { LineCells } from './cells.ts';
import { normalizeEmail, normalizePhone } from './contact-value.ts';
import { arrayLiteral, copyValue } from './copy-text.ts';
import { ImportError } from './file-error.ts';
import { fold } from './fold.ts';
import { Fragments } from './fragments.ts';
import { isHeader, type Plan } from './header.ts';
import { IdSet } from './id-set.ts';
import type { Field, PersonField } from './layouts.ts';
import { checkDigitHolds, registerOf } from './national-id.ts';
import { digestHead, MOST_ACTIVITIES } from './person.ts';
import { parseLine, townOf, type LineRecord, type RefusalReason, type WarningCode } from './record.ts';

/** Hears of every line that is refused or doubtful. */
export interface ReaderEvents {
  refused(line: number, reason: RefusalReason, nationalId: string | undefined): void;
  warned(line: number, code: WarningCode): void;
}

/** What a row holds, in this order; what its ending adds comes after. */
export const ROW_COLUMNS =
  'national_id, civility, family_name, given_name, search_family, search_given, towns, practices, email, phone, digest';

/** How rows end: beyond what the file says, what the table that takes them asks for. */
export type RowEnding = (row: { line: number; nationalId: string }) => string;

/** The columns of {@link stagingEnding}. */
export const STAGING_COLUMNS = 'line, part';

const stagingEnding = (line: number, part: boolean): string => `\t${line}\t${part ? 't' : 'f'}\n`;

/** Rows are handed on when there are about this many bytes of them. */
const BATCH = 1 << 16;

/** A text worked out once for bytes that come again and again. */
const remembered = (work: (text: string) => string): ((text: string) => string) => {
  const known = new Map<string, string>();
  return (text) => {
    let result = known.get(text);
    if (result === undefined) {
      if (known.size > 20_000) known.clear();
      known.set(text, (result = work(text)));
    }
    return result;
  };
};

/** One contact column: reads a value once while the lines of a person repeat it. */
class Contact {
  #raw = '';
  #value: string | undefined;
  readonly #normalize: (value: string) => string | undefined;

  constructor(normalize: (value: string) => string | undefined) {
    this.#normalize = normalize;
  }

  /** null: none; undefined: none that could be used. */
  read(raw: string): string | null | undefined {
    if (raw === '') return null;
    if (raw !== this.#raw) {
      this.#raw = raw;
      this.#value = this.#normalize(raw);
    }
    return this.#value;
  }
}

/**
 * From blocks of lines to rows for COPY: consecutive lines of one person make one row. Ordinary lines stay bytes from
 * the file to the row; odd ones are read as text (record.ts), which is the rule that both obey. A person met before,
 * further up, gives a further row marked as a part, to be joined (staging.ts).
 *
 * With an `ending`, rows end as that says and parts are kept apart, with the ending of the staging table.
 */
export class RowReader {
  readonly #plan: Plan;
  readonly #events: ReaderEvents;
  readonly #cells: LineCells;
  readonly #fragments: Fragments;
  readonly #met = new IdSet();
  readonly #email = new Contact(normalizeEmail);
  readonly #phone = new Contact(normalizePhone);
  readonly #foldFamily = remembered(fold);
  readonly #foldGiven = remembered(fold);
  readonly #town = remembered((office) => townOf('', office));
  #out = Buffer.allocUnsafe(BATCH * 4);
  /** Where the rows begin and end that were not handed on yet. */
  #outStart = 0;
  #outEnd = 0;
  #number: number;
  #read = 0;
  #rows = 0;

  // The person in progress; an empty identifier when there is none.
  #id = '';
  readonly #idBytes = Buffer.alloc(64);
  #idLength = 0;
  #luhn = true;
  #line = 0;
  #civility = '';
  #family = '';
  #given = '';
  #towns: string[] = [];
  #emailValue: string | null = null;
  #phoneValue: string | null = null;
  #escaped = false;
  #ending: RowEnding | undefined;
  #parts: Buffer[] = [];
  #partBytes = 0;

  /** `number` is that of the first line to come. */
  constructor(plan: Plan, events: ReaderEvents, number: number) {
    this.#plan = plan;
    this.#events = events;
    this.#cells = new LineCells(plan);
    this.#fragments = new Fragments(plan);
    this.#number = number;
  }

  /** From now on rows end so, and parts are set apart. */
  endRows(ending: RowEnding): void {
    this.#ending = ending;
  }

  /** Lines read so far, blank ones not counted. */
  get read(): number {
    return this.#read;
  }

  /** Rows made so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Takes a block; gives the rows that are ready, if there are enough. */
  take(block: Block): Buffer | undefined {
    if (block === 'line_too_long') this.#leaveOut('line_too_long', undefined);
    else this.#takeLines(block);
    return this.#outEnd - this.#outStart >= BATCH ? this.#flush() : undefined;
  }

  /** The last person. */
  end(): Buffer | undefined {
    this.#finish();
    return this.#outEnd > this.#outStart ? this.#flush() : undefined;
  }

  #takeLines(block: Buffer): void {
    requireUtf8(block, this.#number);
    const cells = this.#cells;
    for (let start = 0; start < block.length; start = cells.next) {
      const ordinary = cells.cut(block, start) && cells.lineEnd - start <= LONGEST_LINE && this.#takeCells();
      if (!ordinary) this.#takeText(block, start, cells.lineEnd);
      this.#number++;
    }
  }

  #text(field: PersonField | 'nomDexercice' | 'prenomDexercice' | 'bureauCedex'): string {
    const position = this.#plan.position[field];
    if (position === undefined) return '';
    const { bytes, from, to } = this.#cells;
    const [start, end] = [from[position] as number, to[position] as number];
    return start === end ? '' : bytes.toString('utf8', start, end);
  }

  /** An ordinary line; false when it is one to be read as text after all. */
  #takeCells(): boolean {
    const position = this.#plan.position.nationalId as number;
    const { bytes, from, to } = this.#cells;
    const [start, end] = [from[position] as number, to[position] as number];
    const same = this.#isCurrent(start, end);
    if (!same && (end - start > 40 || !registerOf(bytes.toString('latin1', start, end)))) return false;
    if (!this.#partsMatch(start, end)) return false;
    this.#read++;
    if (!same) this.#begin(bytes.toString('latin1', start, end));
    const [email, phone] = this.#warn(this.#text('email'), this.#text('phone'));
    if (this.#isFull()) this.#events.refused(this.#number, 'too_many_lines', this.#id);
    else this.#addCells(email, phone);
    return true;
  }

  #isCurrent(start: number, end: number): boolean {
    if (this.#idLength === 0 || end - start !== this.#idLength) return false;
    const { bytes } = this.#cells;
    for (let index = 0; index < this.#idLength; index++) {
      if (bytes[start + index] !== this.#idBytes[index]) return false;
    }
    return true;
  }

  /** Type and number, where both are given, make the national identifier. */
  #partsMatch(start: number, end: number): boolean {
    const { bytes, from, to } = this.#cells;
    const { idType, idNumber } = this.#plan.position as Record<Field, number>;
    const typeLength = (to[idType] as number) - (from[idType] as number);
    const numberLength = (to[idNumber] as number) - (from[idNumber] as number);
    if (typeLength === 0 || numberLength === 0) return true;
    if (typeLength + numberLength !== end - start) return false;
    for (let index = 0; index < typeLength; index++) {
      if (bytes[start + index] !== bytes[(from[idType] as number) + index]) return false;
    }
    for (let index = 0; index < numberLength; index++) {
      if (bytes[start + typeLength + index] !== bytes[(from[idNumber] as number) + index]) return false;
    }
    return true;
  }

  /** Tells what is doubtful; gives the contact details that can be used. */
  #warn(rawEmail: string, rawPhone: string): [email: string | null, phone: string | null] {
    const email = this.#email.read(rawEmail);
    const phone = this.#phone.read(rawPhone);
    if (!this.#luhn) this.#events.warned(this.#number, 'luhn');
    if (email === undefined) this.#events.warned(this.#number, 'email_malformed');
    if (phone === undefined) this.#events.warned(this.#number, 'phone_malformed');
    return [email ?? null, phone ?? null];
  }

  #isFull(): boolean {
    return this.#fragments.items >= MOST_ACTIVITIES;
  }

  #addCells(email: string | null, phone: string | null): void {
    if (this.#civility === '') this.#civility = this.#text('civility');
    if (this.#family === '') this.#family = this.#text('nomDexercice') || this.#text('familyName');
    if (this.#given === '') this.#given = this.#text('prenomDexercice') || this.#text('givenName');
    this.#emailValue ??= email;
    this.#phoneValue ??= phone;
    if (this.#fragments.addCells(this.#cells)) {
      this.#addTown(this.#text('town') || this.#town(this.#text('bureauCedex')));
    }
  }

  #addTown(town: string): void {
    if (town !== '' && !this.#towns.includes(town)) this.#towns.push(town);
  }

  /** A line that is not ordinary, by the rule. */
  #takeText(block: Buffer, start: number, end: number): void {
    const text = end - start > LONGEST_LINE ? undefined : block.toString('utf8', start, end);
    if (text?.trim() === '') return;
    const parsed = parseLine({ number: this.#number, text }, this.#plan);
    if (!parsed.ok) {
      this.#refuseSecondHeader(text);
      this.#leaveOut(parsed.reason, parsed.nationalId, false);
      return;
    }
    this.#read++;
    const { record } = parsed;
    for (const code of record.warnings) this.#events.warned(this.#number, code);
    if (record.nationalId !== this.#id) this.#begin(record.nationalId);
    if (this.#isFull()) this.#events.refused(this.#number, 'too_many_lines', this.#id);
    else this.#addRecord(record);
  }

  #leaveOut(reason: RefusalReason, nationalId: string | undefined, ends = true): void {
    this.#read++;
    this.#events.refused(this.#number, reason, nationalId);
    if (ends) this.#number++;
  }

  /** Two files put one after the other are not one file: the second header may order its columns otherwise. */
  #refuseSecondHeader(text: string | undefined): void {
    if (text === undefined || !isHeader(text)) return;
    throw new ImportError(
      'doubled_header',
      `line ${this.#number} is the header again: are these two files in one?`,
      this.#number,
    );
  }

  #addRecord(record: LineRecord): void {
    this.#civility ||= record.civility;
    this.#family ||= record.familyName;
    this.#given ||= record.givenName;
    this.#emailValue ??= record.email;
    this.#phoneValue ??= record.phone;
    if (record.exercise) this.#fragments.addObjects(record.exercise, record.activity);
    if (record.activity) this.#addTown(record.town);
    this.#escaped = true;
  }

  #begin(id: string): void {
    this.#finish();
    this.#id = id;
    this.#idLength = this.#idBytes.write(id, 'latin1');
    this.#luhn = checkDigitHolds(id);
    this.#line = this.#number;
    this.#civility = this.#family = this.#given = '';
    this.#towns = [];
    this.#emailValue = this.#phoneValue = null;
    this.#escaped = false;
    this.#fragments.clear();
  }

  /** Writes the row of the person in progress. */
  #finish(): void {
    if (this.#id === '') return;
    const towns = this.#towns;
    const head = digestHead(this.#civility, this.#family, this.#given, towns);
    // What the digest is made of lies together: the head, then the exercices.
    const scratch = this.#reserve(head.length * 3 + this.#fragments.length);
    const from = scratch.write(head);
    const to = this.#fragments.write(scratch, from);
    const digest = hash('sha256', scratch.subarray(0, to), 'hex').slice(0, 32);
    const part = !this.#met.add(this.#id);
    const apart = part && this.#ending !== undefined ? this.#outEnd - this.#outStart : undefined;
    this.#append(
      `${this.#id}\t${copyValue(this.#civility)}\t${copyValue(this.#family)}\t${copyValue(this.#given)}\t` +
        `${this.#foldFamily(this.#family)}\t${this.#foldGiven(this.#given)}\t${copyValue(arrayLiteral(towns))}\t`,
    );
    if (this.#escaped) this.#append(copyValue(scratch.toString('utf8', from, to)));
    else this.#appendBytes(scratch, from, to);
    const ending =
      apart === undefined && this.#ending
        ? this.#ending({ line: this.#line, nationalId: this.#id })
        : stagingEnding(this.#line, part);
    this.#append(`\t${copyValue(this.#emailValue)}\t${copyValue(this.#phoneValue)}\t\\\\x${digest}${ending}`);
    if (apart !== undefined) this.#setApart(apart);
    this.#rows++;
    this.#id = '';
    this.#idLength = 0;
  }

  #setApart(at: number): void {
    const from = this.#outStart + at;
    this.#parts.push(Buffer.from(this.#out.subarray(from, this.#outEnd)));
    this.#partBytes += this.#outEnd - from;
    this.#outEnd = from;
  }

  /** How many bytes of parts wait to be taken. */
  get partBytes(): number {
    return this.#partBytes;
  }

  /** The parts set apart since the last call. */
  takeParts(): Buffer {
    const parts = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partBytes = 0;
    return parts;
  }

  /** How many exercices there are of each profession. */
  get professions(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#fragments.professions);
  }

  #scratch = Buffer.allocUnsafe(1 << 14);

  #reserve(length: number): Buffer {
    if (length > this.#scratch.length) this.#scratch = Buffer.allocUnsafe(length * 2);
    return this.#scratch;
  }

  #room(length: number): void {
    if (this.#outEnd + length <= this.#out.length) return;
    const larger = Buffer.allocUnsafe(Math.max((this.#outEnd - this.#outStart + length) * 2, BATCH * 4));
    this.#outEnd = this.#out.copy(larger, 0, this.#outStart, this.#outEnd);
    this.#outStart = 0;
    this.#out = larger;
  }

  #append(text: string): void {
    this.#room(text.length * 3);
    this.#outEnd += this.#out.write(text, this.#outEnd);
  }

  #appendBytes(bytes: Buffer, from: number, to: number): void {
    this.#room(to - from);
    this.#outEnd += bytes.copy(this.#out, this.#outEnd, from, to);
  }

  /** Hands the rows over: what is given away is not written to again. */
  #flush(): Buffer {
    const rows = this.#out.subarray(this.#outStart, this.#outEnd);
    this.#outStart = this.#outEnd;
    return rows;
  }
}

/** The first line of a file without its byte order mark and carriage return. */
export const firstLine = (block: Buffer): { text: string; rest: Buffer } => {
  const end = block.indexOf(NEWLINE);
  const line = end < 0 ? block : block.subarray(0, end);
  requireUtf8(line, 1);
  return {
    text: line
      .toString('utf8')
      .replace(/^\uFEFF/, '')
      .replace(/\r$/, ''),
    rest: end < 0 ? Buffer.alloc(0) : block.subarray(end + 1),
  };
};
