import { gather } from './gather.ts';
import type { Queryable } from './postgres.ts';

/**
 * Which version of a row is there, asked by every request so that a change holds at once on every node. What all rooms ask at one
 * moment goes in one query; whoever gets the version of last time need not read the row again.
 */

/** Something whose rows are remembered by version. Make one for each, once. */
export interface Versioned {
  /**
   * A query whose rows are `asked` and `version`, both texts, for the values of the parameter that it is given, a `text[]`. Of
   * several rows with one `asked` the first counts.
   */
  sql(parameter: string): string;
}

interface Question {
  of: Versioned;
  value: string;
}

/** The version of one value; undefined when there is no such row. */
export type AskVersion = (of: Versioned, value: string) => Promise<string | undefined>;

/** The values that are asked of each, without repetitions. */
const grouped = (questions: readonly Question[]): Map<Versioned, Set<string>> => {
  const groups = new Map<Versioned, Set<string>>();
  for (const { of, value } of questions) {
    const values = groups.get(of) ?? new Set();
    groups.set(of, values.add(value));
  }
  return groups;
};

const queryOf = (all: readonly Versioned[]): string =>
  all
    .map(
      (each, index) =>
        `SELECT ${index} AS kind, asked, version FROM (${each.sql(`$${index + 1}`)}) AS q${index}`,
    )
    .join(' UNION ALL ');

const createAsk = (db: Queryable): AskVersion => {
  const answer = async (questions: readonly Question[]): Promise<(string | undefined)[]> => {
    const groups = grouped(questions);
    const kinds = [...groups.keys()];
    const { rows } = await db.query<{ kind: number; asked: string; version: string }>(
      queryOf(kinds),
      [...groups.values()].map((values) => [...values]),
    );
    const found = new Map<Versioned, Map<string, string>>(kinds.map((kind) => [kind, new Map()]));
    for (const { kind, asked, version } of rows) {
      const versions = found.get(kinds[kind] as Versioned);
      if (versions && !versions.has(asked)) versions.set(asked, version);
    }
    return questions.map(({ of, value }) => found.get(of)?.get(value));
  };
  const ask = gather(answer);
  return (of, value) => ask({ of, value });
};

const known = new WeakMap<Queryable, AskVersion>();

/** Those who ask about the same database, together. */
export const versionsOf = (db: Queryable): AskVersion => {
  const before = known.get(db) ?? createAsk(db);
  known.set(db, before);
  return before;
};
