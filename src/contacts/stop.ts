import type { Audit } from '../audit/record.ts';
import { Refusal } from '../http/errors.ts';
import type { Queryable } from '../platform/postgres.ts';
import { lockContacts } from '../registry/contacts.ts';
import { STOP_DAYS, stopHmac, whatChanged, type Changed, type NoticeDeps } from './notices.ts';
import { findByStop, findEarlier, findNewest, markStopped, restate, type ContactRow } from './repository.ts';

/** The stop link: what held before the change holds again, and both sides are told. */

export interface StopDeps extends NoticeDeps {
  audit: Audit;
  /**
   * What was activated with the stopped details must end too; called after the commit, with the instant from which they
   * could serve. Wired in app.ts.
   */
  onStopped(stopped: { nationalId: string; since: Date }): Promise<void>;
}

/** What the page of a stop link shows. */
export interface StopView {
  declaredAt: Date;
  effectiveAt: Date;
  changed: Changed;
  stopped: boolean;
}

const lateAt = ({ effective_at: effectiveAt }: ContactRow): number =>
  effectiveAt.getTime() + STOP_DAYS * 86_400_000;

const find = async (deps: StopDeps, db: Queryable, secret: string) => {
  const row = await findByStop(db, stopHmac(deps.keyring, secret));
  if (!row) throw new Refusal('not_found', 404);
  if (row.stopped_at === null && deps.clock.now().getTime() > lateAt(row)) {
    throw new Refusal('contact_stop_late', 410);
  }
  return row;
};

/** For the page; changes nothing. Refusals: `not_found`, `contact_stop_late`. */
export const viewStop = async (deps: StopDeps, secret: string): Promise<StopView> => {
  const row = await find(deps, deps.db, secret);
  const [previous] = await findEarlier(deps.db, row);
  return {
    declaredAt: row.declared_at,
    effectiveAt: row.effective_at,
    changed: (previous && whatChanged(previous, row)) ?? 'both',
    stopped: row.stopped_at !== null,
  };
};

const NOTHING = { email: null, phone: null };

const tellRestored = async (
  deps: StopDeps,
  tx: Queryable,
  practitionerId: string,
  emails: readonly (string | null | undefined)[],
): Promise<void> => {
  const { messages, config, clock } = deps;
  for (const to of new Set(emails)) {
    if (to === null || to === undefined) continue;
    // oxlint-disable-next-line no-await-in-loop -- one connection
    await messages.enqueue(tx, {
      ...{ kind: 'mail', template: 'contact_restored', to, locale: config.defaultLocale, practitionerId },
      data: { at: clock.now() },
    });
  }
};

/** Stops the change. Idempotent. Refusals: `not_found`, `contact_stop_late`. */
export const stopContactChange = async (deps: StopDeps, secret: string): Promise<void> => {
  const { db, clock, audit, messages } = deps;
  const found = await find(deps, db, secret);
  const stopped = await db.transaction(async (tx) => {
    await lockContacts(tx, [found.practitioner_id]);
    const row = await find(deps, tx, secret);
    if (row.stopped_at !== null) return undefined;
    const now = clock.now();
    const [previous] = await findEarlier(tx, row);
    const newest = await findNewest(tx, row.practitioner_id);
    const undone = await markStopped(tx, row, now);
    await restate(tx, row.practitioner_id, previous ?? { ...NOTHING, effective_at: now }, now);
    await tellRestored(deps, tx, row.practitioner_id, [previous?.email, row.email, newest?.email]);
    await audit.record(tx, {
      type: 'contact_change_stopped',
      nationalId: row.national_id,
      details: { origin: row.origin, undone, tookEffect: row.effective_at <= now },
    });
    return row;
  });
  if (!stopped) return;
  messages.kick();
  await deps.onStopped({ nationalId: stopped.national_id, since: stopped.effective_at });
};
