/** Values as COPY's text format takes them. */

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** One text, or `\N` for none. */
export const copyValue = (value: string | null): string =>
  value === null
    ? '\\N'
    : /[\\\t\n\r]/.test(value)
      ? value.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character)
      : value;

/** A list of texts as PostgreSQL writes an array; still to be escaped by {@link copyValue}. */
export const arrayLiteral = (values: readonly string[]): string =>
  values.length === 0
    ? '{}'
    : `{${values.map((value) => `"${value.replace(/["\\]/g, (character) => `\\${character}`)}"`).join(',')}}`;
