import { ImportError } from './file-error.ts';
import { isHeader, readHeader, type Plan } from './header.ts';
import { readLines, type Line } from './lines.ts';
import { addLine, beginPerson, isFull, type Person } from './person.ts';
import { parseLine, type LineRecord, type RefusalReason, type WarningCode } from './record.ts';

/** Hears of every line that is refused or doubtful. */
export interface ReaderEvents {
  refused(line: number, reason: RefusalReason, nationalId: string | undefined): void;
  warned(line: number, code: WarningCode): void;
}

export interface RegistryReader {
  plan: Plan;
  /**
   * The persons of the file, in groups (one for each block read). Consecutive lines of one person are one
   * {@link Person}; a person whose lines are scattered comes in several parts.
   */
  persons: AsyncGenerator<Person[]>;
  /** Lines read so far, the header not counted. */
  read(): number;
}

/** Puts lines together; holds the person in progress. */
class Assembler {
  #current: Person | undefined;
  readonly #plan: Plan;
  readonly #events: ReaderEvents;

  constructor(plan: Plan, events: ReaderEvents) {
    this.#plan = plan;
    this.#events = events;
  }

  /** Takes one line; gives the person that it completes. */
  take(line: Line): Person | undefined {
    const parsed = parseLine(line, this.#plan);
    if (!parsed.ok) {
      refuseSecondHeader(line);
      this.#events.refused(line.number, parsed.reason, parsed.nationalId);
      return undefined;
    }
    for (const code of parsed.record.warnings) this.#events.warned(line.number, code);
    return this.#add(parsed.record, line.number);
  }

  /** The last person. */
  end(): Person | undefined {
    return this.#current;
  }

  #add(record: LineRecord, line: number): Person | undefined {
    const current = this.#current;
    if (current?.nationalId !== record.nationalId) {
      this.#current = beginPerson(record, line);
      return current;
    }
    if (isFull(current)) this.#events.refused(line, 'too_many_lines', record.nationalId);
    else addLine(current, record);
    return undefined;
  }
}

/** Two files put one after the other are not one file: the second header may order its columns otherwise. */
const refuseSecondHeader = (line: Line): void => {
  if (line.text !== undefined && isHeader(line.text)) {
    throw new ImportError(
      'doubled_header',
      `line ${line.number} is the header again: are these two files in one?`,
      line.number,
    );
  }
};

const isBlank = (line: Line): boolean => line.text !== undefined && line.text.trim() === '';

/**
 * Opens a registry file: reads its header now, its persons as they are asked for. Memory does not grow with the
 * file. Throws {@link ImportError} when the file as a whole is unfit.
 */
export const openReader = async (
  input: AsyncIterable<Uint8Array>,
  events: ReaderEvents,
): Promise<RegistryReader> => {
  const groups = readLines(input);
  const first = await groups.next();
  const [header, ...rest] = first.done ? [] : first.value;
  if (header?.text === undefined || header.text === '') {
    throw new ImportError('empty', header ? 'the first line is not a header' : 'the file is empty');
  }
  const plan = readHeader(header.text);
  let read = 0;

  const assemble = (lines: readonly Line[], assembler: Assembler): Person[] => {
    const persons: Person[] = [];
    for (const line of lines) {
      if (isBlank(line)) continue;
      read++;
      const person = assembler.take(line);
      if (person) persons.push(person);
    }
    return persons;
  };

  const persons = async function* (): AsyncGenerator<Person[]> {
    const assembler = new Assembler(plan, events);
    yield assemble(rest, assembler);
    for await (const lines of groups) yield assemble(lines, assembler);
    const last = assembler.end();
    if (last) yield [last];
  };
  return { plan, persons: persons(), read: () => read };
};
