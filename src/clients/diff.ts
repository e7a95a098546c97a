import { isDeepStrictEqual } from 'node:util';

/** What a declaration changes, name by name. */

export type Value = unknown;

/** One name whose value changes; undefined: it was, or will be, absent. */
export interface Difference {
  name: string;
  from: Value;
  to: Value;
}

type Metadata = Readonly<Record<string, Value>>;

const isList = (value: Value): value is readonly Value[] => Array.isArray(value);

/** The names whose values differ, in alphabetical order. */
export const differences = (before: Metadata, after: Metadata): Difference[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .sort()
    .map((name) => ({ name, from: before[name], to: after[name] }))
    .filter(({ from, to }) => !isDeepStrictEqual(from, to));

const has = (list: readonly Value[], item: Value): boolean =>
  list.some((other) => isDeepStrictEqual(other, item));

const show = (value: Value): string => (value === undefined ? '(absent)' : JSON.stringify(value));

/** One difference in lines: `name old → new`; of lists, what goes and what comes. */
export const describeDifference = ({ name, from, to }: Difference): string[] => {
  if (!isList(from) || !isList(to)) return [`${name}: ${show(from)} → ${show(to)}`];
  const gone = from.filter((item) => !has(to, item));
  const come = to.filter((item) => !has(from, item));
  if (gone.length + come.length === 0) return [`${name}: ${show(from)} → ${show(to)}`];
  return [`${name}:`, ...gone.map((item) => `  - ${show(item)}`), ...come.map((item) => `  + ${show(item)}`)];
};
