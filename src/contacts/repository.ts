import type { Queryable } from '../platform/postgres.ts';

/** The queries of notices and stop links. */

/** One declaration of contact details. */
export type ContactRow = {
  id: number;
  practitioner_id: string;
  email: string | null;
  phone: string | null;
  origin: string;
  declared_at: Date;
  effective_at: Date;
  stopped_at: Date | null;
};

const COLUMNS = 'id, practitioner_id, email, phone, origin, declared_at, effective_at, stopped_at';

/** Declarations that somebody may have to be told of, the oldest first, held until the end of the transaction. */
export const findUntold = async (tx: Queryable, limit: number): Promise<ContactRow[]> => {
  const { rows } = await tx.query<ContactRow>(
    `SELECT ${COLUMNS} FROM practitioner_contact
      WHERE told_at IS NULL AND (origin <> 'import' OR effective_at > declared_at)
      ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED`,
    [limit],
  );
  return rows;
};

/** What the person had declared before a declaration and nobody stopped, the newest first. */
export const findEarlier = async (
  tx: Queryable,
  { practitioner_id: id, id: before }: Pick<ContactRow, 'practitioner_id' | 'id'>,
): Promise<ContactRow[]> => {
  const { rows } = await tx.query<ContactRow>(
    `SELECT ${COLUMNS} FROM practitioner_contact
      WHERE practitioner_id = $1 AND id < $2 AND stopped_at IS NULL ORDER BY id DESC LIMIT 50`,
    [id, before],
  );
  return rows;
};

/** Notes that who had to be told was; `stopHmac` of the link they were sent, if anyone was. */
export const noteTold = async (
  tx: Queryable,
  id: number,
  at: Date,
  stopHmac: Buffer | undefined,
): Promise<void> => {
  await tx.query('UPDATE practitioner_contact SET told_at = $2, stop_hmac = $3 WHERE id = $1', [
    id,
    at,
    stopHmac ?? null,
  ]);
};

/** The declaration that a stop link speaks of. */
export const findByStop = async (
  db: Queryable,
  stopHmac: Buffer,
): Promise<(ContactRow & { national_id: string }) | undefined> => {
  const { rows } = await db.query<ContactRow & { national_id: string }>(
    `SELECT ${COLUMNS.split(', ')
      .map((column) => `c.${column}`)
      .join(', ')}, p.national_id
       FROM practitioner_contact c JOIN practitioner p ON p.id = c.practitioner_id WHERE c.stop_hmac = $1`,
    [stopHmac],
  );
  return rows[0];
};

/** The newest declaration of a person. */
export const findNewest = async (tx: Queryable, practitionerId: string): Promise<ContactRow | undefined> => {
  const { rows } = await tx.query<ContactRow>(
    `SELECT ${COLUMNS} FROM practitioner_contact WHERE practitioner_id = $1 ORDER BY id DESC LIMIT 1`,
    [practitionerId],
  );
  return rows[0];
};

/** Stops a declaration and all that came after it; says how many. */
export const markStopped = async (
  tx: Queryable,
  { practitioner_id: practitionerId, id }: Pick<ContactRow, 'practitioner_id' | 'id'>,
  at: Date,
): Promise<number> => {
  const { rowCount } = await tx.query(
    `UPDATE practitioner_contact SET stopped_at = $3, told_at = coalesce(told_at, $3)
      WHERE practitioner_id = $1 AND id >= $2 AND stopped_at IS NULL`,
    [practitionerId, id, at],
  );
  return rowCount ?? 0;
};

/** Restates what held before: the newest row, as every reader expects it. */
export const restate = async (
  tx: Queryable,
  practitionerId: string,
  previous: Pick<ContactRow, 'email' | 'phone' | 'effective_at'>,
  at: Date,
): Promise<void> => {
  await tx.query(
    `INSERT INTO practitioner_contact (practitioner_id, email, phone, origin, declared_at, effective_at, told_at)
     VALUES ($1, $2, $3, 'stop_link', $4, $5, $4)`,
    [practitionerId, previous.email, previous.phone, at, previous.effective_at],
  );
};
