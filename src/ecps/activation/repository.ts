import type { Queryable } from '../../platform/postgres.ts';
import type { PublicJwk } from '../protocol/payloads.ts';
import type { ActivationState } from './flow.ts';

export interface ActivationRow {
  id: string;
  practitioner_id: string;
  national_id: string;
  device_id: string;
  jwk: PublicJwk;
  thumbprint: string;
  name: string;
  model: string;
  os: string;
  locale: 'fr' | 'en';
  place: string;
  state: ActivationState;
  via: 'contact' | 'card';
  /** By card: the serial number of its certificate. */
  card_serial: string | null;
  /** By card: what phone and computer show. */
  letters: string | null;
  silent: boolean;
  sms_sends: number;
  sms_expires_at: Date | null;
  gen: number | null;
  enrol_hash: Buffer | null;
  enrol_sealed: Buffer | null;
  created_at: Date;
  expires_at: Date;
}

const COLUMNS = `id, practitioner_id, national_id, device_id, jwk, thumbprint, name, model, os, locale, place, state,
  via, card_serial, letters, silent, sms_sends, sms_expires_at, gen, enrol_hash, enrol_sealed, created_at, expires_at`;

type Row = { [K in keyof ActivationRow]: ActivationRow[K] };

export const findActivation = async (db: Queryable, id: string): Promise<ActivationRow | undefined> =>
  (await db.query<Row>(`SELECT ${COLUMNS} FROM ecps_activation WHERE id = $1`, [id])).rows[0];

export const lockActivation = async (tx: Queryable, id: string): Promise<ActivationRow | undefined> =>
  (await tx.query<Row>(`SELECT ${COLUMNS} FROM ecps_activation WHERE id = $1 FOR UPDATE`, [id])).rows[0];

/** One person's activations and phones change one at a time: limits that count them hold under concurrency. */
export const lockPerson = (tx: Queryable, practitionerId: string) =>
  tx.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 7))', [practitionerId]);

export const insertActivation = (
  tx: Queryable,
  activation: Omit<ActivationRow, 'sms_sends' | 'sms_expires_at' | 'gen' | 'enrol_hash' | 'enrol_sealed'> & {
    address: string;
  },
) =>
  tx.query(
    `INSERT INTO ecps_activation (id, practitioner_id, national_id, device_id, jwk, thumbprint, name, model, os,
       locale, address, place, state, via, card_serial, letters, silent, created_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
    [
      activation.id,
      activation.practitioner_id,
      activation.national_id,
      activation.device_id,
      JSON.stringify(activation.jwk),
      activation.thumbprint,
      activation.name,
      activation.model,
      activation.os,
      activation.locale,
      activation.address,
      activation.place,
      activation.state,
      activation.via,
      activation.card_serial,
      activation.letters,
      activation.silent,
      activation.created_at,
      activation.expires_at,
    ],
  );

/** What the quotas are judged by, in one query. */
export interface Usage {
  open: number;
  mails: number;
  byKey: number;
  byAddress: number;
}

export const readUsage = async (
  tx: Queryable,
  asked: {
    practitionerId: string;
    thumbprint: string;
    address: string;
    now: Date;
    mailsSince: Date;
    keySince: Date;
    addressSince: Date;
  },
): Promise<Usage> => {
  const { rows } = await tx.query<{ open: number; mails: number; by_key: number; by_address: number }>(
    `SELECT
       (SELECT count(*) FROM ecps_activation WHERE practitioner_id = $1 AND NOT silent AND expires_at > $4
          AND thumbprint <> $2 AND via = 'contact' AND state IN ('mail_sent', 'sms_sent', 'pin_due')) AS open,
       (SELECT count(*) FROM ecps_activation_send
          WHERE practitioner_id = $1 AND kind = 'mail' AND at > $5) AS mails,
       (SELECT count(*) FROM ecps_activation WHERE thumbprint = $2 AND created_at > $6) AS by_key,
       (SELECT count(*) FROM ecps_activation WHERE address = $3 AND created_at > $7) AS by_address`,
    [
      asked.practitionerId,
      asked.thumbprint,
      asked.address,
      asked.now,
      asked.mailsSince,
      asked.keySince,
      asked.addressSince,
    ],
  );
  const row = rows[0];
  return {
    open: row?.open ?? 0,
    mails: row?.mails ?? 0,
    byKey: row?.by_key ?? 0,
    byAddress: row?.by_address ?? 0,
  };
};

/** A newer activation by the same key D takes the place of the others. */
export const supersede = (tx: Queryable, thumbprint: string, now: Date) =>
  tx.query(
    `UPDATE ecps_activation SET state = 'superseded', ended_at = $2
     WHERE thumbprint = $1 AND state IN ('mail_sent', 'sms_sent', 'confirm_due', 'pin_due')`,
    [thumbprint, now],
  );

export const insertMail = (
  tx: Queryable,
  mail: {
    activationId: string;
    practitionerId: string;
    qrHmac: Buffer;
    typedHmac: Buffer;
    now: Date;
    expiresAt: Date;
  },
) =>
  tx.query(
    `INSERT INTO ecps_activation_send (activation_id, practitioner_id, kind, qr_hmac, typed_hmac, at, expires_at)
     VALUES ($1, $2, 'mail', $3, $4, $5, $6)`,
    [mail.activationId, mail.practitionerId, mail.qrHmac, mail.typedHmac, mail.now, mail.expiresAt],
  );

export const insertSms = (
  tx: Queryable,
  sms: { activationId: string; practitionerId: string; now: Date; expiresAt: Date },
) =>
  tx.query(
    `INSERT INTO ecps_activation_send (activation_id, practitioner_id, kind, at, expires_at)
     VALUES ($1, $2, 'sms', $3, $4)`,
    [sms.activationId, sms.practitionerId, sms.now, sms.expiresAt],
  );

export interface MailRow {
  qr_hmac: Buffer;
  typed_hmac: Buffer;
  expires_at: Date;
}

export const listMails = async (db: Queryable, activationId: string): Promise<MailRow[]> =>
  (
    await db.query<{ [K in keyof MailRow]: MailRow[K] }>(
      `SELECT qr_hmac, typed_hmac, expires_at FROM ecps_activation_send
       WHERE activation_id = $1 AND kind = 'mail' ORDER BY id DESC`,
      [activationId],
    )
  ).rows;

/** When each message of one kind left for a person since an instant, oldest first. */
export const listSends = async (
  db: Queryable,
  practitionerId: string,
  kind: 'mail' | 'sms',
  since: Date,
): Promise<Date[]> =>
  (
    await db.query<{ at: Date }>(
      'SELECT at FROM ecps_activation_send WHERE practitioner_id = $1 AND kind = $2 AND at > $3 ORDER BY at',
      [practitionerId, kind, since],
    )
  ).rows.map((row) => row.at);

export const extendActivation = (tx: Queryable, id: string, expiresAt: Date) =>
  tx.query('UPDATE ecps_activation SET expires_at = greatest(expires_at, $2) WHERE id = $1', [id, expiresAt]);

/** Counts a try of the mail's secret, in a statement of its own; returns the count. */
export const countMailTry = async (db: Queryable, id: string, kind: 'qr' | 'typed'): Promise<number> => {
  const column = kind === 'qr' ? 'qr_tries' : 'typed_tries';
  const { rows } = await db.query<{ tries: number }>(
    `UPDATE ecps_activation SET ${column} = ${column} + 1 WHERE id = $1 RETURNING ${column} AS tries`,
    [id],
  );
  return rows[0]?.tries ?? Number.MAX_SAFE_INTEGER;
};

/** Counts a try of the SMS code, in a statement of its own; returns the count and which SMS it is judged by. */
export const countSmsTry = async (
  db: Queryable,
  id: string,
): Promise<{ tries: number; sends: number; expiresAt: Date | null }> => {
  const { rows } = await db.query<{ tries: number; sends: number; expires: Date | null }>(
    `UPDATE ecps_activation SET sms_tries = sms_tries + 1 WHERE id = $1
     RETURNING sms_tries AS tries, sms_sends AS sends, sms_expires_at AS expires`,
    [id],
  );
  const row = rows[0];
  return {
    tries: row?.tries ?? Number.MAX_SAFE_INTEGER,
    sends: row?.sends ?? 0,
    expiresAt: row?.expires ?? null,
  };
};

/** Uses the mail's secret up; false when another call did. */
export const consumeMail = async (
  tx: Queryable,
  id: string,
  change: { now: Date; smsExpiresAt: Date; expiresAt: Date },
): Promise<boolean> => {
  const { rowCount } = await tx.query(
    `UPDATE ecps_activation
     SET mail_used_at = $2, state = 'sms_sent', sms_sends = 1, sms_tries = 0, sms_expires_at = $3,
         expires_at = greatest(expires_at, $4)
     WHERE id = $1 AND mail_used_at IS NULL AND state = 'mail_sent'`,
    [id, change.now, change.smsExpiresAt, change.expiresAt],
  );
  return rowCount === 1;
};

/** Another SMS: another code, three new tries. Returns its number, undefined when the activation moved on. */
export const nextSms = async (
  tx: Queryable,
  id: string,
  change: { smsExpiresAt: Date; expiresAt: Date },
): Promise<number | undefined> => {
  const { rows } = await tx.query<{ sends: number }>(
    `UPDATE ecps_activation SET sms_sends = sms_sends + 1, sms_tries = 0, sms_expires_at = $2,
         expires_at = greatest(expires_at, $3)
     WHERE id = $1 AND sms_used_at IS NULL AND state = 'sms_sent' RETURNING sms_sends AS sends`,
    [id, change.smsExpiresAt, change.expiresAt],
  );
  return rows[0]?.sends;
};

/** Uses the SMS code up; false when another call did, or another SMS left meanwhile. */
export const consumeSms = async (
  tx: Queryable,
  id: string,
  change: { sends: number; now: Date; expiresAt: Date },
): Promise<boolean> => {
  const { rowCount } = await tx.query(
    `UPDATE ecps_activation
     SET sms_used_at = $3, state = 'pin_due', expires_at = greatest(expires_at, $4)
     WHERE id = $1 AND sms_used_at IS NULL AND state = 'sms_sent' AND sms_sends = $2`,
    [id, change.sends, change.now, change.expiresAt],
  );
  return rowCount === 1;
};

/** The computer confirmed the phone; false when another call, or time, was faster. */
export const confirmPhone = async (
  tx: Queryable,
  id: string,
  change: { gen: number; expiresAt: Date },
): Promise<boolean> => {
  const { rowCount } = await tx.query(
    `UPDATE ecps_activation SET state = 'pin_due', gen = $2, expires_at = greatest(expires_at, $3)
     WHERE id = $1 AND state = 'confirm_due'`,
    [id, change.gen, change.expiresAt],
  );
  return rowCount === 1;
};

export const setActivationGen = (tx: Queryable, id: string, gen: number) =>
  tx.query('UPDATE ecps_activation SET gen = $2 WHERE id = $1', [id, gen]);

/** Ends an activation that stands in `from`; says whether this call did. */
export const endActivation = async (
  tx: Queryable,
  id: string,
  change: { from: ActivationState; to: ActivationState; now: Date },
): Promise<boolean> => {
  const { rowCount } = await tx.query(
    'UPDATE ecps_activation SET state = $3, ended_at = $4 WHERE id = $1 AND state = $2',
    [id, change.from, change.to, change.now],
  );
  return rowCount === 1;
};

/** The enrolment is done; its answer is kept for who lost it. */
export const completeActivation = (
  tx: Queryable,
  id: string,
  enrolment: { hash: Buffer; sealed: Buffer; now: Date },
) =>
  tx.query(
    `UPDATE ecps_activation SET state = 'done', enrol_hash = $2, enrol_sealed = $3, ended_at = $4 WHERE id = $1`,
    [id, enrolment.hash, enrolment.sealed, enrolment.now],
  );

/** One activation of a person came to its end: the others close. Returns them. */
export const closeOthers = async (
  tx: Queryable,
  practitionerId: string,
  exceptId: string,
  now: Date,
): Promise<{ id: string; name: string; silent: boolean; locale: 'fr' | 'en' }[]> =>
  (
    await tx.query<{ id: string; name: string; silent: boolean; locale: 'fr' | 'en' }>(
      `UPDATE ecps_activation SET state = 'closed', ended_at = $3
       WHERE practitioner_id = $1 AND id <> $2 AND state IN ('mail_sent', 'sms_sent', 'confirm_due', 'pin_due')
       RETURNING id, name, silent, locale`,
      [practitionerId, exceptId, now],
    )
  ).rows;

/** Ends the activations whose time ran out, forgets the answers kept for a retry, and in time all of them. */
export const sweepActivations = async (
  db: Queryable,
  now: Date,
  { forgetBefore, removeBefore }: { forgetBefore: Date; removeBefore: Date },
): Promise<void> => {
  await db.query(
    `UPDATE ecps_activation SET state = 'expired', ended_at = $1
     WHERE expires_at <= $1 AND state IN ('mail_sent', 'sms_sent', 'confirm_due', 'pin_due')`,
    [now],
  );
  await db.query(
    'UPDATE ecps_activation SET enrol_sealed = NULL WHERE enrol_sealed IS NOT NULL AND ended_at < $1',
    [forgetBefore],
  );
  await db.query('DELETE FROM ecps_activation WHERE ended_at < $1', [removeBefore]);
};
