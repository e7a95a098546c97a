import { html, type Raw } from '../html.ts';
import type { Chrome, View } from '../layout.ts';
import { cardText } from '../locales/card.ts';
import { day } from '../locales/dates.ts';
import { errorText, waysOn, type ErrorCode } from '../locales/errors.ts';
import { common } from '../locales/index.ts';
import { loginText } from '../locales/login.ts';
import { cancelForm, type SignInFrame } from '../partials/cancel.ts';
import { csrfField } from '../partials/form.ts';
import { groupDigits } from '../partials/identifier.ts';
import { cardNotice, tabs } from '../partials/tabs.ts';
import { WAY_PATHS, ways } from '../partials/ways.ts';

/** How a browser's memory of certificates has to be treated. */
export interface CardMemory {
  /** True: each attempt has a host of its own. False: the browser must be restarted for another card. */
  fresh: boolean;
}

/** What to do before the card is read. */
export const beforehand = (chrome: Chrome, { fresh }: CardMemory): Raw => {
  const t = cardText(chrome.locale);
  return html`<ol class="steps">
      ${t.steps.map((step) => html`<li>${step}</li>`)}
    </ol>
    ${!fresh && html`<p class="caution">${t.single}</p>`}`;
};

/** The tab *Carte CPS*: insert, choose, type. */
export const cardPage =
  (props: SignInFrame & CardMemory): View =>
  (chrome) => {
    const t = cardText(chrome.locale);
    return {
      title: t.title,
      service: props.service,
      body: html`<section class="card">
          <h1>${loginText(chrome.locale).title}</h1>
          ${tabs(chrome, props, 'card')} ${cardNotice(chrome, props)} ${beforehand(chrome, props)}
          <form method="post" action="${props.base}/carte">
            ${csrfField(props.csrf)}
            <button class="button" type="submit">${t.submit}</button>
          </form>
          <p class="hint">${t.leave}</p>
          <ul class="links">
            <li><a href="${WAY_PATHS.diagnostic}">${t.diagnostic.title}</a></li>
          </ul>
        </section>
        ${cancelForm(chrome, props)}`,
    };
  };

/** The same tab where no card is accepted: says so, with the way that works. */
export const cardClosedPage =
  (props: SignInFrame): View =>
  (chrome) => {
    const t = cardText(chrome.locale);
    return {
      title: t.title,
      service: props.service,
      body: html`<section class="card">
          <h1>${loginText(chrome.locale).title}</h1>
          ${tabs(chrome, props, 'card')}
          <p>${t.closed.text}</p>
          <p class="action">${t.closed.meanwhile}</p>
          <p><a class="button" href="${props.base}">${t.use}</a></p>
          <ul class="links">
            <li><a href="${WAY_PATHS.activate}">${common(chrome.locale).ways.activate}</a></li>
          </ul>
        </section>
        ${cancelForm(chrome, props)}`,
    };
  };

const say = (chrome: Chrome, code: ErrorCode) =>
  errorText(chrome.locale, code, { ordreUrl: chrome.ordreUrl, timeZone: chrome.timeZone });

/** Where the same card will be refused again: the e-CPS is the way on, another card the second. */
const FINAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'card_signature_algorithm',
  'card_key_too_weak',
  'card_not_yet_valid',
  'card_expired',
  'card_issuer_not_valid',
  'card_critical_extension_unknown',
  'card_subject',
  'card_revoked',
  'card_issuer_revoked',
  'card_opposed',
  'card_revocation_unknown',
]);

/** A card that was refused, within its sign-in: why, what to do, and both ways on. */
export const cardRefusedPage =
  (props: SignInFrame & CardMemory & { code: ErrorCode; supportId: string }): View =>
  (chrome) => {
    const t = cardText(chrome.locale);
    const said = say(chrome, props.code);
    const [card, ecps] = FINAL.has(props.code) ? ['second', 'button'] : ['button', 'second'];
    const again = html`<form method="post" action="${props.base}/carte">
      ${csrfField(props.csrf)}
      <button class="${card}" type="submit">${t.again}</button>
    </form>`;
    const phone = html`<p><a class="${ecps}" href="${props.base}">${t.use}</a></p>`;
    return {
      title: said.title,
      service: props.service,
      body: html`<section class="card">
          <h1>${said.title}</h1>
          <p>${said.text}</p>
          <p class="action">${said.action}</p>
          ${!props.fresh && html`<p class="caution">${t.single}</p>`}
          ${ecps === 'button' ? [phone, again] : [again, phone]} ${ways(chrome, waysOn(props.code))}
          <p class="support">
            ${common(chrome.locale).support}<br />
            <code>${props.code}</code> · <code class="support-id">${props.supportId}</code>
          </p>
        </section>
        ${cancelForm(chrome, props)}`,
    };
  };

/** "Diagnostic de ma carte": before the reading. */
export const diagnosticPage =
  (props: { csrf: string } & CardMemory): View =>
  (chrome) => {
    const t = cardText(chrome.locale).diagnostic;
    return {
      title: t.title,
      body: html`<section class="card">
        <h1>${t.title}</h1>
        <p>${t.intro}</p>
        ${beforehand(chrome, props)}
        <form method="post" action="${WAY_PATHS.diagnostic}">
          ${csrfField(props.csrf)}
          <button class="button" type="submit">${t.start}</button>
        </form>
        ${ways(chrome, ['help'])}
      </section>`,
    };
  };

type Texts = ReturnType<typeof cardText>['diagnostic'];

/** What the page tells of a reading. */
export interface Diagnosis {
  refusal: ErrorCode | undefined;
  certificate:
    | Readonly<Record<'holder' | 'nationalId' | 'cardType' | 'issuer' | 'notAfter' | 'serial', string>>
    | undefined;
  checks: readonly { group: keyof Texts['groups']; state: keyof Texts['states'] }[];
  supportId: string;
}

const presented = (chrome: Chrome, certificate: Diagnosis['certificate']): Raw => {
  const t = cardText(chrome.locale).diagnostic;
  if (!certificate) return html`<p>${t.nothing}</p>`;
  const shown = {
    ...certificate,
    nationalId: /^\d{12}$/.test(certificate.nationalId)
      ? groupDigits(certificate.nationalId)
      : certificate.nationalId,
    notAfter: day(new Date(certificate.notAfter), chrome.locale, chrome.timeZone),
  };
  const names = Object.keys(t.fields) as (keyof typeof t.fields)[];
  return html`<dl class="facts">
    ${names.map(
      (name) =>
        html`<div>
          <dt>${t.fields[name]}</dt>
          <dd>${shown[name] || t.none}</dd>
        </div>`,
    )}
  </dl>`;
};

const verdict = (chrome: Chrome, { refusal }: Diagnosis): Raw => {
  if (refusal === undefined) return html`<p class="success">${cardText(chrome.locale).diagnostic.good}</p>`;
  const said = say(chrome, refusal);
  return html`<p class="problem"><strong>${said.title}.</strong> ${said.text}</p>
    <p class="action">${said.action}</p>`;
};

/** What was read and checked; nothing that the holder of the card does not know. */
export const diagnosisPage =
  (props: { csrf: string } & CardMemory & Diagnosis): View =>
  (chrome) => {
    const t = cardText(chrome.locale).diagnostic;
    return {
      title: t.title,
      body: html`<section class="card">
        <h1>${t.title}</h1>
        ${verdict(chrome, props)}
        <h2>${t.presented}</h2>
        ${presented(chrome, props.certificate)}
        <h2>${t.checks}</h2>
        <ul class="checks">
          ${props.checks.map(
            ({ group, state }) =>
              html`<li class="${state}">
                <span>${t.groups[group]}</span> <strong>${t.states[state]}</strong>
              </li>`,
          )}
        </ul>
        <p class="hint">${t.private}</p>
        <p class="support">
          ${t.forHelp(props.refusal ?? 'card_accepted')} ·
          <code class="support-id">${props.supportId}</code>
        </p>
        <form method="post" action="${WAY_PATHS.diagnostic}">
          ${csrfField(props.csrf)}
          <button class="second" type="submit">${t.again}</button>
        </form>
        ${ways(chrome, ['help'])}
      </section>`,
    };
  };
