import type { AccessToken, Client, IdToken } from 'oidc-provider';
import { Provider } from 'oidc-provider';
import { attached } from '../platform/attached.ts';
import { epochSeconds, systemClock } from '../platform/clock.ts';
import { sha256 } from '../platform/crypto.ts';
import { token as randomToken, uuid } from '../platform/random.ts';
import { practitionerAccount, type CarriesMeans } from './accounts.ts';
import {
  accessTokenClaims,
  confirmationOf,
  idTokenClaims,
  inOlderWords,
  released,
  userinfoClaims,
} from './claims.ts';
import { allows, own } from './client-model.ts';
import type { TokenSigner } from './jwt.ts';
import { algorithmOf } from './algorithm.ts';
import { LIFETIMES } from './lifetimes.ts';
import { sessionTag, uidOfTag } from './record-keys.ts';
import type { RefreshIds } from './refresh-ids.ts';
import { handOutSigned, type Stored } from './signed-tokens.ts';
import type { OurAccessToken } from './token-exchange.ts';

interface MadeByGrant {
  client?: Client;
  grantId?: string;
  generateTokenId(): string;
}

/** `<grant>.<random>` for all that a grant gave; what they and the grant begin with is told in record-keys.ts. */
export const tagTokens = (provider: Provider, refreshIds: RefreshIds): void => {
  for (const model of [provider.AuthorizationCode, provider.AccessToken]) {
    const prototype = model.prototype as unknown as MadeByGrant; // generateTokenId is not in the library's types
    const { generateTokenId } = prototype;
    prototype.generateTokenId = function () {
      const id = generateTokenId.call(this);
      return this.grantId === undefined ? id : `${this.grantId}.${id}`;
    };
  }
  (provider.RefreshToken.prototype as unknown as MadeByGrant).generateTokenId = function () {
    const before = Provider.ctx?.oidc.entities.RotatedRefreshToken;
    if (this.grantId === undefined) throw new Error('a refresh token belongs to a grant');
    // Where older ones stay good, each is a family of its own.
    const follows = before !== undefined && !allows(this.client, 'older_refresh_tokens');
    return follows ? refreshIds.next(before.jti) : refreshIds.first(this.grantId);
  };
  (provider.Grant.prototype as unknown as MadeByGrant).generateTokenId = () => {
    const tag = sessionTag(Provider.ctx?.oidc.session?.uid ?? '');
    return (uidOfTag(tag) === undefined ? randomToken(16) : tag) + randomToken(8);
  };
};

/** What was handed out for a stored access token. */
const issued = attached<AccessToken, string>('handed out');

const signedValue = async (provider: Provider, signer: TokenSigner, token: AccessToken, stored: Stored) => {
  const account = practitionerAccount(Provider.ctx?.oidc.account);
  if (!account) throw new Error('an access token is signed for a practitioner');
  const extra = token.extra ?? {};
  const claims = accessTokenClaims({
    jti: stored.value,
    iat: Number(stored.payload['iat']),
    exp: Number(stored.payload['exp']),
    issuer: provider.issuer,
    sub: token.accountId,
    clientId: token.clientId ?? '',
    nonce: extra['nonce'] as string | undefined,
    sid: token.sid,
    scope: token.scope ?? '',
    aud: token.aud as string | undefined,
    act: (token as OurAccessToken).exchanged?.act,
    cnf: confirmationOf(token),
    typ: 'Bearer',
    practitioner: account.practitioner,
    authentication: {
      acr: extra['acr'] as string | undefined,
      amr: undefined,
      authMode: (extra['authMode'] as string | undefined) ?? '',
      authTime: extra['auth_time'] as number | undefined,
    },
  });
  return signer.sign(
    algorithmOf(token.client),
    allows(token.client, 'older_claim_names') ? inOlderWords(claims) : claims,
  );
};

/** PSC's access token: a JWT signed around the stored token, unless the service chose opaque ones. */
export const signAccessTokens = (
  provider: Provider,
  signer: TokenSigner,
  wasAccepted: (handle: string) => boolean,
): void =>
  handOutSigned<AccessToken>(provider.AccessToken, 'Bearer', {
    verify: (token) => signer.verify(token),
    wasAccepted,
    sign: async (token, stored) =>
      token.client !== undefined && own(token.client).access_token_format === 'opaque'
        ? undefined
        : signedValue(provider, signer, token, stored),
    issued: (token, value) => issued.set(token, value),
  });

const atHash = (accessToken: string): string => sha256(accessToken).subarray(0, 16).toString('base64url');

/** ID tokens as Keycloak makes them: its claims, and `typ` in the header. */
export const adaptIdToken = (
  provider: Provider,
  signer: TokenSigner,
  /** Sends what this request changes, and throws when something that serves once had served. */
  settle: (accessToken: AccessToken) => Promise<void>,
): void => {
  const { prototype } = provider.IdToken;
  const { issue } = prototype;
  prototype.issue = async function (this: IdToken, options) {
    if (options.use !== 'idtoken') return issue.call(this, options);
    const { account, accessToken, client } = this.ctx.oidc;
    const person = practitionerAccount(account);
    const handle = accessToken && issued.get(accessToken);
    if (!person || !accessToken || !client || !handle)
      throw new Error('an ID token comes with an access token');
    const iat = epochSeconds(systemClock.now()); // the library's clock
    const authMode = ((accessToken.extra ?? {}) as CarriesMeans).authMode ?? '';
    const claims = {
      exp: iat + LIFETIMES.accessToken,
      iat,
      jti: uuid(),
      iss: provider.issuer,
      aud: client.clientId,
      ...(await this.payload()),
      at_hash: atHash(handle),
      ...(allows(client, 'claims_in_id_token')
        ? released(userinfoClaims(person.practitioner, person.accountId, authMode), accessToken.scopes)
        : {}),
      ...idTokenClaims(person.practitioner, {
        clientId: client.clientId,
        sid: accessToken.sid,
        scopes: accessToken.scopes,
        authMode,
      }),
    };
    // While it is signed, the code or token for which it is given is used up.
    const [signed] = await Promise.all([
      signer.sign(algorithmOf(client), allows(client, 'older_claim_names') ? inOlderWords(claims) : claims),
      settle(accessToken),
    ]);
    return signed;
  };
};
