import type { Context } from 'koa';
import { constantTimeEqualText, hmacSha256, type KeyRing } from '../platform/crypto.ts';
import { token } from '../platform/random.ts';
import { readForm } from './body.ts';
import type { Cookies } from './cookies.ts';
import { Refusal } from './errors.ts';

/** The forms of our own pages: a token when drawn, checked with the Origin when posted. */
export interface Forms {
  /** The token of this browser, for a hidden field named {@link CSRF_FIELD}; sets the cookie it is bound to. */
  token(ctx: Context): string;
  /** Reads a posted form after checking where it comes from. Refusals: `origin_wrong`, `form_stale`, `too_large`… */
  read(ctx: Context): Promise<URLSearchParams>;
}

export const CSRF_FIELD = 'jeton';

/**
 * True when a POST comes from a page of ours: browsers send `Origin` with every POST; should one not, it must vouch for
 * the same origin in `Sec-Fetch-Site`.
 */
export const isOwnOrigin = (ctx: Context, origin: string): boolean => {
  const sent = ctx.get('Origin');
  return sent === '' ? ctx.get('Sec-Fetch-Site') === 'same-origin' : sent === origin;
};

/** Makes {@link Forms}. The token is an HMAC of a random cookie, so it needs no storage and no session. */
export const createForms = (config: { origin: string }, keyring: KeyRing, cookies: Cookies): Forms => {
  const sign = (secret: string): string => hmacSha256(keyring.derive('csrf'), secret).toString('base64url');
  const fresh = new WeakMap<object, string>();

  return {
    token(ctx) {
      const known = cookies.get(ctx, 'forms') ?? fresh.get(ctx.req);
      if (known !== undefined) return sign(known);
      const secret = token(24);
      cookies.set(ctx, 'forms', secret);
      fresh.set(ctx.req, secret);
      return sign(secret);
    },
    async read(ctx) {
      if (!isOwnOrigin(ctx, config.origin)) throw new Refusal('origin_wrong', 403);
      const form = await readForm(ctx);
      const secret = cookies.get(ctx, 'forms');
      const sent = form.get(CSRF_FIELD) ?? '';
      if (secret === undefined || !constantTimeEqualText(sent, sign(secret))) {
        throw new Refusal('form_stale', 403);
      }
      form.delete(CSRF_FIELD);
      return form;
    },
  };
};
