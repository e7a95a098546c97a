import type { Context } from 'koa';
import type { Client, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { TOKEN_EXCHANGE } from '../clients/schema.ts';
import type { Log } from '../platform/log.ts';
import { practitionerAccount, type CarriesMeans } from './accounts.ts';
import { REPLAYED } from './adapter.ts';
import { subjectOf } from './claims.ts';
import type { EventRows } from './event-rows.ts';
import { supportIdOf } from './problems.ts';

/**
 * What happened at the provider: rows of the audit for what concerns a person's rights, counters for what only tells how
 * much (refresh, userinfo, introspection), lines of the log for what went wrong. Rows are written before the answer
 * leaves; an answer whose row cannot be written is not given.
 */
export interface Events {
  /** Listens to a Provider; every rebuilt one again. */
  listen(provider: Provider): void;
  /** Waits for the rows of this request. */
  settle(ctx: Context): Promise<void>;
  /** Counts a successful answer of an endpoint. */
  count(name: OidcCounter, clientId: string | undefined): void;
}

export type OidcCounter =
  'code' | 'refresh' | 'exchange' | 'userinfo' | 'introspection' | 'revocation' | 'refused';

export interface EventsDeps {
  rows: EventRows;
  log: Log;
  subUuid: string;
  /** Metrics, if anyone counts. */
  metrics?: ((name: OidcCounter, clientId: string | undefined) => void) | undefined;
}

/** How tokens are counted, by the grant type; a sign-in unless it is another. */
const COUNTED: Readonly<Record<string, OidcCounter>> = {
  refresh_token: 'refresh',
  [TOKEN_EXCHANGE]: 'exchange',
};

/** Ordinary answers to `prompt=none`: nobody was refused anything. */
const ORDINARY = new Set([
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
]);

/** Answers to polling: nothing was refused. */
const NOT_YET = new Set(['authorization_pending', 'slow_down']);

/** What the library's errors carry. */
interface OAuthError {
  error?: string | undefined;
  error_description?: string | undefined;
  error_detail?: string | undefined;
}

const clean = (details: Record<string, string | number | boolean | undefined>) =>
  Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined)) as Record<
    string,
    string | number | boolean
  >;

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const reason = (error: OAuthError) =>
  clean({ error: error.error, description: error.error_description, detail: error.error_detail });

const line = (ctx: KoaContextWithOIDC, error: OAuthError) => ({
  support: supportIdOf(ctx),
  route: ctx.oidc.route,
  client: ctx.oidc.client?.clientId,
  ...reason(error),
});

const named = (nationalId: string | undefined) => (nationalId === undefined ? {} : { nationalId });

/** Service and person of a request, as far as they are known. */
const createWho = (subUuid: string) => (ctx: KoaContextWithOIDC) => {
  const { client, account, entities } = ctx.oidc;
  const source = entities.RefreshToken ?? entities.AuthorizationCode ?? entities.AccessToken;
  const sub = (source as { accountId?: string } | undefined)?.accountId;
  return {
    ...(client === undefined ? {} : { clientId: client.clientId }),
    ...named(
      practitionerAccount(account)?.practitioner.nationalId ??
        (sub === undefined ? undefined : subjectOf(subUuid, sub)),
    ),
  };
};

/** What the sign-in and token endpoints have to tell. */
const createListeners = ({ rows, log, metrics, subUuid }: EventsDeps) => {
  const who = createWho(subUuid);
  return {
    signInGranted(ctx: KoaContextWithOIDC): void {
      const session = ctx.oidc.session as (CarriesMeans & { acr?: string }) | undefined;
      rows.note(ctx, {
        type: 'sign_in_granted',
        ...who(ctx),
        ...(session?.deviceId === undefined ? {} : { deviceId: session.deviceId }),
        details: clean({
          acr: session?.acr,
          authMode: session?.authMode,
          cardSerial: session?.cardSerial,
          singleSignOn: ctx.oidc.result?.login === undefined,
        }),
      });
    },
    signInRefused(ctx: KoaContextWithOIDC, error: OAuthError): void {
      const { client } = ctx.oidc;
      log.info(line(ctx, error), 'sign-in refused');
      metrics?.('refused', client?.clientId);
      // Without a known service it is noise of the internet, which the log keeps and the audit does not.
      if (!client || ORDINARY.has(error.error ?? '')) return;
      rows.noteRefusal(ctx, client.clientId, {
        type: 'sign_in_refused',
        ...who(ctx),
        details: reason(error),
      });
    },
    tokensIssued(ctx: KoaContextWithOIDC): void {
      const grantType = text(ctx.oidc.params?.['grant_type']) ?? '';
      metrics?.(COUNTED[grantType] ?? 'code', ctx.oidc.client?.clientId);
      if (grantType === 'refresh_token') return;
      const details =
        grantType === 'authorization_code'
          ? {}
          : clean({ grantType, audience: text(ctx.oidc.params?.['audience']) });
      rows.note(ctx, { type: 'tokens_issued', ...who(ctx), details });
    },
    tokenRefused(ctx: KoaContextWithOIDC, error: OAuthError): void {
      const { client } = ctx.oidc;
      if (NOT_YET.has(error.error ?? '')) return;
      log.info(line(ctx, error), 'token refused');
      metrics?.('refused', client?.clientId);
      if (!client) return;
      const details = { ...reason(error), ...clean({ grantType: text(ctx.oidc.params?.['grant_type']) }) };
      if (REPLAYED.test(error.error_detail ?? '')) {
        rows.note(ctx, { type: 'token_replayed', ...who(ctx), details });
      } else rows.noteRefusal(ctx, client.clientId, { type: 'token_refused', ...who(ctx), details });
    },
    refused(ctx: KoaContextWithOIDC, error: OAuthError): void {
      log.info(line(ctx, error), 'refused');
    },
    failed(ctx: KoaContextWithOIDC, error: Error): void {
      log.error({ support: supportIdOf(ctx), route: ctx.oidc.route, err: error }, 'failed');
    },
    notQueued(ctx: KoaContextWithOIDC, error: unknown, client: Client, sub: string): void {
      log.error({ support: supportIdOf(ctx), client: client.clientId, err: error }, 'sign-out not queued');
      rows.note(ctx, {
        type: 'sign_out_not_delivered',
        clientId: client.clientId,
        ...named(subjectOf(subUuid, sub)),
        details: { reason: 'it could not be queued' },
      });
    },
    /** The person confirmed on our page; the library ended the session. */
    signedOut(ctx: KoaContextWithOIDC): void {
      const sub = ctx.oidc.session?.accountId;
      const nationalId = sub === undefined ? undefined : subjectOf(subUuid, sub);
      if (nationalId === undefined) return;
      rows.note(ctx, { type: 'signed_out', ...who(ctx), nationalId, details: { asked: true } });
    },
  };
};

/** Makes {@link Events}. */
export const createEvents = (deps: EventsDeps): Events => {
  const { rows } = deps;
  const listeners = createListeners(deps);
  return {
    listen(provider) {
      provider.on('authorization.success', listeners.signInGranted);
      provider.on('authorization.error', listeners.signInRefused);
      provider.on('grant.success', listeners.tokensIssued);
      provider.on('grant.error', listeners.tokenRefused);
      provider.on('introspection.error', listeners.refused);
      for (const name of ['device_authorization', 'code_verification', 'device_resume'] as const) {
        provider.on(`${name}.error`, listeners.refused);
      }
      provider.on('backchannel_authentication.error', listeners.refused);
      provider.on('revocation.error', listeners.refused);
      provider.on('userinfo.error', listeners.refused);
      provider.on('end_session.error', listeners.refused);
      provider.on('end_session_confirm.error', listeners.refused);
      provider.on('server_error', listeners.failed);
      provider.on('end_session.success', listeners.signedOut);
      // What becomes of the delivery is told at its end; that it could not even be queued, now.
      provider.on('backchannel.error', listeners.notQueued);
    },
    settle: (ctx) => rows.settle(ctx),
    count: (name, clientId) => deps.metrics?.(name, clientId),
  };
};
