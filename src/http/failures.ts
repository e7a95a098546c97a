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

/** A refusal that showed someone a support id. */
export interface ToldRefusal {
  supportId: string;
  code: string;
  status: number;
  /** `GET /connexion/:id`: what was asked, without what it was asked with. */
  route: string;
  requestId: string;
  about: Refusal['about'];
}

/** Keeps it for the help desk; returns at once and never throws. */
export type KeepRefusal = (refusal: ToldRefusal) => void;

/** Tells of a refusal that a page shows by itself, without throwing. */
export type NoteRefusal = (
  ctx: Context,
  refusal: Pick<ToldRefusal, 'supportId' | 'code'> & Partial<Pick<ToldRefusal, 'status' | 'about'>>,
) => void;

/** Method and path; what names one case among many (ids, tokens) is left out. */
const routeOf = (ctx: Context): string => {
  const segments = ctx.path.split('/').map((segment) => (/^\d+$|.{20}/.test(segment) ? ':id' : segment));
  return `${ctx.method} ${segments.join('/')}`.slice(0, 200);
};

/** Makes {@link NoteRefusal}. */
export const createNoteRefusal =
  (keep: KeepRefusal | undefined): NoteRefusal =>
  (ctx, { supportId, code, status = ctx.status, about = {} }) =>
    keep?.({ supportId, code, status, about, route: routeOf(ctx), requestId: requestState(ctx).id });

/** The one place where an error becomes a page or a body, a line of the log and what the help desk finds. */
export const createFailures = (
  config: RenderConfig,
  render: Render,
  log: Log,
  noteRefusal: NoteRefusal = () => undefined,
): Failures => {
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
    noteRefusal(ctx, refusal);
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
