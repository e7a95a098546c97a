import type { Context } from 'koa';
import type { Config } from '../config.ts';
import type { KeyRing } from '../platform/crypto.ts';

/**
 * Our own cookies. Names carry the product and the port, since one host with many ports is one cookie jar; on https they
 * carry the prefix by which browsers refuse a cookie set by a neighbour.
 */
export interface Cookies {
  /** The full name of a cookie, for the path it is set on. */
  name(short: string, path?: string): string;
  get(ctx: Context, short: string, path?: string): string | undefined;
  set(ctx: Context, short: string, value: string, options?: CookieOptions): void;
  delete(ctx: Context, short: string, path?: string): void;
  /** A value that only we can read and write: encrypted, and bound to the cookie's name and path. */
  getSealed(ctx: Context, short: string, path?: string): unknown;
  setSealed(ctx: Context, short: string, value: unknown, options?: CookieOptions): void;
}

export interface CookieOptions {
  /** `/` unless told. */
  path?: string;
  /** Without it the cookie ends with the browser's session. */
  seconds?: number;
}

/** Makes {@link Cookies}. All are HttpOnly, SameSite=Lax, and Secure when the issuer is https. */
export const createCookies = (config: Pick<Config, 'origin'>, keyring: KeyRing): Cookies => {
  const { protocol, port } = new URL(config.origin);
  const secure = protocol === 'https:';
  const name = (short: string, path = '/'): string => {
    const prefix = secure ? (path === '/' ? '__Host-' : '__Secure-') : '';
    return `${prefix}caducee${port === '' ? '' : `_${port}`}_${short}`;
  };
  const aad = (short: string, path: string) => `${name(short, path)} ${path}`;

  const get: Cookies['get'] = (ctx, short, path) => ctx.cookies.get(name(short, path), { signed: false });
  const set: Cookies['set'] = (ctx, short, value, { path = '/', seconds } = {}) => {
    ctx.cookies.set(name(short, path), value, {
      httpOnly: true,
      sameSite: 'lax',
      secure,
      signed: false,
      overwrite: true,
      path,
      ...(seconds === undefined ? {} : { maxAge: seconds * 1000 }),
    });
  };
  return {
    name,
    get,
    set,
    delete: (ctx, short, path = '/') => {
      ctx.cookies.set(name(short, path), null, {
        httpOnly: true,
        sameSite: 'lax',
        secure,
        signed: false,
        overwrite: true,
        path,
      });
    },
    getSealed: (ctx, short, path = '/') => {
      const value = get(ctx, short, path);
      if (value === undefined) return undefined;
      try {
        const text = keyring.decrypt('cookie', Buffer.from(value, 'base64url'), aad(short, path));
        return JSON.parse(text.toString('utf8')) as unknown;
      } catch {
        // Made with another key, for another name, or by someone else: as if there were none.
        return undefined;
      }
    },
    setSealed: (ctx, short, value, options = {}) => {
      const sealed = keyring.encrypt(
        'cookie',
        Buffer.from(JSON.stringify(value)),
        aad(short, options.path ?? '/'),
      );
      set(ctx, short, sealed.toString('base64url'), options);
    },
  };
};
