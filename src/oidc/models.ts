import type { Context } from 'koa';
import {
  Provider,
  type AccessToken,
  type Client,
  type IdToken,
  type OIDCContext,
  type Session,
} from 'oidc-provider';
import { isLoopbackUrl } from '../clients/schema.ts';
import { isSecretOf } from '../clients/service.ts';
import { epochSeconds, systemClock } from '../platform/clock.ts';
import { sha256 } from '../platform/crypto.ts';
import { uuid } from '../platform/random.ts';
import { practitionerAccount, type CarriesMeans } from './accounts.ts';
import { AlreadyUsed } from './adapter.ts';
import { accessTokenClaims, idTokenClaims } from './claims.ts';
import { LIFETIMES } from './lifetimes.ts';
import type { Algorithm } from './keys.ts';
import { looksLikeJwt, type TokenSigner } from './jwt.ts';
import { normalise } from './normalise.ts';

/**
 * Where the library's classes behave as Pro Santé Connect does. Each Provider has classes of its own, so nothing here
 * is global. The library has no extension points for these; the version is pinned, and test/http says what holds.
 */
export interface ModelDeps {
  signer: TokenSigner;
  /** True in the sandbox, where some clients may return to any address of this machine. */
  loopbackRedirects: boolean;
  /** Told after a session was written in which someone signed in, or to which a service was added. */
  sessionChanged(session: Session & CarriesMeans): Promise<void>;
}

/** Adapts the classes of a new Provider. Call it before the first request. */
export const adaptModels = (provider: Provider, deps: ModelDeps): void => {
  const accepted = new WeakMap<Context['req'], Set<string>>();
  const accept = (ctx: Context, handle: string): void => {
    accepted.set(ctx.req, (accepted.get(ctx.req) ?? new Set()).add(handle));
  };
  const wasAccepted = (handle: string): boolean => {
    const ctx = Provider.ctx;
    return ctx !== undefined && accepted.get(ctx.req)?.has(handle) === true;
  };

  carryMeans(provider);
  tagTokens(provider);
  adaptSession(provider, deps);
  adaptClient(provider, deps);
  signAccessTokens(provider, deps.signer, wasAccepted);
  adaptIdToken(provider, deps.signer);
  adaptReplayDetection(provider);
  adaptContext(provider, { signer: deps.signer, accept });
};

/** Adds names to what a model keeps. The library reads the list once, before the first record. */
const keep = (model: { IN_PAYLOAD: string[] }, ...names: string[]): void => {
  const value = [...model.IN_PAYLOAD, ...names];
  Object.defineProperty(model, 'IN_PAYLOAD', { get: () => value });
};

/** authMode and device travel from the session to the code, and from there to each refresh token. */
const carryMeans = (provider: Provider): void => {
  keep(provider.Session, 'authMode', 'deviceId');
  for (const model of [provider.AuthorizationCode, provider.RefreshToken]) {
    keep(model, 'authMode', 'deviceId');
    const { save } = model.prototype;
    model.prototype.save = function (this: InstanceType<typeof model> & CarriesMeans) {
      const { entities, session } = Provider.ctx?.oidc ?? {};
      // A code is made from the session, a refresh token from the code or from the one before it.
      const source = (
        model === provider.AuthorizationCode
          ? session
          : (entities?.RotatedRefreshToken ?? entities?.AuthorizationCode)
      ) as CarriesMeans | undefined;
      if (source?.authMode !== undefined) this.authMode ??= source.authMode;
      if (source?.deviceId !== undefined) this.deviceId ??= source.deviceId;
      return save.call(this);
    };
  }
};

interface MadeByGrant {
  grantId?: string;
  generateTokenId(): string;
}

/** `<grant>.<random>`: the grant's identifier is the hash tag of everything it gave. */
const tagTokens = (provider: Provider): void => {
  for (const model of [provider.AuthorizationCode, provider.AccessToken, provider.RefreshToken]) {
    const prototype = model.prototype as unknown as MadeByGrant; // generateTokenId is not in the library's types
    const { generateTokenId } = prototype;
    prototype.generateTokenId = function () {
      const id = generateTokenId.call(this);
      return this.grantId === undefined ? id : `${this.grantId}.${id}`;
    };
  }
};

/** A session gets its name (`sid`, `session_state`: one UUID for all services, as Keycloak) when someone signs in. */
const adaptSession = (provider: Provider, { sessionChanged }: ModelDeps): void => {
  const { prototype } = provider.Session;
  const { loginAccount, save } = prototype;
  type Ours = Session & CarriesMeans & { changed?: boolean };

  prototype.loginAccount = function (this: Ours, details) {
    if (this.accountId === undefined) this.uid = uuid();
    // A cookie of the browser's session: its life is counted here, where refreshes prolong it.
    loginAccount.call(this, { ...details, transient: true });
    const login = Provider.ctx?.oidc.entities.Interaction?.result?.login as CarriesMeans | undefined;
    if (login?.authMode !== undefined) this.authMode = login.authMode;
    if (login?.deviceId !== undefined) this.deviceId = login.deviceId;
    this.changed = true;
  };
  prototype.ensureClientContainer = function (this: Ours, clientId) {
    if (this.sidFor(clientId)) return;
    this.sidFor(clientId, this.uid);
    this.changed = true;
  };
  prototype.save = async function (this: Ours, ttl) {
    const id = await save.call(this, ttl);
    if (this.changed) {
      await sessionChanged(this);
      delete this.changed;
    }
    return id;
  };
};

/** What our relying parties have beyond the library's metadata. */
export interface OwnClientMetadata {
  secret_hashes?: string[];
  require_pkce?: boolean;
  introspect_any?: boolean;
  access_token_format?: 'jwt' | 'opaque';
  loopback_redirects?: boolean;
}

/** Our own metadata of a client. */
export const own = (client: Client): OwnClientMetadata => client as OwnClientMetadata;

const adaptClient = (provider: Provider, { loopbackRedirects }: ModelDeps): void => {
  const { prototype } = provider.Client;
  const { redirectUriAllowed, postLogoutRedirectUriAllowed } = prototype;
  const anyLoopback = (client: Client, uri: string): boolean =>
    loopbackRedirects && own(client).loopback_redirects === true && isLoopbackUrl(uri) && !uri.includes('#');

  prototype.includeSid = () => true;
  prototype.compareClientSecret = function (actual) {
    const hashes = own(this).secret_hashes ?? [];
    return isSecretOf({ secretHashes: hashes.map((hash) => Buffer.from(hash, 'base64url')) }, actual);
  };
  prototype.redirectUriAllowed = function (uri) {
    return redirectUriAllowed.call(this, uri) || anyLoopback(this, uri);
  };
  prototype.postLogoutRedirectUriAllowed = function (uri) {
    return postLogoutRedirectUriAllowed.call(this, uri) || anyLoopback(this, uri);
  };
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
const signAccessTokens = (
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
const adaptIdToken = (provider: Provider, signer: TokenSigner): void => {
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

/** Of several uses of one identifier at once, the store lets one be the first. */
const adaptReplayDetection = (provider: Provider): void => {
  const Model = provider.ReplayDetection;
  const unique = Model.unique.bind(Model);
  Model.unique = async (issuer, jti, exp) => {
    try {
      return await unique(issuer, jti, exp);
    } catch (error) {
      if (error instanceof AlreadyUsed) return false;
      throw error;
    }
  };
};

/** Addresses come from the issuer, never from the Host header; parameters are normalised as soon as they are parsed. */
const adaptContext = (provider: Provider, deps: Parameters<typeof normalise>[2]): void => {
  const { prototype } = provider.OIDCContext;
  const parsed = new WeakMap<OIDCContext, Record<string, string | undefined>>();
  prototype.urlFor = (name, options) => provider.urlFor(name, options);
  Object.defineProperty(prototype, 'params', {
    configurable: true,
    get(this: OIDCContext) {
      return parsed.get(this);
    },
    set(this: OIDCContext & { ctx: Context }, params: Record<string, string | undefined>) {
      normalise(this, params, deps);
      parsed.set(this, params);
    },
  });
};
