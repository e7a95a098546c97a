import { errors, type Provider } from 'oidc-provider';
import type { Direct } from '../../http/direct.ts';
import type { ExpiringStore } from '../../platform/store/contract.ts';
import { CIBA_GRANT } from '../ciba/limits.ts';
import { firstPoll, isPending, type OurRequest } from '../ciba/poll.ts';
import { tokenAnswer } from './answers.ts';
import { authenticated } from './client-secret.ts';
import { basicOf, fieldsOf, formLength, withBody } from './form.ts';
import { attempt, type Attempt, type DirectDeps } from './userinfo.ts';

const FIELDS: ReadonlySet<string> = new Set(['grant_type', 'auth_req_id']);
/** A poll has 108 bytes; requests with a code or a refresh token have more, and are left alone. */
const MOST_BYTES = 112;
const IDENTIFIER = /^[A-Za-z0-9_-]{1,200}$/;

const bodyOf = ({ error, error_description: description }: errors.OIDCProviderError): string =>
  JSON.stringify({ error, ...(description === undefined ? {} : { error_description: description }) });
const PENDING = bodyOf(new errors.AuthorizationPending());
const TOO_SOON = bodyOf(new errors.SlowDown());

/** Errors are drawn as a page for who prefers one. */
const wantsJson = (accept: string | undefined): boolean =>
  accept === undefined || accept === '*/*' || accept === 'application/json';

const requestOf = (provider: Provider, id: string): Promise<OurRequest | undefined> =>
  provider.BackchannelAuthenticationRequest.find(id, { ignoreExpiration: true }) as Promise<
    OurRequest | undefined
  >;

/** The poll of a service whose person has not answered yet. */
export const createDirectCibaPoll = (url: string, deps: DirectDeps & { store: ExpiringStore }): Direct => {
  const work = async (body: Buffer, basic: { id: string; secret: string }): Promise<Attempt> => {
    const { grant_type: grantType, auth_req_id: id = '' } = fieldsOf(body, FIELDS) ?? {};
    if (grantType !== CIBA_GRANT || !IDENTIFIER.test(id)) return undefined;
    const provider = deps.provider();
    const client = await authenticated(provider, basic);
    if (client?.grantTypeAllowed(CIBA_GRANT) !== true) return undefined;
    const request = requestOf(provider, id);
    // Heeded only while the request is pending, as by the library's own look at it.
    const [found, first] = await Promise.all([request, firstPoll(deps.store, id)]);
    const pending = found?.clientId === client.clientId && !found.isExpired && isPending(found);
    return pending ? { answer: tokenAnswer('token', 400, first ? PENDING : TOO_SOON) } : undefined;
  };

  return (asked) => {
    if (asked.url !== url || asked.method !== 'POST' || !wantsJson(asked.request.headers.accept))
      return false;
    const length = formLength(asked.request);
    const basic = basicOf(asked.request);
    if (length === undefined || length > MOST_BYTES || basic === undefined) return false;
    withBody(asked, length, (body, otherwise) =>
      body.includes('auth_req_id=') ? attempt(asked, deps, () => work(body, basic), otherwise) : otherwise(),
    );
    return true;
  };
};
