import type { Context } from 'koa';
import type { Client, KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Audit, AuditEvent } from '../audit/record.ts';
import type { Log } from '../platform/log.ts';
import type { Queryable } from '../platform/postgres.ts';
import { practitionerAccount, type CarriesMeans } from './accounts.ts';
import { REPLAYED } from './adapter.ts';
import { subjectOf } from './claims.ts';
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
  signedOut(ctx: Context, by: { client: Client; sub: string }): Promise<void>;
  backchannel(outcome: Delivery): Promise<void>;
}

/** How telling a service that a session ended went; without error, well. */
export interface Delivery {
  client: Client;
  sub: string;
  error: unknown;
}

export type OidcCounter = 'code' | 'refresh' | 'userinfo' | 'introspection' | 'revocation' | 'refused';

export interface EventsDeps {
  audit: Audit;
  db: Queryable;
  log: Log;
  subUuid: string;
  /** Metrics, if anyone counts. */
  metrics?: ((name: OidcCounter, clientId: string | undefined) => void) | undefined;
}

/** Ordinary answers to `prompt=none`: nobody was refused anything. */
const ORDINARY = new Set([
  'login_required',
  'interaction_required',
  'consent_required',
  'account_selection_required',
]);

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

/** Makes {@link Events}. */
export const createEvents = (deps: EventsDeps): Events => {
  const { audit, db, log } = deps;
  const pending = new WeakMap<Context['req'], Promise<unknown>[]>();
  const nationalIdOf = (sub: string): string | undefined => subjectOf(deps.subUuid, sub);

  const write = (event: AuditEvent): Promise<unknown> => audit.record(db, event);

  const note = (ctx: Context, event: AuditEvent): void => {
    const writing = write({ address: ctx.ip, supportId: supportIdOf(ctx), ...event });
    // Awaited in settle; without this line a failing write would end the process before that.
    writing.catch(() => undefined);
    pending.set(ctx.req, [...(pending.get(ctx.req) ?? []), writing]);
  };

  const who = (ctx: KoaContextWithOIDC) => {
    const { client, account, entities } = ctx.oidc;
    const source = entities.RefreshToken ?? entities.AuthorizationCode ?? entities.AccessToken;
    const sub = (source as { accountId?: string } | undefined)?.accountId;
    const nationalId =
      practitionerAccount(account)?.practitioner.nationalId ??
      (sub === undefined ? undefined : nationalIdOf(sub));
    return {
      ...(client === undefined ? {} : { clientId: client.clientId }),
      ...(nationalId === undefined ? {} : { nationalId }),
    };
  };

  const signInGranted = (ctx: KoaContextWithOIDC): void => {
    const session = ctx.oidc.session as (CarriesMeans & { acr?: string }) | undefined;
    note(ctx, {
      type: 'sign_in_granted',
      ...who(ctx),
      ...(session?.deviceId === undefined ? {} : { deviceId: session.deviceId }),
      details: clean({
        acr: session?.acr,
        authMode: session?.authMode,
        singleSignOn: ctx.oidc.result?.login === undefined,
      }),
    });
  };

  const signInRefused = (ctx: KoaContextWithOIDC, error: OAuthError): void => {
    log.info({ support: supportIdOf(ctx), ...describe(ctx, error) }, 'sign-in refused');
    deps.metrics?.('refused', ctx.oidc.client?.clientId);
    // Without a known service it is noise of the internet, which the log keeps and the audit does not.
    if (!ctx.oidc.client || ORDINARY.has(error.error ?? '')) return;
    note(ctx, { type: 'sign_in_refused', ...who(ctx), details: reason(error) });
  };

  const tokenRefused = (ctx: KoaContextWithOIDC, error: OAuthError): void => {
    log.info({ support: supportIdOf(ctx), ...describe(ctx, error) }, 'token refused');
    deps.metrics?.('refused', ctx.oidc.client?.clientId);
    if (!ctx.oidc.client) return;
    const replayed = REPLAYED.test(error.error_detail ?? '');
    note(ctx, {
      type: replayed ? 'token_replayed' : 'token_refused',
      ...who(ctx),
      details: { ...reason(error), ...clean({ grantType: text(ctx.oidc.params?.['grant_type']) }) },
    });
  };

  const refused = (ctx: KoaContextWithOIDC, error: OAuthError): void => {
    log.info({ support: supportIdOf(ctx), ...describe(ctx, error) }, 'refused');
  };

  const tokensIssued = (ctx: KoaContextWithOIDC): void => {
    const refresh = ctx.oidc.params?.['grant_type'] === 'refresh_token';
    deps.metrics?.(refresh ? 'refresh' : 'code', ctx.oidc.client?.clientId);
    if (!refresh) note(ctx, { type: 'tokens_issued', ...who(ctx), details: {} });
  };

  const delivery = ({ client, sub, error }: Delivery): AuditEvent => {
    const nationalId = nationalIdOf(sub);
    const base = { clientId: client.clientId, ...(nationalId === undefined ? {} : { nationalId }) };
    if (error === undefined) return { type: 'sign_out_delivered', ...base };
    log.warn({ client: client.clientId, err: error }, 'back-channel logout failed');
    return {
      type: 'sign_out_not_delivered',
      ...base,
      details: { reason: error instanceof Error ? error.message : String(error) },
    };
  };

  return {
    listen(provider) {
      provider.on('authorization.success', signInGranted);
      provider.on('authorization.error', signInRefused);
      provider.on('grant.success', tokensIssued);
      provider.on('grant.error', tokenRefused);
      provider.on('introspection.error', refused);
      provider.on('revocation.error', refused);
      provider.on('userinfo.error', refused);
      provider.on('end_session.error', refused);
      provider.on('end_session_confirm.error', refused);
      provider.on('server_error', (ctx, error) => {
        log.error({ support: supportIdOf(ctx), route: ctx.oidc.route, err: error }, 'failed');
      });
      provider.on('end_session.success', (ctx) => {
        const sub = ctx.oidc.session?.accountId;
        const nationalId = sub === undefined ? undefined : nationalIdOf(sub);
        if (nationalId === undefined) return;
        note(ctx, { type: 'signed_out', ...who(ctx), nationalId, details: { asked: true } });
      });
      provider.on('backchannel.success', (ctx, client, sub) => {
        note(ctx, delivery({ client, sub, error: undefined }));
      });
      provider.on('backchannel.error', (ctx, error, client, sub) =>
        note(ctx, delivery({ client, sub, error })),
      );
    },
    async settle(ctx) {
      await Promise.all(pending.get(ctx.req) ?? []);
    },
    count: (name, clientId) => deps.metrics?.(name, clientId),
    async signedOut(ctx, { client, sub }) {
      const nationalId = nationalIdOf(sub);
      await write({
        type: 'signed_out',
        clientId: client.clientId,
        ...(nationalId === undefined ? {} : { nationalId }),
        supportId: supportIdOf(ctx),
        address: ctx.ip,
        details: { asked: false },
      });
    },
    async backchannel(outcome) {
      await write(delivery(outcome));
    },
  };
};

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const reason = (error: OAuthError) =>
  clean({ error: error.error, description: error.error_description, detail: error.error_detail });

const describe = (ctx: KoaContextWithOIDC, error: OAuthError) => ({
  route: ctx.oidc.route,
  client: ctx.oidc.client?.clientId,
  ...reason(error),
});
