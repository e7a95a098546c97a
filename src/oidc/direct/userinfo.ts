import type { Client, Provider } from 'oidc-provider';
import type { Direct, DirectAnswer, DirectRequest } from '../../http/direct.ts';
import type { Practitioner } from '../../registry/service.ts';
import type { Accounts, PractitionerAccount } from '../accounts.ts';
import { userinfoClaims } from '../claims.ts';
import type { Events, OidcCounter } from '../events.ts';
import type { Records } from '../unit.ts';
import { tokenAnswer } from './answers.ts';
import { findLiveToken } from './live-token.ts';

export interface DirectDeps {
  provider(): Provider;
  records: Records;
  accounts: Accounts;
  events: Pick<Events, 'count'>;
  issuer: string;
  log: { error(fields: object, text: string): void };
}

const BEARER = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/;

/** Not in the library's types: what it makes userinfo's answer with. */
interface ClaimsOf {
  Claims: new (
    available: object,
    options: { client: Client; ctx: undefined },
  ) => { scope(scope: string): void; result(): Promise<object> };
}

/** Answers by person, as long as the registry says the same of them. */
const createBodies = () => {
  const known = new WeakMap<Practitioner, Map<string, string>>();
  return async (provider: Provider, account: PractitionerAccount, client: Client, scope: string) => {
    const { practitioner, accountId: sub, authMode } = account;
    const name = `${sub} ${authMode} ${scope}`;
    const bodies = known.get(practitioner) ?? new Map<string, string>();
    const before = bodies.get(name);
    if (before) return before;
    const { Claims } = provider as unknown as ClaimsOf;
    const claims = new Claims(userinfoClaims(practitioner, sub, authMode), { client, ctx: undefined });
    claims.scope(scope);
    const body = JSON.stringify(await claims.result());
    known.set(practitioner, bodies.set(name, body));
    return body;
  };
};

/** An answer, and for whom it is counted; undefined leaves it to the application. */
export type Attempt = { answer: DirectAnswer; counted?: [OidcCounter, string] } | undefined;

/** Makes an attempt as one request of the store; the application goes on outside of it. */
export const attempt = (
  asked: DirectRequest,
  deps: DirectDeps,
  work: () => Promise<Attempt>,
  otherwise: () => void = asked.otherwise,
): void => {
  deps.records
    .unit(work, asked.request)
    .catch((error: unknown) => {
      deps.log.error({ err: error }, 'direct answer failed');
      return undefined;
    })
    .then((made) => {
      if (!made) return otherwise();
      asked.answer(made.answer);
      if (made.counted) deps.events.count(...made.counted);
    })
    .catch((error: unknown) => deps.log.error({ err: error }, 'direct answer failed'));
};

/** Userinfo by GET with a bearer token, for what is plainly good. */
export const createDirectUserinfo = (url: string, deps: DirectDeps): Direct => {
  const bodyOf = createBodies();

  const work = async (value: string): Promise<Attempt> => {
    const provider = deps.provider();
    const live = await findLiveToken(provider, value);
    if (!live) return undefined;
    const { token, client, grant } = live;
    const signed = client.userinfoSignedResponseAlg ?? client['userinfoEncryptedResponseAlg'];
    if (signed !== undefined || !token.scopes.has('openid')) return undefined;
    const account = await deps.accounts.find(token.accountId, token);
    if (!account) return undefined;
    const body = await bodyOf(provider, account, client, grant.getOIDCScopeFiltered(token.scopes));
    return { answer: tokenAnswer('userinfo', 200, body), counted: ['userinfo', client.clientId] };
  };

  return (asked) => {
    const { request, method } = asked;
    if (asked.url !== url || method !== 'GET') return false;
    if (
      request.headers['content-length'] !== undefined ||
      request.headers['transfer-encoding'] !== undefined
    ) {
      return false;
    }
    const value = BEARER.exec(request.headers.authorization ?? '')?.[1];
    if (value === undefined) return false;
    attempt(asked, deps, () => work(value));
    return true;
  };
};
