import { setTimeout as wait } from 'node:timers/promises';
import type { Audit } from '../audit/record.ts';
import type { Clock } from '../platform/clock.ts';
import type { Database } from '../platform/postgres.ts';
import { createClients } from './service.ts';

/** What an operator does to a service as a whole. */
export interface LifecycleDeps {
  db: Database;
  clock: Clock;
  audit: Audit;
}

/** A request that was under way when a service was disabled has been answered by then. */
const UNDER_WAY_MS = 1200;

const change = async (
  clientId: string,
  disabled: boolean,
  { db, clock, audit }: LifecycleDeps,
): Promise<boolean> =>
  db.transaction(async (tx) => {
    if (!(await createClients({ db: tx, clock }).setDisabled(clientId, disabled))) return false;
    const details = { change: disabled ? 'disabled' : 'enabled' };
    await audit.record(tx, { type: 'client_changed', clientId, details });
    return true;
  });

/**
 * Disables a service, which every process reads at its next request, and ends all it was given; once more a moment later, for
 * what a request that was under way may have given. Undefined when there is no such service.
 */
export const disableClient = async (
  clientId: string,
  deps: LifecycleDeps & {
    /** Ends what a service was given; says how many sessions it concerned. */
    endSessionsOf(clientId: string): Promise<number>;
  },
): Promise<{ sessions: number } | undefined> => {
  if (!(await change(clientId, true, deps))) return undefined;
  const sessions = await deps.endSessionsOf(clientId);
  await wait(UNDER_WAY_MS);
  await deps.endSessionsOf(clientId);
  return { sessions };
};

/** Takes it back: the service is known again, and its people sign in anew. False when there is no such service. */
export const enableClient = (clientId: string, deps: LifecycleDeps): Promise<boolean> =>
  change(clientId, false, deps);
