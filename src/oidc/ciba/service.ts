import { errors, type Configuration, type KoaContextWithOIDC } from 'oidc-provider';
import type { AuditEvent } from '../../audit/record.ts';
import type { LimitAnswer, Limits } from '../../limits/limits.ts';
import { createDecide, type CibaDecision, type DecideDeps } from './decide.ts';
import { createHints, type Hints, type HintsDeps } from './hints.ts';
import { PER_PERSON } from './limits.ts';
import { createSignedRequestCheck } from './signed-request.ts';
import { checkBindingMessage, checkChannel, expiryOf } from './rules.ts';

export type { CibaDecision, Ping } from './decide.ts';

/** What a service asks a person, for who puts the question. */
export interface CibaQuestion {
  authReqId: string;
  nationalId: string;
  /** What the service shows, to be typed. */
  message: string;
  service: { clientId: string; name: string; host: string };
  /** The level asked, or what we give when it does not say. */
  acr: string;
  uiLocales: string | undefined;
  seconds: number;
}

/** Client-Initiated Backchannel Authentication: the library's feature, and what it leaves to us. */
export interface Ciba {
  feature: NonNullable<NonNullable<Configuration['features']>['ciba']>;
  account: Hints['account'];
  /** A person answered. */
  decide(authReqId: string, decision: CibaDecision): Promise<void>;
}

export type CibaDeps = HintsDeps &
  DecideDeps & {
    limits: Limits;
    defaultAcr: string;
    /** Requests of one service in a minute. */
    perClient: number;
    /** Asks the person's phones; same work for someone who has none. */
    ask(question: CibaQuestion): Promise<void>;
  };

const tooMany = (ctx: KoaContextWithOIDC, description: string, { retryAfter }: LimitAnswer): Error => {
  ctx.set('Retry-After', String(retryAfter));
  const error = new errors.CustomOIDCProviderError('temporarily_unavailable', description);
  return Object.assign(error, { status: 429, statusCode: 429, expose: true });
};

const hostOf = (uri: string | undefined): string =>
  uri !== undefined && URL.canParse(uri) ? new URL(uri).host : '';

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** Makes {@link Ciba}. */
export const createCiba = (deps: CibaDeps): Ciba => {
  const { limits } = deps;
  const hints = createHints(deps);
  const checkSignedRequest = createSignedRequestCheck(deps);

  const refused = (clientId: string, limit: string): Promise<void> =>
    deps.record({ type: 'ciba_limited', clientId, details: { limit } } satisfies AuditEvent);

  const withinQuota = async (
    ctx: KoaContextWithOIDC,
    name: 'client' | 'person',
    subject: string,
    description: string,
  ): Promise<void> => {
    const clientId = ctx.oidc.client?.clientId ?? '';
    const rules = name === 'client' ? [{ limit: deps.perClient, seconds: 60 }] : PER_PERSON;
    const answer = await limits.hit(`ciba-${name}`, subject, rules);
    if (answer.allowed) return;
    // One row a minute tells enough.
    const written = await limits.hit('ciba-limited-written', `${clientId} ${name}`, [
      { limit: 1, seconds: 60 },
    ]);
    if (written.allowed) await refused(clientId, name);
    throw tooMany(ctx, description, answer);
  };

  return {
    account: hints.account,
    decide: createDecide(deps),
    feature: {
      enabled: true,
      deliveryModes: ['poll', 'ping'],
      processLoginHint: (ctx, hint) => hints.loginHint(ctx, hint ?? ''),
      processLoginHintToken: (ctx, token) => hints.loginHintToken(ctx, token ?? ''),
      validateBindingMessage: (_ctx, message) => checkBindingMessage(message),
      async validateRequestContext(ctx) {
        await checkSignedRequest(ctx);
        checkChannel(ctx.oidc.params?.['channel']);
        const clientId = ctx.oidc.client?.clientId ?? '';
        await withinQuota(ctx, 'client', clientId, 'this service asks too often');
      },
      // Called once the person is known, whichever the hint; there are no user codes.
      async verifyUserCode(ctx, account) {
        const nationalId = await hints.meant(ctx, account.accountId);
        const clientId = ctx.oidc.client?.clientId ?? '';
        await withinQuota(
          ctx,
          'person',
          `${clientId} ${nationalId}`,
          'this service asks this person too often',
        );
      },
      async triggerAuthenticationDevice(ctx, request, account, client) {
        const { params } = ctx.oidc;
        await deps.ask({
          authReqId: request.jti,
          nationalId: await hints.meant(ctx, account.accountId),
          message: String(params?.['binding_message']),
          service: {
            clientId: client.clientId,
            name: client.clientName ?? client.clientId,
            host: hostOf(client.clientUri) || hostOf(client.redirectUris?.[0]),
          },
          acr: text(params?.['acr_values'])?.split(' ')[0] ?? deps.defaultAcr,
          uiLocales: text(params?.['ui_locales']),
          seconds: expiryOf(ctx),
        });
      },
    },
  };
};
