import type { Clock } from '../platform/clock.ts';
import type { Database, Queryable } from '../platform/postgres.ts';
import { storedExercises, type PracticeRow } from '../registry/repository.ts';
import { foldTown, nameWords, soundOf, wordsOf, type WordKind } from './words.ts';

/**
 * Derives the directory from the registry, person by person: those whose registry row changed since, in batches that commit
 * one by one. It runs after an import, in the background, so that the import pays for none of it; stopped half-way, it goes
 * on where it was.
 */

export interface Refreshed {
  /** Persons derived again. */
  changed: number;
  /** Persons who are no longer in the registry at all. */
  removed: number;
  /** True when the time allowed ended before the work did; the next call goes on. */
  unfinished: boolean;
}

/** Raise it when what is derived from a person changes: every row is then derived again. */
const VERSION = 1;
const BATCH = 4000;
/** The job works this long at a time, so that a process which has to stop need not wait for a whole country. */
const ALLOWED_MS = 10_000;
/** So many new rows that the planner should know of them now. */
const MANY = 1000;
const ANALYZE = 'ANALYZE directory_name, directory_key, directory_person, directory_word';
/** An unconditional comparison at least this often, whatever the cheap sign says. */
const COMPARE_SECONDS = 3600;

type SourceRow = {
  id: string;
  digest: Buffer;
  /** As text, to the microsecond. */
  updated_at: string;
  search_family: string;
  search_given: string;
  towns: string[];
} & PracticeRow;

/** A person with what is searched by, besides names. */
interface Source extends Omit<SourceRow, 'practices' | 'exercises'> {
  professions: string[];
  /** Of directory_key. */
  keys: string[];
}

/** The cheap sign that the registry changed: its last import. */
const readSign = async (db: Queryable): Promise<string> => {
  const { rows } = await db.query<{ sign: string }>(
    `SELECT $1 || '/' || coalesce((SELECT max(id) FROM import_run), 0) AS sign`,
    [String(VERSION)],
  );
  return rows[0]?.sign ?? '';
};

const readState = async (db: Queryable): Promise<{ seen: string; at: Date } | undefined> => {
  const { rows } = await db.query<{ seen: string; at: Date }>('SELECT seen, at FROM directory_state');
  return rows[0];
};

const writeState = async (db: Queryable, seen: string, at: Date): Promise<void> => {
  await db.query(
    `INSERT INTO directory_state (seen, at) VALUES ($1, $2)
     ON CONFLICT (only_row) DO UPDATE SET seen = excluded.seen, at = excluded.at`,
    [seen, at],
  );
};

/** Numbers the persons to derive again, in the order of their names: the rows of one name then lie together on the disk. */
const listChanged = async (client: Queryable): Promise<number> => {
  await client.query('DROP TABLE IF EXISTS directory_todo');
  await client.query(
    `CREATE TEMPORARY TABLE directory_todo AS
     SELECT row_number() OVER (ORDER BY p.search_family, p.search_given) AS n, p.id
       FROM practitioner p LEFT JOIN directory_person d ON d.practitioner_id = p.id
      WHERE d.digest IS DISTINCT FROM p.digest OR d.changed_at IS DISTINCT FROM p.updated_at`,
  );
  await client.query('CREATE UNIQUE INDEX ON directory_todo (n)');
  await client.query('ANALYZE directory_todo');
  const { rows } = await client.query<{ count: number }>('SELECT count(*) AS count FROM directory_todo');
  return rows[0]?.count ?? 0;
};

const distinct = (values: readonly (string | undefined)[]): string[] => [
  ...new Set(values.filter((value): value is string => value !== undefined && value !== '')),
];

/** Longer ones are no identifier. */
const LONGEST_KEY = 100;

const toSource = (row: SourceRow): Source => {
  const exercises = storedExercises(row);
  const activities = exercises.flatMap((exercise) => exercise.activities);
  const professions = distinct(exercises.map(({ codeProfession }) => codeProfession));
  const structures = activities.flatMap((activity) => [
    activity.identifiantTechniqueDeLaStructure,
    activity.numeroFinessSite,
    activity.numeroSiretSite,
  ]);
  return {
    ...row,
    professions,
    keys: [
      ...professions.map((code) => `profession/${code}`),
      ...distinct(activities.map(({ codeRole }) => codeRole)).map((code) => `role/${code}`),
      ...distinct(structures).map((id) => `structure/${id}`),
    ].filter((key) => key.length <= LONGEST_KEY),
  };
};

const readBatch = async (client: Queryable, from: number): Promise<Source[]> => {
  const { rows } = await client.query<SourceRow>(
    `SELECT p.id, p.digest, p.updated_at::text AS updated_at, p.search_family, p.search_given, p.towns,
            p.practices, p.exercises
       FROM directory_todo t JOIN practitioner p USING (id)
      WHERE t.n > $1 AND t.n <= $2 ORDER BY t.n`,
    [from, from + BATCH],
  );
  return rows.map(toSource);
};

const forget = async (tx: Queryable, ids: readonly string[]): Promise<void> => {
  const known = await tx.query(
    'DELETE FROM directory_person WHERE practitioner_id = ANY ($1::uuid[]) RETURNING practitioner_id',
    [ids],
  );
  if (known.rowCount === 0) return;
  await tx.query('DELETE FROM directory_name WHERE practitioner_id = ANY ($1::uuid[])', [ids]);
  await tx.query('DELETE FROM directory_key WHERE practitioner_id = ANY ($1::uuid[])', [ids]);
};

/** At most this much of the towns is compared: nobody reads a longer list. */
const LONGEST_TOWNS = 1000;
const LONGEST_NAME = 200;

const insertNames = async (tx: Queryable, persons: readonly Source[]): Promise<void> => {
  const rows = persons.flatMap((person) => {
    const towns = ` ${distinct(person.towns.map(foldTown)).join(' | ').slice(0, LONGEST_TOWNS)} `;
    const professions = person.professions.join(' ');
    return nameWords(person.search_family).map(({ word, place }) => ({
      person,
      word,
      place,
      towns,
      professions,
    }));
  });
  await tx.query(
    `INSERT INTO directory_name (word, place, family, given, practitioner_id, towns, professions)
     SELECT word, place, left(family, ${LONGEST_NAME}), left(given, ${LONGEST_NAME}), id, towns,
            string_to_array(professions, ' ')
       FROM unnest($1::text[], $2::smallint[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[])
         AS given (word, place, family, given, id, towns, professions)`,
    [
      rows.map(({ word }) => word),
      rows.map(({ place }) => place),
      rows.map(({ person }) => person.search_family),
      rows.map(({ person }) => person.search_given),
      rows.map(({ person }) => person.id),
      rows.map(({ towns }) => towns),
      rows.map(({ professions }) => professions),
    ],
  );
};

const insertKeys = async (tx: Queryable, persons: readonly Source[]): Promise<void> => {
  const rows = persons.flatMap((person) => person.keys.map((key) => ({ key, id: person.id })));
  await tx.query(
    'INSERT INTO directory_key (key, practitioner_id) SELECT * FROM unnest($1::text[], $2::uuid[])',
    [rows.map(({ key }) => key), rows.map(({ id }) => id)],
  );
};

const wordsByKind = (person: Source): [WordKind, string][] => [
  ...nameWords(person.search_family).map(({ word }): [WordKind, string] => ['f', word]),
  ...wordsOf(person.search_given).map((word): [WordKind, string] => ['g', word]),
  ...person.towns.flatMap((town) => wordsOf(foldTown(town)).map((word): [WordKind, string] => ['t', word])),
];

/** Learns the words not met before; `met` spares the database those of earlier batches. */
const learnWords = async (tx: Queryable, persons: readonly Source[], met: Set<string>): Promise<void> => {
  const fresh = new Map<string, [WordKind, string]>();
  for (const person of persons) {
    for (const [kind, word] of wordsByKind(person)) {
      const key = kind + word;
      if (!met.has(key)) fresh.set(key, [kind, word]);
    }
  }
  const words = [...fresh.values()];
  if (words.length === 0) return;
  await tx.query(
    `INSERT INTO directory_word (kind, word, sound) SELECT * FROM unnest($1::text[], $2::text[], $3::text[])
     ON CONFLICT DO NOTHING`,
    [words.map(([kind]) => kind), words.map(([, word]) => word), words.map(([, word]) => soundOf(word))],
  );
  for (const key of fresh.keys()) met.add(key);
};

/** Counts how common the words of names are; only what changed is written. */
const countWords = async (db: Queryable): Promise<void> => {
  await db.query(
    `UPDATE directory_word w SET persons = c.persons
       FROM (SELECT 'f' AS kind, word, count(*)::integer AS persons FROM directory_name GROUP BY word
             UNION ALL
             SELECT 'g', g, count(*)::integer
               FROM directory_name, unnest(string_to_array(given, ' ')) AS g WHERE place < 2 GROUP BY g) c
      WHERE w.kind = c.kind AND w.word = c.word COLLATE "C" AND w.persons <> c.persons`,
  );
};

const removeGone = async (client: Queryable): Promise<number> => {
  const { rows } = await client.query<{ practitioner_id: string }>(
    `SELECT practitioner_id FROM directory_person d
      WHERE NOT EXISTS (SELECT FROM practitioner p WHERE p.id = d.practitioner_id)`,
  );
  const gone = rows.map((row) => row.practitioner_id);
  if (gone.length > 0) await inOne(client, () => forget(client, gone));
  return gone.length;
};

const inOne = async (client: Queryable, work: () => Promise<void>): Promise<void> => {
  await client.query('BEGIN');
  try {
    await work();
    await client.query('COMMIT');
  } catch (error) {
    // The first error is the one to tell; a failing ROLLBACK means that the connection is gone anyway.
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
};

const derive = async (client: Queryable, persons: readonly Source[], met: Set<string>): Promise<void> => {
  await forget(
    client,
    persons.map(({ id }) => id),
  );
  await insertNames(client, persons);
  await insertKeys(client, persons);
  await learnWords(client, persons, met);
  await client.query(
    `INSERT INTO directory_person (practitioner_id, digest, changed_at)
     SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::timestamptz[])`,
    [
      persons.map(({ id }) => id),
      persons.map(({ digest }) => digest),
      persons.map(({ updated_at: at }) => at),
    ],
  );
};

/** Brings the directory to what the registry says now, or a part of the way. One at a time: as a job, or alone. */
export const refreshDirectory = (db: Database, allowedMs = Infinity): Promise<Refreshed> =>
  db.withConnection(async (connection) => {
    const client = connection as Queryable;
    const end = performance.now() + allowedMs;
    try {
      const changed = await listChanged(client);
      const met = new Set<string>();
      for (let from = 0; from < changed; from += BATCH) {
        if (performance.now() >= end) return { changed: from, removed: 0, unfinished: true };
        // oxlint-disable-next-line no-await-in-loop -- one batch after the other, so that memory stays flat
        const persons = await readBatch(client, from);
        // oxlint-disable-next-line no-await-in-loop -- as above
        if (persons.length > 0) await inOne(client, () => derive(client, persons, met));
      }
      const removed = await removeGone(client);
      if (changed > 0) await countWords(client);
      if (changed > MANY) await client.query(ANALYZE);
      return { changed, removed, unfinished: false };
    } finally {
      // When the connection is gone, so is the table.
      await client.query('DROP TABLE IF EXISTS directory_todo').catch(() => undefined);
    }
  });

/** The job: looks whether there was an import since, and only then compares; once an hour in any case. */
export const createDirectoryRefresh =
  ({ db, clock }: { db: Database; clock: Clock }) =>
  async (): Promise<Refreshed | undefined> => {
    const [sign, state, now] = [await readSign(db), await readState(db), clock.now()];
    const due = !state || state.seen !== sign || now.getTime() - state.at.getTime() >= COMPARE_SECONDS * 1000;
    if (!due) return undefined;
    if (state && state.seen.split('/')[0] !== String(VERSION)) {
      await db.query('TRUNCATE directory_person, directory_name, directory_key, directory_word');
      // So that the next call goes on instead of beginning again.
      await writeState(db, `${VERSION}/-`, now);
    }
    const refreshed = await refreshDirectory(db, ALLOWED_MS);
    if (!refreshed.unfinished) await writeState(db, sign, now);
    return refreshed;
  };
