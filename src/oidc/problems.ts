import type { Context } from 'koa';
import { errors, type Client, type Configuration, type ErrorOut } from 'oidc-provider';
import { attached } from '../platform/attached.ts';
import { supportId } from '../platform/random.ts';
import type { OidcPages, OidcProblemCode, OidcService } from './pages.ts';

/** The library's errors in the words of our catalogue. */
const codeOf = (out: ErrorOut, error: unknown): OidcProblemCode => {
  if (error instanceof errors.SessionNotFound) return 'session_gone';
  if (error instanceof errors.InvalidRedirectUri) return 'redirect_unknown';
  switch (out.error) {
    case 'invalid_client':
      return 'service_unknown';
    case 'server_error':
      return 'internal_error';
    default:
      return /post_logout_redirect_uri/.test(out.error_description ?? '')
        ? 'redirect_unknown'
        : 'request_refused';
  }
};

/** What a page may say of a service. */
export const serviceOf = (client: Client | undefined): OidcService | undefined =>
  client && {
    clientId: client.clientId,
    name: client.clientName ?? client.clientId,
    uri: client.clientUri,
  };

const supportIds = attached<Context['req'], string>('support id');

/** The number under which the help desk finds this request: the same on the page, in the log and in the audit. */
export const supportIdOf = (ctx: Pick<Context, 'req'>): string => {
  const known = supportIds.get(ctx.req) ?? supportId();
  supportIds.set(ctx.req, known);
  return known;
};

/** Draws the error page for what cannot be sent back to the service. */
export const createRenderError =
  (pages: OidcPages): NonNullable<Configuration['renderError']> =>
  async (ctx, out, error) => {
    await pages.error(ctx, {
      code: codeOf(out, error),
      status: ctx.status,
      supportId: supportIdOf(ctx),
      error: out.error,
      description: out.error_description,
      service: serviceOf(ctx.oidc.client),
    });
  };
