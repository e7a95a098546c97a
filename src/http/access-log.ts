import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context, Middleware } from 'koa';
import type { Log } from '../platform/log.ts';
import { requestState } from './request.ts';

/** Counts and times answers; platform/metrics implements it. */
export interface HttpMetrics {
  observe(sample: { method: string; route: string; status: number; seconds: number }): void;
}

/** A part of a path that looks like a secret or an identifier: long, and not plain lower-case words. */
const SECRET_PART = /^(?=.{16,}$)(?=.*[A-Z0-9_])[A-Za-z0-9_~.%-]+$/;

/** Paths that say nothing secret, as they are: a few of them are nearly all that is asked. */
const harmless = new Set<string>();
const MOST_HARMLESS = 500;

/** The path as it may be logged: without query, and with what may be secret in it left out. */
export const loggablePath = (url: string): string => {
  const query = url.indexOf('?');
  const path = query === -1 ? url : url.slice(0, query);
  if (harmless.has(path) || path.startsWith('/assets/')) return path;
  const loggable = path
    .split('/')
    .map((part) => (SECRET_PART.test(part) || /^\d{8,}$/.test(part) ? ':…' : part))
    .join('/');
  if (loggable === path && harmless.size < MOST_HARMLESS) harmless.add(path);
  return loggable;
};

/** What is told of an answer when it is over. */
export interface Observed {
  method: string;
  /** As asked; what may be secret in it is left out. */
  url: string;
  /** The pattern of the route, where there is one. */
  route?: string | undefined;
  started: number;
}

/** Tells one answer to the log and the metrics. */
export type Observe = (request: IncomingMessage, response: ServerResponse, seen: Observed) => void;
/** The pattern of the route that answered, or the loggable path where none matched. */
export const routeOf = (ctx: Context): string => {
  // oxlint-disable-next-line no-underscore-dangle -- the name that @koa/router gives to the matched pattern
  const matched = (ctx as { _matchedRoute?: unknown })._matchedRoute;
  return typeof matched === 'string' ? matched : loggablePath(ctx.originalUrl);
};

/** One line per answer: no query, no secret, no address in full (limits and audit keep what they need themselves). */
export const createObserve = (log: Log, metrics?: HttpMetrics): Observe => {
  return (req, response, { method, url, route, started }) => {
    const seconds = (performance.now() - started) / 1000;
    const path = loggablePath(url);
    const status = response.statusCode;
    metrics?.observe({ method, route: route ?? path, status, seconds });
    if (!log.isLevelEnabled('info')) return;
    const { id, trace } = requestState({ req });
    log.info(
      {
        request: id,
        ...(trace === undefined ? {} : { trace }),
        method,
        path,
        status,
        ms: Math.round(seconds * 1000),
        ...(response.writableFinished ? {} : { aborted: true }),
      },
      'answered',
    );
  };
};

/** Observes every answer of the application. */
export const accessLog =
  (observe: Observe): Middleware =>
  (ctx, next) => {
    const started = performance.now();
    ctx.res.once('close', () =>
      observe(ctx.req, ctx.res, { method: ctx.method, url: ctx.originalUrl, route: routeOf(ctx), started }),
    );
    return next();
  };
