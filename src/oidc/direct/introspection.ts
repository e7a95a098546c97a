import type { AccessToken, Client } from 'oidc-provider';
import type { Direct } from '../../http/direct.ts';
import { introspected } from '../answers.ts';
import { mayIntrospect } from '../configuration.ts';
import { tokenAnswer } from './answers.ts';
import { authenticated } from './client-secret.ts';
import { basicOf, fieldsOf, formLength, withBody } from './form.ts';
import { findLiveToken } from './live-token.ts';
import { attempt, type Attempt, type DirectDeps } from './userinfo.ts';

const FIELDS: ReadonlySet<string> = new Set(['token', 'token_type_hint']);

/** Introspection of a good access token by a service that proves itself by Basic. */
export const createDirectIntrospection = (url: string, deps: DirectDeps): Direct => {
  const bodyOf = async (caller: Client, token: AccessToken): Promise<string | undefined> => {
    if (!mayIntrospect(caller, token)) return undefined;
    const account = await deps.accounts.find(token.accountId);
    return account && JSON.stringify(introspected(token, 'Bearer', { account, caller, issuer: deps.issuer }));
  };

  const work = async (body: Buffer, basic: { id: string; secret: string }): Promise<Attempt> => {
    const value = fieldsOf(body, FIELDS)?.['token'];
    if (value === undefined || value === '') return undefined;
    const provider = deps.provider();
    const [caller, live] = await Promise.all([
      authenticated(provider, basic),
      findLiveToken(provider, value),
    ]);
    const text = caller && live && (await bodyOf(caller, live.token));
    return text === undefined
      ? undefined
      : {
          answer: tokenAnswer('introspection', 200, text),
          counted: ['introspection', caller?.clientId ?? ''],
        };
  };

  return (asked) => {
    if (asked.url !== url || asked.method !== 'POST') return false;
    const length = formLength(asked.request);
    const basic = basicOf(asked.request);
    if (length === undefined || basic === undefined) return false;
    withBody(asked, length, (body, otherwise) => attempt(asked, deps, () => work(body, basic), otherwise));
    return true;
  };
};
