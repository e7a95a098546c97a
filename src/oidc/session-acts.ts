import type { Audit } from '../audit/record.ts';
import type { Clients } from '../clients/service.ts';
import type { Queryable } from '../platform/postgres.ts';
import type { EndSessionsOf, Oidc } from './provider.ts';
import type { OpenSession } from './sessions.ts';

/** What an operator does with sessions, without the command around it. */

/** Which sessions: all of a person, a phone or a service, or one by its name. */
export type SessionsOf = EndSessionsOf | { sid: string };

/** A session as an operator sees it. */
export interface SessionView extends Omit<OpenSession, 'clientIds' | 'sub'> {
  nationalId: string;
  services: { clientId: string; name: string }[];
}

export interface SessionActsDeps {
  oidc: Pick<Oidc, 'sessions' | 'sessionsOf' | 'endSessionsOf' | 'personOf'>;
  clients: Pick<Clients, 'find'>;
}

/** The open sessions of a person, a phone or a service, newest first. */
export const listSessions = async (
  { oidc, clients }: SessionActsDeps,
  of: EndSessionsOf,
): Promise<SessionView[]> => {
  const sessions = await oidc.sessionsOf(of);
  const names = new Map<string, string>();
  for (const clientId of new Set(sessions.flatMap(({ clientIds }) => clientIds))) {
    names.set(clientId, (await clients.find(clientId))?.metadata.client_name ?? clientId);
  }
  return sessions.map(({ clientIds, sub, ...session }) => ({
    ...session,
    nationalId: oidc.personOf(sub) ?? '',
    services: clientIds.map((clientId) => ({ clientId, name: names.get(clientId) ?? clientId })),
  }));
};

export interface EndSessionsInput {
  of: SessionsOf;
  /** Why, in the operator's words; it is kept in the audit. */
  reason: string;
}

/**
 * Ends sessions on every node, with what they gave; services that asked to be told are told by the running processes.
 * Of a service, what it was given ends and the sessions go on. Says how many sessions it concerned.
 */
export const endSessions = async (
  deps: { oidc: Pick<Oidc, 'sessions' | 'endSessionsOf'>; audit: Audit; db: Queryable },
  { of, reason }: EndSessionsInput,
): Promise<number> => {
  const why = { by: 'operator', reason } as const;
  if ('sid' in of) return (await deps.oidc.sessions.end(of.sid, why)) === undefined ? 0 : 1;
  const count = await deps.oidc.endSessionsOf(of, why);
  await deps.audit.record(deps.db, {
    type: 'sessions_ended',
    ...('nationalId' in of ? { nationalId: of.nationalId } : {}),
    ...('deviceId' in of ? { deviceId: of.deviceId } : {}),
    ...('clientId' in of ? { clientId: of.clientId } : {}),
    details: { by: 'operator', reason, sessions: count },
  });
  return count;
};
