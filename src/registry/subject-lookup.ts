import { gather } from '../platform/gather.ts';
import type { Queryable } from '../platform/postgres.ts';
import type { PractitionerRow } from './repository.ts';

/**
 * Persons by subject, as often as every request of the provider asks. Requests of one moment share one query, and a person
 * whose row is the same as last time is not read whole again: PostgreSQL is asked each time which version of the row is
 * there (`xmin`, the transaction that wrote it), so that who is struck off is refused by the very next request.
 */

/** Persons remembered by one process; each takes some kilobytes. */
const MOST = 20_000;

type Versioned = PractitionerRow & { version: string };

const selectVersions = async (db: Queryable, subjects: readonly string[]): Promise<Map<string, string>> => {
  const { rows } = await db.query<{ subject: string; version: string }>(
    'SELECT subject, xmin::text AS version FROM practitioner WHERE subject = ANY ($1)',
    [subjects],
  );
  return new Map(rows.map(({ subject, version }) => [subject, version]));
};

const selectRows = async (db: Queryable, subjects: readonly string[]): Promise<Versioned[]> =>
  (
    await db.query<Versioned>(
      `SELECT id, national_id, subject, source, status, status_set_at, civility, family_name, given_name, exercises,
              other_ids, xmin::text AS version
         FROM practitioner WHERE subject = ANY ($1)`,
      [subjects],
    )
  ).rows;

/** Makes the lookup; `make` turns a row into what is given out, which nobody may change. */
export const createSubjectLookup = <P>(
  db: Queryable,
  make: (row: PractitionerRow) => P,
): ((subject: string) => Promise<P | undefined>) => {
  const known = new Map<string, { version: string; person: P }>();

  const remember = (row: Versioned): P => {
    const person = make(row);
    known.delete(row.subject);
    known.set(row.subject, { version: row.version, person });
    const oldest = known.size > MOST ? known.keys().next().value : undefined;
    if (oldest !== undefined) known.delete(oldest);
    return person;
  };

  return gather(async (subjects: readonly string[]): Promise<(P | undefined)[]> => {
    const asked = [...new Set(subjects)];
    const found = new Map<string, P>();
    const remembered = asked.filter((subject) => known.has(subject));
    const versions = remembered.length > 0 ? await selectVersions(db, remembered) : new Map<string, string>();
    for (const subject of remembered) {
      const entry = known.get(subject);
      if (entry && entry.version === versions.get(subject)) found.set(subject, entry.person);
      else known.delete(subject);
    }
    const missing = asked.filter((subject) => !known.has(subject));
    const rows = missing.length > 0 ? await selectRows(db, missing) : [];
    for (const row of rows) found.set(row.subject, remember(row));
    return subjects.map((subject) => found.get(subject));
  });
};
