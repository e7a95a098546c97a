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
export type FoundRow = DirectoryRow & Position;

/** What a row must satisfy besides its word; each text is a regular expression made of folded words. */
export interface Filters {
  /** Of ` family name `. */
  family: readonly string[];
  /** Of ` given names `. */
  given: readonly string[];
  /** Of `|town|town|`. */
  towns: readonly string[];
  profession: string | undefined;
}

/**
 * Active persons with this word in their name, in the order in which they are shown, after a position: one range of one
 * index, and the registry's own row of each person who passes.
 */
export const findByWord = async (
  db: Queryable,
  word: string,
  filters: Filters,
  after: Position | undefined,
  limit: number,
): Promise<FoundRow[]> => {
  const { rows } = await db.query<FoundRow>(
    `SELECT d.place, d.family, d.given, d.practitioner_id AS id, p.national_id, p.civility, p.family_name,
            p.given_name, p.practices, p.exercises, p.towns
       FROM directory_name d
      CROSS JOIN LATERAL (
        SELECT national_id, civility, family_name, given_name, practices, exercises, towns FROM practitioner
         WHERE id = d.practitioner_id AND status = 'active' LIMIT 1) p
      WHERE d.word = $1
        AND (d.place, d.family, d.given, d.practitioner_id) > ($2::smallint, $3::text, $4::text, $5::uuid)
        AND (cardinality($6::text[]) = 0 OR ' ' || d.family || ' ' ~ ALL ($6::text[]))
        AND (cardinality($7::text[]) = 0 OR ' ' || d.given || ' ' ~ ALL ($7::text[]))
        AND (cardinality($8::text[]) = 0 OR d.towns ~ ALL ($8::text[]))
        AND ($9::text IS NULL OR d.professions @> ARRAY[$9::text])
      ORDER BY d.word, d.place, d.family, d.given, d.practitioner_id
      LIMIT $10`,
    [
      word,
      after?.place ?? -1,
      after?.family ?? '',
      after?.given ?? '',
      after?.id ?? '00000000-0000-0000-0000-000000000000',
      filters.family,
      filters.given,
      filters.towns,
      filters.profession ?? null,
      limit,
    ],
  );
  return rows;
};
