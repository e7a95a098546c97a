import type { Audit } from '../audit/record.ts';
import type { Deliveries } from '../deliveries/service.ts';
import type { Clock } from '../platform/clock.ts';
import type { Database } from '../platform/postgres.ts';
import { subjectOf } from './claims.ts';
import { tellLogout } from './logout-token.ts';
import type { SessionEnd, SessionsDeps } from './sessions.ts';

export interface SessionEndDeps {
  db: Database;
  audit: Audit;
  deliveries: Pick<Deliveries, 'deliverHttp' | 'kick' | 'release'>;
  clock: Clock;
  subUuid: string;
}

const known = <T extends object>(facts: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

/** Should the process die between the news and what it tells, the news goes by itself after so many seconds. */
const HOLD_SECONDS = 5;

/**
 * Makes what carries out the end of a session. The news for its services are written first and wait until the session
 * is ended: services hear of it when it is true, and hear of it whatever becomes of this process. No transaction stays
 * open meanwhile: the store may want a connection of the same pool.
 */
export const createSessionEnd = (deps: SessionEndDeps): SessionsDeps['ending'] => {
  const hold = (): Date => new Date(deps.clock.now().getTime() + HOLD_SECONDS * 1000);
  return async ({ session, clients, whole, why }: SessionEnd, carryOut) => {
    const told = await Promise.all(
      clients.map((client) =>
        tellLogout(deps, deps.db, { client, sub: session.sub, sid: session.sid }, hold()),
      ),
    );
    await carryOut();
    await deps.db.transaction(async (tx) => {
      const nationalId = subjectOf(deps.subUuid, session.sub);
      if (whole) {
        await deps.audit.record(tx, {
          type: 'signed_out',
          ...known({ nationalId, clientId: why.clientId, supportId: why.supportId, address: why.address }),
          details: { asked: why.by === 'person', by: why.by, ...known({ reason: why.reason }) },
        });
      }
      const ids = told.filter((id) => id !== undefined);
      if (ids.length > 0) await deps.deliveries.release(tx, ids);
    });
    deps.deliveries.kick();
  };
};
