import { errors, type AccessToken, type KoaContextWithOIDC, type Provider } from 'oidc-provider';
import { TOKEN_EXCHANGE } from '../clients/schema.ts';
import { clientCertificateOf } from '../http/service-certificate.ts';
import type { Clock } from '../platform/clock.ts';
import { epochSeconds } from '../platform/clock.ts';
import type { Accounts } from './accounts.ts';
import { own } from './client-model.ts';
import { LIFETIMES } from './lifetimes.ts';
import { keep } from './model-fields.ts';

/**
 * Token exchange (RFC 8693) in the espace de confiance: a service declared for it turns a person's live access token into
 * one for a registered API. The new token says no more and lives no longer than the first, names who stands between
 * (`act`), and is good only over the caller's certificate (`cnf`). It ends with what the first came from.
 */

/** A service that acts for the person; whom it took over from stands inside. */
export interface Actor {
  sub: string;
  client_id: string;
  act?: Actor;
}

/** What a token keeps of the exchange it came from. */
export interface Exchanged {
  /** The grant and session of the sign-in at its root, and the service that signed in. */
  grantId: string;
  sessionUid?: string;
  clientId: string;
  act: Actor;
}

/** An access token as we keep it. */
export type OurAccessToken = AccessToken & { exchanged?: Exchanged };

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const TYPES: ReadonlySet<unknown> = new Set([ACCESS_TOKEN, 'urn:ietf:params:oauth:token-type:jwt']);

const PARAMETERS = [
  'audience',
  'resource',
  'scope',
  'requested_token_type',
  'subject_token',
  'subject_token_type',
  'actor_token',
  'actor_token_type',
];

const checkParameters = (params: Record<string, unknown>): void => {
  for (const name of ['subject_token', 'subject_token_type']) {
    if (params[name] === undefined) {
      throw new errors.InvalidRequest(`missing required parameter ${name}`);
    }
  }
  if (!TYPES.has(params['subject_token_type'])) {
    throw new errors.InvalidRequest('subject_token_type must be that of an access token or a JWT');
  }
  if (params['requested_token_type'] !== undefined && !TYPES.has(params['requested_token_type'])) {
    throw new errors.InvalidRequest('requested_token_type must be that of an access token or a JWT');
  }
  if (params['actor_token'] !== undefined || params['actor_token_type'] !== undefined) {
    throw new errors.InvalidRequest('actor_token is not taken: the caller is the actor');
  }
  if (params['resource'] !== undefined) {
    throw new errors.InvalidTarget('name the API by audience, its client_id; resource is not taken');
  }
};

/** A declared API that still exists. */
const checkAudience = async (ctx: KoaContextWithOIDC, audience: unknown): Promise<string> => {
  const declared = ctx.oidc.client && own(ctx.oidc.client).token_exchange_audiences;
  if (typeof audience !== 'string' || !declared?.includes(audience)) {
    throw new errors.InvalidTarget('audience must be an API that this service is declared for');
  }
  if (!(await ctx.oidc.provider.Client.find(audience))) {
    throw new errors.InvalidTarget('the API named by audience is not registered');
  }
  return audience;
};

/** The live access token of a person. One made for an API is good only in the hands of that API. */
const findSubject = async (ctx: KoaContextWithOIDC, value: unknown): Promise<OurAccessToken> => {
  const { provider, client } = ctx.oidc;
  const subject = (await provider.AccessToken.find(String(value))) as OurAccessToken | undefined;
  if (!subject?.isValid) throw new errors.InvalidRequest('subject_token is not a live token of ours');
  if (subject.aud !== undefined && subject.aud !== client?.clientId) {
    throw new errors.InvalidRequest('subject_token was made for another API');
  }
  return subject;
};

const checkScope = (asked: unknown, subject: AccessToken): string => {
  const given = [...subject.scopes];
  if (typeof asked !== 'string' || asked === '') return given.join(' ');
  const beyond = asked.split(' ').filter((scope) => !subject.scopes.has(scope));
  if (beyond.length > 0) {
    throw new errors.InvalidScope('the subject token does not have this scope', beyond.join(' '));
  }
  return asked;
};

const exchangedFrom = (subject: OurAccessToken, caller: string): Exchanged => {
  const { exchanged } = subject;
  const act: Actor = {
    sub: caller,
    client_id: caller,
    ...(exchanged === undefined ? {} : { act: exchanged.act }),
  };
  if (exchanged) return { ...exchanged, act };
  return {
    grantId: subject.grantId ?? '',
    clientId: subject.clientId ?? '',
    ...(subject.sessionUid === undefined ? {} : { sessionUid: subject.sessionUid }),
    act,
  };
};

/** What the extra claims of the new token are: those of the token it came from. */
const subjects = new WeakMap<AccessToken, OurAccessToken>();

/** The extra claims of a token that was exchanged; undefined for any other. */
export const extraOfExchanged = (token: unknown): Record<string, unknown> | undefined =>
  subjects.get(token as AccessToken)?.extra;

const exchange = async (ctx: KoaContextWithOIDC, accounts: Accounts, clock: Clock): Promise<void> => {
  const { provider, client, params = {} } = ctx.oidc;
  if (!client) throw new errors.InvalidClient('the client is unknown');
  checkParameters(params);
  const certificate = clientCertificateOf(ctx);
  if (!certificate) throw new errors.InvalidRequest('mutual TLS client certificate not provided');
  const audience = await checkAudience(ctx, params['audience']);
  const subject = await findSubject(ctx, params['subject_token']);
  const scope = checkScope(params['scope'], subject);
  const account = await accounts.find(subject.accountId, subject);
  if (!account) throw new errors.InvalidRequest('the person of subject_token may no longer sign in');
  ctx.oidc.entity('Account', account);

  const left = (subject.exp ?? 0) - epochSeconds(clock.now());
  const token: OurAccessToken = new provider.AccessToken({
    client,
    accountId: subject.accountId,
    // It has no grant of its own: it lives by that of the sign-in at its root.
    grantId: undefined as unknown as string,
    scope,
    gty: 'token_exchange',
    expiresIn: Math.min(left, LIFETIMES.accessToken),
    ...(subject.sid === undefined ? {} : { sid: subject.sid }),
  });
  token.setAudience(audience);
  token.setThumbprint('x5t', certificate);
  token.exchanged = exchangedFrom(subject, client.clientId);
  subjects.set(token, subject);
  ctx.oidc.entity('AccessToken', token);
  const value = await token.save();
  ctx.body = {
    access_token: value,
    issued_token_type: ACCESS_TOKEN,
    token_type: token.tokenType,
    expires_in: token.expiration,
    scope,
  };
};

/** An exchanged token lives as long as the sign-in at its root, and as the service that obtained it. */
const isAlive = async (provider: Provider, token: OurAccessToken): Promise<boolean> => {
  const { exchanged } = token;
  if (!exchanged) return true;
  const [grant, client] = await Promise.all([
    provider.Grant.find(exchanged.grantId),
    provider.Client.find(token.clientId ?? ''),
  ]);
  if (!client || grant?.accountId !== token.accountId) return false;
  if (exchanged.sessionUid === undefined) return true;
  const session = await provider.Session.findByUid(exchanged.sessionUid);
  return (
    session?.accountId === token.accountId && session.grantIdFor(exchanged.clientId) === exchanged.grantId
  );
};

/** Teaches a new Provider the exchange. */
export const registerTokenExchange = (
  provider: Provider,
  { accounts, clock }: { accounts: Accounts; clock: Clock },
): void => {
  const Model = provider.AccessToken;
  keep(Model, 'exchanged');
  const find = Model.find.bind(Model) as (
    value: string,
    options?: object,
  ) => Promise<OurAccessToken | undefined>;
  const findAlive = async (value: string, options?: object): Promise<OurAccessToken | undefined> => {
    const token = await find(value, options);
    return token && (await isAlive(provider, token)) ? token : undefined;
  };
  Object.defineProperty(Model, 'find', { value: findAlive });
  provider.registerGrantType(TOKEN_EXCHANGE, (ctx) => exchange(ctx, accounts, clock), PARAMETERS);
};
