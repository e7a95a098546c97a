import { html, raw, type Raw } from '../../../views/html.ts';
import { mark } from '../../../views/layout.ts';
import type { Locale } from '../../../views/locales/catalogue.ts';
import type { InboxMessage } from './message.ts';
import { inboxTexts } from './texts.ts';

/** The inbox page: the list on the left (or alone on a small screen), what is read on the right. */
export interface InboxPage {
  locale: Locale;
  messages: readonly InboxMessage[];
  /** What is read; `gone` when its address names a message that no longer exists. */
  selected?: InboxMessage | 'gone' | undefined;
  /** The mail as text instead of its layout. */
  asText?: boolean;
  asset: (name: string) => string;
  timeZone: string;
}

/** The whole document. */
export const inboxPage = (page: InboxPage): Raw => {
  const t = inboxTexts(page.locale);
  const other = page.locale === 'fr' ? 'en' : 'fr';
  const open = page.selected !== undefined;
  return html`<!doctype html>
    <html lang="${page.locale}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${titleOf(page)}${t.title} – Caducée</title>
        <link rel="stylesheet" href="${page.asset('inbox.css')}" />
        <link rel="icon" href="${page.asset('mark.svg')}" type="image/svg+xml" />
        <script type="module" src="${page.asset('inbox.js')}"></script>
      </head>
      <body class="${open ? 'open' : 'closed'}">
        <a class="skip" href="#main">${t.skip}</a>
        <header>
          <p class="brand">${mark}<span>Caducée</span></p>
          <a href="?lang=${other}" lang="${other}" hreflang="${other}">${t.other}</a>
        </header>
        <main id="main" tabindex="-1">
          <div class="intro">
            ${open ? html`<p class="title">${t.title}</p>` : html`<h1 class="title">${t.title}</h1>`}
            <p>${t.about}</p>
            <div class="tools">
              <a class="refresh" href="">${t.refresh}</a>
              ${
                page.messages.length > 0 &&
                html`<form method="post" action="/clear"><button type="submit">${t.clear}</button></form>`
              }
            </div>
            <p id="news" class="visually-hidden" role="status" data-arrived="${t.arrived}"></p>
          </div>
          <div class="panes">
            <nav id="list" aria-label="${t.list}">${inboxList(page)}</nav>
            <section
              class="reading"
              aria-label="${open ? (titleOf(page) || t.title).replace(/ – $/, '') : t.choose}"
            >
              ${reading(page)}
            </section>
          </div>
        </main>
      </body>
    </html> `;
};

const titleOf = ({ selected }: InboxPage): string =>
  selected && selected !== 'gone' ? `${selected.subject || selected.text.split('\n')[0]} – ` : '';

/** The list alone: what the page's script fetches again when something arrives. */
export const inboxList = (page: Pick<InboxPage, 'locale' | 'messages' | 'selected' | 'timeZone'>): Raw => {
  const t = inboxTexts(page.locale);
  if (page.messages.length === 0) {
    return html`<div class="empty">
      <p><strong>${t.emptyTitle}</strong></p>
      <p>${t.empty}</p>
    </div>`;
  }
  return html`<ul>
    ${page.messages.map((message) => {
      const current = page.selected !== 'gone' && page.selected?.id === message.id;
      return html`<li>
        <a href="/messages/${message.id}" ${current && html`aria-current="page"`}>
          <span class="line"
            ><span class="kind ${message.kind}">${t[message.kind]}</span>
            <time datetime="${message.receivedAt}">${shortTime(message.receivedAt, page)}</time></span
          >
          <strong>${message.subject ?? message.text.split('\n')[0]}</strong>
          <span class="to">${message.to}</span>
        </a>
      </li>`;
    })}
  </ul>`;
};

const reading = (page: InboxPage): Raw => {
  const t = inboxTexts(page.locale);
  const { selected } = page;
  if (selected === undefined) return html`<p class="choose">${t.choose}</p>`;
  const back = html`<p class="back"><a href="/">← ${t.back}</a></p>`;
  if (selected === 'gone') {
    return html`${back}
      <h1>${t.goneTitle}</h1>
      <p>${t.gone}</p>`;
  }
  return html`${back}
    <h1>${selected.subject ?? t.sms}</h1>
    <dl class="envelope">
      <div>
        <dt>${t.from}</dt>
        <dd>${selected.from}</dd>
      </div>
      <div>
        <dt>${t.to}</dt>
        <dd>${selected.to}</dd>
      </div>
      <div>
        <dt>${t.at}</dt>
        <dd>
          <time datetime="${selected.receivedAt}">${longTime(selected.receivedAt, page)}</time>
        </dd>
      </div>
    </dl>
    ${selected.kind === 'sms' ? bubble(selected.text) : mailBody(selected, page)}`;
};

const bubble = (text: string): Raw => html`<p class="bubble">${text}</p>`;

const mailBody = (message: InboxMessage, page: InboxPage): Raw => {
  const t = inboxTexts(page.locale);
  const asText = page.asText === true || message.html === undefined;
  const tab = (label: string, href: string, current: boolean): Raw =>
    html`<a href="${href}" ${current && html`aria-current="page"`}>${label}</a>`;
  return html`${
    message.html !== undefined &&
    html`<nav class="views" aria-label="${t.views}">
      ${tab(t.html, `/messages/${message.id}`, !asText)}
      ${tab(t.text, `/messages/${message.id}?view=text`, asText)}
    </nav>`
  }
  ${
    asText
      ? html`<pre tabindex="0" role="region" aria-label="${t.text}">${message.text}</pre>`
      : html`<iframe
          sandbox="allow-popups allow-popups-to-escape-sandbox"
          src="/messages/${message.id}/body"
          title="${t.body(message.subject ?? '')}"
        ></iframe>`
  }
  ${
    message.attachments.length > 0 &&
    html`<h2>${t.attachments}</h2>
      <ul class="attachments">
        ${message.attachments.map(
          (part, index) =>
            html`<li>
              <a href="${attachmentUrl(message, index)}">${part.filename || part.contentType}</a>
            </li>`,
        )}
      </ul>`
  }`;
};

/** Where an attachment is served. */
export const attachmentUrl = (message: InboxMessage, index: number): string =>
  `/api/messages/${message.id}/attachments/${index}`;

/**
 * The HTML of a mail as its own document, for the sandboxed frame: its images come with it, and links open outside.
 */
export const mailDocument = (message: InboxMessage): Raw => {
  let body = message.html ?? '';
  for (const { cid, contentType, content } of message.attachments) {
    if (cid !== '' && /^image\/[a-z+.-]+$/.test(contentType)) {
      body = body.replaceAll(`cid:${cid}`, `data:${contentType};base64,${content}`);
    }
  }
  return raw(body.replace(/<head[^>]*>/i, (head) => `${head}<base target="_blank">`));
};

const LANGUAGE = { fr: 'fr-FR', en: 'en-GB' } as const;

const shortTime = (iso: string, { locale, timeZone }: Pick<InboxPage, 'locale' | 'timeZone'>): string =>
  new Intl.DateTimeFormat(LANGUAGE[locale], {
    timeZone,
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
  }).format(new Date(iso));

const longTime = (iso: string, { locale, timeZone }: InboxPage): string =>
  new Intl.DateTimeFormat(LANGUAGE[locale], { timeZone, dateStyle: 'full', timeStyle: 'medium' }).format(
    new Date(iso),
  );
