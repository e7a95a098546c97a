import Router from '@koa/router';
import type { Middleware } from 'koa';
import type { Health } from '../platform/health.ts';
import { mount } from './mount.ts';

/** The probes: `/livez`, and `/readyz` (`?verbose` tells each check). */
export const healthRoutes = (health: Health): Middleware => {
  const router = new Router();
  router.get('/livez', (ctx) => {
    Object.assign(ctx, health.live());
  });
  router.get('/readyz', async (ctx) => {
    Object.assign(ctx, await health.ready({ verbose: ctx.query['verbose'] !== undefined }));
  });
  return mount(router);
};
