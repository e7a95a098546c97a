import { readBlocks } from './blocks.ts';
import { ImportError } from './file-error.ts';
import { readHeader, type Plan } from './header.ts';
import { RowReader, firstLine, type ReaderEvents, type RowEnding } from './rows.ts';

export type { ReaderEvents } from './rows.ts';

export interface RegistryReader {
  plan: Plan;
  /** The persons of the file as rows for COPY (see `ROW_COLUMNS`), in batches. */
  rows: AsyncGenerator<Buffer>;
  /** Lines read so far, the header and blank ones not counted. */
  read(): number;
  /** Rows made so far, parts included. */
  made(): number;
  /** Parts set apart (only with an ending), and how many bytes of them wait. */
  takeParts(): Buffer;
  partBytes(): number;
  /** How many exercices there are of each profession, so far. */
  professions(): Readonly<Record<string, number>>;
  /** Rows end as this says from now on; before the first is asked for. */
  endRows(ending: RowEnding): void;
}

/**
 * Opens a registry file: reads its header now, its persons as they are asked for. Memory does not grow with the
 * file, but for 8 to 16 bytes a person. Throws {@link ImportError} when the file as a whole is unfit.
 */
export const openReader = async (
  input: AsyncIterable<Uint8Array>,
  events: ReaderEvents,
): Promise<RegistryReader> => {
  const blocks = readBlocks(input);
  const first = await blocks.next();
  if (first.done) throw new ImportError('empty', 'the file is empty');
  const { text, rest } =
    first.value === 'line_too_long' ? { text: '', rest: undefined } : firstLine(first.value);
  if (text === '') throw new ImportError('empty', 'the first line is not a header');
  const plan = readHeader(text);
  const reader = new RowReader(plan, events, 2);
  const rows = async function* (): AsyncGenerator<Buffer> {
    const begun = rest && reader.take(rest);
    if (begun) yield begun;
    for await (const block of blocks) {
      const batch = reader.take(block);
      if (batch) yield batch;
    }
    const last = reader.end();
    if (last) yield last;
  };
  return {
    ...{ plan, rows: rows() },
    read: () => reader.read,
    made: () => reader.rows,
    takeParts: () => reader.takeParts(),
    partBytes: () => reader.partBytes,
    professions: () => reader.professions,
    endRows: (ending) => reader.endRows(ending),
  };
};
