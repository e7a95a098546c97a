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

type Versioned = PractitionerRow & { asked: string; version: string };

/** What a person is asked by. */
export type PersonKey = 'subject' | 'national_id';

/** From where a person is found by a value, and the value: by national identifier also by one from before a merge. */
const FOUND: Record<PersonKey, string> = {
  subject: `SELECT p.subject AS asked, p.*, p.id || ' ' || p.xmin AS version FROM practitioner p
     WHERE p.subject = ANY ($1)`,
  national_id: `SELECT p.national_id AS asked, p.*, p.id || ' ' || p.xmin AS version FROM practitioner p
     WHERE p.national_id = ANY ($1)
    UNION ALL
    SELECT f.national_id, p.*, p.id || ' ' || p.xmin FROM practitioner_former f JOIN practitioner p ON p.id = f.practitioner_id
     WHERE f.national_id = ANY ($1)`,
};

/** Who has an identifier now comes before who had it. */
const byAsked = <R extends { asked: string }>(rows: readonly R[]): Map<string, R> =>
  new Map(rows.toReversed().map((row) => [row.asked, row]));

const selectVersions = async (db: Queryable, key: PersonKey, values: readonly string[]) =>
  byAsked(
    (
      await db.query<{ asked: string; version: string }>(
        `SELECT asked, version FROM (${FOUND[key]}) AS found`,
        [values],
      )
    ).rows,
  );

const selectRows = async (db: Queryable, key: PersonKey, values: readonly string[]) =>
  byAsked(
    (
      await db.query<Versioned>(`SELECT asked, version, ${PRACTITIONER} FROM (${FOUND[key]}) AS found`, [
        values,
      ])
    ).rows,
  );

/** Makes the lookup by one of the keys; `make` turns a row into what is given out, which nobody may change. */
export const createPersonLookup = <P>(
  db: Queryable,
  key: PersonKey,
  make: (row: PractitionerRow) => P,
): ((value: string) => Promise<P | undefined>) => {
  const known = new Map<string, { version: string; person: P }>();

  const remember = (row: Versioned): P => {
    const person = make(row);
    known.delete(row.asked);
    known.set(row.asked, { version: row.version, person });
    const oldest = known.size > MOST ? known.keys().next().value : undefined;
    if (oldest !== undefined) known.delete(oldest);
    return person;
  };

  return gather(async (values: readonly string[]): Promise<(P | undefined)[]> => {
    const asked = [...new Set(values)];
    const found = new Map<string, P>();
    const remembered = asked.filter((value) => known.has(value));
    const versions =
      remembered.length > 0
        ? await selectVersions(db, key, remembered)
        : new Map<string, { version: string }>();
    for (const value of remembered) {
      const entry = known.get(value);
      if (entry && entry.version === versions.get(value)?.version) found.set(value, entry.person);
      else known.delete(value);
    }
    const missing = asked.filter((value) => !known.has(value));
    const rows = missing.length > 0 ? await selectRows(db, key, missing) : new Map<string, Versioned>();
    for (const row of rows.values()) found.set(row.asked, remember(row));
    return values.map((value) => found.get(value));
  });
};
