import { createServer, type RequestListener, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import Koa, { type Context, type Middleware } from 'koa';
import type { Config } from '../config.ts';
import { createKeyRing } from '../platform/crypto.ts';
import type { Log } from '../platform/log.ts';
import type { Tracing } from '../platform/tracing.ts';
import { accessLog, createObserve, type HttpMetrics } from './access-log.ts';
import { loadAssets, type Assets } from './assets.ts';
import { tellClientCertificates } from './client-cert.ts';
import { createCookies, type Cookies } from './cookies.ts';
import { createForms, type Forms } from './csrf.ts';
import { createGate, type Direct } from './direct.ts';
import {
  catchFailures,
  createFailures,
  createNoteRefusal,
  type Failures,
  type KeepRefusal,
  type NoteRefusal,
} from './failures.ts';
import { securityHeaders } from './headers.ts';
import { onlyOwnHosts } from './host.ts';
import { negotiate } from './locale.ts';
import { createProxyTrust } from './proxy.ts';
import { createRender, type Render } from './render.ts';
import { requestState } from './request.ts';
import { traceRequests } from './trace.ts';

/** The ground on which every room of the site stands. */
export interface Kernel {
  /** Mount routes with `app.use(…)`; errors, headers, language and log are taken care of. */
  app: Koa;
  render: Render;
  forms: Forms;
  cookies: Cookies;
  assets: Assets;
  failures: Failures;
  /** Lets some requests be answered before the application, by whoever gives the same answer at less cost. */
  answerDirectly(direct: Direct): void;
  /** For pages that show a refusal without throwing it. */
  refused: NoteRefusal;
  /** Node's listener: proxy trust first, then the application. Ask for it once every route is mounted. */
  handler(): RequestListener;
  /** A server with the timeouts of the house, not yet listening. */
  server(): Server;
}

export interface KernelOptions {
  config: Config;
  log: Log;
  metrics?: HttpMetrics | undefined;
  tracing?: Tracing | undefined;
  /** Keeps what showed someone a support id, for the help desk. */
  keepRefusal?: KeepRefusal | undefined;
  /** Folder of views/assets, for tests. */
  assetsFolder?: string;
}

const LANGUAGE_SECONDS = 365 * 24 * 3600;

const language =
  (cookies: Cookies, fallback: Config['defaultLocale']): Middleware =>
  (ctx, next) => {
    const { headers } = ctx.req;
    const query = ctx.querystring === '' ? {} : ctx.query;
    const chosen = first(query['lang']);
    const signs = {
      chosen,
      kept: headers.cookie === undefined ? undefined : cookies.get(ctx, 'lang'),
      asked: first(query['ui_locales']),
      acceptLanguage: headers['accept-language'],
    };
    const locale = negotiate(signs, fallback);
    const state = requestState(ctx);
    state.signs = signs;
    state.locale = locale;
    (ctx.state as { locale?: string }).locale = locale;
    // The first to speak of it: nothing is there to be added to.
    ctx.res.setHeader('Vary', 'Accept-Language');
    if (chosen === locale) cookies.set(ctx, 'lang', locale, { seconds: LANGUAGE_SECONDS });
    return next();
  };

const first = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;

/** Our server's patience: headers in 10 s, a whole request in 30 s, idle connections a little longer than a proxy's 60 s. */
const withTimeouts = (server: Server): Server => {
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.keepAliveTimeout = 65_000;
  server.maxRequestsPerSocket = 10_000;
  return server;
};

/** Builds the kernel. The order of the middlewares is a security property: log, headers, errors, host, language, routes. */
export const createKernel = (options: KernelOptions): Kernel => {
  const { config, log, metrics, tracing, assetsFolder } = options;
  const app = new Koa();
  // Koa believes forwarding headers; those of untrusted peers are gone before it looks (see handler).
  app.proxy = true;
  const assets = loadAssets(assetsFolder ?? fileURLToPath(new URL('../../views/assets/', import.meta.url)));
  const keyring = createKeyRing(config.masterKey);
  const cookies = createCookies(config, keyring);
  const render = createRender(config, assets);
  const refused = createNoteRefusal(options.keepRefusal);
  const failures = createFailures(config, render, log, refused);

  const observe = createObserve(log, metrics);
  if (tracing) app.use(traceRequests(tracing));
  app.use(accessLog(observe));
  app.use(tellClientCertificates(log));
  app.use(securityHeaders({ https: config.origin.startsWith('https:') }));
  app.use(catchFailures(failures));
  app.use(onlyOwnHosts(config));
  app.use(assets.middleware);
  app.use(language(cookies, config.defaultLocale));
  app.on('error', (error: unknown, ctx?: Context) => {
    // Who reads a stream may leave before its end: a closed tab is no failure, and the access log tells it.
    if ((error as { code?: unknown }).code === 'ERR_STREAM_PREMATURE_CLOSE') return;
    log.error({ err: error, ...(ctx ? { request: requestState(ctx).id } : {}) }, 'answer failed');
  });

  const trust = createProxyTrust(config.trustedProxies);
  const gate = createGate(config, observe);
  let directly: Direct | undefined;
  const callback = app.callback.bind(app);
  const handler = (): RequestListener => {
    const listener = callback();
    return (req, res) => {
      trust(req);
      const otherwise = (): void => void listener(req, res);
      if (!directly || !gate(req, res, directly, otherwise)) otherwise();
    };
  };
  // app.listen() and whoever calls app.callback() get the same guard.
  app.callback = handler as typeof app.callback;

  return {
    app,
    render,
    cookies,
    assets,
    failures,
    refused,
    forms: createForms(config, keyring, cookies),
    answerDirectly: (direct) => (directly = direct),
    handler,
    server: () => withTimeouts(createServer(handler())),
  };
};
