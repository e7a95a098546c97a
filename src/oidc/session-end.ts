import type { Audit } from '../audit/record.ts';
import type { Deliveries } from '../deliveries/service.ts';
import type { Database } from '../platform/postgres.ts';
import { subjectOf } from './claims.ts';
import { tellLogout } from './logout-token.ts';
import type { SessionEnd, SessionsDeps } from './sessions.ts';

export interface SessionEndDeps {
  db: Database;
  audit: Audit;
  deliveries: Pick<Deliveries, 'deliverHttp' | 'kick'>;
  subUuid: string;
}

const known = <T extends object>(facts: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

/**
 * Makes what carries out the end of a session: its row of the audit and the news for its services are written, the
 * session is ended, and only then do the former commit. Services hear of it when it is true.
 */
export const createSessionEnd = (deps: SessionEndDeps): SessionsDeps['ending'] => {
  return async ({ session, clients, whole, why }: SessionEnd, carryOut) => {
    await deps.db.transaction(async (tx) => {
      const nationalId = subjectOf(deps.subUuid, session.sub);
      if (whole) {
        await deps.audit.record(tx, {
          type: 'signed_out',
          ...known({ nationalId, clientId: why.clientId, supportId: why.supportId, address: why.address }),
          details: { asked: why.by === 'person', by: why.by, ...known({ reason: why.reason }) },
        });
      }
      for (const client of clients) {
        await tellLogout(deps, tx, { client, sub: session.sub, sid: session.sid });
      }
      await carryOut();
    });
    deps.deliveries.kick();
  };
};
