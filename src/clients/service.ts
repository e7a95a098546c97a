import { timingSafeEqual } from 'node:crypto';
import { systemClock, type Clock } from '../platform/clock.ts';
import { sha256 } from '../platform/crypto.ts';
import type { Queryable } from '../platform/postgres.ts';
import { token } from '../platform/random.ts';
import { versionsOf } from '../platform/versions.ts';
import { usesSecret } from './credentials.ts';
import {
  findClient,
  listClients,
  setDisabled,
  upsertClient,
  type ClientRow,
  REGISTRATIONS,
} from './repository.ts';
import { CLIENT_ID, type ClientMetadata } from './schema.ts';
import { inForce, secretsOf, type ClientSecret } from './secrets.ts';

/** A relying party. */
export interface Client {
  clientId: string;
  metadata: ClientMetadata;
  /** SHA-256 of each secret in force. */
  secretHashes: readonly Buffer[];
  /** All that are remembered, those that ended among them. */
  secrets: readonly ClientSecret[];
  disabled: boolean;
  createdAt: Date;
  updatedAt: Date;
}

/** The relying parties. */
export interface Clients {
  find(clientId: string): Promise<Client | undefined>;
  /** A text for one that exists, another one after each change: whether what was found before is what there is. */
  version(clientId: string): Promise<string | undefined>;
  list(): Promise<Client[]>;
  /**
   * Registers or changes. A new confidential client gets a generated secret, told here and never again; the
   * secret of a known one stays, unless `secret` sets another. `tx` puts it in the caller's transaction.
   */
  upsert(
    metadata: ClientMetadata,
    options?: { secret?: string; tx?: Queryable },
  ): Promise<{ created: boolean; secret: string | undefined }>;
  /** A disabled client is as unknown. False when there is no such client. */
  setDisabled(clientId: string, disabled: boolean): Promise<boolean>;
}

/** True when the secret is one of those in force; takes as long whichever it is. */
export const isSecretOf = (client: Pick<Client, 'secretHashes'>, secret: string): boolean => {
  const actual = sha256(secret);
  let found = false;
  for (const hash of client.secretHashes) {
    found = (hash.length === actual.length && timingSafeEqual(hash, actual)) || found;
  }
  return found;
};

const toClient = (row: ClientRow, now: Date): Client => {
  const secrets = secretsOf(row);
  return {
    clientId: row.client_id,
    metadata: row.metadata,
    secretHashes: secrets.filter((secret) => inForce(secret, now)).map(({ hash }) => hash),
    secrets,
    disabled: row.disabled_at !== null,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
};

/** The relying parties of a database. */
export const createClients = ({ db, clock = systemClock }: { db: Queryable; clock?: Clock }): Clients => ({
  async find(clientId) {
    if (!CLIENT_ID.test(clientId)) return undefined;
    const row = await findClient(db, clientId);
    return row && toClient(row, clock.now());
  },
  async version(clientId) {
    return CLIENT_ID.test(clientId) ? versionsOf(db)(REGISTRATIONS, clientId) : undefined;
  },
  list: async () => (await listClients(db)).map((row) => toClient(row, clock.now())),
  async upsert(metadata, { secret, tx = db } = {}) {
    const known = await findClient(tx, metadata.client_id);
    const withSecret = usesSecret(metadata.token_endpoint_auth_method);
    const needed = withSecret && (known?.secret_hashes.length ?? 0) === 0;
    const fresh = secret ?? (needed ? token(32) : undefined);
    const secretHashes = withSecret ? fresh && [sha256(fresh)] : [];
    const created = await upsertClient(tx, {
      metadata,
      secretHashes: secretHashes || undefined,
      now: clock.now(),
    });
    return { created, secret: withSecret ? fresh : undefined };
  },
  setDisabled: (clientId, disabled) => setDisabled(db, clientId, disabled ? clock.now() : null, clock.now()),
});
