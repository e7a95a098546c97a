import { ImportError } from './file-error.ts';
import { LAYOUTS, type Field, type Layout } from './layouts.ts';

/** How the lines of one file are read. */
export interface Plan {
  layout: Layout;
  /** Named columns, the trailing separator not counted. */
  columns: number;
  /** Whether the header ends with a separator; then the lines must, too. */
  trailing: boolean;
  /** Position of each field; absent when the file has no such column. */
  position: Partial<Record<Field, number>>;
}

const foldColumn = (name: string): string =>
  name
    .normalize('NFC')
    .replace(/[’ʼ`´]/g, "'")
    .replace(/\s+/g, ' ')
    .trim()
    .toLowerCase();

/** Whether a line names columns instead of a person. */
export const isHeader = (line: string): boolean =>
  line.split('|').some((cell) => foldColumn(cell) === 'identification nationale pp');

const locate = (
  layout: Layout,
  names: readonly string[],
): { position: Plan['position']; missing: string[] } => {
  const position: Plan['position'] = {};
  const missing: string[] = [];
  for (const [field, accepted] of Object.entries(layout.columns) as [Field, readonly string[]][]) {
    const found = names.findIndex((name) => accepted.some((column) => foldColumn(column) === name));
    if (found >= 0) position[field] = found;
    else if (!layout.optional.includes(field)) missing.push(accepted[0] ?? field);
  }
  return { position, missing };
};

/** The layout that lacks the fewest columns; the first when none fits better. */
const closest = (names: readonly string[]) =>
  LAYOUTS.map((layout) => ({ layout, ...locate(layout, names) })).reduce((best, other) =>
    other.missing.length < best.missing.length ? other : best,
  );

/** Reads the header line; throws {@link ImportError} when it is neither layout, or one with a column missing. */
export const readHeader = (line: string): Plan => {
  const cells = line.split('|').map(foldColumn);
  const trailing = cells.length > 1 && cells.at(-1) === '';
  const names = trailing ? cells.slice(0, -1) : cells;
  const { layout, position, missing } = closest(names);
  if (missing.length > Object.keys(layout.columns).length / 2) {
    throw new ImportError(
      'unknown_layout',
      `the first line is not the header of a known layout (${LAYOUTS.map(({ name }) => name).join(', ')})`,
      1,
    );
  }
  if (missing.length > 0) {
    const list = missing.map((column) => `"${column}"`).join(', ');
    throw new ImportError(
      'missing_column',
      `${layout.name}: missing column${missing.length > 1 ? 's' : ''} ${list}`,
      1,
    );
  }
  const doubled = names.find((name, index) => name !== '' && names.indexOf(name) !== index);
  if (doubled !== undefined) {
    throw new ImportError('doubled_column', `the header names the column "${doubled}" twice`, 1);
  }
  return { layout, columns: names.length, trailing, position };
};
