import type { Context } from 'koa';
import { layout, type Chrome, type View } from '../../views/layout.ts';
import type { Config } from '../config.ts';
import type { Assets } from './assets.ts';
import { localeOf, otherLanguageUrl } from './locale.ts';
import { requestState } from './request.ts';

/** What rendering needs of the configuration. */
export type RenderConfig = Pick<
  Config,
  'helpPhone' | 'helpHours' | 'helpHoursEn' | 'ordreUrl' | 'timeZone' | 'defaultLocale'
>;

/** Draws pages: `render(ctx, view)` answers with a whole document. */
export interface Render {
  (ctx: Context, view: View, status?: number): void;
  /** What a view receives, for who needs the document as text. */
  chrome(ctx: Context): Chrome;
  /** The document as text, without answering. */
  text(ctx: Context, view: View): string;
}

/** « 20 h » stays on one line. */
const unbroken = (hours: string): string => hours.replace(/(\d) h\b/g, '$1\u00a0h');

/** Makes {@link Render}. Pages are never stored by browsers or proxies: they carry a nonce and speak of one person. */
export const createRender = (config: RenderConfig, assets: Pick<Assets, 'url'>): Render => {
  const chrome = (ctx: Context): Chrome => {
    const locale = localeOf(ctx, config.defaultLocale);
    return {
      locale,
      nonce: requestState(ctx).nonce,
      asset: assets.url,
      help: {
        phone: config.helpPhone,
        hours: unbroken(locale === 'en' ? (config.helpHoursEn ?? config.helpHours) : config.helpHours),
      },
      ordreUrl: config.ordreUrl,
      timeZone: config.timeZone,
      otherLanguage: otherLanguageUrl(ctx, locale),
    };
  };
  const text = (ctx: Context, view: View): string => {
    const known = chrome(ctx);
    return layout({ ...known, ...view(known) }).value;
  };
  const render = (ctx: Context, view: View, status = 200): void => {
    const document = text(ctx, view);
    ctx.status = status;
    ctx.type = 'text/html; charset=utf-8';
    ctx.set('Content-Language', chrome(ctx).locale);
    ctx.set('Cache-Control', 'no-store');
    ctx.body = document;
  };
  return Object.assign(render, { chrome, text });
};
