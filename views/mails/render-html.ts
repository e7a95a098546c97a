import { html, raw, safeUrl, type Raw } from '../html.ts';
import type { Locale } from '../locales/catalogue.ts';
import type { Block, MailContent } from './blocks.ts';
import type { MailContext } from './data.ts';
import { typography } from './format.ts';
import { penFor } from './templates.ts';

/**
 * The HTML part of a mail. Mail programs know few styles, so each element carries its own; the block in the head
 * only redraws the colours for a dark screen, where a program lets it. No image but the one attached, no font and
 * no address fetched: opening a mail tells nobody anything.
 */

/** The image of the QR code, as the HTML names it and the attachment is named. */
export const QR_CID = 'qr@caducee';

const FONT = "font-family:'Atkinson Hyperlegible',Verdana,'DejaVu Sans',sans-serif;";
const BODY = `${FONT}font-size:18px;line-height:27px;color:#14213d;margin:0 0 20px;`;
const SMALL = `${FONT}font-size:15px;line-height:23px;color:#3c4762;margin:0 0 8px;`;

const DARK = raw(`
  :root { color-scheme: light dark; supported-color-schemes: light dark; }
  a { text-decoration-thickness: 1px; text-underline-offset: 3px; }
  @media (prefers-color-scheme: dark) {
    .paper { background-color: #10151f !important; }
    .card { background-color: #182030 !important; border-color: #3a4763 !important; }
    .ink { color: #eef1f6 !important; }
    .muted { color: #c3cad8 !important; }
    .accent { color: #6fd3cb !important; }
    .button { background-color: #6fd3cb !important; color: #10151f !important; }
    .inset { background-color: #10151f !important; border-color: #6fd3cb !important; }
    .warning { background-color: #2a2310 !important; border-color: #e0b050 !important; }
  }
  @media (max-width: 480px) {
    .edge { padding: 16px 8px !important; }
    .card { padding: 24px 16px !important; }
    .inset { font-size: 26px !important; padding: 10px 14px !important; }
  }
`);

/** Draws the whole document of a mail. */
export const renderHtml = (content: MailContent, locale: Locale, context: MailContext): Raw => {
  const { t } = penFor(locale, context);
  const say = (words: string): string => typography(words, locale);
  const blocks = content.blocks.filter((block) => block !== undefined);
  return html`<!doctype html>
    <html lang="${locale}" dir="ltr">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="supported-color-schemes" content="light dark" />
        <meta name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no" />
        <title>${say(content.subject)}</title>
        <style>
          ${DARK}
        </style>
      </head>
      <body class="paper" style="margin:0;padding:0;background-color:#fbfaf7;">
        ${preheader(say(content.preheader))}
        <div class="paper" role="article" lang="${locale}" style="background-color:#fbfaf7;">
          <table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
            <tr>
              <td class="edge" align="center" style="padding:24px 12px;">
                ${raw('<!--[if mso]><table role="presentation" width="600"><tr><td><![endif]-->')}
                <table
                  role="presentation"
                  width="100%"
                  cellpadding="0"
                  cellspacing="0"
                  border="0"
                  style="max-width:600px;text-align:left;"
                >
                  <tr>
                    <td style="padding:0 4px 16px;">
                      <p
                        class="accent"
                        style="${FONT}font-size:20px;line-height:28px;font-weight:bold;color:#0b6e69;margin:0;"
                      >
                        Caducée
                      </p>
                    </td>
                  </tr>
                  <tr>
                    <td
                      class="card"
                      style="background-color:#ffffff;border:1px solid #d9d6cc;border-radius:12px;padding:32px;"
                    >
                      <h1
                        class="ink"
                        style="${FONT}font-size:26px;line-height:34px;font-weight:bold;color:#14213d;margin:0 0 20px;"
                      >
                        ${say(content.title)}
                      </h1>
                      <p class="ink" style="${BODY}">${say(t.hello)}</p>
                      ${blocks.map((block) => drawBlock(block, say))}
                    </td>
                  </tr>
                  <tr>
                    <td style="padding:20px 4px 0;">${footer(t.footer, locale, context, say)}</td>
                  </tr>
                </table>
                ${raw('<!--[if mso]></td></tr></table><![endif]-->')}
              </td>
            </tr>
          </table>
        </div>
      </body>
    </html> `;
};

/** The words after the subject in a list of mails, followed by blanks so that the body does not run in. */
const preheader = (words: string): Raw =>
  html`<div
    aria-hidden="true"
    style="display:none;max-height:0;overflow:hidden;mso-hide:all;font-size:1px;line-height:1px;opacity:0;"
  >
    ${words}${raw('&#847;&zwnj;&nbsp;'.repeat(40))}
  </div>`;

const footer = (
  t: ReturnType<typeof penFor>['t']['footer'],
  locale: Locale,
  { help }: MailContext,
  say: (words: string) => string,
): Raw =>
  html`${[t.never, t.help(help.phone, help.hours[locale]), t.automatic].map(
    (line) => html`<p class="muted" style="${SMALL}">${say(line)}</p>`,
  )}`;

const drawBlock = (block: Block, say: (words: string) => string): Raw => {
  switch (block.type) {
    case 'text':
      return html`<p class="ink" style="${BODY}">${say(block.text)}</p>`;
    case 'steps':
      return drawSteps(block.steps, block.from ?? 1, say);
    case 'facts':
      return drawFacts(block.facts, say);
    case 'qr':
      return drawQr(say(block.alt));
    case 'code':
      return drawCode(say(block.label), block.code);
    case 'action':
      return drawAction(say(block.label), block.url);
    case 'warning':
      return drawWarning(say(block.title), say(block.text));
  }
};

const drawSteps = (steps: readonly string[], from: number, say: (words: string) => string): Raw =>
  html`<ol class="ink" start="${from}" style="${BODY}padding:0 0 0 30px;">
    ${steps.map((step) => html`<li style="margin:0 0 10px;padding-left:4px;">${say(step)}</li>`)}
  </ol>`;

const drawFacts = (facts: readonly (readonly [string, string])[], say: (words: string) => string): Raw =>
  html`<table cellpadding="0" cellspacing="0" border="0" style="margin:0 0 20px;">
    ${facts.map(
      ([label, value]) =>
        html`<tr>
          <th
            scope="row"
            class="muted"
            style="${FONT}font-size:16px;line-height:25px;font-weight:normal;color:#3c4762;text-align:left;vertical-align:top;padding:3px 20px 3px 0;"
          >
            ${say(label)}
          </th>
          <td
            class="ink"
            style="${FONT}font-size:18px;line-height:25px;font-weight:bold;color:#14213d;padding:3px 0;overflow-wrap:anywhere;"
          >
            ${say(value)}
          </td>
        </tr>`,
    )}
  </table>`;

/** White under and around the code in both themes: a reader needs dark on light and a quiet margin. */
const drawQr = (alt: string): Raw =>
  html`<p style="${BODY}text-align:center;">
    <img
      src="cid:${QR_CID}"
      width="280"
      height="280"
      alt="${alt}"
      style="box-sizing:border-box;display:inline-block;width:280px;height:auto;max-width:100%;border:10px solid #ffffff;border-radius:8px;background-color:#ffffff;color:#14213d;"
    />
  </p>`;

const drawCode = (label: string, code: string): Raw =>
  html`<p class="ink" style="${BODY}margin-bottom:8px;">${label}</p>
    <p style="${FONT}margin:0 0 24px;text-align:center;">
      <strong
        class="inset ink"
        style="display:inline-block;border:2px solid #0b6e69;border-radius:8px;padding:10px 18px;background-color:#fbfaf7;color:#14213d;font-family:'Atkinson Hyperlegible Mono',Consolas,'DejaVu Sans Mono',monospace;font-size:30px;line-height:38px;letter-spacing:3px;white-space:nowrap;"
        >${code}</strong
      >
    </p>`;

const drawAction = (label: string, url: string): Raw =>
  html`<p style="${FONT}margin:0 0 20px;">
    <a
      class="button"
      href="${safeUrl(url)}"
      style="display:inline-block;background-color:#0b6e69;color:#ffffff;font-size:18px;line-height:24px;font-weight:bold;text-decoration:none;padding:14px 24px;border-radius:8px;"
      >${label}</a
    >
  </p>`;

const drawWarning = (title: string, words: string): Raw =>
  html`<table
    role="presentation"
    width="100%"
    cellpadding="0"
    cellspacing="0"
    border="0"
    style="margin:0 0 20px;"
  >
    <tr>
      <td
        class="warning"
        style="background-color:#fff6e3;border-left:4px solid #8a5a00;border-radius:4px;padding:16px 18px;"
      >
        <p class="ink" style="${BODY}margin:0 0 4px;font-weight:bold;">${title}</p>
        <p class="ink" style="${BODY}margin:0;">${words}</p>
      </td>
    </tr>
  </table>`;
