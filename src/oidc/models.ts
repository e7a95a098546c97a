import type { Context } from 'koa';
import { Provider, type AccessToken, type OIDCContext, type Session } from 'oidc-provider';
import { cameByMtls } from '../http/service-certificate.ts';
import { attached } from '../platform/attached.ts';
import type { CarriesMeans } from './accounts.ts';
import { AlreadyUsed } from './adapter.ts';
import { adaptClientKeys } from './client-keys.ts';
import { adaptClient } from './client-model.ts';
import { DEVICE_PAGE } from './device-flow.ts';
import { extraTokenClaims } from './configuration.ts';
import type { TokenSigner } from './jwt.ts';
import { normalise } from './normalise.ts';
import { keepPlainly } from './plain-records.ts';
import { adaptPushedRequests } from './pushed-requests.ts';
import type { RefreshIds } from './refresh-ids.ts';
import { adaptRefreshTokens } from './refresh-tokens.ts';
import { adaptSession, carryMeans } from './session-model.ts';
import { adaptIdToken, signAccessTokens, tagTokens } from './token-models.ts';

/**
 * Where the library's classes behave as Pro Santé Connect does. Each Provider has classes of its own, so nothing here
 * is global. The library has no extension points for these; the version is pinned, and test/http says what holds.
 */
export interface ModelDeps {
  signer: TokenSigner;
  /** Where the pages are. */
  origin: string;
  /** True in the sandbox, where some clients may return to any address of this machine. */
  loopbackRedirects: boolean;
  /** The services' own host, if there is one. */
  mtlsOrigin: string | undefined;
  refreshIds: RefreshIds;
  /** Sends what this request changes, before its ID token is out. */
  settle(accessToken: AccessToken): Promise<void>;
  /** Told after a session was written in which someone signed in, or to which a service was added. */
  sessionChanged(session: Session & CarriesMeans): Promise<void>;
}

/** Adapts the classes of a new Provider. Call it before the first request. */
export const adaptModels = (provider: Provider, deps: ModelDeps): void => {
  const accepted = attached<Context['req'], Set<string>>('accepted');
  const accept = (ctx: Context, handle: string): void => {
    accepted.set(ctx.req, (accepted.get(ctx.req) ?? new Set()).add(handle));
  };
  const wasAccepted = (handle: string): boolean => {
    const ctx = Provider.ctx;
    return ctx !== undefined && accepted.get(ctx.req)?.has(handle) === true;
  };

  keepPlainly(provider, extraTokenClaims);
  carryMeans(provider);
  tagTokens(provider, deps.refreshIds);
  adaptSession(provider, (session) => deps.sessionChanged(session));
  adaptClient(provider, deps.loopbackRedirects);
  adaptClientKeys(provider);
  adaptPushedRequests(provider);
  signAccessTokens(provider, deps.signer, wasAccepted);
  adaptRefreshTokens(provider, deps.signer, wasAccepted);
  adaptIdToken(provider, deps.signer, (token) => deps.settle(token));
  adaptReplayDetection(provider);
  adaptContext(provider, { signer: deps.signer, accept, origin: deps.origin }, deps.mtlsOrigin);
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
const adaptContext = (
  provider: Provider,
  deps: Parameters<typeof normalise>[2] & { origin: string },
  mtlsOrigin: string | undefined,
): void => {
  const { prototype } = provider.OIDCContext;
  const parsed = attached<OIDCContext, Record<string, unknown>>('parameters');
  prototype.urlFor = function (this: OIDCContext & { ctx?: Context }, name, options) {
    const url = provider.urlFor(name, options);
    // People type this one.
    if (name === 'code_verification') return `${deps.origin}${DEVICE_PAGE}${new URL(url).search}`;
    // On the services' own host a proof names that host.
    const there = mtlsOrigin !== undefined && this.ctx !== undefined && cameByMtls(this.ctx);
    return there ? `${mtlsOrigin}${new URL(url).pathname}` : url;
  };
  prototype.clientJwtAuthExpectedAudience = function (this: OIDCContext) {
    const names = ['token', this.route];
    return new Set([provider.issuer, ...names.flatMap((name) => [provider.urlFor(name), this.urlFor(name)])]);
  };
  Object.defineProperty(prototype, 'params', {
    configurable: true,
    get(this: OIDCContext) {
      return parsed.get(this);
    },
    set(this: OIDCContext & { ctx: Context }, params: Record<string, unknown>) {
      normalise(this, params, deps);
      parsed.set(this, params);
    },
  });
};
