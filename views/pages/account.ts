import { html, type Raw } from '../html.ts';
import type { Chrome, View } from '../layout.ts';
import { appLife } from '../locales/app-life.ts';
import { dayAndHour } from '../locales/dates.ts';
import { account as en } from '../locales/en/account.ts';
import { account as fr } from '../locales/fr/account.ts';
import { inLocale } from '../locales/index.ts';
import { csrfField } from '../partials/form.ts';

/** An open session, for its owner. */
export interface AccountSession {
  sid: string;
  signedInAt: Date;
  /** The session of the browser that asks. */
  here: boolean;
  /** Names of the services opened with it. */
  services: readonly string[];
  card: boolean;
  /** Name of the phone it was opened with, while the person still has it. */
  phone: string | undefined;
}

export interface AccountPhone {
  name: string;
  model: string;
  addedAt: Date;
  lastUsedAt: Date | undefined;
}

type Kinds = ReturnType<typeof appLife>['history']['kinds'];

export interface AccountEvent {
  kind: keyof Kinds;
  at: Date;
  service?: string | undefined;
  browser?: string | undefined;
  place?: string | undefined;
}

export interface AccountProps {
  name: string;
  csrf: string;
  sessions: readonly AccountSession[];
  phones: readonly AccountPhone[];
  history: readonly AccountEvent[];
  /** A session was just ended. */
  ended: boolean;
}

type Texts = ReturnType<typeof texts>;
const texts = ({ locale }: Chrome) => inLocale(locale, { fr, en });

const when = (chrome: Chrome, at: Date): string =>
  // « 19 h 20 » stays on one line.
  texts(chrome).on(dayAndHour(at, chrome.locale, chrome.timeZone).replace(/(\d) h /, '$1\u00a0h\u00a0'));

const meansOf = (t: Texts['sessions'], session: AccountSession): string => {
  if (session.card) return t.withCard;
  return session.phone === undefined ? t.withSomePhone : t.withPhone(session.phone);
};

const sessionItem = (chrome: Chrome, session: AccountSession, csrf: string): Raw => {
  const t = texts(chrome).sessions;
  const at = when(chrome, session.signedInAt);
  return html`<li>
    <p>
      ${session.here && html`<strong>${t.here}</strong><br />`}
      ${session.services.length === 0 ? t.noService : t.services(session.services.join(', '))}<br />
      ${t.since(at)}<br />
      ${meansOf(t, session)}
    </p>
    <form method="post" action="/compte/fin">
      ${csrfField(csrf)}
      <input type="hidden" name="session" value="${session.sid}" />
      <button class="second" type="submit" aria-label="${t.endWhich(at)}">${t.end}</button>
    </form>
  </li>`;
};

const sessionsPart = (chrome: Chrome, props: AccountProps): Raw => {
  const t = texts(chrome).sessions;
  return html`<h2>${t.title}</h2>
    <p>${t.intro}</p>
    <ul>
      ${props.sessions.map((session) => sessionItem(chrome, session, props.csrf))}
    </ul>
    <p id="end-all">${t.endAllText}</p>
    <form method="post" action="/compte/fin-de-tout">
      ${csrfField(props.csrf)}
      <button class="button" type="submit" aria-describedby="end-all">${t.endAll}</button>
    </form>`;
};

const phonesPart = (chrome: Chrome, phones: readonly AccountPhone[]): Raw => {
  const t = texts(chrome).phones;
  return html`<h2>${t.title}</h2>
    ${
      phones.length === 0
        ? html`<p>${t.none}</p>`
        : html`<ul>
            ${phones.map(
              (phone) =>
                html`<li>
                  <strong>${phone.name}</strong>
                  (${phone.model})<br />${t.added(when(chrome, phone.addedAt))}${
                    phone.lastUsedAt && html`, ${t.used(when(chrome, phone.lastUsedAt))}`
                  }
                </li>`,
            )}
          </ul>`
    }
    <p>${t.manage} <a href="/telephone/retirer">${t.revoke}</a>.</p>`;
};

const eventItem = (chrome: Chrome, event: AccountEvent): Raw => {
  const t = appLife(chrome.locale).history;
  const from = event.browser === undefined ? undefined : t.from(event.browser, event.place ?? '');
  const more = [event.service, from].filter((part) => part !== undefined && part !== '');
  return html`<li>
    ${t.kinds[event.kind]}, ${when(chrome, event.at)}${more.length > 0 && html`<br />${more.join(', ')}`}
  </li>`;
};

const historyPart = (chrome: Chrome, history: readonly AccountEvent[]): Raw => {
  const t = texts(chrome).history;
  return html`<h2>${t.title}</h2>
    ${
      history.length === 0
        ? html`<p>${t.none}</p>`
        : html`<ul>
            ${history.map((event) => eventItem(chrome, event))}
          </ul>`
    }`;
};

/** « Mon compte »: what is open, on which phones the e-CPS is, what happened lately. */
export const accountPage =
  (props: AccountProps): View =>
  (chrome) => ({
    title: texts(chrome).title,
    body: html`<section class="card">
      <h1>${texts(chrome).title}</h1>
      ${props.name !== '' && html`<p>${texts(chrome).hello(props.name)}</p>`}
      ${props.ended && html`<p class="success" role="status">${texts(chrome).ended}</p>`}
      ${sessionsPart(chrome, props)} ${phonesPart(chrome, props.phones)} ${historyPart(chrome, props.history)}
    </section>`,
  });
