import { Refusal } from '../http/errors.ts';
import type { Database, Queryable } from '../platform/postgres.ts';
import { ProtocolError } from './protocol/errors.ts';
import { REFUSALS, type RefusalCode } from './protocol/refusals.ts';

type Details = ConstructorParameters<typeof Refusal>[2];

/** A refusal of the e-CPS with the status that its code has. */
export const refuse = (code: RefusalCode, details: Details = {}): Refusal =>
  new Refusal(code, REFUSALS[code], details);

/**
 * Runs `work` in one transaction and commits even when it refuses: what was counted before a refusal stays counted.
 * A refusal is returned by `work`, never thrown; thrown errors roll back as always.
 */
export const decide = async <T>(db: Database, work: (tx: Queryable) => Promise<T | Refusal>): Promise<T> => {
  const result = await db.transaction(work);
  if (result instanceof Refusal) throw result;
  return result;
};

/** Runs a check of the protocol module; its errors become refusals. */
export const checked = async <T>(check: () => T | Promise<T>): Promise<T> => {
  try {
    return await check();
  } catch (error) {
    if (error instanceof ProtocolError) throw refuse(error.code, { detail: error.message, cause: error });
    throw error;
  }
};
