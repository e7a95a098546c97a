import { html, type Raw } from '../html.ts';
import type { Chrome, View } from '../layout.ts';
import { digitByDigit } from '../locales/catalogue.ts';
import { common } from '../locales/index.ts';
import { loginText } from '../locales/login.ts';
import { cancelForm, type SignInFrame } from '../partials/cancel.ts';
import { clock } from '../partials/clock.ts';
import { groupDigits } from '../partials/identifier.ts';
import { WAY_PATHS } from '../partials/ways.ts';

export interface WaitProps extends SignInFrame {
  /** Undefined: only the QR can serve. */
  number: string | undefined;
  /** The link for who reads this page on the phone itself. */
  link: string | undefined;
  /** What was typed, and whether its key digit is right. */
  identifier: string | undefined;
  luhn: boolean;
  secondsLeft: number;
  /** Changes with each drawing, so that no cache answers for the QR. */
  stamp: string;
}

const qr = (chrome: Chrome, props: WaitProps): Raw => {
  const t = loginText(chrome.locale).wait;
  return html`<img
    class="qr"
    id="qr"
    src="${props.base}/qr.svg?${props.stamp}"
    alt="${t.qrAlt}"
    width="232"
    height="232"
  />`;
};

const withNumber = (chrome: Chrome, props: WaitProps, number: string): Raw => {
  const t = loginText(chrome.locale).wait;
  return html`<div class="both">
    <ol class="steps">
      <li>${t.open}</li>
      <li>
        ${t.number}
        <p class="number" data-number="${number}">
          <span aria-hidden="true">${[...number].map((digit) => html`<span>${digit}</span>`)}</span>
          <span class="spoken">${t.numberSpoken(digitByDigit(number))}</span>
        </p>
      </li>
      <li>${t.pin}</li>
    </ol>
    <div class="scan">
      <p>${t.qrAlternative}</p>
      ${qr(chrome, props)}
    </div>
  </div>`;
};

const withQr = (chrome: Chrome, props: WaitProps): Raw => {
  const t = loginText(chrome.locale).wait;
  return html`<ol class="steps">
    <li>${t.open}</li>
    <li>${t.qrStep} ${qr(chrome, props)}</li>
    <li>${t.pin}</li>
  </ol>`;
};

const samePhone = (chrome: Chrome, props: WaitProps): Raw | undefined => {
  if (props.link === undefined) return undefined;
  const t = loginText(chrome.locale).wait;
  return html`<div class="same-phone">
    <p>${t.samePhoneWhy}</p>
    <a class="second" href="${props.link}">${t.samePhone}</a>
  </div>`;
};

const progress = (chrome: Chrome, props: WaitProps): Raw => {
  const t = loginText(chrome.locale).wait;
  return html`<div class="waiting">
    <p>${t.waiting} <span class="only-scripted">${t.openOnce}</span></p>
    <p>
      ${t.left}
      <span id="left" role="timer" aria-live="off">${clock(props.secondsLeft)}</span>
    </p>
    <p class="spoken" id="spoken" role="status"></p>
    <p class="problem" id="offline" hidden>${t.offline}</p>
    <noscript>
      <p><a class="button" href="${props.base}/attente">${t.refresh}</a></p>
      <p>${t.again}</p>
    </noscript>
  </div>`;
};

const typed = (chrome: Chrome, props: WaitProps): Raw => {
  const t = loginText(chrome.locale).wait;
  return html`<p class="typed">
    ${props.identifier !== undefined && t.identifier(groupDigits(props.identifier))}
    ${props.identifier !== undefined && !props.luhn && html`<strong class="amber">${t.luhn}</strong>`}
    <a href="${props.base}">${props.identifier === undefined ? t.typeInstead : t.other}</a>
  </p>`;
};

/**
 * The page that waits for the phone. Its script listens and goes on by itself; without JavaScript a refresh, inside
 * `<noscript>` so that nobody else suffers it, does the same.
 */
export const waitPage =
  (props: WaitProps): View =>
  (chrome) => {
    const t = loginText(chrome.locale).wait;
    const title = props.number === undefined ? t.titleQr : t.title;
    return {
      title,
      service: props.service,
      scripts: ['wait.js'],
      head: html`<noscript><meta http-equiv="refresh" content="8;url=${props.base}/attente" /></noscript>`,
      body: html`<section
          class="card wait"
          data-wait
          data-next="${props.base}/attente"
          data-status="${props.base}/statut"
          data-events="${props.base}/evenements"
          data-qr="${props.base}/qr.svg"
          data-seconds="${props.secondsLeft}"
          data-spoken-60="${t.spokenLeft(60)}"
          data-spoken-30="${t.spokenLeft(30)}"
        >
          <h1>${title}</h1>
          ${samePhone(chrome, props)}
          ${props.number === undefined ? withQr(chrome, props) : withNumber(chrome, props, props.number)}
          ${progress(chrome, props)}
          <p class="caution">${t.caution}</p>
          ${typed(chrome, props)}
          <details class="more">
            <summary>${t.nothing}</summary>
            <p>${t.nothingText}</p>
            <p><a href="${WAY_PATHS.activate}">${loginText(chrome.locale).identifier.activate}</a></p>
          </details>
        </section>
        ${cancelForm(chrome, props)}`,
    };
  };

/** The end that is not a success: why, and start again. */
export const endedPage =
  (props: SignInFrame & { reason: 'expired' | 'stopped'; supportId: string }): View =>
  (chrome) => {
    const t = loginText(chrome.locale).ended;
    return {
      title: t[props.reason],
      service: props.service,
      body: html`<section class="card">
          <h1>${t[props.reason]}</h1>
          <p>${props.reason === 'expired' ? t.expiredText : t.stoppedText}</p>
          <p class="action">${t.action}</p>
          <p><a class="button" href="${props.base}">${t.again}</a></p>
          <ul class="links">
            <li><a href="${WAY_PATHS.test}">${loginText(chrome.locale).test.title}</a></li>
            <li><a href="${WAY_PATHS.activate}">${loginText(chrome.locale).identifier.activate}</a></li>
            <li><a href="${WAY_PATHS.help}">${loginText(chrome.locale).help.title}</a></li>
          </ul>
          <p class="support">
            ${common(chrome.locale).support}<br />
            <code>approval_${props.reason}</code> · <code class="support-id">${props.supportId}</code>
          </p>
        </section>
        ${cancelForm(chrome, props)}`,
    };
  };
