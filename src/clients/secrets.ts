import type { Audit } from '../audit/record.ts';
import type { Clock } from '../platform/clock.ts';
import { sha256 } from '../platform/crypto.ts';
import type { Database } from '../platform/postgres.ts';
import { token } from '../platform/random.ts';
import { usesSecret } from './credentials.ts';
import { clientsWithSecretsEndedBefore, lockClient, writeSecrets, type ClientRow } from './repository.ts';

/** Secrets of services: 256 random bits, told once, kept as their hash; an older one may have an end. */

export interface ClientSecret {
  /** SHA-256. Secrets are 256 random bits, so a plain hash protects them. */
  hash: Buffer;
  /** Undefined: until it is replaced. */
  endsAt: Date | undefined;
}

export const secretsOf = (row: Pick<ClientRow, 'secret_hashes' | 'secret_expiries'>): ClientSecret[] =>
  row.secret_hashes.map((hash) => {
    const end = row.secret_expiries[hash.toString('hex')];
    return { hash, endsAt: end === undefined ? undefined : new Date(end) };
  });

/** True while a secret may be used. */
export const inForce = ({ endsAt }: ClientSecret, now: Date): boolean => endsAt === undefined || endsAt > now;

/** More at once would only be left behind. */
const MOST = 5;

export interface Rotated {
  /** Told now and never again. */
  secret: string;
  /** Until then the secrets before it are accepted too. */
  previousUntil: Date;
}

/** Why a secret cannot be replaced. */
export type NotRotated = 'unknown' | 'no_secret';

/** Gives a service a new secret; those before it are accepted for `overlapSeconds` more. */
export const rotateSecret = (
  clientId: string,
  overlapSeconds: number,
  { db, clock, audit }: { db: Database; clock: Clock; audit: Audit },
): Promise<Rotated | NotRotated> =>
  db.transaction(async (tx) => {
    const row = await lockClient(tx, clientId);
    if (!row) return 'unknown';
    if (!usesSecret(row.metadata.token_endpoint_auth_method)) return 'no_secret';
    const now = clock.now();
    const previousUntil = new Date(now.getTime() + overlapSeconds * 1000);
    const secret = token(32);
    const kept = secretsOf(row)
      .map(({ hash, endsAt }) => ({
        hash,
        endsAt: endsAt !== undefined && endsAt < previousUntil ? endsAt : previousUntil,
      }))
      .slice(0, MOST - 1);
    await writeSecrets(
      tx,
      clientId,
      {
        hashes: [sha256(secret), ...kept.map(({ hash }) => hash)],
        expiries: Object.fromEntries(
          kept.map(({ hash, endsAt }) => [hash.toString('hex'), endsAt.toISOString()]),
        ),
      },
      now,
    );
    await audit.record(tx, {
      type: 'client_changed',
      clientId,
      details: { change: 'secret rotated', overlapSeconds },
    });
    return { secret, previousUntil };
  });

/** How long a secret that ended is remembered, so that its use can be explained. */
const REMEMBERED_MS = 14 * 86_400_000;

/** Forgets the secrets that ended long ago. */
export const forgetSecrets = async ({ db, clock }: { db: Database; clock: Clock }): Promise<void> => {
  const now = clock.now();
  const before = new Date(now.getTime() - REMEMBERED_MS);
  for (const clientId of await clientsWithSecretsEndedBefore(db, before)) {
    await db.transaction(async (tx) => {
      const row = await lockClient(tx, clientId);
      const kept = row ? secretsOf(row).filter((secret) => inForce(secret, before)) : [];
      const expiries = Object.fromEntries(
        kept.flatMap(({ hash, endsAt }) => (endsAt ? [[hash.toString('hex'), endsAt.toISOString()]] : [])),
      );
      await writeSecrets(tx, clientId, { hashes: kept.map(({ hash }) => hash), expiries }, now);
    });
  }
};
