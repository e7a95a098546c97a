import type { Context } from 'koa';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { ClientFailures, FailureFacts } from '../clients/failures.ts';
import { clientCertificateOf } from '../http/service-certificate.ts';
import { epochSeconds, type Clock } from '../platform/clock.ts';
import { sha256Base64url } from '../platform/crypto.ts';
import type { Log } from '../platform/log.ts';
import type { CertificateTrust } from './client-certificates.ts';
import { own } from './client-model.ts';
import { noted } from './request-notes.ts';
import { supportIdOf } from './problems.ts';

/** What went wrong in a service's requests, kept for who looks after the service. Never a secret, token or code. */
export interface FailureNotes {
  listen(provider: Provider): void;
  /** Resolves when what was under way is written; a failure that cannot be written is a line of the log. */
  idle(): Promise<void>;
}

export interface FailureNotesDeps {
  failures: ClientFailures;
  clock: Clock;
  log: Log;
  certificateTrust?: CertificateTrust | undefined;
}

interface OAuthError extends Error {
  error?: string;
  error_description?: string;
  error_detail?: string;
}

const EVENTS = [
  'authorization.error',
  'pushed_authorization_request.error',
  'backchannel_authentication.error',
  'device_authorization.error',
  'grant.error',
  'introspection.error',
  'revocation.error',
  'userinfo.error',
  'end_session.error',
];

/** Ordinary answers. */
const ORDINARY = new Set([
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
  'access_denied',
  'authorization_pending',
  'slow_down',
  'invalid_token',
]);

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** An address without the values of its query, which may say things about people. */
const withoutValues = (value: unknown): string | undefined => {
  const address = text(value);
  if (address === undefined || !URL.canParse(address)) return address;
  const question = address.indexOf('?');
  if (question === -1) return address;
  const names = [...new URLSearchParams(address.slice(question)).keys()];
  return `${address.slice(0, question)}?${names.map((name) => `${name}=…`).join('&')}`;
};

const part = (jwt: string, index: number): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(Buffer.from(jwt.split('.')[index] ?? '', 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
};

/** What a signed text says of itself: its clock against ours, for whom it is, by which key. */
const signedFacts = (jwt: string, now: number): FailureFacts => {
  const [header, payload] = [part(jwt, 0), part(jwt, 1)];
  const { iat, exp, nbf } = payload;
  const began = typeof iat === 'number' ? iat : typeof nbf === 'number' ? nbf : undefined;
  const audience = [payload['aud']].flat().filter((one) => typeof one === 'string');
  return {
    ...(began === undefined ? {} : { clockAhead: began - now }),
    ...(typeof exp === 'number' ? { expiredFor: now - exp } : {}),
    ...(audience.length === 0 ? {} : { audience: audience.join(' ') }),
    ...(typeof header['alg'] === 'string' ? { algorithm: header['alg'] } : {}),
    ...(typeof header['kid'] === 'string' ? { keyId: header['kid'] } : {}),
    ...(typeof payload['htu'] === 'string' ? { htu: payload['htu'] } : {}),
  };
};

const secretSent = (ctx: KoaContextWithOIDC, params: Record<string, unknown>): string | undefined => {
  const basic = /^basic (\S+)$/i.exec(ctx.get('Authorization'))?.[1];
  if (basic === undefined) return text(params['client_secret']);
  const decoded = Buffer.from(basic, 'base64').toString();
  return decoded.includes(':') ? decoded.slice(decoded.indexOf(':') + 1) : undefined;
};

const decoded = (value: string): string => {
  try {
    return decodeURIComponent(value.replaceAll('+', '%20'));
  } catch {
    return value;
  }
};

/** What is odd about the secret, told by hashes alone. */
const secretFacts = (ctx: KoaContextWithOIDC, params: Record<string, unknown>): FailureFacts => {
  const sent = secretSent(ctx, params);
  const { client } = ctx.oidc;
  if (sent === undefined || !client) return {};
  const { secret_hashes: inForce = [], ended_secret_hashes: ended = [] } = own(client);
  const variants = [sent, decoded(sent)].map((variant) => sha256Base64url(variant));
  if (variants.some((hash) => ended.includes(hash))) return { secret: 'ended' };
  if (inForce.includes(sha256Base64url(decoded(sent).trim()))) return { secret: 'spaces' };
  if (inForce.includes(sha256Base64url(decoded(decoded(sent))))) return { secret: 'encoded' };
  return {};
};

const credentials = (ctx: KoaContextWithOIDC, params: Record<string, unknown>): FailureFacts => {
  const basic = /^basic /i.test(ctx.get('Authorization'));
  const body = params['client_secret'] !== undefined || noted(ctx, 'secret dropped');
  if (basic && body) return { credentials: 'both' };
  if (basic) return { credentials: 'basic' };
  if (body) return { credentials: 'body' };
  if (params['client_assertion'] !== undefined) return { credentials: 'assertion' };
  return { credentials: clientCertificateOf(ctx) === undefined ? 'none' : 'certificate' };
};

const certificateFacts = (ctx: KoaContextWithOIDC, trust: CertificateTrust | undefined): FailureFacts => {
  const certificate = clientCertificateOf(ctx);
  if (!certificate) return {};
  const refused =
    ctx.oidc.client?.tokenEndpointAuthMethod === 'tls_client_auth' ? trust?.(certificate) : undefined;
  return {
    certificate: certificate.subject.split('\n').toReversed().join(','),
    ...(refused === undefined ? {} : { certificateRefused: refused }),
  };
};

const FRONT: ReadonlySet<string | undefined> = new Set([
  'authorization',
  'resume',
  'pushed_authorization_request',
  'end_session',
]);

const factsOf = (ctx: KoaContextWithOIDC, deps: FailureNotesDeps): FailureFacts => {
  const { route } = ctx.oidc;
  const params = (ctx.oidc.params ?? {}) as Record<string, unknown>;
  const now = epochSeconds(deps.clock.now());
  const proof = ctx.get('DPoP');
  const signed = text(params['client_assertion']) ?? text(params['request']) ?? (proof || undefined);
  const all: { [K in keyof FailureFacts]: FailureFacts[K] | undefined } = {
    grantType: text(params['grant_type']),
    redirectUri: withoutValues(params['redirect_uri']),
    postLogoutRedirectUri: withoutValues(params['post_logout_redirect_uri']),
    acrValues: text(params['acr_values']),
    scope: text(params['scope']),
    responseType: text(params['response_type']),
    ...(route === 'token' ? { verifierSent: params['code_verifier'] !== undefined } : {}),
    ...(FRONT.has(route) ? { challengeSent: params['code_challenge'] !== undefined } : {}),
    ...(route === 'authorization' || route === 'resume' ? {} : credentials(ctx, params)),
    ...secretFacts(ctx, params),
    ...(signed === undefined ? {} : signedFacts(signed, now)),
    ...(proof === '' ? {} : { expectedHtu: ctx.oidc.urlFor(route) }),
    ...certificateFacts(ctx, deps.certificateTrust),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
};

const causes = (error: unknown, depth = 0): string[] =>
  error instanceof Error && depth < 4 ? [error.message, ...causes(error.cause, depth + 1)] : [];

/** Makes {@link FailureNotes}. */
export const createFailureNotes = (deps: FailureNotesDeps): FailureNotes => {
  const pending = new Set<Promise<void>>();

  const note = (ctx: KoaContextWithOIDC, error: OAuthError): void => {
    const { client, route } = ctx.oidc;
    // Without a known service it is noise of the internet.
    if (!client || ORDINARY.has(error.error ?? '')) return;
    const writing = deps.failures
      .note(client.clientId, {
        endpoint: route,
        error: error.error ?? error.name,
        description: error.error_description ?? '',
        detail: [...new Set([error.error_detail ?? '', ...causes(error.cause)])].filter(Boolean).join('; '),
        facts: factsOf(ctx, deps),
        supportId: supportIdOf(ctx as Context),
      })
      .catch((cause: unknown) => deps.log.warn({ err: cause }, 'a failure of a service could not be kept'))
      .finally(() => pending.delete(writing));
    pending.add(writing);
  };

  return {
    listen(provider) {
      // Names of events are typed by the library one by one.
      const emitter = provider as unknown as { on(event: string, listener: typeof note): void };
      for (const event of EVENTS) emitter.on(event, note);
    },
    idle: async () => void (await Promise.allSettled(pending)),
  };
};
