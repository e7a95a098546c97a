import { html, type Raw } from '../html.ts';
import type { Chrome, View } from '../layout.ts';
import { inLocale, type Locale } from '../locales/index.ts';
import { home as en } from '../locales/en/home.ts';
import { home as fr } from '../locales/fr/home.ts';

/** A person of the sandbox, as the home page lists them. */
export interface PersonaRow {
  nationalId: string;
  name: string;
  profession: string;
  /** What is special about this person; empty for an ordinary doctor. */
  note: string;
}

/** All that the home page links and lists. */
export interface HomeData {
  issuer: string;
  discovery: string;
  inbox: string;
  app: string;
  directory: string;
  /** Where a persona updates contact details. */
  ordre: string;
  help: string;
  /** Null where this sandbox offers no card. */
  card: string | null;
  cardAuthority: string;
  cardPassword: string;
  activateByCard: string;
  services: readonly { id: string; name: string; url: string }[];
  clients: readonly { clientId: string; clientSecret?: string }[];
  personas: Readonly<Record<Locale, readonly PersonaRow[]>>;
  /** The commands of the story; the state file and the port base are those of this sandbox. */
  commands: Readonly<Record<'activate' | 'pending' | 'approve' | 'card' | 'activateCard', string>>;
}

const texts = ({ locale }: Chrome) => inLocale(locale, { fr, en });

/** A text that one click selects, and a button that copies it where scripts run. */
const copyable = (chrome: Chrome, text: string): Raw =>
  html`<code class="copy" data-copy="${texts(chrome).copy}" data-copied="${texts(chrome).copied}"
    >${text}</code
  >`;

const command = (chrome: Chrome, text: string): Raw =>
  html`<div class="command">${copyable(chrome, text)}</div>`;

const link = (url: string, name: string, note: string): Raw =>
  html`<li><a href="${url}">${name}</a> <span>${note}</span></li>`;

const links = (chrome: Chrome, data: HomeData): Raw => {
  const t = texts(chrome).links;
  return html`<section aria-labelledby="links">
    <h2 id="links">${t.heading}</h2>
    <ul class="doors">
      ${data.services.map(({ name, url }) => link(url, t.service(name), t.serviceNote))}
      ${link(data.inbox, t.inbox, t.inboxNote)} ${link(data.directory, t.directory, t.directoryNote)}
      ${link(data.ordre, t.ordre, t.ordreNote)} ${link(data.help, t.help, t.helpNote)}
      ${link(data.discovery, t.discovery, t.discoveryNote)} ${link(data.app, t.app, t.appNote)}
    </ul>
  </section>`;
};

const openService = (
  around: { before: string; after: string },
  service: HomeData['services'][number] | undefined,
): Raw => html`${around.before} <a href="${service?.url}">${service?.name}</a>${around.after}`;

const story = (chrome: Chrome, data: HomeData): Raw => {
  const t = texts(chrome).story;
  const [first, second] = data.services;
  return html`<section aria-labelledby="story">
    <h2 id="story">${t.heading}</h2>
    <p>${t.intro(data.personas[chrome.locale][0]?.name ?? '')}</p>
    <ol class="story">
      <li>
        <p>${t.activate}</p>
        ${command(chrome, data.commands.activate)}
      </li>
      <li>
        <p>${openService(t.open, first)}</p>
        <p>${t.pending}</p>
        ${command(chrome, data.commands.pending)}
      </li>
      <li>
        <p>${t.approve}</p>
        ${command(chrome, data.commands.approve)}
      </li>
      <li>
        <p>${openService(t.second, second)}</p>
      </li>
    </ol>
  </section>`;
};

/** How to have a card without a card: trust, make, import, use. */
const card = (chrome: Chrome, data: HomeData): Raw | undefined => {
  if (data.card === null) return undefined;
  const t = texts(chrome).card;
  const steps = (items: readonly string[]): Raw =>
    html`<ul>
      ${items.map((item) => html`<li>${withCode(item)}</li>`)}
    </ul>`;
  return html`<section aria-labelledby="card">
    <h2 id="card">${t.heading}</h2>
    <p>${t.intro}</p>
    <ol class="story">
      <li>
        <p>${t.trust} <a href="${data.cardAuthority}">${t.authority}</a></p>
        ${steps(t.trustHow)}
      </li>
      <li>
        <p>${t.make}</p>
        ${command(chrome, data.commands.card)}
      </li>
      <li>
        <p>${t.importIt} ${copyable(chrome, data.cardPassword)}</p>
        ${steps(t.importHow)}
      </li>
      <li>
        <p>${openService(t.use, data.services[0])}</p>
      </li>
      <li>
        <p>${t.activate} <a href="${data.activateByCard}">${t.activateLink}</a></p>
        ${command(chrome, data.commands.activateCard)}
      </li>
    </ol>
    <p>${withCode(t.refused)}</p>
    <p>${t.remove}</p>
  </section>`;
};

const personas = (chrome: Chrome, data: HomeData): Raw => {
  const t = texts(chrome).personas;
  return html`<section aria-labelledby="personas">
    <h2 id="personas">${t.heading}</h2>
    <table class="personas" role="table">
      <caption class="spoken">
        ${t.caption}
      </caption>
      <thead role="rowgroup">
        <tr role="row">
          <th scope="col" role="columnheader">${t.identifier}</th>
          <th scope="col" role="columnheader">${t.name}</th>
          <th scope="col" role="columnheader">${t.profession}</th>
          <th scope="col" role="columnheader">${t.note}</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        ${data.personas[chrome.locale].map(
          ({ nationalId, name, profession, note }) =>
            html`<tr role="row">
              <td role="cell" data-label="${t.identifier}">${copyable(chrome, nationalId)}</td>
              <th scope="row" role="rowheader" data-label="${t.name}">${name}</th>
              <td role="cell" data-label="${t.profession}">${profession || t.none}</td>
              <td role="cell" data-label="${t.note}">${note || t.none}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
};

const clients = (chrome: Chrome, data: HomeData): Raw => {
  const t = texts(chrome).clients;
  return html`<section aria-labelledby="clients">
    <h2 id="clients">${t.heading}</h2>
    <p>${t.text}</p>
    <ul>
      ${data.clients.map(
        ({ clientId, clientSecret }) =>
          html`<li>
            <code>${clientId}</code> (${clientSecret === undefined ? t.public : t.confidential}${
              clientSecret !== undefined && html` <code>${clientSecret}</code>`
            })
          </li>`,
      )}
    </ul>
    <p>${t.issuer} : ${copyable(chrome, data.issuer)}</p>
  </section>`;
};

/** Backquoted parts of our own texts become `<code>`. */
const withCode = (text: string): Raw =>
  html`${text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`;

const head = (chrome: Chrome): Raw => html`<link rel="stylesheet" href="${chrome.asset('home.css')}" />`;

/** The sandbox's home page: what this is, everything there is, whom to be, and the story's commands. */
export const homePage =
  (data: HomeData): View =>
  (chrome) => {
    const t = texts(chrome);
    return {
      title: t.title,
      wide: true,
      head: head(chrome),
      scripts: ['copy.js'],
      body: html`<h1>${t.heading}</h1>
        ${t.what.map((line) => html`<p class="what">${line}</p>`)}
        <p class="what">${withCode(t.data)}</p>
        ${links(chrome, data)} ${story(chrome, data)} ${card(chrome, data)} ${personas(chrome, data)}
        ${clients(chrome, data)}`,
    };
  };
