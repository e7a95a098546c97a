import { html, raw, type Raw } from '../html.ts';
import { mark } from '../layout.ts';
import { appTexts } from '../locales/app.ts';
import { common, LOCALES, type Locale } from '../locales/index.ts';

export interface PhoneShell {
  locale: Locale;
  style: string;
  entry: string;
  /** Scripts that the entry needs at once, and the fonts of the first screen. */
  preload: readonly string[];
  fonts: readonly string[];
  manifest: string;
  icon: string;
  appleIcon: string;
  /** What the app reads at its start. */
  config: unknown;
}

/** JSON that cannot end the element that holds it. */
const json = (value: unknown): Raw => raw(JSON.stringify(value).replaceAll('<', '\\u003c'));

/** The one page of the phone app; the screens are drawn in it (src/phone/app). The same bytes for everyone. */
export const phoneShell = (shell: PhoneShell): Raw =>
  html`<!doctype html>
    <html lang="${shell.locale}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <meta name="color-scheme" content="light dark" />
        <meta name="theme-color" content="#fbfaf7" media="(prefers-color-scheme: light)" />
        <meta name="theme-color" content="#10151f" media="(prefers-color-scheme: dark)" />
        <meta name="robots" content="noindex" />
        <meta name="description" content="${appTexts(shell.locale).welcome.what}" />
        <meta name="apple-mobile-web-app-title" content="e-CPS" />
        <title>${appTexts(shell.locale).appName} – ${common(shell.locale).product}</title>
        <link rel="stylesheet" href="${shell.style}" />
        ${shell.fonts.map(
          (font) => html`<link rel="preload" href="${font}" as="font" type="font/woff2" crossorigin />`,
        )}
        ${shell.preload.map((script) => html`<link rel="modulepreload" href="${script}" />`)}
        <script type="module" src="${shell.entry}"></script>
        <link rel="manifest" href="${shell.manifest}" />
        <link rel="icon" href="${shell.icon}" type="image/png" />
        <link rel="apple-touch-icon" href="${shell.appleIcon}" />
      </head>
      <body>
        <a class="skip" href="#main">${common(shell.locale).skip}</a>
        <div id="offline" class="bar" role="status" hidden></div>
        <div id="update" class="bar" role="status" hidden></div>
        <header id="header" class="top">
          <p class="brand">${mark}<span>${appTexts(shell.locale).appName}</span></p>
        </header>
        <main id="main" tabindex="-1">
          <noscript>
            ${LOCALES.map((locale) => html`<p lang="${locale}">${appTexts(locale).noScript}</p>`)}
          </noscript>
        </main>
        <p id="live" class="spoken" aria-live="polite"></p>
        <footer id="footer" class="bottom"></footer>
        <script type="application/json" id="config">
          ${json(shell.config)}
        </script>
      </body>
    </html>`;
