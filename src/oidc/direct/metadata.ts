import type { Context } from 'koa';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Direct, DirectAnswer } from '../../http/direct.ts';
import { sha256Base64url } from '../../platform/crypto.ts';
import { notModified, publicAnswer } from './answers.ts';

/**
 * Discovery and keys: written once for each Provider (a change of keys makes another), with a tag by which others know
 * that what they have is what there is.
 */
export interface Metadata {
  direct: Direct;
  /** Gives the library's answer its tag, and keeps it. */
  keep(ctx: KoaContextWithOIDC): void;
}

interface Kept {
  etag: string;
  whole: DirectAnswer;
  unchanged: DirectAnswer;
}

const ROUTES_KEPT = new Set(['discovery', 'jwks']);
/** Addresses of one process that are kept; there are some six. */
const MOST = 20;

/** True when the other side already has this. */
const has = (etag: string, header: string | undefined): boolean =>
  header !== undefined &&
  header.split(',').some((each) => each.trim().replace(/^W\//, '') === etag || each.trim() === '*');

/** Makes {@link Metadata}. */
export const createMetadata = (
  provider: () => Provider,
  cameElsewhere: (ctx: Context) => boolean,
): Metadata => {
  const kept = new WeakMap<Provider, Map<string, Kept>>();

  return {
    direct({ request, method, url, answer }) {
      const known = method === 'GET' ? kept.get(provider())?.get(url) : undefined;
      if (!known) return false;
      answer(has(known.etag, request.headers['if-none-match']) ? known.unchanged : known.whole);
      return true;
    },
    keep(ctx) {
      if (!ROUTES_KEPT.has(ctx.oidc.route) || ctx.status !== 200 || typeof ctx.body !== 'object') return;
      const body = JSON.stringify(ctx.body);
      const etag = `"${sha256Base64url(body).slice(0, 22)}"`;
      const type = ctx.response.get('Content-Type') || 'application/json; charset=utf-8';
      const plain = ctx.method === 'GET' && !ctx.originalUrl.includes('?') && !cameElsewhere(ctx);
      if (plain) {
        const all = kept.get(ctx.oidc.provider) ?? new Map<string, Kept>();
        const made = { etag, whole: publicAnswer(type, etag, body), unchanged: notModified(etag) };
        if (all.size < MOST) kept.set(ctx.oidc.provider, all.set(ctx.originalUrl, made));
      }
      ctx.set('ETag', etag);
      if (has(etag, ctx.get('If-None-Match') || undefined)) ctx.status = 304;
    },
  };
};
