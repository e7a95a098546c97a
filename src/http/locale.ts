import type { Context } from 'koa';
import { LOCALES, type Locale } from '../../views/locales/index.ts';
import { requestState, type LanguageSigns } from './request.ts';

export type { LanguageSigns } from './request.ts';

const isLocale = (value: string | undefined): value is Locale =>
  (LOCALES as readonly string[]).includes(value ?? '');

/** The first language of a list of tags (`ui_locales`: `en-GB fr`) that we speak. */
export const fromTags = (tags: string | undefined): Locale | undefined =>
  tags
    ?.split(/[\s,]+/)
    .map((tag) => tag.split('-')[0]?.toLowerCase())
    .find(isLocale);

/** The best language of an `Accept-Language` header; `;q=0` excludes. */
export const fromAcceptLanguage = (header: string | undefined): Locale | undefined => {
  if (header === undefined) return undefined;
  const wishes = header
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.trim().split(';');
      const q = parameters.map((parameter) => /^\s*q=([\d.]+)/.exec(parameter)?.[1]).find(Boolean);
      return { locale: tag.split('-')[0]?.toLowerCase(), weight: q === undefined ? 1 : Number(q) };
    })
    .filter((wish) => wish.weight > 0)
    .sort((a, b) => b.weight - a.weight);
  return wishes.map((wish) => wish.locale).find(isLocale);
};

/** Negotiates: the person's own choice comes before what the service asks, and that before the browser's list. */
export const negotiate = (signs: LanguageSigns, fallback: Locale): Locale =>
  (isLocale(signs.chosen) ? signs.chosen : undefined) ??
  (isLocale(signs.kept) ? signs.kept : undefined) ??
  fromTags(signs.asked) ??
  fromAcceptLanguage(signs.acceptLanguage) ??
  fallback;

/** Lets what a service asked (`ui_locales` of its request) weigh in, on pages that learn it late. */
export const alsoAsked = (ctx: Context, asked: string | undefined, fallback: Locale): void => {
  const state = requestState(ctx);
  if (asked === undefined || !state.signs) return;
  state.locale = negotiate({ ...state.signs, asked: state.signs.asked ?? asked }, fallback);
  (ctx.state as { locale?: Locale }).locale = state.locale;
};

/** The language of this request. */
export const localeOf = (ctx: Context, fallback: Locale): Locale => requestState(ctx).locale ?? fallback;

/** Address of the same page in the other language. */
export const otherLanguageUrl = (ctx: Context, locale: Locale): string => {
  const parameters = new URLSearchParams(ctx.querystring);
  parameters.set('lang', locale === 'fr' ? 'en' : 'fr');
  return `${requestPath(ctx)}?${parameters.toString()}`;
};

/** The path the browser asked for, even where a mounted application sees a shortened one. */
const requestPath = (ctx: Context): string => ctx.originalUrl.split('?')[0] || '/';
