import type { Context } from 'koa';

/** Open data: the same rows as CSV and as JSON, for anyone, from any site. */

export type Cell = string | number | null;
export type Row = Readonly<Record<string, Cell>>;

/** Fewer than this, a cell says nothing: it could tell on somebody. */
export const SMALLEST = 5;

/** The number, unless it is so small that it could tell on somebody. */
export const discreet = (count: number): number | null => (count > 0 && count < SMALLEST ? null : count);

const csvCell = (value: Cell): string => {
  const text = value === null ? '' : String(value);
  // A spreadsheet takes these for a formula.
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** RFC 4180: commas, a header, CRLF. */
export const toCsv = (columns: readonly string[], rows: readonly Row[]): string =>
  [columns, ...rows.map((row) => columns.map((column) => row[column] ?? null))]
    .map((cells) => cells.map(csvCell).join(','))
    .join('\r\n') + '\r\n';

export interface Dataset {
  name: string;
  columns: readonly string[];
  rows: readonly Row[];
}

/** Answers one data set in the format that the address names. */
export const answerData = (ctx: Context, dataset: Dataset, format: 'csv' | 'json', at: Date): void => {
  ctx.set({ 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'public, max-age=60' });
  if (format === 'json') {
    ctx.type = 'json';
    ctx.body = JSON.stringify({ name: dataset.name, generated_at: at.toISOString(), rows: dataset.rows });
    return;
  }
  ctx.type = 'text/csv';
  ctx.attachment(`${dataset.name}.csv`, { type: 'inline' });
  ctx.body = toCsv(dataset.columns, dataset.rows);
};
