import type { Queryable } from '../platform/postgres.ts';
import { slips, soundOf, type WordKind } from './words.ts';

/** Words of the directory near a mistyped one: what begins so, what is one slip away, what sounds alike. */

/** A word, and how common it is. */
export interface NearWord {
  word: string;
  persons: number;
}

interface NearRow extends Record<string, unknown> {
  asked: string;
  word: string;
  persons: number;
  way: number;
}

/** More alternatives would find people whom nobody meant. */
const MOST_NEAR = 8;
const SHORTEST_BEGINNING = 3;

/** Index look-ups only: by the word, by its beginning, by its spellings one slip away, by its sound. */
const findNear = async (db: Queryable, kind: WordKind, asked: string): Promise<NearRow[]> => {
  const beginning = asked.length >= SHORTEST_BEGINNING ? asked : undefined;
  const { rows } = await db.query<NearRow>(
    `(SELECT word, persons, 0 AS way FROM directory_word WHERE kind = $1 AND word = $2)
     UNION ALL
     (SELECT word, persons, 1 FROM directory_word WHERE kind = $1 AND word = ANY ($3::text[]))
     UNION ALL
     (SELECT word, persons, 2 FROM directory_word WHERE kind = $1 AND sound = $4 LIMIT 200)
     UNION ALL
     (SELECT word, persons, 3 FROM directory_word
       WHERE kind = $1 AND $5::text IS NOT NULL AND word >= $5 AND word < $5 || chr(1114109) LIMIT 500)`,
    [kind, asked, slips(asked), soundOf(asked), beginning ?? null],
  );
  return rows;
};

/**
 * The likeliest first: the word itself, one slip with the same first letter, the same sound, a longer word that begins so;
 * the commoner of two as near.
 */
export const nearWords = async (db: Queryable, kind: WordKind, asked: string): Promise<NearWord[]> => {
  const rows = await findNear(db, kind, asked);
  const distance = ({ word, way }: NearRow): number =>
    way * 2 + (way === 0 || word.charAt(0) === asked.charAt(0) ? 0 : 1);
  const best = new Map<string, NearRow>();
  for (const row of rows) {
    const known = best.get(row.word);
    if (!known || distance(row) < distance(known)) best.set(row.word, row);
  }
  return [...best.values()]
    .sort(
      (a, b) =>
        distance(a) - distance(b) ||
        b.persons - a.persons ||
        a.word.length - b.word.length ||
        (a.word < b.word ? -1 : 1),
    )
    .slice(0, MOST_NEAR)
    .map(({ word, persons }) => ({ word, persons }));
};
