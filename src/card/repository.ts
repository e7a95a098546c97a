import type { Queryable } from '../platform/postgres.ts';

/** A list as last fetched. */
export interface StoredCrl {
  url: string;
  der: Buffer;
  fetchedAt: Date;
}

/** Every list kept. */
export const findCrls = async (db: Queryable): Promise<StoredCrl[]> => {
  const { rows } = await db.query<{ url: string; der: Buffer; fetched_at: Date }>(
    'SELECT url, der, fetched_at FROM card_crl ORDER BY url',
  );
  return rows.map((row) => ({ url: row.url, der: row.der, fetchedAt: row.fetched_at }));
};

/** When each list was last written: cheap to ask often, so that every process sees a new list soon. */
export const findCrlVersions = async (db: Queryable): Promise<string> => {
  const { rows } = await db.query<{ version: string | null }>(
    `SELECT string_agg(url || ' ' || number || ' ' || this_update, '|' ORDER BY url) AS version FROM card_crl`,
  );
  return rows[0]?.version ?? '';
};

/** Keeps a list; says false when the one kept is newer (a replayed, older list must not undo a revocation). */
export const saveCrl = async (
  db: Queryable,
  crl: StoredCrl & {
    issuer: string;
    number: bigint;
    baseNumber: bigint | undefined;
    thisUpdate: Date;
    nextUpdate: Date;
  },
): Promise<boolean> => {
  const { rowCount } = await db.query(
    `INSERT INTO card_crl (url, issuer, base_number, number, this_update, next_update, der, fetched_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (url) DO UPDATE SET issuer = excluded.issuer, base_number = excluded.base_number,
       number = excluded.number, this_update = excluded.this_update, next_update = excluded.next_update,
       der = excluded.der, fetched_at = excluded.fetched_at
     WHERE (excluded.number, excluded.this_update) >= (card_crl.number, card_crl.this_update)`,
    [
      crl.url,
      crl.issuer,
      crl.baseNumber?.toString() ?? null,
      crl.number.toString(),
      crl.thisUpdate,
      crl.nextUpdate,
      crl.der,
      crl.fetchedAt,
    ],
  );
  return rowCount === 1;
};

/** True when this certificate or this card was declared lost. */
export const isOpposed = async (db: Queryable, serial: string, cardNumber: string): Promise<boolean> => {
  const { rowCount } = await db.query('SELECT 1 FROM card_opposition WHERE serial IN ($1, $2)', [
    serial,
    cardNumber,
  ]);
  return rowCount !== 0;
};

/** Declares a card lost, by certificate serial or card number; false when it already was. */
export const insertOpposition = async (
  db: Queryable,
  serial: string,
  reason: string,
  at: Date,
): Promise<boolean> => {
  const { rowCount } = await db.query(
    'INSERT INTO card_opposition (serial, reason, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [serial, reason, at],
  );
  return rowCount === 1;
};

/** Takes back that a card is lost; false when it was not. */
export const deleteOpposition = async (db: Queryable, serial: string): Promise<boolean> =>
  (await db.query('DELETE FROM card_opposition WHERE serial = $1', [serial])).rowCount === 1;

export interface Opposition {
  /** Of the certificate, or the card number. */
  serial: string;
  reason: string;
  createdAt: Date;
}

/** Every card declared lost, the last one first. */
export const findOppositions = async (db: Queryable): Promise<Opposition[]> => {
  const { rows } = await db.query<{ serial: string; reason: string; created_at: Date }>(
    'SELECT serial, reason, created_at FROM card_opposition ORDER BY created_at DESC, serial',
  );
  return rows.map((row) => ({ serial: row.serial, reason: row.reason, createdAt: row.created_at }));
};

/** Remembers that a card signed in, unless it was declared lost; says false then. One question, since every sign-in asks. */
export const rememberCard = async (
  db: Queryable,
  card: {
    nationalId: string;
    serial: string;
    cardNumber: string;
    cardType: string;
    notAfter: Date;
    der: Buffer;
    at: Date;
  },
): Promise<boolean> => {
  const { rowCount } = await db.query(
    `INSERT INTO card_seen (national_id, serial, card_number, card_type, not_after, certificate, first_at, last_at)
     SELECT $1::text, $2::text, $3::text, $4::text, $5::timestamptz, $6::bytea, $7::timestamptz, $7::timestamptz
     WHERE NOT EXISTS (SELECT FROM card_opposition o WHERE o.serial IN ($2::text, $3::text))
     ON CONFLICT (national_id, serial) DO UPDATE SET last_at = excluded.last_at, certificate = excluded.certificate`,
    [card.nationalId, card.serial, card.cardNumber, card.cardType, card.notAfter, card.der, card.at],
  );
  return rowCount === 1;
};

/** The certificate with which a person signed in, to judge it again. */
export const findSeenCertificate = async (
  db: Queryable,
  nationalId: string,
  serial: string,
): Promise<Buffer | undefined> => {
  const { rows } = await db.query<{ certificate: Buffer }>(
    'SELECT certificate FROM card_seen WHERE national_id = $1 AND serial = $2',
    [nationalId, serial],
  );
  return rows[0]?.certificate;
};

/** Forgets the cards whose certificates ended before this instant. */
export const sweepCards = async (db: Queryable, before: Date): Promise<number> =>
  (await db.query('DELETE FROM card_seen WHERE not_after < $1', [before])).rowCount ?? 0;

export interface SeenCard {
  nationalId: string;
  serial: string;
  cardNumber: string;
  cardType: string;
  notAfter: Date;
  lastAt: Date;
}

/** The cards a certificate serial, a card number or a person is known by. */
export const findCards = async (db: Queryable, key: string): Promise<SeenCard[]> => {
  const { rows } = await db.query<{
    national_id: string;
    serial: string;
    card_number: string;
    card_type: string;
    not_after: Date;
    last_at: Date;
  }>(
    `SELECT national_id, serial, card_number, card_type, not_after, last_at FROM card_seen
     WHERE serial = $1 OR card_number = $1 OR national_id = $1 ORDER BY last_at DESC`,
    [key],
  );
  return rows.map((row) => ({
    nationalId: row.national_id,
    serial: row.serial,
    cardNumber: row.card_number,
    cardType: row.card_type,
    notAfter: row.not_after,
    lastAt: row.last_at,
  }));
};
