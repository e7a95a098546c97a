import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Queryable } from '../platform/postgres.ts';
import { fold } from './fold.ts';
import { packExercises, unpackExercises } from './packed.ts';
import { digest, joinParts, type Person } from './person.ts';
import type { RegistryReader } from './reader.ts';
import { ROW_COLUMNS, STAGING_COLUMNS } from './rows.ts';

/**
 * The file as a temporary table, one row per person once the scattered ones are joined, so that what follows
 * compares sets. It disappears at the end of the transaction, whatever that end is.
 */

const TABLE = `(
  national_id text NOT NULL, civility text NOT NULL, family_name text NOT NULL, given_name text NOT NULL,
  search_family text NOT NULL, search_given text NOT NULL, towns text[] NOT NULL, practices text NOT NULL,
  email text, phone text, digest bytea NOT NULL, line integer NOT NULL, part boolean NOT NULL
) ON COMMIT DROP`;

/** Makes the empty tables: the file, and what joining its scattered lines gives. */
export const createStaging = async (tx: Queryable): Promise<void> => {
  await tx.query(`CREATE TEMPORARY TABLE registry_staging ${TABLE}`);
  await tx.query(`CREATE TEMPORARY TABLE registry_joined ${TABLE}`);
};

const COPY_STAGING = `COPY registry_staging (${ROW_COLUMNS}, ${STAGING_COLUMNS}) FROM STDIN`;

/** Runs one COPY over the batches. Aborting `signal` stops it with an error. */
const copy = (
  client: PoolClient,
  sql: string,
  batches: AsyncIterable<Buffer> | Iterable<Buffer>,
  signal?: AbortSignal,
): Promise<void> =>
  pipeline(
    Readable.from(batches, { objectMode: false, highWaterMark: 1 << 18 }),
    client.query(copyFrom(sql)),
    signal ? { signal } : {},
  );

/** Copies the whole file into the staging table as it is read. */
export const copyToStaging = (
  client: PoolClient,
  reader: RegistryReader,
  signal?: AbortSignal,
): Promise<void> => copy(client, COPY_STAGING, reader.rows, signal);

/** Parts set apart are copied when there are this many bytes of them. */
const MOST_PARTS = 4 << 20;

/**
 * Copies persons straight into the registry, which has nobody yet: there is nothing to compare with, and writing everything
 * twice would cost as much again. `columns` are those of the reader's ending. Parts go to the staging table.
 */
export const copyToRegistry = async (
  client: PoolClient,
  reader: RegistryReader,
  columns: string,
  signal?: AbortSignal,
): Promise<void> => {
  const sql = `COPY practitioner (${ROW_COLUMNS.replace('email, phone', 'declared_email, declared_phone')}, ${columns}) FROM STDIN`;
  let done = false;
  const untilFull = async function* (): AsyncGenerator<Buffer> {
    while (reader.partBytes() < MOST_PARTS) {
      const next = await reader.rows.next();
      if (next.done) {
        done = true;
        return;
      }
      yield next.value;
    }
  };
  while (!done) {
    await copy(client, sql, untilFull(), signal);
    const parts = reader.takeParts();
    if (parts.length > 0) await copy(client, COPY_STAGING, [parts], signal);
  }
};

interface PartRow {
  line: number;
  national_id: string;
  civility: string;
  family_name: string;
  given_name: string;
  towns: string[];
  practices: string;
  email: string | null;
  phone: string | null;
}

const toPerson = (part: PartRow): Person => ({
  line: part.line,
  nationalId: part.national_id,
  civility: part.civility,
  familyName: part.family_name,
  givenName: part.given_name,
  towns: part.towns,
  exercises: unpackExercises(part.practices),
  email: part.email,
  phone: part.phone,
});

/** Keeps joined persons; while a cursor is open and COPY impossible. */
const keepJoined = async (tx: Queryable, persons: readonly Person[]): Promise<void> => {
  const practices = persons.map(({ exercises }) => packExercises(exercises));
  await tx.query(
    `INSERT INTO registry_joined (national_id, civility, family_name, given_name, search_family, search_given, towns,
       practices, email, phone, digest, line, part)
     SELECT national_id, civility, family_name, given_name, search_family, search_given,
            ARRAY(SELECT jsonb_array_elements_text(towns)), practices, email, phone, digest, line, false
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::jsonb[], $8::text[],
                   $9::text[], $10::text[], $11::bytea[], $12::integer[])
         AS given (national_id, civility, family_name, given_name, search_family, search_given, towns, practices, email,
                   phone, digest, line)`,
    [
      persons.map(({ nationalId }) => nationalId),
      persons.map(({ civility }) => civility),
      persons.map(({ familyName }) => familyName),
      persons.map(({ givenName }) => givenName),
      persons.map(({ familyName }) => fold(familyName)),
      persons.map(({ givenName }) => fold(givenName)),
      persons.map(({ towns }) => JSON.stringify(towns)),
      practices,
      persons.map(({ email }) => email),
      persons.map(({ phone }) => phone),
      persons.map((person, index) => `\\x${digest(person, practices[index] ?? '')}`),
      persons.map(({ line }) => line),
    ],
  );
};

const PART = 'line, national_id, civility, family_name, given_name, towns, practices';
/** Where the first part of each scattered person lies. */
const FIRST = {
  staging: `SELECT ${PART}, email, phone FROM registry_staging WHERE NOT part`,
  registry: `SELECT 0 AS ${PART}, declared_email AS email, declared_phone AS phone FROM practitioner`,
} as const;

/**
 * Joins the parts of the persons whose lines were not consecutive, in the order of the file, into `registry_joined`; says
 * whether there are any.
 */
const collectParts = async (tx: Queryable, where: keyof typeof FIRST): Promise<boolean> => {
  const { rows: any } = await tx.query('SELECT FROM registry_staging WHERE part LIMIT 1');
  if (any.length === 0) return false;
  await tx.query(
    `CREATE TEMPORARY TABLE registry_scattered ON COMMIT DROP AS
     SELECT DISTINCT national_id FROM registry_staging WHERE part`,
  );
  await tx.query('ANALYZE registry_scattered');
  await tx.query(
    `DECLARE registry_parts NO SCROLL CURSOR FOR
     SELECT * FROM (${FIRST[where]}) first WHERE national_id IN (SELECT national_id FROM registry_scattered)
      UNION ALL SELECT ${PART}, email, phone FROM registry_staging WHERE part
      ORDER BY national_id, line`,
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
    if (done.length > 0) await keepJoined(tx, done);
    if (rows.length === 0) break;
  }
  await tx.query('CLOSE registry_parts');
  return true;
};

/** Puts the scattered persons together in the staging table, makes it ready to be compared, and says how many persons it has. */
export const settleStaging = async (tx: Queryable): Promise<number> => {
  if (await collectParts(tx, 'staging')) {
    await tx.query(
      'DELETE FROM registry_staging s USING registry_joined j WHERE s.national_id = j.national_id',
    );
    await tx.query('INSERT INTO registry_staging SELECT * FROM registry_joined');
  }
  await tx.query('ANALYZE registry_staging (national_id, digest, line)');
  return countStaged(tx);
};

/** How many persons the file has. */
export const countStaged = async (tx: Queryable): Promise<number> => {
  const { rows } = await tx.query<{ count: number }>('SELECT count(*) AS count FROM registry_staging');
  return rows[0]?.count ?? 0;
};

/** The same where the first parts lie in the registry already, having come by {@link copyToRegistry}. */
export const settleRegistry = async (
  tx: Queryable,
  { run, source, now }: { run: number; source: string; now: Date },
): Promise<void> => {
  if (!(await collectParts(tx, 'registry'))) return;
  await tx.query(
    `UPDATE practitioner p
        SET civility = j.civility, family_name = j.family_name, given_name = j.given_name,
            search_family = j.search_family, search_given = j.search_given, towns = j.towns, practices = j.practices,
            digest = j.digest, declared_email = j.email, declared_phone = j.phone
       FROM registry_joined j WHERE p.national_id = j.national_id`,
  );
  // Whom the reader took for somebody met before, which may happen once in a billion (id-set.ts).
  await tx.query(
    `INSERT INTO practitioner (national_id, subject, source, civility, family_name, given_name, search_family, search_given,
       towns, practices, declared_email, declared_phone, digest, added_by_run, created_at, updated_at)
     SELECT national_id, national_id, $1, civility, family_name, given_name, search_family, search_given,
            towns, practices, email, phone, digest, $2, $3, $3
       FROM registry_joined j WHERE NOT EXISTS (SELECT FROM practitioner p WHERE p.national_id = j.national_id)`,
    [source, run, now],
  );
};
