import type { Limits } from '../limits/limits.ts';
import type { Clock } from '../platform/clock.ts';
import type { Queryable } from '../platform/postgres.ts';

/**
 * Requests of services that failed, with the facts that explain them: what `caducee clients doctor` looks at. Never a
 * secret, a token, a code or a name of a person.
 */

/** Facts about a failed request; each is there only where it says something. */
export interface FailureFacts {
  grantType?: string;
  /** Without the values of its query. */
  redirectUri?: string;
  postLogoutRedirectUri?: string;
  acrValues?: string;
  scope?: string;
  responseType?: string;
  /** How the service tried to prove who it is. */
  credentials?: 'basic' | 'body' | 'both' | 'assertion' | 'certificate' | 'none';
  /** What is odd about the secret that was sent. */
  secret?: 'ended' | 'spaces' | 'encoded';
  /** Of a client assertion, a DPoP proof or a request object: seconds by which its clock is ahead of ours. */
  clockAhead?: number;
  /** Seconds since such a text expired. */
  expiredFor?: number;
  audience?: string;
  algorithm?: string;
  keyId?: string;
  verifierSent?: boolean;
  challengeSent?: boolean;
  /** Subject of the certificate that was presented, and why it was not believed. */
  certificate?: string;
  certificateRefused?: string;
  /** Where a proof says it goes, and where it went. */
  htu?: string;
  expectedHtu?: string;
}

export interface Failure {
  at: Date;
  /** The library's name of the endpoint: `authorization`, `token`… */
  endpoint: string;
  error: string;
  description: string;
  /** What is not told to the service. */
  detail: string;
  facts: FailureFacts;
  supportId: string | undefined;
}

/** Keeps failures. */
export interface ClientFailures {
  /** Keeps one, unless there were too many of this service in this minute. */
  note(clientId: string, failure: Omit<Failure, 'at'>): Promise<void>;
}

const NOTED = { limit: 30, seconds: 60 } as const;
/** What is kept of each service. */
export const KEPT = { newest: 200, days: 14 } as const;
const LONGEST = 300;

const short = (text: string): string => text.toWellFormed().replaceAll('\0', '').slice(0, LONGEST);

const shortened = (facts: FailureFacts): object =>
  Object.fromEntries(
    Object.entries(facts)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]: [string, unknown]) => [name, typeof value === 'string' ? short(value) : value]),
  );

/** Makes {@link ClientFailures}. */
export const createClientFailures = (deps: {
  db: Queryable;
  clock: Clock;
  limits: Limits;
}): ClientFailures => ({
  async note(clientId, failure) {
    const { allowed } = await deps.limits.hit('client-failures', clientId, [NOTED]);
    if (!allowed) return;
    await deps.db.query(
      `INSERT INTO client_failure (client_id, at, endpoint, error, description, detail, facts, support_id)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        clientId,
        deps.clock.now(),
        failure.endpoint,
        short(failure.error),
        short(failure.description),
        short(failure.detail),
        JSON.stringify(shortened(failure.facts)),
        failure.supportId ?? null,
      ],
    );
  },
});

interface Row {
  at: Date;
  endpoint: string;
  error: string;
  description: string;
  detail: string;
  facts: FailureFacts;
  support_id: string | null;
}

/** The newest of a service, newest first. */
export const listFailures = async (db: Queryable, clientId: string, since: Date): Promise<Failure[]> =>
  (
    await db.query<Row>(
      `SELECT at, endpoint, error, description, detail, facts, support_id FROM client_failure
       WHERE client_id = $1 AND at >= $2 ORDER BY id DESC LIMIT $3`,
      [clientId, since, KEPT.newest],
    )
  ).rows.map(({ support_id: supportId, ...row }) => ({ ...row, supportId: supportId ?? undefined }));

/** Forgets those that are old, and all but the newest of each service. */
export const forgetFailures = async ({ db, clock }: { db: Queryable; clock: Clock }): Promise<void> => {
  const before = new Date(clock.now().getTime() - KEPT.days * 86_400_000);
  await db.query('DELETE FROM client_failure WHERE at < $1', [before]);
  await db.query(
    `DELETE FROM client_failure WHERE id IN (
       SELECT id FROM (
         SELECT id, row_number() OVER (PARTITION BY client_id ORDER BY id DESC) AS place FROM client_failure
       ) AS numbered WHERE place > $1)`,
    [KEPT.newest],
  );
};
