import type { Queryable } from '../platform/postgres.ts';
import type { StoredExercise } from './exercise.ts';
import { storedExercises } from './repository.ts';
import { RunError } from './run-error.ts';
import { findRun, type RunRow } from './runs.ts';

/** What a run changed, person by person and value by value. */

/** One value; both are absent for contact details, which are told of and never shown here. */
export interface ValueChange {
  /** `familyName`, `exercises[0].activities[1].numeroVoie`… */
  path: string;
  before?: string;
  after?: string;
}

export interface PersonChange {
  nationalId: string;
  familyName: string;
  givenName: string;
  fate: 'added' | 'changed' | 'returned' | 'missing' | 'merged' | 'absorbed';
  values: ValueChange[];
}

export interface RunDiff {
  run: RunRow;
  /** How many persons there are of each fate. */
  counts: Partial<Record<PersonChange['fate'], number>>;
  /** The first of them. */
  persons: PersonChange[];
}

/** A row as `to_jsonb` gives it. */
interface Snapshot {
  national_id: string;
  civility: string;
  family_name: string;
  given_name: string;
  status: string;
  towns: string[];
  practices: string | null;
  exercises: StoredExercise[];
  declared_email: string | null;
  declared_phone: string | null;
  missing_since: string | null;
}

type ChangeRow = {
  fate: PersonChange['fate'];
  before: Snapshot | null;
  after: Snapshot | null;
};

/** Every value of a person by its path. */
const valuesOf = (snapshot: Snapshot): Map<string, string> => {
  const values = new Map<string, string>([
    ['nationalId', snapshot.national_id],
    ['civility', snapshot.civility],
    ['familyName', snapshot.family_name],
    ['givenName', snapshot.given_name],
    ['status', snapshot.status],
    ['missingSince', snapshot.missing_since ?? ''],
  ]);
  for (const [index, { activities, ...exercise }] of storedExercises(snapshot).entries()) {
    for (const [key, value] of Object.entries(exercise)) values.set(`exercises[${index}].${key}`, value);
    for (const [place, activity] of activities.entries()) {
      for (const [key, value] of Object.entries(activity)) {
        values.set(`exercises[${index}].activities[${place}].${key}`, value);
      }
    }
  }
  return values;
};

/** What differs between two states of a person. */
export const compareSnapshots = (before: Snapshot, after: Snapshot): ValueChange[] => {
  const [old, now] = [valuesOf(before), valuesOf(after)];
  const paths = [...new Set([...old.keys(), ...now.keys()])];
  const changes: ValueChange[] = paths
    .filter((path) => (old.get(path) ?? '') !== (now.get(path) ?? ''))
    .map((path) => ({ path, before: old.get(path) ?? '', after: now.get(path) ?? '' }));
  if (before.declared_email !== after.declared_email) changes.push({ path: 'email' });
  if (before.declared_phone !== after.declared_phone) changes.push({ path: 'phone' });
  return changes;
};

const toChange = ({ fate, before, after }: ChangeRow): PersonChange => {
  const person = after ?? before;
  return {
    nationalId: person?.national_id ?? '',
    familyName: person?.family_name ?? '',
    givenName: person?.given_name ?? '',
    fate,
    values: before && after ? compareSnapshots(before, after) : [],
  };
};

/** Who was changed by a run and how, by identifier; at most `limit` persons. */
export const diffRun = async (db: Queryable, id: number, limit: number): Promise<RunDiff> => {
  const run = await findRun(db, id);
  if (!run) throw new RunError('run_unknown', `there is no run ${id}: caducee registry runs lists them`);
  const { rows: counts } = await db.query<{ fate: PersonChange['fate']; count: number }>(
    `SELECT fate, count(*) AS count FROM import_change WHERE run_id = $1 GROUP BY fate
      UNION ALL SELECT 'added', count(*) FROM practitioner WHERE added_by_run = $1 HAVING count(*) > 0`,
    [id],
  );
  const { rows } = await db.query<ChangeRow>(
    `(SELECT fate, before, after FROM import_change WHERE run_id = $1 ORDER BY before ->> 'national_id' LIMIT $2)
      UNION ALL
     (SELECT 'added', NULL, to_jsonb(p) FROM practitioner p WHERE added_by_run = $1 ORDER BY national_id LIMIT $2)
     LIMIT $2`,
    [id, limit],
  );
  return {
    run,
    counts: Object.fromEntries(counts.map(({ fate, count }) => [fate, count])),
    persons: rows.map(toChange),
  };
};
