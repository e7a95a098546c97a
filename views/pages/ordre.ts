import { html, type Raw } from '../html.ts';
import type { Chrome, View } from '../layout.ts';
import { dayAndHour } from '../locales/dates.ts';
import { contacts as en } from '../locales/en/contacts.ts';
import { contacts as fr } from '../locales/fr/contacts.ts';
import { inLocale } from '../locales/index.ts';

/** The sandbox's *Mon espace (Ordre)*. */

const texts = ({ locale }: Chrome) => inLocale(locale, { fr, en }).ordre;

/** What was just done. */
export type OrdreDone = 'saved' | 'same' | 'aged';

interface Declaration {
  email: string | undefined;
  phone: string | undefined;
  origin: string;
  declaredAt: Date;
  effectiveAt: Date;
  stoppedAt: Date | undefined;
}

export interface OrdreProps {
  name: string;
  nationalId: string;
  /** Address of this page. */
  action: string;
  /** The newest first. */
  history: readonly Declaration[];
  now: Date;
  /** What was typed, when it was malformed. */
  entered: { email: string; phone: string; wrong: readonly ('email' | 'phone')[] } | undefined;
  done: OrdreDone | undefined;
  token: string;
  links: { app: string; inbox: string };
}

/** Who is it? */
export const ordreWhoPage =
  (props: {
    action: string;
    personas: readonly { nationalId: string; name: string; note: string }[];
  }): View =>
  (chrome) => {
    const t = texts(chrome);
    return {
      title: t.title,
      body: html`<section class="card">
        <h1>${t.title}</h1>
        <p>${t.sandbox}</p>
        <form method="get" action="${props.action}">
          <div class="field">
            <label for="person">${t.who}</label>
            <select id="person" name="personne">
              ${props.personas.map(
                ({ nationalId, name, note }) =>
                  html`<option value="${nationalId}">${name} – ${note}</option>`,
              )}
            </select>
          </div>
          <button class="button" type="submit">${t.open}</button>
        </form>
      </section>`,
    };
  };

const moment = (chrome: Chrome, at: Date): string => dayAndHour(at, chrome.locale, chrome.timeZone);

const fact = (label: string, value: string): Raw =>
  html`<div>
    <dt>${label}</dt>
    <dd>${value}</dd>
  </div>`;

const declared = (chrome: Chrome, props: OrdreProps): Raw => {
  const t = texts(chrome);
  const [newest] = props.history;
  const since = newest && moment(chrome, newest.declaredAt);
  const from =
    newest === undefined || newest.effectiveAt <= props.now ? t.fromNow : moment(chrome, newest.effectiveAt);
  return html`<section aria-labelledby="now-title">
    <h2 id="now-title">${t.now}</h2>
    <dl class="facts">
      <div>
        <dt>${t.email}</dt>
        <dd data-email>${newest?.email ?? t.none}</dd>
      </div>
      <div>
        <dt>${t.phone}</dt>
        <dd data-phone>${newest?.phone ?? t.none}</dd>
      </div>
      ${since !== undefined && fact(t.since, since)}
      ${newest?.email !== undefined && newest.phone !== undefined && fact(t.from, from)}
    </dl>
    ${
      newest !== undefined &&
      html`<form method="post" action="${props.action}/vieillir">
        <input type="hidden" name="jeton" value="${props.token}" />
        <button class="second" type="submit" aria-describedby="age-text">${t.age}</button>
        <p class="hint" id="age-text">${t.ageText}</p>
      </form>`
    }
  </section>`;
};

const input = (props: {
  id: string;
  name: string;
  type: 'email' | 'tel';
  label: string;
  hint: string;
  value: string;
  problem: boolean;
}): Raw => {
  const described = props.problem ? `${props.id}-hint contact-problem` : `${props.id}-hint`;
  return html`<div class="field">
    <label for="${props.id}">${props.label}</label>
    <p class="hint" id="${props.id}-hint">${props.hint}</p>
    <input
      id="${props.id}"
      name="${props.name}"
      type="${props.type}"
      autocomplete="off"
      maxlength="254"
      value="${props.value}"
      aria-describedby="${described}"
      ${props.problem && html`aria-invalid="true"`}
    />
  </div>`;
};

const form = (chrome: Chrome, props: OrdreProps): Raw => {
  const t = texts(chrome);
  const [newest] = props.history;
  const problem = props.entered !== undefined;
  return html`<section aria-labelledby="edit-title">
    <h2 id="edit-title">${t.edit}</h2>
    <form method="post" action="${props.action}" novalidate>
      <input type="hidden" name="jeton" value="${props.token}" />
      ${problem && html`<p class="problem" id="contact-problem" role="alert">${t.problem}</p>`}
      ${input({
        ...{ id: 'email', name: 'courriel', type: 'email', label: t.email, hint: t.emailHint },
        problem: props.entered?.wrong.includes('email') === true,
        value: props.entered?.email ?? newest?.email ?? '',
      })}
      ${input({
        ...{ id: 'phone', name: 'telephone', type: 'tel', label: t.phone, hint: t.phoneHint },
        problem: props.entered?.wrong.includes('phone') === true,
        value: props.entered?.phone ?? newest?.phone ?? '',
      })}
      <button class="button" type="submit">${t.save}</button>
    </form>
  </section>`;
};

const history = (chrome: Chrome, { history: rows }: OrdreProps): Raw | undefined => {
  const t = texts(chrome);
  const origins: Readonly<Record<string, string>> = t.origins;
  if (rows.length === 0) return undefined;
  return html`<section class="card" aria-labelledby="history-title">
    <h2 id="history-title">${t.history}</h2>
    <ul>
      ${rows.map(
        (row) =>
          html`<li>
            ${moment(chrome, row.declaredAt)} (${origins[row.origin] ?? row.origin}) : ${row.email ?? t.none},
            ${row.phone ?? t.none}${row.stoppedAt && html` – ${t.stopped}`}
          </li>`,
      )}
    </ul>
  </section>`;
};

/** One person's contact details: what is declared, a form, the history. */
export const ordrePage =
  (props: OrdreProps): View =>
  (chrome) => {
    const t = texts(chrome);
    return {
      title: `${t.title} – ${props.name}`,
      head: html`<link rel="stylesheet" href="${chrome.asset('directory.css')}" />`,
      body: html`<section class="card">
          <h1>${t.title}</h1>
          <p><strong>${props.name}</strong> (${props.nationalId})</p>
          <p>${t.sandbox}</p>
          ${props.done && html`<p class="success" role="status">${t[props.done]}</p>`}
          ${declared(chrome, props)} ${form(chrome, props)}
          <nav class="ways">
            <ul>
              <li><a href="${props.links.app}activer?identifiant=${props.nationalId}">${t.activate}</a></li>
              <li><a href="${props.links.inbox}">${t.inbox}</a></li>
              <li><a href="/ordre">${t.other}</a></li>
            </ul>
          </nav>
        </section>
        ${history(chrome, props)}`,
    };
  };
