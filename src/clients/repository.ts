import type { Queryable } from '../platform/postgres.ts';
import type { Versioned } from '../platform/versions.ts';
import type { ClientMetadata } from './schema.ts';

/** A relying party as stored. */
export interface ClientRow {
  client_id: string;
  metadata: ClientMetadata;
  secret_hashes: Buffer[];
  /** When a secret ends, by its hash in hexadecimal. */
  secret_expiries: Readonly<Record<string, string>>;
  disabled_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS = 'client_id, metadata, secret_hashes, secret_expiries, disabled_at, created_at, updated_at';

export const findClient = async (db: Queryable, clientId: string): Promise<ClientRow | undefined> =>
  (await db.query<ClientRow>(`SELECT ${COLUMNS} FROM relying_party WHERE client_id = $1`, [clientId]))
    .rows[0];

/** The version of a registration is the transaction that wrote its row. */
export const REGISTRATIONS: Versioned = {
  sql: (ids) =>
    `SELECT client_id AS asked, xmin::text AS version FROM relying_party WHERE client_id = ANY (${ids}::text[])`,
};

/** The same, and nobody else changes it until the transaction ends. */
export const lockClient = async (tx: Queryable, clientId: string): Promise<ClientRow | undefined> =>
  (
    await tx.query<ClientRow>(`SELECT ${COLUMNS} FROM relying_party WHERE client_id = $1 FOR UPDATE`, [
      clientId,
    ])
  ).rows[0];

export const listClients = async (db: Queryable): Promise<ClientRow[]> =>
  (await db.query<ClientRow>(`SELECT ${COLUMNS} FROM relying_party ORDER BY client_id`)).rows;

/** Writes metadata; secrets only when the client is new or when they are given. True when the client is new. */
export const upsertClient = async (
  db: Queryable,
  client: { metadata: ClientMetadata; secretHashes: readonly Buffer[] | undefined; now: Date },
): Promise<boolean> => {
  const { rows } = await db.query<{ created: boolean }>(
    `INSERT INTO relying_party AS known (client_id, metadata, secret_hashes, created_at, updated_at)
     VALUES ($1, $2, coalesce($3, '{}'::bytea[]), $4, $4)
     ON CONFLICT (client_id) DO UPDATE
       SET metadata = excluded.metadata,
           secret_hashes = coalesce($3, known.secret_hashes),
           secret_expiries = CASE WHEN $3::bytea[] IS NULL THEN known.secret_expiries ELSE '{}' END,
           updated_at = excluded.updated_at
     RETURNING created_at = updated_at AND xmax = 0 AS created`,
    [client.metadata.client_id, JSON.stringify(client.metadata), client.secretHashes ?? null, client.now],
  );
  return rows[0]?.created ?? false;
};

/** Replaces the secrets of a service. */
export const writeSecrets = async (
  tx: Queryable,
  clientId: string,
  secrets: { hashes: readonly Buffer[]; expiries: Readonly<Record<string, string>> },
  now: Date,
): Promise<void> => {
  await tx.query(
    'UPDATE relying_party SET secret_hashes = $2, secret_expiries = $3, updated_at = $4 WHERE client_id = $1',
    [clientId, secrets.hashes, JSON.stringify(secrets.expiries), now],
  );
};

/** Services that have a secret which ended before. */
export const clientsWithSecretsEndedBefore = async (db: Queryable, before: Date): Promise<string[]> =>
  (
    await db.query<{ client_id: string }>(
      `SELECT client_id FROM relying_party
       WHERE EXISTS (SELECT FROM jsonb_each_text(secret_expiries) WHERE value::timestamptz < $1)`,
      [before],
    )
  ).rows.map(({ client_id: clientId }) => clientId);

export const setDisabled = async (
  db: Queryable,
  clientId: string,
  at: Date | null,
  now: Date,
): Promise<boolean> =>
  (
    await db.query('UPDATE relying_party SET disabled_at = $2, updated_at = $3 WHERE client_id = $1', [
      clientId,
      at,
      now,
    ])
  ).rowCount === 1;
