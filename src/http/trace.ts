import type { Middleware } from 'koa';
import type { Tracing } from '../platform/tracing.ts';
import { loggablePath, routeOf } from './access-log.ts';
import { requestState } from './request.ts';

/**
 * Each request is a span, named after its route; `traceparent` is continued, since the proxy guard has taken it from whom
 * it cannot believe (src/http/proxy.ts). The log tells the trace's id beside the request's.
 */
export const traceRequests =
  (tracing: Tracing): Middleware =>
  (ctx, next) =>
    tracing.span(ctx.method, { kind: 'server', from: ctx.req }, async (span) => {
      const { traceId } = span.spanContext();
      requestState(ctx).trace = traceId;
      await next();
      const route = routeOf(ctx);
      span.updateName(`${ctx.method} ${route}`);
      span.setAttributes({
        'http.request.method': ctx.method,
        'http.route': route,
        'url.path': loggablePath(ctx.originalUrl),
        'http.response.status_code': ctx.status,
      });
      if (ctx.status >= 500) span.setAttribute('error.type', String(ctx.status));
    });
