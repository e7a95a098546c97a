import { errors, type Client, type Provider } from 'oidc-provider';
import type { AuditEvent } from '../../audit/record.ts';
import type { Config } from '../../config.ts';
import { epochSeconds, type Clock } from '../../platform/clock.ts';
import type { ExpiringStore } from '../../platform/store/contract.ts';
import type { Registry } from '../../registry/service.ts';
import type { CarriesMeans } from '../accounts.ts';
import { subOf, subjectOf } from '../claims.ts';
import { sessionExpiry } from '../configuration.ts';
import type { SignIn } from '../interactions.ts';
import { isPending, type OurRequest } from './poll.ts';

/** What the person decided, for the request of a service. */
export type CibaDecision =
  { outcome: 'approved'; signIn: SignIn } | { outcome: 'denied' } | { outcome: 'failed' };

export interface DecideDeps {
  provider(): Provider;
  store: ExpiringStore;
  registry: Pick<Registry, 'find'>;
  config: Pick<Config, 'subUuid' | 'idleSeconds' | 'sessionSeconds'>;
  clock: Clock;
  record(event: AuditEvent): Promise<void>;
  /** Tells a service that its answer is there. */
  ping(ping: Ping): Promise<void>;
}

export interface Ping {
  clientId: string;
  authReqId: string;
  notificationToken: string;
  nationalId: string | undefined;
  expiresAt: Date;
}

/** While one process writes a decision; another that is told of it meanwhile leaves it to that one. */
const WRITING_SECONDS = 10;

type Approval = { request: OurRequest; client: Client; signIn: SignIn };

/**
 * The sign-in becomes a session like any other, without a browser's cookie: it idles, ends with its person or phone, and
 * is signed out by its ID token.
 */
const openSession = async ({ request, client, signIn }: Approval, deps: DecideDeps) => {
  const provider = deps.provider();
  const grant = new provider.Grant({ clientId: client.clientId, accountId: request.accountId ?? '' });
  grant.addOIDCScope(request.scope ?? '');
  const claims = [request.claims?.id_token, request.claims?.userinfo].flatMap((asked) =>
    Object.keys(asked ?? {}),
  );
  if (claims.length > 0) grant.addOIDCClaims(claims);
  const grantId = await grant.save();

  const session = new provider.Session() as InstanceType<Provider['Session']> & CarriesMeans;
  const signedInAt = epochSeconds(signIn.authTime);
  session.loginAccount({
    accountId: request.accountId ?? '',
    loginTs: signedInAt,
    acr: signIn.acr,
    amr: signIn.amr,
    transient: true,
  });
  session.authMode = signIn.authMode;
  if (signIn.deviceId !== undefined) session.deviceId = signIn.deviceId;
  session.ensureClientContainer(client.clientId);
  session.grantIdFor(client.clientId, grantId);
  const now = epochSeconds(deps.clock.now());
  await session.save(Math.max(1, sessionExpiry(deps.config, signedInAt, now) - now));
  return { grantId, uid: session.uid, sid: session.sidFor(client.clientId) };
};

/** Writes an approval into the request; `failed` when the person is not, or no longer, who was asked for. */
const approve = async (approval: Approval, deps: DecideDeps): Promise<'approved' | 'failed'> => {
  const { request, signIn } = approval;
  const person = await deps.registry.find(signIn.nationalId);
  const same =
    person?.status === 'active' && subOf(deps.config.subUuid, person.subject) === request.accountId;
  if (!same) {
    request.error = 'transaction_failed';
    return 'failed';
  }
  const { grantId, uid, sid } = await openSession(approval, deps);
  Object.assign(request, {
    grantId,
    sessionUid: uid,
    sid,
    expiresWithSession: true,
    acr: signIn.acr,
    amr: signIn.amr,
    authTime: epochSeconds(signIn.authTime),
    authMode: signIn.authMode,
    deviceId: signIn.deviceId,
  });
  return 'approved';
};

const REFUSALS = {
  denied: new errors.AccessDenied('the person refused'),
  failed: new errors.TransactionFailed('what the person typed is not what the service shows'),
} as const;

const tell = async (request: OurRequest, client: Client, deps: DecideDeps): Promise<void> => {
  const notificationToken = request.params?.['client_notification_token'];
  if (client['backchannelTokenDeliveryMode'] !== 'ping') return;
  if (typeof notificationToken !== 'string') return;
  await deps.ping({
    clientId: client.clientId,
    authReqId: request.jti,
    notificationToken,
    nationalId: subjectOf(deps.config.subUuid, request.accountId ?? ''),
    expiresAt: new Date((request.exp ?? 0) * 1000),
  });
};

/** Makes what is called with a decision; one that comes too late, or twice, changes nothing. */
export const createDecide = (deps: DecideDeps) => {
  const decideOnce = async (authReqId: string, decision: CibaDecision): Promise<void> => {
    const { BackchannelAuthenticationRequest: Model, Client } = deps.provider();
    const request = (await Model.find(authReqId, { ignoreExpiration: true })) as OurRequest | undefined;
    if (!request || !isPending(request) || request.isExpired) return;
    const client = await Client.find(request.clientId ?? '');
    if (!client) return;
    const outcome =
      decision.outcome === 'approved'
        ? await approve({ request, client, signIn: decision.signIn }, deps)
        : decision.outcome;
    if (outcome !== 'approved') {
      const { error, error_description: errorDescription } = REFUSALS[outcome];
      Object.assign(request, { error, errorDescription });
    }
    await deps.record({
      type: outcome === 'approved' ? 'sign_in_granted' : 'ciba_refused',
      clientId: client.clientId,
      nationalId:
        decision.outcome === 'approved'
          ? decision.signIn.nationalId
          : subjectOf(deps.config.subUuid, request.accountId ?? ''),
      details:
        outcome === 'approved'
          ? { acr: request.acr ?? '', authMode: request.authMode ?? '', singleSignOn: false, ciba: true }
          : { outcome },
    } as AuditEvent);
    await request.save();
    await tell(request, client, deps);
  };

  return async (authReqId: string, decision: CibaDecision): Promise<void> => {
    const writing = `oidc:{${authReqId}}:deciding`;
    if (!(await deps.store.setIfAbsent(writing, '1', WRITING_SECONDS))) {
      // The caller tries again, in case the one that writes does not come to its end.
      throw new Error('a decision on this request is being written');
    }
    try {
      await decideOnce(authReqId, decision);
    } finally {
      await deps.store.delete(writing);
    }
  };
};
