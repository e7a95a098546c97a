import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import Router from '@koa/router';
import Koa, { type Context, type Middleware } from 'koa';
import type { Locale } from '../../../views/locales/catalogue.ts';
import { isLoopbackHost } from '../../config.ts';
import { loadAssets } from '../../http/assets.ts';
import { negotiate } from '../../http/locale.ts';
import type { InboxMessage } from './message.ts';
import { type InboxPage, attachmentUrl, inboxList, inboxPage, mailDocument } from './page.ts';
import type { InboxStore } from './store.ts';

/** The inbox's page and JSON. */

export interface InboxHttpOptions {
  store: InboxStore;
  timeZone: string;
  defaultLocale: Locale;
}

const COOKIE = 'caducee_inbox_lang';

/** The page's server. */
export interface InboxHttp {
  /** A server, not yet listening: one for each loopback address. */
  make(): Server;
  /** Ends the live updates under way, so that the servers can close. */
  endStreams(): void;
}

/** Makes the application. */
export const createInboxHttp = (options: InboxHttpOptions): InboxHttp => {
  const assets = loadAssets(join(import.meta.dirname, 'assets'));
  const app = new Koa();
  app.on('error', () => undefined);
  app.use(loopbackOnly);
  app.use(pageHeaders);
  app.use(assets.middleware);
  const streams = new Set<PassThrough>();
  const router = routes(options, assets.url, streams);
  app.use(router.routes()).use(router.allowedMethods());
  const callback = app.callback();
  return {
    make: () => createServer((request, response) => void callback(request, response)),
    endStreams: () => {
      for (const stream of streams) stream.end();
    },
  };
};

/**
 * A page of the web must not read the codes of a developer's sandbox: neither by a name of its own that points to
 * 127.0.0.1, nor by a form sent from elsewhere.
 */
const loopbackOnly: Middleware = async (ctx, next) => {
  const site = ctx.get('Sec-Fetch-Site');
  const foreign = ctx.method !== 'GET' && ctx.method !== 'HEAD' && site !== '' && site !== 'same-origin';
  if (!isLoopbackHost(ctx.hostname) || foreign) {
    ctx.status = 403;
    ctx.body = 'The inbox answers this machine only.\n';
    return;
  }
  await next();
};

const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A mail's document: its own styles and images, no script, no address fetched, an origin of its own. */
const MAIL_POLICY =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox";

const pageHeaders: Middleware = async (ctx, next) => {
  ctx.set({
    'Content-Security-Policy': PAGE_POLICY,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
  });
  await next();
};

const routes = (
  options: InboxHttpOptions,
  asset: (name: string) => string,
  streams: Set<PassThrough>,
): Router => {
  const { store } = options;
  const router = new Router();

  const page = (ctx: Context, selected?: InboxPage['selected']): InboxPage => ({
    locale: language(ctx, options.defaultLocale),
    messages: store.list(),
    selected,
    asText: ctx.query['view'] === 'text',
    asset,
    timeZone: options.timeZone,
  });
  const show = (ctx: Context, selected?: InboxPage['selected']): void => {
    if (selected === 'gone') ctx.status = 404;
    ctx.type = 'html';
    ctx.body = inboxPage(page(ctx, selected)).value;
  };

  router.get('/', (ctx) => show(ctx));
  router.get('/messages/:id', (ctx) => show(ctx, store.get(ctx.params['id'] ?? '') ?? 'gone'));
  router.get('/messages/:id/body', (ctx) => {
    const message = store.get(ctx.params['id'] ?? '');
    if (!message) return;
    ctx.set('Content-Security-Policy', MAIL_POLICY);
    ctx.type = 'html';
    ctx.body = mailDocument(message).value;
  });
  router.get('/list', (ctx) => {
    const id = ctx.query['selected'];
    ctx.type = 'html';
    ctx.body = inboxList(page(ctx, store.get(typeof id === 'string' ? id : ''))).value;
  });
  router.post('/clear', (ctx) => {
    store.clear();
    ctx.status = 303;
    ctx.redirect('/');
  });
  router.get('/events', (ctx) => streamChanges(ctx, store, streams));
  json(router, store);
  return router;
};

const json = (router: Router, store: InboxStore): void => {
  router.get('/api/messages', (ctx) => {
    const limit = Number(one(ctx, 'limit') ?? Number.NaN);
    const messages = store.list({
      to: one(ctx, 'to'),
      kind: one(ctx, 'kind'),
      limit: Number.isInteger(limit) && limit > 0 ? limit : undefined,
    });
    ctx.body = { messages: messages.map((message) => toJson(ctx, message)) };
  });
  router.get('/api/messages/:id', (ctx) => {
    const message = store.get(ctx.params['id'] ?? '');
    if (message) ctx.body = toJson(ctx, message);
  });
  router.delete('/api/messages', (ctx) => {
    store.clear();
    ctx.status = 204;
  });
  router.get('/api/messages/:id/attachments/:index', (ctx) => {
    const part = store.get(ctx.params['id'] ?? '')?.attachments[Number(ctx.params['index'])];
    if (!part) return;
    // Only an image is shown in place: anything else that a mail brought is downloaded.
    const image = /^image\/(png|jpeg|gif|webp)$/.test(part.contentType);
    if (!image) ctx.attachment(part.filename || 'attachment');
    ctx.type = image ? part.contentType : 'application/octet-stream';
    ctx.body = Buffer.from(part.content, 'base64');
  });
};

const toJson = (ctx: Context, message: InboxMessage) => ({
  ...message,
  attachments: message.attachments.map(({ cid, filename, contentType }, index) => ({
    cid,
    filename,
    contentType,
    url: `${ctx.protocol}://${ctx.host}${attachmentUrl(message, index)}`,
  })),
});

const one = (ctx: Context, name: string): string | undefined => {
  const value = ctx.query[name];
  return Array.isArray(value) ? value[0] : value;
};

const language = (ctx: Context, fallback: Locale): Locale => {
  const chosen = one(ctx, 'lang');
  const signs = { chosen, kept: ctx.cookies.get(COOKIE), acceptLanguage: ctx.get('Accept-Language') };
  const locale = negotiate(signs, fallback);
  if (chosen === locale) ctx.cookies.set(COOKIE, locale, { sameSite: 'lax', overwrite: true });
  return locale;
};

const BEAT_MS = 25_000;

/** Server-sent events: `change` whenever the list changed. */
const streamChanges = (ctx: Context, store: InboxStore, streams: Set<PassThrough>): void => {
  const stream = new PassThrough();
  streams.add(stream);
  const unwatch = store.watch(() => stream.write('event: change\ndata: 1\n\n'));
  const beat = setInterval(() => stream.write(': still here\n\n'), BEAT_MS);
  stream.on('close', () => {
    clearInterval(beat);
    streams.delete(stream);
    unwatch();
  });
  ctx.set({ 'Content-Type': 'text/event-stream; charset=utf-8', Connection: 'close' });
  stream.write('retry: 1000\n\n');
  ctx.body = stream;
};
