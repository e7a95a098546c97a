import type Router from '@koa/router';
import type { Middleware } from 'koa';

/**
 * A router as a middleware of the application, answering OPTIONS and unknown methods for its own paths. The router's
 * types ask the application for a context that only the router makes: the one cast of the house stands here.
 */
export const mount = (router: Router): Middleware => {
  const routes = router.routes() as unknown as Middleware;
  const allowed = router.allowedMethods() as unknown as Middleware;
  return (ctx, next) => routes(ctx, () => allowed(ctx, next));
};
