import type { Context, Middleware } from 'koa';
import { errorPage, type ErrorPageProps } from '../../views/pages/error.ts';
import { errorText, isErrorCode } from '../../views/locales/errors.ts';
import type { Log } from '../platform/log.ts';
import { Refusal } from './errors.ts';
import { localeOf } from './locale.ts';
import type { Render, RenderConfig } from './render.ts';
import { requestState } from './request.ts';

const CODES: Readonly<Record<number, string>> = {
  400: 'request_invalid',
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'too_large',
  415: 'media_type_wrong',
  429: 'too_many_requests',
  501: 'method_not_allowed',
};

/** Errors of Koa and its kin carry a status and `expose`; what they mean is said by our own codes. */
const asRefusal = (error: unknown): Refusal => {
  if (error instanceof Refusal) return error;
  const { status, expose } = (error ?? {}) as { status?: unknown; expose?: unknown };
  const code = typeof status === 'number' && expose === true ? CODES[status] : undefined;
  if (code !== undefined) return new Refusal(code, status as number, { cause: error });
  return new Refusal('internal_error', 500, { cause: error });
};

/** Browsers that open a page ask for HTML by name; everyone else, and every call of an API, gets JSON. */
export const wantsJson = (ctx: Context): boolean =>
  /^\/(ecps|api)\//.test(ctx.path) || !ctx.get('Accept').includes('text/html');

const body = (refusal: Refusal, code: string, message: string) => ({
  code,
  message,
  ...(refusal.details.retryAfter === undefined ? {} : { retry_after: refusal.details.retryAfter }),
  ...(refusal.details.triesLeft === undefined ? {} : { tries_left: refusal.details.triesLeft }),
  ...(refusal.details.availableAt === undefined
    ? {}
    : { available_at: refusal.details.availableAt.toISOString() }),
  support_id: refusal.supportId,
});

/** What a room knows of the way on from an error. */
export type WayOn = Pick<ErrorPageProps, 'service' | 'wayOn' | 'shownCode'>;

/** Turns an error into an answer. */
export type Failures = (ctx: Context, error: unknown, wayOn?: WayOn) => void;

/** The one place where an error becomes a page or a body, and a line of the log. */
export const createFailures = (config: RenderConfig, render: Render, log: Log): Failures => {
  const note = (ctx: Context, refusal: Refusal) => {
    const line = {
      request: requestState(ctx).id,
      support: refusal.supportId,
      refusal: refusal.code,
      status: refusal.status,
    };
    if (refusal.status >= 500) log.error({ ...line, err: refusal.cause ?? refusal }, 'failed');
    else log.info({ ...line, detail: refusal.message }, 'refused');
  };
  return (ctx, error, wayOn = {}) => {
    const refusal = asRefusal(error);
    note(ctx, refusal);
    if (ctx.headerSent || ctx.res.headersSent) return void ctx.res.destroy();
    const code = refusal.expose && isErrorCode(refusal.code) ? refusal.code : 'internal_error';
    if (refusal.details.retryAfter !== undefined) {
      ctx.set('Retry-After', String(Math.ceil(refusal.details.retryAfter)));
    }
    if (!wantsJson(ctx)) {
      render(
        ctx,
        errorPage({ ...wayOn, code, supportId: refusal.supportId, details: refusal.details }),
        refusal.status,
      );
      return;
    }
    const locale = localeOf(ctx, config.defaultLocale);
    const text = errorText(locale, code, {
      ...refusal.details,
      ordreUrl: config.ordreUrl,
      timeZone: config.timeZone,
    });
    ctx.status = refusal.status;
    ctx.set('Cache-Control', 'no-store');
    ctx.body = body(refusal, code, `${text.text} ${text.action}`.trim());
  };
};

/** Catches whatever the rest throws; a path nobody answered is a 404 of ours, a method nobody takes a 405. */
export const catchFailures =
  (failures: Failures): Middleware =>
  async (ctx, next) => {
    try {
      await next();
      const unanswered = ctx.respond !== false && ctx.body === undefined && !ctx.res.writableEnded;
      if (unanswered && ctx.status === 404) throw new Refusal('not_found', 404);
      if (unanswered && (ctx.status === 405 || ctx.status === 501)) {
        throw new Refusal('method_not_allowed', 405);
      }
    } catch (error) {
      failures(ctx, error);
    }
  };
