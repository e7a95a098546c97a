import type { Context, Middleware } from 'koa';
import { isLoopbackHost, type Config } from '../config.ts';
import { Refusal } from './errors.ts';
import { cameByMtls } from './service-certificate.ts';

/** Asked by machines under whatever address they know. */
const PROBES = new Set(['/livez', '/readyz', '/metrics']);

/**
 * Answers only under the names we have, since addresses in tokens and mails are built from them; a browser that says
 * 127.0.0.1 for localhost is sent to the right name. With an https issuer a plain request is refused: it means that
 * the proxy which ends TLS is not trusted, and cookies could not be kept.
 */
export const onlyOwnHosts = (config: Pick<Config, 'origin' | 'appOrigin'>): Middleware => {
  const own = new URL(config.origin);
  const hosts = new Set([own.host, new URL(config.appOrigin).host]);
  return (ctx: Context, next) => {
    if (PROBES.has(ctx.path)) return next();
    // The services' own host has looked at the name itself; nobody else comes under that name.
    if (!hosts.has(ctx.host) && !cameByMtls(ctx)) {
      const loopback = isLoopbackHost(own.hostname) && isLoopbackHost(ctx.hostname);
      if (!loopback || ctx.method !== 'GET') throw new Refusal('host_unknown', 421, { detail: ctx.host });
      ctx.status = 307;
      ctx.redirect(`${config.origin}${ctx.originalUrl}`);
      return undefined;
    }
    if (own.protocol === 'https:' && !ctx.secure) throw new Refusal('insecure_request', 421);
    return next();
  };
};
