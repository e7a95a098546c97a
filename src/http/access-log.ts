import type { Context, Middleware } from 'koa';
import type { Log } from '../platform/log.ts';
import { requestState } from './request.ts';

/** Counts and times answers; platform/metrics implements it. */
export interface HttpMetrics {
  observe(sample: { method: string; route: string; status: number; seconds: number }): void;
}

/** A part of a path that looks like a secret or an identifier: long, and not plain lower-case words. */
const SECRET_PART = /^(?=.{16,}$)(?=.*[A-Z0-9_])[A-Za-z0-9_~.%-]+$/;

/** The path as it may be logged: without query, and with what may be secret in it left out. */
export const loggablePath = (path: string): string => {
  if (path.startsWith('/assets/')) return path;
  return (path.split('?')[0] ?? '/')
    .split('/')
    .map((part) => (SECRET_PART.test(part) || /^\d{8,}$/.test(part) ? ':…' : part))
    .join('/');
};

/** The pattern of the route that answered, or the loggable path where none matched. */
export const routeOf = (ctx: Context): string => {
  // oxlint-disable-next-line no-underscore-dangle -- the name that @koa/router gives to the matched pattern
  const matched = (ctx as { _matchedRoute?: unknown })._matchedRoute;
  return typeof matched === 'string' ? matched : loggablePath(ctx.originalUrl);
};

/** One line per answer: no query, no secret, no address in full (limits and audit keep what they need themselves). */
export const accessLog =
  (log: Log, metrics?: HttpMetrics): Middleware =>
  async (ctx, next) => {
    const started = process.hrtime.bigint();
    const done = () => {
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      const { statusCode } = ctx.res;
      const { id, trace } = requestState(ctx);
      metrics?.observe({ method: ctx.method, route: routeOf(ctx), status: statusCode, seconds });
      log.info(
        {
          request: id,
          ...(trace === undefined ? {} : { trace }),
          method: ctx.method,
          path: loggablePath(ctx.originalUrl),
          status: statusCode,
          ms: Math.round(seconds * 1000),
          ...(ctx.res.writableFinished ? {} : { aborted: true }),
        },
        'answered',
      );
    };
    ctx.res.once('close', done);
    await next();
  };
