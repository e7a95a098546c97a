import * as z from 'zod';
import { sha256 } from '../platform/crypto.ts';
import type { Queryable } from '../platform/postgres.ts';
import type { AuditKey } from './key.ts';
import { FROM_GENESIS, type WalkStart } from './walk.ts';

/** What was dropped because its time was over, as the newest signed statement tells it. */

const claims = z.object({
  /** Every event up to this place is gone. */
  number: z.number().int().min(0),
  hash: z.string(),
  /** SHA-256 over the later places that are gone too. */
  links: z.string(),
  partition: z.string(),
  from: z.string(),
  to: z.string(),
  events: z.number().int(),
  at: z.string(),
});

/** What a pruning says. */
export type PruningClaims = z.output<typeof claims>;

export const PRUNING = 'audit-pruning+jwt';

/** Dropped events after the pruned beginning, by place. */
export type Links = ReadonlyMap<number, Buffer>;

/** One digest over the links, in the order of the chain. */
export const digestLinks = (links: Links): string =>
  sha256(
    [...links]
      .toSorted(([a], [b]) => a - b)
      .map(([number, hash]) => `${number}:${hash.toString('hex')}\n`)
      .join(''),
  ).toString('hex');

const selectNewest = async (tx: Queryable) =>
  (
    await tx.query<{ number: number; hash: Buffer; jws: string }>(
      'SELECT number, hash, jws FROM audit_pruning ORDER BY id DESC LIMIT 1',
    )
  ).rows[0];

export const selectLinks = async (tx: Queryable): Promise<Map<number, Buffer>> =>
  new Map(
    (
      await tx.query<{ number: number; hash: Buffer }>(
        'SELECT number, hash FROM audit_pruned_link ORDER BY number',
      )
    ).rows.map(({ number, hash }) => [number, hash]),
  );

/**
 * Where the chain begins today. With a key, what the database says was dropped counts only as signed; `forged` tells that
 * it is not.
 */
export const readStart = async (
  tx: Queryable,
  key: AuditKey | undefined,
): Promise<WalkStart & { forged: boolean }> => {
  const newest = await selectNewest(tx);
  const links = await selectLinks(tx);
  if (!newest) return { ...FROM_GENESIS, links, forged: links.size > 0 };
  const start = { number: newest.number, hash: newest.hash, links };
  if (!key) return { ...start, forged: false };
  const said = claims.safeParse(await key.verify(PRUNING, newest.jws));
  const right =
    said.success &&
    said.data.number === newest.number &&
    said.data.hash === newest.hash.toString('hex') &&
    said.data.links === digestLinks(links);
  return { ...start, forged: !right };
};
