import type { Context } from 'koa';
import { ROUTES } from './configuration.ts';

/** Which methods an address of the provider takes; the library answers the right ones and knows nothing of the others. */
const METHODS: Partial<Record<keyof typeof ROUTES, string>> = {
  authorization: 'GET, POST',
  userinfo: 'GET, POST, OPTIONS',
  end_session: 'GET, POST',
  jwks: 'GET, HEAD, OPTIONS',
  code_verification: 'GET, POST',
};

/** Every other endpoint is posted to. */
const POSTED = 'POST, OPTIONS';

const allowedAt = (inner: string): string | undefined => {
  if (inner.startsWith('/.well-known/')) return inner.endsWith('configuration') ? METHODS.jwks : undefined;
  const route = Object.entries(ROUTES).find(([, path]) => path === inner)?.[0];
  return route === undefined ? undefined : (METHODS[route as keyof typeof ROUTES] ?? POSTED);
};

/** Answers a wrong method at a right address: 405 with what is allowed. False where nothing answers at all. */
export const refuseMethod = (ctx: Context, inner: string): boolean => {
  const allowed = allowedAt(inner);
  if (allowed === undefined) return false;
  ctx.status = 405;
  ctx.set({ Allow: allowed, 'Cache-Control': 'no-store' });
  ctx.body = {
    error: 'invalid_request',
    error_description: `${ctx.method} is not a method of this endpoint (${allowed})`,
  };
  return true;
};
