import type { Queryable } from '../platform/postgres.ts';
import type { HISTORY_KINDS, ResponseOf } from './protocol/api.ts';

export type HistoryKind = (typeof HISTORY_KINDS)[number];

export interface HistoryEntry {
  nationalId: string;
  kind: HistoryKind;
  at: Date;
  service?: string | undefined;
  browser?: string | undefined;
  place?: string | undefined;
  device?: string | undefined;
}

/** Adds a line to what the owner sees of his own. */
export const keepHistory = (tx: Queryable, entry: HistoryEntry) =>
  tx.query(
    `INSERT INTO ecps_history (national_id, kind, service, browser, place, device, at)
     VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [
      entry.nationalId,
      entry.kind,
      entry.service ?? null,
      entry.browser ?? null,
      entry.place ?? null,
      entry.device ?? null,
      entry.at,
    ],
  );

interface Row {
  kind: HistoryKind;
  service: string | null;
  browser: string | null;
  place: string | null;
  device: string | null;
  at: Date;
}

/** The latest lines, newest first. */
export const readHistory = async (
  db: Queryable,
  nationalId: string,
  limit = 50,
): Promise<ResponseOf<'history'>['entries']> => {
  const { rows } = await db.query<{ [K in keyof Row]: Row[K] }>(
    `SELECT kind, service, browser, place, device, at FROM ecps_history
     WHERE national_id = $1 ORDER BY id DESC LIMIT $2`,
    [nationalId, limit],
  );
  return rows.map(({ at, kind, ...rest }) => ({
    at: at.toISOString(),
    kind,
    ...(rest.service === null ? {} : { service: rest.service }),
    ...(rest.browser === null ? {} : { browser: rest.browser }),
    ...(rest.place === null ? {} : { place: rest.place }),
    ...(rest.device === null ? {} : { device: rest.device }),
  }));
};

/** Forgets lines older than `before`. */
export const sweepHistory = (db: Queryable, before: Date) =>
  db.query('DELETE FROM ecps_history WHERE at < $1', [before]);
