import type { AccessToken, Client, IdToken } from 'oidc-provider';
import { Provider } from 'oidc-provider';
import { epochSeconds, systemClock } from '../platform/clock.ts';
import { sha256 } from '../platform/crypto.ts';
import { uuid } from '../platform/random.ts';
import { practitionerAccount, type CarriesMeans } from './accounts.ts';
import { accessTokenClaims, idTokenClaims } from './claims.ts';
import { own } from './client-model.ts';
import type { TokenSigner } from './jwt.ts';
import { looksLikeJwt } from './jwt.ts';
import type { Algorithm } from './keys.ts';
import { LIFETIMES } from './lifetimes.ts';
import { keep } from './model-fields.ts';

interface MadeByGrant {
  grantId?: string;
  generateTokenId(): string;
}

/** `<grant>.<random>`: the grant's identifier is the hash tag of everything it gave. */
export const tagTokens = (provider: Provider): void => {
  for (const model of [provider.AuthorizationCode, provider.AccessToken, provider.RefreshToken]) {
    const prototype = model.prototype as unknown as MadeByGrant; // generateTokenId is not in the library's types
    const { generateTokenId } = prototype;
    prototype.generateTokenId = function () {
      const id = generateTokenId.call(this);
      return this.grantId === undefined ? id : `${this.grantId}.${id}`;
    };
  }
};

/** What was handed out for a stored access token. */
const issued = new WeakMap<AccessToken, string>();

interface Stored {
  value: string;
  payload: Record<string, unknown>;
}

const algorithmOf = (client: Client | undefined): Algorithm =>
  (client?.idTokenSignedResponseAlg ?? 'RS256') as Algorithm;

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
    typ: 'Bearer',
    practitioner: account.practitioner,
    authentication: {
      acr: extra['acr'] as string | undefined,
      amr: undefined,
      authMode: (extra['authMode'] as string | undefined) ?? '',
      authTime: extra['auth_time'] as number | undefined,
    },
  });
  return signer.sign(algorithmOf(token.client), claims);
};

/**
 * PSC's access token: a JWT signed around the stored token, whose identifier is its `jti`. A `jti` often ends up in logs,
 * so it is worth nothing without the signature.
 */
export const signAccessTokens = (
  provider: Provider,
  signer: TokenSigner,
  wasAccepted: (handle: string) => boolean,
): void => {
  const { AccessToken: Model } = provider;
  keep(Model, 'signed');
  // Not in the library's types: the value handed out, and the payload that is stored.
  const prototype = Model.prototype as unknown as { getValueAndPayload(this: AccessToken): Promise<Stored> };
  const { getValueAndPayload } = prototype;
  prototype.getValueAndPayload = async function () {
    const stored = await getValueAndPayload.call(this);
    const opaque = this.client !== undefined && own(this.client).access_token_format === 'opaque';
    if (!opaque) {
      const value = await signedValue(provider, signer, this, stored);
      issued.set(this, value);
      return { value, payload: { ...stored.payload, signed: true } };
    }
    issued.set(this, stored.value);
    return stored;
  };

  const find = Model.find.bind(Model) as (id: string, options?: object) => Promise<AccessToken | undefined>;
  const findSigned = async (value: string, options?: object): Promise<AccessToken | undefined> => {
    if (typeof value !== 'string') return undefined;
    const signed = looksLikeJwt(value);
    const claims = signed ? signer.verify(value) : undefined;
    if (signed && claims?.['typ'] !== 'Bearer') return undefined;
    const token = await find(signed ? String(claims?.['jti']) : value, options);
    const needsSignature = (token as { signed?: boolean } | undefined)?.signed === true;
    return needsSignature && !signed && !wasAccepted(value) ? undefined : token;
  };
  Object.defineProperty(Model, 'find', { value: findSigned });
};

const atHash = (accessToken: string): string => sha256(accessToken).subarray(0, 16).toString('base64url');

/** ID tokens as Keycloak makes them: its claims, and `typ` in the header. */
export const adaptIdToken = (provider: Provider, signer: TokenSigner): void => {
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
    return signer.sign(algorithmOf(client), {
      exp: iat + LIFETIMES.accessToken,
      iat,
      jti: uuid(),
      iss: provider.issuer,
      aud: client.clientId,
      ...(await this.payload()),
      at_hash: atHash(handle),
      ...idTokenClaims(person.practitioner, {
        clientId: client.clientId,
        sid: accessToken.sid,
        scopes: accessToken.scopes,
        authMode: ((accessToken.extra ?? {}) as CarriesMeans).authMode ?? '',
      }),
    });
  };
};
