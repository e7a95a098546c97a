import type { Client, KoaContextWithOIDC } from 'oidc-provider';
import { DEVICE_CODE } from '../clients/schema.ts';
import type { Accounts, CarriesMeans, PractitionerAccount } from './accounts.ts';
import { CIBA_GRANT, INTERVAL_SECONDS } from './ciba/limits.ts';
import {
  OLDER_OTHER_IDS,
  confirmationOf,
  inOlderWords,
  introspectionClaims,
  type Confirmation,
} from './claims.ts';
import { allows } from './client-model.ts';
import { completeDevice } from './device-flow.ts';
import type { Exchanged } from './token-exchange.ts';

/** The library's answers, completed to those of Pro Santé Connect. */
export interface AnswersDeps {
  /** Where the authorization endpoint is published: the front door. */
  frontDoor: string;
  issuer: string;
  accounts: Accounts;
}

type Body = Record<string, unknown>;

/** Token response: what Keycloak adds. */
const completeTokens = (ctx: KoaContextWithOIDC, body: Body): void => {
  // An exchange answers as RFC 8693 says.
  if (body['issued_token_type'] !== undefined) return;
  const { RefreshToken: refresh, AccessToken: access } = ctx.oidc.entities;
  ctx.body = {
    access_token: body['access_token'],
    expires_in: body['expires_in'],
    ...(refresh === undefined ? {} : { refresh_expires_in: refresh.remainingTTL }),
    ...(body['refresh_token'] === undefined ? {} : { refresh_token: body['refresh_token'] }),
    token_type: body['token_type'],
    ...(body['id_token'] === undefined ? {} : { id_token: body['id_token'] }),
    'not-before-policy': 0,
    ...(access?.sid === undefined ? {} : { session_state: access.sid }),
    scope: body['scope'],
  };
};

interface Introspected extends CarriesMeans, Confirmation {
  aud?: string;
  exchanged?: Exchanged;
  jti: string;
  /** The token was handed out as a signed JWT. */
  signed?: boolean;
  iat: number;
  exp?: number;
  accountId: string;
  clientId?: string;
  sid?: string;
  scope?: string;
  nonce?: string;
  acr?: string;
  amr?: string[];
  authTime?: number;
  extra?: { acr?: string; auth_time?: number; nonce?: string; authMode?: string };
}

/** What is told of a good token. A refresh token is told by its own name. */
export const introspected = (
  found: object,
  typ: 'Bearer' | 'Refresh',
  { account, caller, issuer }: { account: PractitionerAccount; caller: Client | undefined; issuer: string },
): object => {
  const token = found as Introspected; // an access or refresh token, with what we keep of it
  const claims = introspectionClaims({
    // The stored name of an opaque token is the token itself; that of a signed one is worth nothing alone.
    jti: token.signed ? token.jti : '',
    iat: token.iat,
    exp: token.exp ?? 0,
    issuer,
    sub: token.accountId,
    clientId: token.clientId ?? '',
    nonce: token.extra?.nonce ?? token.nonce,
    sid: token.sid,
    scope: token.scope ?? '',
    aud: token.aud,
    act: token.exchanged?.act,
    cnf: confirmationOf(token),
    typ,
    practitioner: account.practitioner,
    authentication: {
      acr: token.extra?.acr ?? token.acr,
      amr: token.amr,
      authMode: token.extra?.authMode ?? token.authMode ?? '',
      authTime: token.extra?.auth_time ?? token.authTime,
    },
  });
  const { jti, ...anonymous } = claims;
  const known = jti === '' ? anonymous : claims;
  return allows(caller, 'older_claim_names') ? inOlderWords(known) : known;
};

/** Introspection: the token's claims, if its person still may sign in. */
const completeIntrospection = async (
  ctx: KoaContextWithOIDC,
  body: Body,
  deps: AnswersDeps,
): Promise<void> => {
  if (body['active'] !== true) return;
  const { AccessToken: access, RefreshToken: refresh } = ctx.oidc.entities;
  const token = access ?? refresh;
  const account = token && (await deps.accounts.find(token.accountId));
  ctx.body =
    token && account
      ? introspected(token, access ? 'Bearer' : 'Refresh', {
          account,
          caller: ctx.oidc.client,
          issuer: deps.issuer,
        })
      : { active: false };
};

/** What a service that asks here must be registered for. */
const grantTypeOf = (ctx: KoaContextWithOIDC): unknown => {
  switch (ctx.oidc.route) {
    case 'token':
      return ctx.oidc.params?.['grant_type'];
    case 'device_authorization':
      return DEVICE_CODE;
    case 'backchannel_authentication':
      return CIBA_GRANT;
    default:
      return undefined;
  }
};

/** Who may not ask at all is told so in the standard's word (RFC 6749, 5.2). */
const nameUnauthorized = (ctx: KoaContextWithOIDC): void => {
  const body = ctx.body as Body | undefined;
  const grantType = grantTypeOf(ctx);
  if (typeof grantType !== 'string' || body?.['error'] !== 'invalid_request') return;
  if (ctx.oidc.client?.grantTypeAllowed(grantType) === false) {
    ctx.body = { ...body, error: 'unauthorized_client' };
  }
};

/** Discovery: the front door; what only a service's own registration brings is not told to all. */
const completeDiscovery = (body: Body, deps: AnswersDeps): Body => ({
  ...body,
  authorization_endpoint: deps.frontDoor,
  backchannel_user_code_parameter_supported: false,
  claims_supported: (body['claims_supported'] as string[]).filter((claim) => claim !== OLDER_OTHER_IDS),
});

/** Completes the answer of a successful request, by the library's name of the route. */
export const completeAnswer = async (ctx: KoaContextWithOIDC, deps: AnswersDeps): Promise<void> => {
  const body: unknown = ctx.body;
  if (ctx.status === 400) return nameUnauthorized(ctx);
  if (ctx.status !== 200 || typeof body !== 'object' || body === null || Buffer.isBuffer(body)) return;
  switch (ctx.oidc.route) {
    case 'token':
      return completeTokens(ctx, body as Body);
    case 'introspection':
      return completeIntrospection(ctx, body as Body, deps);
    case 'device_authorization':
      ctx.body = completeDevice(body as Body);
      return;
    case 'backchannel_authentication':
      ctx.body = { ...body, interval: INTERVAL_SECONDS };
      return;
    case 'discovery':
      ctx.body = completeDiscovery(body as Body, deps);
  }
};
