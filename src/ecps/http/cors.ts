import type { Middleware } from 'koa';
import type { EcpsConfig } from '../deps.ts';
import { NONCE_HEADER, PROOF_HEADER } from '../protocol/api.ts';

/** The phone app lives on its own origin, and no other page may call this API from a browser. No cookie is involved. */
export const appCors =
  ({ appOrigin }: Pick<EcpsConfig, 'appOrigin'>): Middleware =>
  async (ctx, next) => {
    ctx.vary('Origin');
    if (ctx.get('Origin') !== appOrigin) return next();
    ctx.set('Access-Control-Allow-Origin', appOrigin);
    ctx.set('Access-Control-Expose-Headers', `${NONCE_HEADER}, Retry-After`);
    if (ctx.method !== 'OPTIONS') return next();
    ctx.set('Access-Control-Allow-Methods', 'GET, POST, PUT');
    ctx.set('Access-Control-Allow-Headers', `${PROOF_HEADER}, Content-Type, Accept, Accept-Language`);
    ctx.set('Access-Control-Max-Age', '7200');
    ctx.status = 204;
  };
