import { html, type Raw } from '../html.ts';
import type { Chrome, View } from '../layout.ts';
import { digitByDigit } from '../locales/catalogue.ts';
import { cardActivationText } from '../locales/card-activation.ts';
import { errorText, waysOn, type ErrorCode } from '../locales/errors.ts';
import { common } from '../locales/index.ts';
import { loginText } from '../locales/login.ts';
import { csrfField } from '../partials/form.ts';
import { clock } from '../partials/clock.ts';
import { groupDigits } from '../partials/identifier.ts';
import { WAY_PATHS, ways } from '../partials/ways.ts';
import { beforehand, type CardMemory } from './card.ts';

/** The pages of an activation by card, from the reader to the phone that works. */

interface Props extends CardMemory {
  csrf: string;
  appUrl: string;
  /** Why the card just presented was refused. */
  refusal: { code: ErrorCode; supportId: string } | undefined;
}

const problem = (chrome: Chrome, refusal: Props['refusal']): Raw | undefined => {
  if (!refusal) return undefined;
  const said = errorText(chrome.locale, refusal.code, {
    ordreUrl: chrome.ordreUrl,
    timeZone: chrome.timeZone,
  });
  return html`<p class="problem"><strong>${said.title}.</strong> ${said.text}</p>
    <p class="action">${said.action}</p>`;
};

const support = (chrome: Chrome, refusal: Props['refusal']): Raw | undefined =>
  refusal &&
  html`${ways(chrome, waysOn(refusal.code))}
    <p class="support">
      ${common(chrome.locale).support}<br />
      <code>${refusal.code}</code> · <code class="support-id">${refusal.supportId}</code>
    </p>`;

/** First page: what one needs, then the card. */
export const cardActivationPage =
  (props: Props): View =>
  (chrome) => {
    const t = cardActivationText(chrome.locale);
    return {
      title: t.title,
      body: html`<section class="card">
        <h1>${t.title}</h1>
        ${problem(chrome, props.refusal)} ${!props.refusal && html`<p>${t.intro}</p>`}
        <p>${t.app} <a href="${props.appUrl}">${t.openApp}</a></p>
        ${beforehand(chrome, props)}
        <form method="post" action="${WAY_PATHS.activateByCard}">
          ${csrfField(props.csrf)}
          <button class="button" type="submit">${t.submit}</button>
        </form>
        <ul class="links">
          <li><a href="${WAY_PATHS.activate}">${t.without}</a></li>
        </ul>
        ${support(chrome, props.refusal)}
      </section>`,
    };
  };

/** What the pages that wait share. */
export interface LiveFrame {
  base: string;
  csrf: string;
  /** What the page shows; its script draws it again when the server says another. */
  state: string;
  secondsLeft: number;
  /** Changes with each drawing, so that no cache answers for the QR. */
  stamp: string;
}

/** A section that reloads by itself when its state changes; without JavaScript, every few seconds. */
const live = (chrome: Chrome, frame: LiveFrame, content: Raw, refresh: number | undefined) => {
  const t = loginText(chrome.locale).wait;
  const next = `${frame.base}/telephone`;
  return {
    scripts: ['wait.js'],
    ...(refresh === undefined
      ? {}
      : {
          head: html`<noscript
            ><meta http-equiv="refresh" content="${String(refresh)};url=${next}"
          /></noscript>`,
        }),
    body: html`<section
      class="card wait"
      data-wait="${frame.state}"
      data-next="${next}"
      data-status="${frame.base}/statut"
      data-events="${frame.base}/evenements"
      data-qr="${frame.base}/qr.svg"
      data-seconds="${frame.secondsLeft}"
      data-spoken-60="${t.spokenLeft(60)}"
      data-spoken-30="${t.spokenLeft(30)}"
    >
      ${content}
    </section>`,
  };
};

const progress = (
  chrome: Chrome,
  frame: LiveFrame,
  texts: { waiting: string | undefined; left: string | undefined; refresh: string | undefined },
): Raw => {
  const t = loginText(chrome.locale).wait;
  return html`<div class="waiting">
    <p>
      ${texts.waiting && html`<span class="dot" aria-hidden="true"></span>${texts.waiting}`}
      ${
        texts.left &&
        html`${texts.left} <span id="left" role="timer" aria-live="off">${clock(frame.secondsLeft)}</span>`
      }
    </p>
    <p class="spoken" id="spoken" role="status"></p>
    <p class="problem" id="offline" hidden>${t.offline}</p>
    ${
      texts.refresh &&
      html`<noscript>
        <p><a class="button" href="${frame.base}/telephone">${texts.refresh}</a></p>
      </noscript>`
    }
  </div>`;
};

/** The QR, for the phone to scan; in the sandbox its text too, for the virtual phone. */
export const scanPage =
  (props: LiveFrame & { nationalId: string; qrText: string | undefined }): View =>
  (chrome) => {
    const t = cardActivationText(chrome.locale).scan;
    const qr = html`<img
      class="qr"
      id="qr"
      src="${props.base}/qr.svg?${props.stamp}"
      alt="${t.alt}"
      width="232"
      height="232"
    />`;
    const content = html`<h1>${t.title}</h1>
      <p class="success">${t.card(groupDigits(props.nationalId))}</p>
      <ol class="steps">
        ${t.steps.map((step, index) => html`<li>${step} ${index === 1 && qr}</li>`)}
      </ol>
      ${progress(chrome, props, {
        waiting: t.waiting,
        left: loginText(chrome.locale).wait.left,
        refresh: t.refresh,
      })}
      <p class="caution">${t.caution}</p>
      ${
        props.qrText !== undefined &&
        html`<details class="more">
          <summary>${t.sandbox}</summary>
          <p>${t.sandboxText}</p>
          <p><code data-qr-text="${props.base}/qr.txt">${props.qrText}</code></p>
        </details>`
      }`;
    const page = live(chrome, props, content, 5);
    const scripts = props.qrText === undefined ? page.scripts : [...page.scripts, 'qr-text.js'];
    return { title: t.title, ...page, scripts };
  };

/** A phone as it describes itself. */
export interface ScannedPhone {
  name: string;
  model: string;
  os: string;
  place: string;
}

const facts = (chrome: Chrome, phone: ScannedPhone): Raw => {
  const t = cardActivationText(chrome.locale).compare;
  const names = Object.keys(t.fields) as (keyof typeof t.fields)[];
  return html`<dl class="facts">
    ${names.map(
      (name) =>
        html`<div>
          <dt>${t.fields[name]}</dt>
          <dd>${phone[name] || t.placeUnknown}</dd>
        </div>`,
    )}
  </dl>`;
};

/** The comparison: letters and phone, yes or no. */
export const comparePage =
  (props: LiveFrame & { nationalId: string; phone: ScannedPhone; letters: string; others: boolean }): View =>
  (chrome) => {
    const t = cardActivationText(chrome.locale).compare;
    const content = html`<h1>${t.title}</h1>
      ${props.others && html`<p class="problem">${t.others}</p>`}
      <p>${t.letters}</p>
      <p class="number" data-letters="${props.letters}">
        <span aria-hidden="true">${[...props.letters].map((letter) => html`<span>${letter}</span>`)}</span>
        <span class="spoken">${t.spoken(digitByDigit(props.letters))}</span>
      </p>
      <p>${t.phone}</p>
      ${facts(chrome, props.phone)}
      <p class="caution">${t.caution}</p>
      <form method="post" action="${props.base}/telephone">
        ${csrfField(props.csrf)}
        <div class="answers">
          <button class="button" type="submit" name="reponse" value="oui">${t.yes}</button>
          <button class="second" type="submit" name="reponse" value="non">${t.no}</button>
        </div>
      </form>
      ${progress(chrome, props, { waiting: undefined, left: t.left, refresh: undefined })}`;
    return { title: t.title, ...live(chrome, props, content, undefined) };
  };

/** Confirmed: what remains is on the phone. */
export const pinPage =
  (props: LiveFrame & { phone: ScannedPhone }): View =>
  (chrome) => {
    const t = cardActivationText(chrome.locale).pin;
    const content = html`<h1>${t.title}</h1>
      <p>${t.text(props.phone.name)}</p>
      <p class="hint">${t.leave}</p>
      ${progress(chrome, props, { waiting: t.waiting, left: undefined, refresh: t.refresh })}`;
    return { title: t.title, ...live(chrome, props, content, 5) };
  };

/** The phone works. */
export const successPage =
  (props: { phone: ScannedPhone }): View =>
  (chrome) => {
    const t = cardActivationText(chrome.locale).done;
    return {
      title: t.title,
      body: html`<section class="card">
        <h1>${t.title}</h1>
        <p class="success">${t.text(props.phone.name)}</p>
        <p>${t.code}</p>
        <p class="hint">${t.leave}</p>
        <p><a class="button" href="${WAY_PATHS.test}">${loginText(chrome.locale).test.title}</a></p>
      </section>`,
    };
  };

/** Refused, or too late: why, and start again. */
export const endedPage =
  (props: { reason: 'refused' | 'expired' }): View =>
  (chrome) => {
    const t = cardActivationText(chrome.locale);
    const said = t[props.reason];
    return {
      title: said.title,
      body: html`<section class="card">
        <h1>${said.title}</h1>
        <p>${said.text}</p>
        <p class="action">${said.action}</p>
        <p><a class="button" href="${WAY_PATHS.activateByCard}">${t.again}</a></p>
        ${ways(chrome, ['help'])}
      </section>`,
    };
  };
