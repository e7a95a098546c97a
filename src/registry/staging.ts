import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Queryable } from '../platform/postgres.ts';
import type { StoredExercise } from './exercise.ts';
import { fold } from './fold.ts';
import { digest, joinParts, type Person } from './person.ts';

/**
 * The file as a temporary table, one row per person once the scattered ones are joined, so that what follows
 * compares sets. It disappears at the end of the transaction, whatever that end is.
 */

const COLUMNS =
  'line, national_id, civility, family_name, given_name, search_family, search_given, towns, exercises, email, phone, digest';

/** Makes the empty table. */
export const createStaging = async (tx: Queryable): Promise<void> => {
  await tx.query(
    `CREATE TEMPORARY TABLE registry_staging (
       line integer NOT NULL, national_id text NOT NULL, civility text NOT NULL,
       family_name text NOT NULL, given_name text NOT NULL, search_family text NOT NULL, search_given text NOT NULL,
       towns text NOT NULL, exercises text NOT NULL, email text, phone text, digest bytea NOT NULL
     ) ON COMMIT DROP`,
  );
};

/** The values of one person in the order of {@link COLUMNS}. */
const row = (person: Person, exercises = JSON.stringify(person.exercises)): (string | null)[] => [
  String(person.line),
  person.nationalId,
  person.civility,
  person.familyName,
  person.givenName,
  fold(person.familyName),
  fold(person.givenName),
  JSON.stringify(person.towns),
  exercises,
  person.email,
  person.phone,
  `\\x${digest(person, exercises)}`,
];

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/** One value in COPY's text format. */
const copyValue = (value: string | null): string =>
  value === null ? '\\N' : value.replace(/[\\\t\n\r]/g, (character) => ESCAPES[character] ?? character);

const copyLines = async function* (groups: AsyncIterable<readonly Person[]>): AsyncGenerator<Buffer> {
  for await (const persons of groups) {
    if (persons.length === 0) continue;
    yield Buffer.from(persons.map((person) => `${row(person).map(copyValue).join('\t')}\n`).join(''));
  }
};

/** Copies persons into the table as they are read. Aborting `signal` stops it with an error. */
export const copyPersons = async (
  client: PoolClient,
  groups: AsyncIterable<readonly Person[]>,
  signal?: AbortSignal,
): Promise<void> => {
  const source = Readable.from(copyLines(groups), { objectMode: false });
  const target = client.query(copyFrom(`COPY registry_staging (${COLUMNS}) FROM STDIN`));
  await pipeline(source, target, signal ? { signal } : {});
};

interface PartRow {
  line: number;
  national_id: string;
  civility: string;
  family_name: string;
  given_name: string;
  towns: string;
  exercises: string;
  email: string | null;
  phone: string | null;
}

const toPerson = (part: PartRow): Person => ({
  line: part.line,
  nationalId: part.national_id,
  civility: part.civility,
  familyName: part.family_name,
  givenName: part.given_name,
  towns: JSON.parse(part.towns) as string[],
  exercises: JSON.parse(part.exercises) as StoredExercise[],
  email: part.email,
  phone: part.phone,
});

/** Sets aside every row of the persons who have several; says how many rows these are. */
const takeScattered = async (tx: Queryable): Promise<number> => {
  await tx.query(
    `CREATE TEMPORARY TABLE registry_scattered ON COMMIT DROP AS
     SELECT s.* FROM registry_staging s
       JOIN (SELECT national_id FROM registry_staging GROUP BY national_id HAVING count(*) > 1) d USING (national_id)`,
  );
  const { rowCount } = await tx.query(
    'DELETE FROM registry_staging s USING registry_scattered d WHERE s.national_id = d.national_id',
  );
  return rowCount ?? 0;
};

/** Adds rows by one statement; for the joined persons, while a cursor is open and COPY impossible. */
const insertPersons = async (tx: Queryable, persons: readonly Person[]): Promise<void> => {
  const columns = persons.map((person) => row(person));
  const values = Array.from({ length: 12 }, (_, index) => columns.map((cells) => cells[index] ?? null));
  await tx.query(
    `INSERT INTO registry_staging (${COLUMNS})
     SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                          $8::text[], $9::text[], $10::text[], $11::text[], $12::bytea[])`,
    values,
  );
};

/** Joins the parts of the persons whose lines were not consecutive, in the order of the file. */
export const joinScattered = async (tx: Queryable): Promise<void> => {
  if ((await takeScattered(tx)) === 0) return;
  await tx.query(
    `DECLARE registry_parts NO SCROLL CURSOR FOR
     SELECT line, national_id, civility, family_name, given_name, towns, exercises, email, phone
       FROM registry_scattered ORDER BY national_id, line`,
  );
  let current: Person | undefined;
  for (;;) {
    const { rows } = await tx.query<PartRow & Record<string, unknown>>('FETCH 2000 FROM registry_parts');
    const done: Person[] = [];
    for (const part of rows.map(toPerson)) {
      if (current?.nationalId === part.nationalId) joinParts(current, part);
      else {
        if (current) done.push(current);
        current = part;
      }
    }
    if (rows.length === 0 && current) done.push(current);
    if (done.length > 0) await insertPersons(tx, done);
    if (rows.length === 0) break;
  }
  await tx.query('CLOSE registry_parts');
};

/** Makes the table ready to be compared. */
export const indexStaging = async (tx: Queryable): Promise<number> => {
  await tx.query('CREATE UNIQUE INDEX ON registry_staging (national_id)');
  await tx.query('ANALYZE registry_staging');
  const { rows } = await tx.query<{ count: number }>('SELECT count(*) AS count FROM registry_staging');
  return rows[0]?.count ?? 0;
};
