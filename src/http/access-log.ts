import type { Middleware } from 'koa';
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

/** One line per answer: no query, no secret, no address in full (limits and audit keep what they need themselves). */
export const accessLog =
  (log: Log, metrics?: HttpMetrics): Middleware =>
  async (ctx, next) => {
    const started = process.hrtime.bigint();
    const done = () => {
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      // oxlint-disable-next-line no-underscore-dangle -- the name that @koa/router gives to the matched pattern
      const matched = (ctx as { _matchedRoute?: unknown })._matchedRoute;
      const path = loggablePath(ctx.originalUrl);
      const route = typeof matched === 'string' ? matched : path;
      const { statusCode } = ctx.res;
      metrics?.observe({ method: ctx.method, route, status: statusCode, seconds });
      log.info(
        {
          request: requestState(ctx).id,
          method: ctx.method,
          path,
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
