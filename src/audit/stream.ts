import type { Queryable } from '../platform/postgres.ts';
import { CHAINED_COLUMNS, type ChainedEvent } from './chain.ts';

/** A sealed event with its place in the chain. */
export interface SealedEvent extends ChainedEvent {
  number: number;
  previous: Buffer;
  hash: Buffer;
}

/** Which sealed events are read; all unless told. */
export interface SealedFilter {
  /** Places of the chain. */
  after?: number;
  upTo?: number;
  /** Instants, the first included, the second excluded. */
  since?: Date | undefined;
  until?: Date | undefined;
}

const PAGE = 1000;

/**
 * Sealed events in the order of the chain, by pages, in memory that does not grow. Runs in the caller's transaction; the
 * next page is on its way while the caller works on this one.
 */
export const streamSealed = async function* (
  tx: Queryable,
  { after = 0, upTo, since, until }: SealedFilter = {},
): AsyncGenerator<SealedEvent[]> {
  await tx.query(
    `DECLARE audit_walk NO SCROLL CURSOR FOR
     SELECT ${CHAINED_COLUMNS}, sealed_number AS number, previous, hash FROM audit_event
     WHERE sealed_number > ${after}
       ${upTo === undefined ? '' : `AND sealed_number <= ${upTo}`}
       ${since === undefined ? '' : `AND audit_event.at >= '${since.toISOString()}'`}
       ${until === undefined ? '' : `AND audit_event.at < '${until.toISOString()}'`}
     ORDER BY sealed_number`,
  );
  const fetch = () => tx.query<SealedEvent & Record<string, unknown>>(`FETCH ${PAGE} FROM audit_walk`);
  let next = fetch();
  try {
    for (let { rows } = await next; rows.length > 0; { rows } = await next) {
      next = fetch();
      next.catch(() => undefined); // told when it is awaited
      yield rows;
    }
  } finally {
    await next.catch(() => undefined);
    await tx.query('CLOSE audit_walk').catch(() => undefined);
  }
};
