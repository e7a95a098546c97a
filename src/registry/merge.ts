import { DatabaseError } from 'pg';
import type { Audit } from '../audit/record.ts';
import type { Clock } from '../platform/clock.ts';
import type { Database, Queryable } from '../platform/postgres.ts';
import { lockImports } from './comparison.ts';
import { findByNationalId, type PractitionerRow } from './repository.ts';
import { normalize, registerOf } from './national-id.ts';
import { RunError } from './run-error.ts';
import { beginRun, endRun, nextRun } from './runs.ts';

/**
 * A person who was known by one identifier gets another (ADELI to RPPS; two registrations that were one person). They keep
 * the `sub` that services know them by, their phones and their history; both identifiers lead to them.
 */

export interface MergeReport {
  run: number;
  /** The identifier from now on, and the one before. */
  nationalId: string;
  former: string;
  /** Unchanged. */
  subject: string;
  /** Whether the new identifier was already in the registry as another person, who is now this one. */
  absorbed: boolean;
}

export interface MergeOptions {
  db: Database;
  clock: Clock;
  audit?: Audit;
  actor?: string;
}

const idOf = (text: string): string => {
  const normal = normalize(text);
  if (!normal.ok) throw new RunError('person_unknown', `"${text}" is not a national identifier`);
  return normal.nationalId;
};

/** What the file says of the new identifier goes to the person who stays; the other row goes. */
const absorb = async (
  tx: Queryable,
  kept: PractitionerRow,
  gone: PractitionerRow,
  run: number,
): Promise<void> => {
  await tx.query(
    `INSERT INTO import_change (run_id, practitioner_id, fate, before)
     SELECT $1, id, 'absorbed', to_jsonb(p) FROM practitioner p WHERE id = $2`,
    [run, gone.id],
  );
  await tx.query('UPDATE practitioner_contact SET practitioner_id = $1 WHERE practitioner_id = $2', [
    kept.id,
    gone.id,
  ]);
  await tx.query('UPDATE practitioner_former SET practitioner_id = $1 WHERE practitioner_id = $2', [
    kept.id,
    gone.id,
  ]);
  await tx.query(
    `UPDATE practitioner k
        SET civility = g.civility, family_name = g.family_name, given_name = g.given_name, search_family = g.search_family,
            search_given = g.search_given, towns = g.towns, practices = g.practices, exercises = g.exercises,
            digest = g.digest, declared_email = g.declared_email, declared_phone = g.declared_phone, source = g.source
       FROM practitioner g WHERE k.id = $1 AND g.id = $2`,
    [kept.id, gone.id],
  );
  try {
    await tx.query('DELETE FROM practitioner WHERE id = $1', [gone.id]);
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== '23503') throw error;
    throw new RunError(
      'persons_in_use',
      `${gone.national_id} has activated a phone under that identifier: merge the other way round, or revoke that phone's e-CPS and ` +
        `let the person activate again under the one that stays`,
    );
  }
};

/** The person of `from` is from now on known as `to`. Throws {@link RunError}, and then nothing was changed. */
export const mergeIdentifiers = (
  { db, clock, audit, actor = '' }: MergeOptions,
  { from, to }: { from: string; to: string },
): Promise<MergeReport> =>
  db.transaction(async (tx) => {
    if (!(await lockImports(tx)))
      throw new RunError('busy', 'an import is running; try again when it has ended');
    const [former, nationalId] = [idOf(from), idOf(to)];
    const kept = await findByNationalId(tx, former);
    if (!kept) throw new RunError('person_unknown', `${former} is not in the registry`);
    const gone = await findByNationalId(tx, nationalId);
    if (former === nationalId || gone?.id === kept.id) {
      throw new RunError('same_person', `${former} and ${nationalId} are one person already`);
    }
    const now = clock.now();
    const run = await nextRun(tx);
    const { source } = gone ?? kept;
    await beginRun(tx, {
      ...{ id: run, kind: 'merge', source, layout: '', fileName: '', fileHash: '', startedAt: now, actor },
    });
    await tx.query(
      `INSERT INTO import_change (run_id, practitioner_id, fate, before)
       SELECT $1, id, 'merged', to_jsonb(p) FROM practitioner p WHERE id = $2`,
      [run, kept.id],
    );
    if (gone) await absorb(tx, kept, gone, run);
    await tx.query(
      `UPDATE practitioner
          SET national_id = $2, updated_at = $3, missing_since = NULL,
              status = CASE WHEN status = 'inactive' AND status_set_at IS NULL THEN 'active' ELSE status END,
              other_ids = other_ids || jsonb_build_array(jsonb_build_object('identifiant', $4::text, 'origine', $5::text, 'qualite', 0))
        WHERE id = $1`,
      [kept.id, nationalId, now, kept.national_id, registerOf(kept.national_id) ?? ''],
    );
    await tx.query('DELETE FROM practitioner_former WHERE national_id = $1', [nationalId]);
    await tx.query(
      'INSERT INTO practitioner_former (national_id, practitioner_id, since) VALUES ($1, $2, $3)',
      [...[kept.national_id, kept.id, now]],
    );
    await tx.query(
      `UPDATE import_change c SET after = to_jsonb(p) FROM practitioner p
        WHERE c.run_id = $1 AND c.practitioner_id = $2 AND p.id = $2`,
      [run, kept.id],
    );
    const report: MergeReport = {
      ...{ run, nationalId, former: kept.national_id, subject: kept.subject, absorbed: gone !== undefined },
    };
    await endRun(tx, run, { finishedAt: now, report });
    await audit?.record(tx, {
      type: 'registry_merged',
      nationalId,
      details: { run, former: kept.national_id, absorbed: report.absorbed, actor },
    });
    return report;
  });
