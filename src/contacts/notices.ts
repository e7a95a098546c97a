import type { Config } from '../config.ts';
import type { Messages } from '../messages/service.ts';
import type { Clock } from '../platform/clock.ts';
import { hmacSha256, type KeyRing } from '../platform/crypto.ts';
import type { Database, Queryable } from '../platform/postgres.ts';
import { token } from '../platform/random.ts';
import { findEarlier, findUntold, noteTold, type ContactRow } from './repository.ts';

/**
 * Who was reached before a change of contact details is told of it at once, at every address and number that held then,
 * with a link that stops the change. A job finds what has to be told, however it was declared: by an import, the desk, a
 * feed, or code that knows nothing of notices.
 */

/** Path of the page that a stop link opens. */
export const STOP_PATH = '/coordonnees/arreter';

/** Days after the change took effect during which the link still undoes it. */
export const STOP_DAYS = 30;

export interface NoticeDeps {
  db: Database;
  clock: Clock;
  keyring: KeyRing;
  messages: Pick<Messages, 'enqueue' | 'kick'>;
  config: Pick<Config, 'origin' | 'defaultLocale'>;
}

/** What is kept of a stop link. */
export const stopHmac = (keyring: KeyRing, secret: string): Buffer =>
  hmacSha256(keyring.derive('contacts/stop-link'), secret);

export type Changed = 'both' | 'email' | 'phone';

/** What a declaration changed of the one before it; undefined when nothing. */
export const whatChanged = (
  before: Pick<ContactRow, 'email' | 'phone'>,
  after: Pick<ContactRow, 'email' | 'phone'>,
): Changed | undefined => {
  const [email, phone] = [before.email !== after.email, before.phone !== after.phone];
  if (email && phone) return 'both';
  if (email) return 'email';
  return phone ? 'phone' : undefined;
};

/** Every address and number of the declaration before, and of the one that was in force. */
export const reachedBefore = (
  earlier: readonly ContactRow[],
  at: Date,
): { emails: string[]; phones: string[] } => {
  const [previous] = earlier;
  const inForce = earlier.find(({ effective_at: effectiveAt }) => effectiveAt <= at);
  const rows = [previous, inForce].filter((row) => row !== undefined);
  const distinct = (values: (string | null)[]): string[] => [
    ...new Set(values.filter((value) => value !== null)),
  ];
  return {
    emails: distinct(rows.map(({ email }) => email)),
    phones: distinct(rows.map(({ phone }) => phone)),
  };
};

const linkExpiry = (row: ContactRow): Date => new Date(row.effective_at.getTime() + STOP_DAYS * 86_400_000);

const tell = async (deps: NoticeDeps, tx: Queryable, row: ContactRow): Promise<Buffer | undefined> => {
  const { messages, keyring, config } = deps;
  const earlier = await findEarlier(tx, row);
  const [previous] = earlier;
  const changed = previous && whatChanged(previous, row);
  const { emails, phones } = reachedBefore(earlier, row.declared_at);
  if (changed === undefined || emails.length + phones.length === 0) return undefined;
  const secret = token(16);
  const stopUrl = `${config.origin}${STOP_PATH}/${secret}`;
  const common = { locale: config.defaultLocale, practitionerId: row.practitioner_id } as const;
  for (const to of emails) {
    const data = { at: row.declared_at, effectiveAt: row.effective_at, changed, stopUrl };
    // oxlint-disable-next-line no-await-in-loop -- one connection
    await messages.enqueue(tx, { ...common, kind: 'mail', template: 'contact_changed', to, data });
  }
  for (const to of phones) {
    const [data, expiresAt] = [{ stopUrl }, linkExpiry(row)];
    // oxlint-disable-next-line no-await-in-loop -- one connection
    await messages.enqueue(tx, { ...common, kind: 'sms', template: 'contact_changed', to, data, expiresAt });
  }
  return stopHmac(keyring, secret);
};

const BATCH = 100;

/** Tells what has to be told; returns how many declarations were looked at. The job `contact-notices`. */
export const tellContactChanges = async (deps: NoticeDeps): Promise<number> => {
  let done = 0;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- batches commit one by one
    const count = await deps.db.transaction(async (tx) => {
      const rows = await findUntold(tx, BATCH);
      for (const row of rows) {
        // oxlint-disable-next-line no-await-in-loop -- one connection
        await noteTold(tx, row.id, deps.clock.now(), await tell(deps, tx, row));
      }
      return rows.length;
    });
    if (count > 0) deps.messages.kick();
    done += count;
    if (count < BATCH) return done;
  }
};
