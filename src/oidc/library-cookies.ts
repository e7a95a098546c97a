import type { Context } from 'koa';
import type { Provider } from 'oidc-provider';

/** Runs `work` with the library's signed cookies on the context, as its own handlers have them. */
export const withLibraryCookies = async <T>(
  ctx: Context,
  provider: Provider,
  work: () => Promise<T>,
): Promise<T> => {
  const { cookies } = ctx;
  ctx.cookies = provider.createContext(ctx.req, ctx.res).cookies;
  ctx.cookies.secure = provider.issuer.startsWith('https:');
  try {
    return await work();
  } finally {
    ctx.cookies = cookies;
  }
};
