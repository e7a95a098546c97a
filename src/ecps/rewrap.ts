import type { KeyRing } from '../platform/crypto.ts';
import type { Database, Queryable } from '../platform/postgres.ts';

/**
 * After another master key was configured: encrypts anew what lasts and was encrypted with the one of before. Batch by
 * batch, so that no phone waits for it; run again, it does the rest.
 */

const BATCH = 500;

interface Sealed {
  id: string;
  gen: number | null;
  sealed: Buffer;
}

/** One kind of thing that is kept encrypted; its query gives the next ones after `$1`, in order. */
interface Kind {
  purpose: string;
  aad(row: Sealed): string;
  select: string;
  update: string;
}

const KINDS: readonly Kind[] = [
  {
    purpose: 'ecps/keys',
    aad: ({ id }) => id,
    select: `SELECT name AS id, NULL::int AS gen, sealed FROM ecps_key WHERE name > $1 ORDER BY name LIMIT $2 FOR UPDATE`,
    update: 'UPDATE ecps_key SET sealed = $3 WHERE name = $1 AND $2::int IS NULL',
  },
  {
    purpose: 'ecps/pin-public-key',
    aad: ({ id, gen }) => `${id}|${gen}`,
    select: `SELECT device_id AS id, gen, p_sealed AS sealed FROM ecps_generation
      WHERE p_sealed IS NOT NULL AND device_id IN (
        SELECT DISTINCT device_id FROM ecps_generation WHERE device_id > $1 ORDER BY device_id LIMIT $2)
      ORDER BY device_id, gen FOR UPDATE`,
    update: 'UPDATE ecps_generation SET p_sealed = $3 WHERE device_id = $1 AND gen = $2',
  },
  {
    purpose: 'ecps/push-subscription',
    aad: ({ id }) => id,
    select: `SELECT id, NULL::int AS gen, push_sealed AS sealed FROM ecps_device
      WHERE push_sealed IS NOT NULL AND id > $1 ORDER BY id LIMIT $2 FOR UPDATE`,
    update: 'UPDATE ecps_device SET push_sealed = $3 WHERE id = $1 AND $2::int IS NULL',
  },
];

const rewrapBatch = async (tx: Queryable, keyring: KeyRing, kind: Kind, after: string) => {
  const { rows } = await tx.query<Sealed>(kind.select, [after, BATCH]);
  for (const row of rows) {
    const plain = keyring.decrypt(kind.purpose, row.sealed, kind.aad(row));
    await tx.query(kind.update, [row.id, row.gen, keyring.encrypt(kind.purpose, plain, kind.aad(row))]);
  }
  return { count: rows.length, last: rows.at(-1)?.id };
};

/** Encrypts the e-CPS's own keys, PIN public keys and push subscriptions with the master key in force; says how many. */
export const rewrapEcps = async (db: Database, keyring: KeyRing): Promise<number> => {
  let total = 0;
  for (const kind of KINDS) {
    let after = '';
    for (;;) {
      const { count, last } = await db.transaction((tx) => rewrapBatch(tx, keyring, kind, after));
      total += count;
      if (last === undefined) break;
      after = last;
    }
  }
  return total;
};
