import { gather } from '../platform/gather.ts';
import type { Queryable } from '../platform/postgres.ts';
import { versionsOf, type Versioned } from '../platform/versions.ts';
import { PRACTITIONER, type PractitionerRow } from './repository.ts';

/**
 * Persons by subject or national identifier, as often as every request of the provider asks. A person whose row is the same
 * as last time is not read whole again: PostgreSQL is asked each time which version of the row is there (`xmin`, the
 * transaction that wrote it), so that who is struck off is refused by the very next request.
 */

/** Persons remembered by one process; each takes some kilobytes. */
const MOST = 20_000;

type VersionedRow = PractitionerRow & { asked: string; version: string };

/** What a person is asked by. */
export type PersonKey = 'subject' | 'national_id';

/** Whether a row is the same as last time: who it is of, and the transaction that wrote it. */
const VERSION = `p.id || ' ' || p.xmin`;

/** From where a person is found by a value: by national identifier also by one from before a merge. */
const found = (what: string): Record<PersonKey, (values: string) => string> => ({
  subject: (values) =>
    `SELECT p.subject AS asked, ${what} FROM practitioner p WHERE p.subject = ANY (${values}::text[])`,
  // Who has an identifier now comes before who had it.
  national_id: (values) =>
    `SELECT p.national_id AS asked, ${what} FROM practitioner p WHERE p.national_id = ANY (${values}::text[])
    UNION ALL
    SELECT f.national_id, ${what} FROM practitioner_former f JOIN practitioner p ON p.id = f.practitioner_id
     WHERE f.national_id = ANY (${values}::text[])`,
});

const VERSIONS = found(`${VERSION} AS version`);
const PERSONS: Record<PersonKey, Versioned> = {
  subject: { sql: VERSIONS.subject },
  national_id: { sql: VERSIONS.national_id },
};
const ROWS = found(`p.*, ${VERSION} AS version`);

const selectRows = async (
  db: Queryable,
  key: PersonKey,
  values: readonly string[],
): Promise<Map<string, VersionedRow>> => {
  const { rows } = await db.query<VersionedRow>(
    `SELECT asked, version, ${PRACTITIONER} FROM (${ROWS[key]('$1')}) AS found`,
    [values],
  );
  return new Map(rows.toReversed().map((row) => [row.asked, row]));
};

/** Makes the lookup by one of the keys; `make` turns a row into what is given out, which nobody may change. */
export const createPersonLookup = <P>(
  db: Queryable,
  key: PersonKey,
  make: (row: PractitionerRow) => P,
): ((value: string) => Promise<P | undefined>) => {
  const known = new Map<string, { version: string; person: P }>();
  const versionOf = versionsOf(db);

  const remember = (row: VersionedRow): P => {
    const person = make(row);
    known.delete(row.asked);
    known.set(row.asked, { version: row.version, person });
    const oldest = known.size > MOST ? known.keys().next().value : undefined;
    if (oldest !== undefined) known.delete(oldest);
    return person;
  };

  const load = gather(async (values: readonly string[]): Promise<(P | undefined)[]> => {
    const rows = await selectRows(db, key, [...new Set(values)]);
    const persons = new Map([...rows].map(([asked, row]) => [asked, remember(row)]));
    return values.map((value) => persons.get(value));
  });

  return async (value) => {
    if (known.has(value)) {
      const version = await versionOf(PERSONS[key], value);
      const entry = known.get(value);
      if (entry && entry.version === version) return entry.person;
      if (version === undefined) known.delete(value);
    }
    return load(value);
  };
};
