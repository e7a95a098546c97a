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

/** Remembers that a card signed in. */
export const rememberCard = async (
  db: Queryable,
  card: {
    nationalId: string;
    serial: string;
    cardNumber: string;
    cardType: string;
    notAfter: Date;
    at: Date;
  },
): Promise<void> => {
  await db.query(
    `INSERT INTO card_seen (national_id, serial, card_number, card_type, not_after, first_at, last_at)
     VALUES ($1, $2, $3, $4, $5, $6, $6)
     ON CONFLICT (national_id, serial) DO UPDATE SET last_at = excluded.last_at`,
    [card.nationalId, card.serial, card.cardNumber, card.cardType, card.notAfter, card.at],
  );
};

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
