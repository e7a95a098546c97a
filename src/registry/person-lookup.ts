import { gather } from '../platform/gather.ts';
import type { Queryable } from '../platform/postgres.ts';
import { PRACTITIONER, type PractitionerRow } from './repository.ts';

/**
 * Persons by subject or national identifier, as often as every request of the provider asks. Requests of one moment share one query, and a person
 * whose row is the same as last time is not read whole again: PostgreSQL is asked each time which version of the row is
 * there (`xmin`, the transaction that wrote it), so that who is struck off is refused by the very next request.
 */

/** Persons remembered by one process; each takes some kilobytes. */
const MOST = 20_000;

type Versioned = PractitionerRow & { version: string };

/** What a person is asked by. */
export type PersonKey = 'subject' | 'national_id';

const selectVersions = async (
  db: Queryable,
  key: PersonKey,
  values: readonly string[],
): Promise<Map<string, string>> => {
  const { rows } = await db.query<{ value: string; version: string }>(
    `SELECT ${key} AS value, xmin::text AS version FROM practitioner WHERE ${key} = ANY ($1)`,
    [values],
  );
  return new Map(rows.map(({ value, version }) => [value, version]));
};

const selectRows = async (db: Queryable, key: PersonKey, values: readonly string[]): Promise<Versioned[]> =>
  (
    await db.query<Versioned>(
      `SELECT ${PRACTITIONER}, xmin::text AS version FROM practitioner WHERE ${key} = ANY ($1)`,
      [values],
    )
  ).rows;

/** Makes the lookup by one of the keys; `make` turns a row into what is given out, which nobody may change. */
export const createPersonLookup = <P>(
  db: Queryable,
  key: PersonKey,
  make: (row: PractitionerRow) => P,
): ((value: string) => Promise<P | undefined>) => {
  const known = new Map<string, { version: string; person: P }>();

  const remember = (row: Versioned): P => {
    const person = make(row);
    known.delete(row[key]);
    known.set(row[key], { version: row.version, person });
    const oldest = known.size > MOST ? known.keys().next().value : undefined;
    if (oldest !== undefined) known.delete(oldest);
    return person;
  };

  return gather(async (values: readonly string[]): Promise<(P | undefined)[]> => {
    const asked = [...new Set(values)];
    const found = new Map<string, P>();
    const remembered = asked.filter((value) => known.has(value));
    const versions =
      remembered.length > 0 ? await selectVersions(db, key, remembered) : new Map<string, string>();
    for (const value of remembered) {
      const entry = known.get(value);
      if (entry && entry.version === versions.get(value)) found.set(value, entry.person);
      else known.delete(value);
    }
    const missing = asked.filter((value) => !known.has(value));
    const rows = missing.length > 0 ? await selectRows(db, key, missing) : [];
    for (const row of rows) found.set(row[key], remember(row));
    return values.map((value) => found.get(value));
  });
};
