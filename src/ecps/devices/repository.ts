import type { Queryable } from '../../platform/postgres.ts';
import type { PublicJwk } from '../protocol/payloads.ts';
import type { DeviceState } from './flow.ts';

/** What the server answered to a signed payload, kept for who lost the answer. */
export type SignedAnswer =
  | { ok: true; body: Readonly<Record<string, unknown>> }
  | { ok: false; code: string; details: { triesLeft?: number; retryAfter?: number } };

/** One phone, as stored. */
export interface DeviceRow {
  id: string;
  practitioner_id: string;
  national_id: string;
  name: string;
  model: string;
  os: string;
  locale: 'fr' | 'en';
  state: DeviceState;
  via: 'contact' | 'card';
  place: string;
  jwk: PublicJwk;
  thumbprint: string;
  gen: number;
  seq: number;
  seq_hash: Buffer;
  seq_answer: SignedAnswer | null;
  pin_tries: number;
  pin_tried_at: Date | null;
  quarantine_until: Date | null;
  push_sealed: Buffer | null;
  added_at: Date;
  last_used_at: Date | null;
  expires_at: Date;
  reminded_days: number | null;
}

const COLUMNS = `id, practitioner_id, national_id, name, model, os, locale, state, via, place, jwk, thumbprint, gen,
  seq, seq_hash, seq_answer, pin_tries, pin_tried_at, quarantine_until, push_sealed, added_at, last_used_at,
  expires_at, reminded_days`;

const one = async (db: Queryable, sql: string, values: unknown[]): Promise<DeviceRow | undefined> =>
  (await db.query<{ [K in keyof DeviceRow]: DeviceRow[K] }>(sql, values)).rows[0];

export const findDevice = (db: Queryable, id: string) =>
  one(db, `SELECT ${COLUMNS} FROM ecps_device WHERE id = $1`, [id]);

export const findDeviceByKey = (db: Queryable, thumbprint: string) =>
  one(db, `SELECT ${COLUMNS} FROM ecps_device WHERE thumbprint = $1`, [thumbprint]);

/** Reads a phone and holds it until the transaction ends: counters and seq of one phone move one at a time. */
export const lockDevice = (tx: Queryable, id: string) =>
  one(tx, `SELECT ${COLUMNS} FROM ecps_device WHERE id = $1 FOR UPDATE`, [id]);

export const findDeviceByRevocation = (db: Queryable, hmac: Buffer) =>
  one(db, `SELECT ${COLUMNS} FROM ecps_device WHERE revocation_hmac = $1`, [hmac]);

export const findDeviceByStop = (db: Queryable, hmac: Buffer) =>
  one(db, `SELECT ${COLUMNS} FROM ecps_device WHERE stop_hmac = $1`, [hmac]);

/** A person's phones but the revoked, oldest first. Same work for a person who has none. */
export const listDevices = async (db: Queryable, nationalId: string): Promise<DeviceRow[]> => {
  const { rows } = await db.query<{ [K in keyof DeviceRow]: DeviceRow[K] }>(
    `SELECT ${COLUMNS} FROM ecps_device WHERE national_id = $1 AND state <> 'revoked' ORDER BY added_at, id`,
    [nationalId],
  );
  return rows;
};

export interface NewDevice {
  id: string;
  practitionerId: string;
  nationalId: string;
  name: string;
  model: string;
  os: string;
  locale: 'fr' | 'en';
  state: DeviceState;
  via: 'contact' | 'card';
  vouchedBy: string;
  place: string;
  jwk: PublicJwk;
  thumbprint: string;
  gen: number;
  seq: number;
  seqHash: Buffer;
  quarantineUntil: Date | undefined;
  revocationHmac: Buffer;
  stopHmac: Buffer;
  now: Date;
  expiresAt: Date;
}

/** Adds a phone; one that was there already (same key D, its owner proved again who he is) starts afresh. */
export const admitDevice = async (tx: Queryable, device: NewDevice): Promise<void> => {
  await tx.query(
    `INSERT INTO ecps_device (id, practitioner_id, national_id, name, model, os, locale, state, via, vouched_by,
       place, jwk, thumbprint, gen, seq, seq_hash, quarantine_until, revocation_hmac, stop_hmac, added_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
     ON CONFLICT (id) DO UPDATE SET
       name = excluded.name, model = excluded.model, os = excluded.os, locale = excluded.locale,
       state = excluded.state, via = excluded.via, vouched_by = excluded.vouched_by, place = excluded.place,
       gen = excluded.gen, seq = excluded.seq, seq_hash = excluded.seq_hash, seq_answer = NULL,
       pin_tries = 0, pin_tried_at = NULL, quarantine_until = excluded.quarantine_until,
       revocation_hmac = excluded.revocation_hmac, stop_hmac = excluded.stop_hmac, added_at = excluded.added_at,
       expires_at = excluded.expires_at, reminded_days = NULL, ended_at = NULL, ended_why = NULL`,
    [
      device.id,
      device.practitionerId,
      device.nationalId,
      device.name,
      device.model,
      device.os,
      device.locale,
      device.state,
      device.via,
      device.vouchedBy,
      device.place,
      JSON.stringify(device.jwk),
      device.thumbprint,
      device.gen,
      device.seq,
      device.seqHash,
      device.quarantineUntil ?? null,
      device.revocationHmac,
      device.stopHmac,
      device.now,
      device.expiresAt,
    ],
  );
};

/** Moves a phone from one stored state to another; says whether it was still in the first. */
export const moveDevice = async (
  tx: Queryable,
  change: { id: string; from: DeviceState; to: DeviceState; now: Date; why: string },
): Promise<boolean> => {
  const { rowCount } = await tx.query(
    `UPDATE ecps_device SET state = $3,
       quarantine_until = CASE WHEN $3 = 'quarantine' THEN quarantine_until END,
       push_sealed = CASE WHEN $3 = 'revoked' THEN NULL ELSE push_sealed END,
       ended_at = CASE WHEN $3 IN ('active', 'quarantine') THEN NULL ELSE $4::timestamptz END,
       ended_why = CASE WHEN $3 IN ('active', 'quarantine') THEN NULL ELSE $5 END
     WHERE id = $1 AND state = $2`,
    [change.id, change.from, change.to, change.now, change.why],
  );
  return rowCount === 1;
};

export const renameDevice = (tx: Queryable, id: string, name: string) =>
  tx.query('UPDATE ecps_device SET name = $2 WHERE id = $1', [id, name]);

export const setPush = (db: Queryable, id: string, sealed: Buffer | undefined) =>
  db.query('UPDATE ecps_device SET push_sealed = $2 WHERE id = $1', [id, sealed ?? null]);

/** Counts one evaluation of the PIN. */
export const countTry = (tx: Queryable, id: string, now: Date) =>
  tx.query('UPDATE ecps_device SET pin_tries = pin_tries + 1, pin_tried_at = $2 WHERE id = $1', [id, now]);

/** The PIN was right: no wrong try since. */
export const clearTries = (tx: Queryable, id: string, now: Date) =>
  tx.query('UPDATE ecps_device SET pin_tries = 0, pin_tried_at = NULL, last_used_at = $2 WHERE id = $1', [
    id,
    now,
  ]);

/** Keeps the last signed payload with its answer. */
export const keepSigned = (
  tx: Queryable,
  id: string,
  signed: { seq: number; hash: Buffer; answer: SignedAnswer },
) =>
  tx.query('UPDATE ecps_device SET seq = $2, seq_hash = $3, seq_answer = $4 WHERE id = $1', [
    id,
    signed.seq,
    signed.hash,
    JSON.stringify(signed.answer),
  ]);

export const setGeneration = (tx: Queryable, id: string, gen: number) =>
  tx.query('UPDATE ecps_device SET gen = $2 WHERE id = $1', [id, gen]);

export const setExpiry = (tx: Queryable, id: string, expiresAt: Date) =>
  tx.query('UPDATE ecps_device SET expires_at = $2, reminded_days = NULL WHERE id = $1', [id, expiresAt]);

/** Phones whose stored state time has overtaken: quarantines that ran out, and those past their renewal. */
export const listOverdue = async (db: Queryable, now: Date, limit: number): Promise<DeviceRow[]> => {
  const { rows } = await db.query<{ [K in keyof DeviceRow]: DeviceRow[K] }>(
    `SELECT ${COLUMNS} FROM ecps_device
     WHERE (state = 'quarantine' AND quarantine_until <= $1)
        OR (state IN ('active', 'locked', 'frozen', 'quarantine') AND expires_at <= $1)
     LIMIT $2`,
    [now, limit],
  );
  return rows;
};

/** Active phones to renew within `days`, not yet reminded at that distance. */
export const listDueForReminder = async (
  db: Queryable,
  query: { now: Date; before: Date; days: number; limit: number },
): Promise<DeviceRow[]> => {
  const { rows } = await db.query<{ [K in keyof DeviceRow]: DeviceRow[K] }>(
    `SELECT ${COLUMNS} FROM ecps_device
     WHERE state = 'active' AND expires_at > $1 AND expires_at <= $2
       AND (reminded_days IS NULL OR reminded_days > $3)
     ORDER BY expires_at LIMIT $4`,
    [query.now, query.before, query.days, query.limit],
  );
  return rows;
};

/** Notes a reminder; says whether this caller is the one to send it. */
export const noteReminder = async (tx: Queryable, id: string, days: number): Promise<boolean> => {
  const { rowCount } = await tx.query(
    'UPDATE ecps_device SET reminded_days = $2 WHERE id = $1 AND (reminded_days IS NULL OR reminded_days > $2)',
    [id, days],
  );
  return rowCount === 1;
};

/** Revoked phones whose sessions are still to be ended. */
export const listSessionsToEnd = async (
  db: Queryable,
  limit: number,
): Promise<{ id: string; national_id: string }[]> =>
  (
    await db.query<{ id: string; national_id: string }>(
      `SELECT id, national_id FROM ecps_device WHERE state = 'revoked' AND sessions_ended_at IS NULL
       ORDER BY ended_at LIMIT $1`,
      [limit],
    )
  ).rows;

export const noteSessionsEnded = (db: Queryable, id: string, now: Date) =>
  db.query('UPDATE ecps_device SET sessions_ended_at = $2 WHERE id = $1', [id, now]);

/**
 * People whose phones and the registry no longer agree: struck off, or known by another identifier. Read across the fence
 * between the two rooms, since asking the registry person by person would take a query for each phone.
 */
export const listEstranged = async (
  db: Queryable,
  limit: number,
): Promise<{ practitioner_id: string; national_id: string; status: string; registered_as: string }[]> =>
  (
    await db.query<{ practitioner_id: string; national_id: string; status: string; registered_as: string }>(
      `SELECT DISTINCT d.practitioner_id, d.national_id, p.status, p.national_id AS registered_as
       FROM ecps_device d JOIN practitioner p ON p.id = d.practitioner_id
       WHERE d.state <> 'revoked' AND (p.status = 'struck_off' OR (p.status = 'active' AND p.national_id <> d.national_id))
       LIMIT $1`,
      [limit],
    )
  ).rows;

/** The registry gave a person another identifier. */
export const renumberDevices = (db: Queryable, practitionerId: string, nationalId: string) =>
  db.query('UPDATE ecps_device SET national_id = $2 WHERE practitioner_id = $1', [
    practitionerId,
    nationalId,
  ]);
