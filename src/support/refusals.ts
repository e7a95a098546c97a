import type { KeepRefusal, ToldRefusal } from '../http/failures.ts';
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Database, Queryable } from '../platform/postgres.ts';

/**
 * Every refusal that showed someone a support id, kept for a month so that the help desk finds it by that id. What is kept
 * is bounded, since anyone can be refused as often as he likes; what is about a known person has a budget of its own.
 */
export interface Refusals {
  keep: KeepRefusal;
  /** Writes what waits; a timer does it every second. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Rows a second, and at once after a quiet time. */
const BUDGETS = {
  known: { perSecond: 20, burst: 1000 },
  unknown: { perSecond: 5, burst: 300 },
} as const;
const EVERY_MS = 1000;
export const REFUSAL_DAYS = 30;

type Waiting = ToldRefusal & { at: Date };

const insertRefusals = async (db: Queryable, refusals: readonly Waiting[]): Promise<void> => {
  const column = (value: (refusal: Waiting) => unknown) => refusals.map(value);
  await db.query(
    `INSERT INTO refusal (support_id, at, code, status, route, request_id, national_id, device_id, client_id)
     SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::integer[], $5::text[], $6::text[],
       $7::text[], $8::text[], $9::text[])`,
    [
      column(({ supportId }) => supportId),
      column(({ at }) => at),
      column(({ code }) => code),
      column(({ status }) => status),
      column(({ route }) => route.replaceAll('\0', '').toWellFormed()),
      column(({ requestId }) => requestId),
      column(({ about }) => about.nationalId ?? null),
      column(({ about }) => about.deviceId ?? null),
      column(({ about }) => about.clientId ?? null),
    ],
  );
};

/** A bucket that fills with time. */
const createBudget = ({ perSecond, burst }: { perSecond: number; burst: number }, clock: Clock) => {
  let left = burst;
  let last = clock.now().getTime();
  return (): boolean => {
    const now = clock.now().getTime();
    left = Math.min(burst, left + (Math.max(0, now - last) / 1000) * perSecond);
    last = now;
    if (left < 1) return false;
    left -= 1;
    return true;
  };
};

/** Makes {@link Refusals}. */
export const createRefusals = (deps: { db: Database; clock: Clock; log: Pick<Log, 'error'> }): Refusals => {
  const { db, clock, log } = deps;
  const budgets = {
    known: createBudget(BUDGETS.known, clock),
    unknown: createBudget(BUDGETS.unknown, clock),
  };
  let waiting: Waiting[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    const now = waiting;
    waiting = [];
    if (now.length === 0) return writing;
    writing = writing
      .then(() => insertRefusals(db, now))
      .catch((error: unknown) => log.error({ err: error, lost: now.length }, 'refusals were not kept'));
    return writing;
  };

  return {
    keep: (refusal) => {
      const spend = refusal.about.nationalId === undefined ? budgets.unknown : budgets.known;
      if (!spend()) return;
      waiting.push({ ...refusal, at: clock.now() });
      timer ??= setTimeout(() => void flush(), EVERY_MS).unref();
    },
    flush,
    close: flush,
  };
};

/** Forgets what is older than a month; returns how many. A daily job. */
export const sweepRefusals = async (db: Queryable, now: Date): Promise<number> =>
  (await db.query('DELETE FROM refusal WHERE at < $1', [new Date(now.getTime() - REFUSAL_DAYS * 86_400_000)]))
    .rowCount ?? 0;

/** A refusal as the help desk finds it. */
export interface KeptRefusal {
  supportId: string;
  at: Date;
  code: string;
  status: number;
  route: string;
  requestId: string;
  nationalId: string | undefined;
  deviceId: string | undefined;
  clientId: string | undefined;
}

type Row = {
  support_id: string;
  at: Date;
  code: string;
  status: number;
  route: string;
  request_id: string;
  national_id: string | null;
  device_id: string | null;
  client_id: string | null;
};

const toKept = (row: Row): KeptRefusal => ({
  supportId: row.support_id,
  at: row.at,
  code: row.code,
  status: row.status,
  route: row.route,
  requestId: row.request_id,
  nationalId: row.national_id ?? undefined,
  deviceId: row.device_id ?? undefined,
  clientId: row.client_id ?? undefined,
});

const COLUMNS = 'support_id, at, code, status, route, request_id, national_id, device_id, client_id';

/** What showed someone this support id, the newest first. */
export const findRefusals = async (db: Queryable, supportId: string): Promise<KeptRefusal[]> =>
  (
    await db.query<Row>(`SELECT ${COLUMNS} FROM refusal WHERE support_id = $1 ORDER BY id DESC LIMIT 5`, [
      supportId,
    ])
  ).rows.map(toKept);

/** A person's last refusals, the newest first. */
export const listRefusals = async (
  db: Queryable,
  nationalId: string,
  limit: number,
): Promise<KeptRefusal[]> =>
  (
    await db.query<Row>(
      `SELECT ${COLUMNS} FROM refusal WHERE national_id = $1 ORDER BY at DESC, id DESC LIMIT $2`,
      [nationalId, limit],
    )
  ).rows.map(toKept);
