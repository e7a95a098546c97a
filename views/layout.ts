import { html, raw, type Raw, type Renderable } from './html.ts';
import { common, type Locale } from './locales/index.ts';

/** What the server knows when it draws any page; made by src/http/render.ts. */
export interface Chrome {
  locale: Locale;
  /** CSP nonce of this answer. */
  nonce: string;
  /** The hashed address of a file of views/assets: `asset('style.css')`. */
  asset: (name: string) => string;
  help: { phone: string; hours: string };
  /** Where a practitioner updates contact details. */
  ordreUrl: string;
  timeZone: string;
  /** Address of this page in the other language; without it no language switch is shown. */
  otherLanguage?: string | undefined;
}

/** The service that asks, always in sight on the pages of a sign-in. */
export interface RequestingService {
  name: string;
  host: string;
}

/** One page: everything between header and footer. */
export interface Page {
  title: string;
  body: Renderable;
  service?: RequestingService | undefined;
  /** More in `<head>`; scripts there need the nonce. */
  head?: Renderable;
  /** Names of ES modules of views/assets. */
  scripts?: readonly string[];
  /** Wider than one column of 30 rem: tables, lists of personas. */
  wide?: boolean;
}

/** A page is a function of what the server knows. */
export type View = (chrome: Chrome) => Page;

/** The drawing of the staff and one snake. */
export const mark = raw(
  '<svg class="mark" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false"><g fill="none" stroke="currentColor" stroke-width="2.6" stroke-linecap="round"><path d="M16 2.500v27"/><path d="M13 28.800c4.500.200 7.500-1.300 7.500-3.600 0-3.400-9.500-2.800-9.500-6.700 0-4.300 11.500-3 11.500-7.600 0-3.400-4.800-4.600-8.500-3.700-2.200.500-3.900 1.500-5.500 2.800"/></g><circle cx="8.6" cy="9.8" r="2" fill="currentColor"/></svg>',
);

const languageSwitch = (chrome: Chrome): Raw | undefined => {
  if (chrome.otherLanguage === undefined) return undefined;
  const other = chrome.locale === 'fr' ? 'en' : 'fr';
  return html`<a class="language" href="${chrome.otherLanguage}" lang="${other}" hreflang="${other}"
    >${common(other).language[other]}</a
  >`;
};

const serviceBanner = (chrome: Chrome, service: RequestingService): Raw =>
  html`<p class="service">
    <span>${common(chrome.locale).service.opening}</span>
    <strong>${service.name}</strong>
    <span class="host">${service.host}</span>
  </p>`;

/** The whole document. */
export const layout = (page: Chrome & Page): Raw => {
  const t = common(page.locale);
  return html`<!doctype html>
    <html lang="${page.locale}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${page.title} – ${t.product}</title>
        <link rel="stylesheet" href="${page.asset('style.css')}" />
        <link rel="icon" href="${page.asset('mark.svg')}" type="image/svg+xml" />
        ${page.head}
        ${page.scripts?.map(
          (name) => html`<script type="module" src="${page.asset(name)}" nonce="${page.nonce}"></script>`,
        )}
      </head>
      <body>
        <a class="skip" href="#main">${t.skip}</a>
        <header class="top">
          <p class="brand">${mark}<span>${t.product}</span></p>
          ${languageSwitch(page)}
        </header>
        <main id="main" ${page.wide && html`class="wide"`} tabindex="-1">
          ${page.service && serviceBanner(page, page.service)} ${page.body}
        </main>
        <footer class="bottom">
          <p><a href="/aide">${t.help.link}</a></p>
          <p>${t.help.call(page.help.phone, page.help.hours)}</p>
        </footer>
      </body>
    </html>`;
};
