import type { Queryable } from '../platform/postgres.ts';
import type { DirectoryRow } from '../registry/repository.ts';

/** The queries of the search. */

/** Where a row stands among those of one word. */
export interface Position {
  place: number;
  family: string;
  given: string;
  id: string;
}

/** A person found, as the registry has them now. */
export type FoundRow = DirectoryRow &
  Position & {
    /** Number of the word, among those asked. */
    n: number;
  };

/**
 * What a row must satisfy besides its word. Patterns are made of folded words, which hold letters and digits only: those of
 * LIKE, quick on many rows, or regular expressions where one of several words will do.
 */
export interface Filters {
  near: boolean;
  /** Of ` family name `. */
  family: readonly string[];
  /** Of ` given names `. */
  given: readonly string[];
  /** Of ` town | town `. */
  towns: readonly string[];
  profession: string | undefined;
}

/** How common these words of family names are; those that nobody has are not among the answers. */
export const countFamilyWords = async (
  db: Queryable,
  words: readonly string[],
): Promise<Map<string, number>> => {
  const { rows } = await db.query<{ word: string; persons: number }>(
    `SELECT word, persons FROM directory_word WHERE kind = 'f' AND word = ANY ($1::text[])`,
    [words],
  );
  return new Map(rows.map(({ word, persons }) => [word, persons]));
};

const FIRST: Position = { place: -1, family: '', given: '', id: '00000000-0000-0000-0000-000000000000' };

/**
 * Active persons with one of these words in their name, word by word, in the order in which they are shown; of the first word
 * only those after a position. One range of one index for each word, and the registry's own row of each person who passes.
 */
export const findByWords = async (
  db: Queryable,
  words: readonly string[],
  filters: Filters,
  after: Position | undefined,
  limit: number,
): Promise<FoundRow[]> => {
  const like = filters.near ? '~' : 'LIKE';
  const from = words.map((_, index) => (index === 0 ? (after ?? FIRST) : FIRST));
  const { rows } = await db.query<FoundRow>(
    `SELECT w.n::integer - 1 AS n, found.*
       FROM unnest($1::text[], $2::smallint[], $3::text[], $4::text[], $5::uuid[])
            WITH ORDINALITY AS w (word, place, family, given, id, n)
      CROSS JOIN LATERAL (
        SELECT d.place, d.family, d.given, d.practitioner_id AS id, p.national_id, p.civility, p.family_name,
               p.given_name, p.practices, p.exercises, p.towns
          FROM directory_name d
         CROSS JOIN LATERAL (
           SELECT national_id, civility, family_name, given_name, practices, exercises, towns FROM practitioner
            WHERE id = d.practitioner_id AND status = 'active' LIMIT 1) p
         WHERE d.word = w.word
           AND (d.place, d.family, d.given, d.practitioner_id) > (w.place, w.family, w.given, w.id)
           AND (cardinality($6::text[]) = 0 OR ' ' || d.family || ' ' ${like} ALL ($6::text[]))
           AND (cardinality($7::text[]) = 0 OR ' ' || d.given || ' ' ${like} ALL ($7::text[]))
           AND (cardinality($8::text[]) = 0 OR d.towns ${like} ALL ($8::text[]))
           AND ($9::text IS NULL OR d.professions @> ARRAY[$9::text])
         ORDER BY d.word, d.place, d.family, d.given, d.practitioner_id
         LIMIT $10) found
      ORDER BY w.n, found.place, found.family COLLATE "C", found.given COLLATE "C", found.id
      LIMIT $10`,
    [
      words,
      from.map(({ place }) => place),
      from.map(({ family }) => family),
      from.map(({ given }) => given),
      from.map(({ id }) => id),
      filters.family,
      filters.given,
      filters.towns,
      filters.profession ?? null,
      limit,
    ],
  );
  return rows;
};
