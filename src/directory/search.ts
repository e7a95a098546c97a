import * as z from 'zod';
import type { Queryable } from '../platform/postgres.ts';
import { fold } from '../registry/fold.ts';
import { readCursor, writeCursor } from './cursor.ts';
import { nearWords, type NearWord } from './near.ts';
import { countFamilyWords, findByWords, type Filters, type FoundRow, type Position } from './repository.ts';
import { foldTown, wordsOf, type WordKind } from './words.ts';

/**
 * The search of the directory. First exactly what was asked, accents, hyphens and particles apart; if nobody answers, the
 * family name may hold the given name too; if nobody answers either, words near those typed. A page is one or a few ranges
 * of an index, whatever the number of persons.
 */

export interface Question {
  family: string;
  given?: string | undefined;
  town?: string | undefined;
  /** Code of a profession. */
  profession?: string | undefined;
}

/** How far from the question its answer is. */
export type Nearness = 'exact' | 'near';

export interface SearchPage {
  found: FoundRow[];
  nearness: Nearness;
  /** What brings the next page; undefined when this is the last one. */
  next: string | undefined;
}

/** One plan of a search: the words to walk, in order, and what each row must satisfy. */
interface Walk {
  words: readonly string[];
  filters: Filters;
}

const cursorSchema = z.object({
  /** Number of the plan. */
  t: z.number().int().min(0).max(50),
  /** Number of the word in the plan. */
  n: z.number().int().min(0).max(50),
  a: z.tuple([z.number().int().min(0).max(2), z.string().max(300), z.string().max(300), z.uuid()]),
});
type Cursor = z.infer<typeof cursorSchema>;

/** The folded words of a question. */
interface Words {
  family: string[];
  given: string[];
  town: string[];
  profession: string | undefined;
}

const toWords = (question: Question): Words => ({
  family: wordsOf(fold(question.family)),
  given: wordsOf(fold(question.given ?? '')),
  town: wordsOf(foldTown(question.town ?? '')),
  profession: question.profession,
});

/** The joined form (`lefur` for LE FUR) is a word of the directory too. */
const joinedOf = (words: Words): string => words.family.join('');

/** Family names with all these words, found by the rarest of them; none when nobody has one of them. */
const allWords = (
  { family, given, town, profession }: Words,
  counts: ReadonlyMap<string, number>,
): Walk[] => {
  if (family.some((word) => !counts.has(word))) return [];
  const [scanned = '', ...others] = family.toSorted((a, b) => (counts.get(a) ?? 0) - (counts.get(b) ?? 0));
  const filters = {
    near: false,
    family: others.map((word) => `% ${word} %`),
    given: given.map((word) => `% ${word}%`),
    // A town or a word of one begins so.
    towns: town.map((word) => `% ${word}%`),
    profession,
  };
  return [{ words: [scanned], filters }];
};

/** "Sophie Bernard" or "Bernard Sophie" typed where the family name goes. */
const splits = (words: Words): Words[] => {
  if (words.given.length > 0 || words.family.length < 2) return [];
  const [first = '', ...rest] = words.family;
  const last = words.family.at(-1) ?? '';
  return [
    { ...words, family: [last], given: words.family.slice(0, -1) },
    { ...words, family: [first], given: rest },
  ];
};

const exactWalks = async (db: Queryable, words: Words): Promise<Walk[]> => {
  const joined = joinedOf(words);
  const counts = await countFamilyWords(db, [...new Set([...words.family, joined])]);
  const together = words.family.length > 1 ? allWords({ ...words, family: [joined] }, counts) : [];
  return [
    ...allWords(words, counts),
    ...together,
    ...splits(words).flatMap((split) => allWords(split, counts)),
  ];
};

type Near = ReadonlyMap<string, readonly NearWord[]>;

const nearby = async (db: Queryable, kind: WordKind, words: readonly string[]): Promise<Near> => {
  const found = await Promise.all(words.map((word) => nearWords(db, kind, word)));
  return new Map(words.map((word, index) => [word, found[index] ?? []]));
};

/** One of several words; the directory's words hold letters and digits only, so they are safe in a pattern. */
const oneOf = (asked: string, near: Near): string =>
  `(?:${[...new Set([asked, ...wordsNear(near, asked)])].join('|')})`;

const wordsNear = (near: Near, asked: string): string[] => (near.get(asked) ?? []).map(({ word }) => word);

/** The word whose neighbours are rarest together: the others are looked at on few rows. */
const rarestOf = (asked: readonly string[], near: Near): string => {
  const persons = (word: string): number =>
    (near.get(word) ?? []).reduce((sum, neighbour) => sum + neighbour.persons, 0);
  return asked.toSorted((a, b) => persons(a) - persons(b))[0] ?? '';
};

const nearWalks = async (db: Queryable, words: Words): Promise<Walk[]> => {
  const joined = joinedOf(words);
  const [family, given, town] = await Promise.all([
    nearby(db, 'f', [...new Set([...words.family, joined])]),
    nearby(db, 'g', words.given),
    nearby(db, 't', words.town),
  ]);
  const filters = {
    near: true,
    given: words.given.map((word) => ` ${oneOf(word, given)}`),
    towns: words.town.map((word) => ` ${oneOf(word, town)}`),
    profession: words.profession,
  };
  const scanned = rarestOf(words.family, family);
  const others = words.family.filter((word) => word !== scanned);
  const walk: Walk = {
    words: wordsNear(family, scanned),
    filters: { ...filters, family: others.map((word) => ` ${oneOf(word, family)} `) },
  };
  const together: Walk[] =
    words.family.length > 1
      ? [{ words: wordsNear(family, joined), filters: { ...filters, family: [] } }]
      : [];
  return [walk, ...together];
};

/** The rows of the plans, one after the other, from a cursor on, until there are enough. */
const follow = async (
  db: Queryable,
  walks: readonly Walk[],
  from: Cursor | undefined,
  limit: number,
): Promise<{ row: FoundRow; cursor: Cursor }[]> => {
  const found = new Map<string, { row: FoundRow; cursor: Cursor }>();
  for (const [t, { words, filters }] of walks.entries()) {
    if (found.size >= limit) break;
    if (words.length === 0 || (from && t < from.t)) continue;
    const here = from !== undefined && t === from.t ? from : undefined;
    const first = here?.n ?? 0;
    const [place, family, given, id] = here?.a ?? [];
    const after = id === undefined ? undefined : ({ place, family, given, id } as Position);
    // oxlint-disable-next-line no-await-in-loop -- most pages are full after the first one
    const rows = await findByWords(db, words.slice(first), filters, after, limit);
    for (const row of rows) {
      const a: Cursor['a'] = [row.place, row.family, row.given, row.id];
      if (found.size < limit && !found.has(row.id))
        found.set(row.id, { row, cursor: { t, n: first + row.n, a } });
    }
  }
  return [...found.values()];
};

const page = (
  rows: readonly { row: FoundRow; cursor: Cursor }[],
  size: number,
  nearness: Nearness,
): SearchPage => {
  const last = rows[size - 1];
  return {
    found: rows.slice(0, size).map(({ row }) => row),
    nearness,
    next: rows.length > size && last ? writeCursor({ ...last.cursor, w: nearness }) : undefined,
  };
};

const wideSchema = cursorSchema.extend({ w: z.enum(['exact', 'near']) });

/** One page of the answer. An empty family name finds nobody. Refusal: `request_invalid`, for a cursor not made here. */
export const searchDirectory = async (
  db: Queryable,
  question: Question,
  options: { size: number; cursor?: string | undefined },
): Promise<SearchPage> => {
  const words = toWords(question);
  const nobody: SearchPage = { found: [], nearness: 'exact', next: undefined };
  if (words.family.length === 0) return nobody;
  const from = options.cursor === undefined ? undefined : readCursor(wideSchema, options.cursor);
  const limit = options.size + 1;
  if (from?.w !== 'near') {
    const rows = await follow(db, await exactWalks(db, words), from, limit);
    if (rows.length > 0 || from) return page(rows, options.size, 'exact');
  }
  const rows = await follow(db, await nearWalks(db, words), from, limit);
  return rows.length === 0 ? nobody : page(rows, options.size, 'near');
};
