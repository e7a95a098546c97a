import { html, raw, safeUrl } from '../html.ts';
import type { View } from '../layout.ts';
import { cardText } from '../locales/card.ts';
import { common } from '../locales/index.ts';
import { loginText } from '../locales/login.ts';

/**
 * Asks before ending the session. `form` is the OpenID library's own (id `op.logoutForm`, with its token and without
 * buttons): the button named `logout` ends the session, the other leaves this service only.
 */
export const signOutPage =
  (props: { form: string; service?: string | undefined }): View =>
  (chrome) => {
    const t = loginText(chrome.locale).logout;
    return {
      title: t.title,
      body: html`<section class="card">
        <h1>${t.question}</h1>
        ${props.service !== undefined && html`<p>${t.questionFrom(props.service)}</p>`}
        <p>${t.text}</p>
        ${raw(props.form)}
        <p>
          <button class="button" type="submit" form="op.logoutForm" name="logout" value="yes">
            ${t.confirm}
          </button>
        </p>
        <p><button class="second" type="submit" form="op.logoutForm">${t.stay}</button></p>
      </section>`,
    };
  };

export interface SignedOutProps {
  service?: { name: string; url?: string | undefined } | undefined;
  /** Only this service was left, the session goes on. */
  partly?: boolean;
  /** Where cards are accepted: whether the next one can be presented in the same browser at once. */
  card?: 'fresh' | 'single' | undefined;
  /** Addresses of services to open in iframes. */
  frames?: readonly string[];
}

/** Seconds after which the page goes on without JavaScript, whatever the iframes do. */
const PATIENCE = 4;

/** Services told in this browser; the page goes on when they are, or after a moment. */
const framesOf = (frames: readonly string[]) =>
  html`${frames.map(
      (url) =>
        html`<iframe
          hidden
          title=""
          aria-hidden="true"
          sandbox="allow-scripts allow-same-origin"
          referrerpolicy="no-referrer"
          data-src="${url}"
        ></iframe>`,
    )}
    <noscript
      >${frames.map(
        (url) => html`<iframe hidden title="" sandbox="allow-same-origin" src="${url}"></iframe>`,
      )}</noscript
    >`;

/** « Nous prévenons vos services… »: told for a moment, on the way back to the service. */
export const signingOutPage =
  (props: { frames: readonly string[]; next: string }): View =>
  (chrome) => {
    const t = loginText(chrome.locale).logout;
    return {
      title: t.done,
      scripts: ['sign-out.js'],
      head: html`<noscript><meta http-equiv="refresh" content="${PATIENCE};url=${props.next}" /></noscript>`,
      body: html`<section class="card done">
        <h1>${t.done}</h1>
        <p role="status">${t.telling}</p>
        <p><a class="button" href="${props.next}" data-next>${t.goOn}</a></p>
        ${framesOf(props.frames)}
      </section>`,
    };
  };

/** "Vous êtes déconnecté", and what to do on a shared computer. */
export const signedOutPage =
  (props: SignedOutProps): View =>
  (chrome) => {
    const t = loginText(chrome.locale).logout;
    const back = safeUrl(props.service?.url);
    return {
      title: t.done,
      ...(props.frames?.length ? { scripts: ['sign-out.js'] } : {}),
      body: html`<section class="card done">
        <h1>${t.done}</h1>
        <p class="success">${props.partly ? t.donePartly : t.doneText}</p>
        <p>${t.shared}</p>
        ${props.card && html`<p>${cardText(chrome.locale).signedOut[props.card]}</p>`}
        ${
          back !== undefined &&
          html`<p>
            <a class="button" href="${back}"
              >${common(chrome.locale).service.backTo(props.service?.name ?? '')}</a
            >
          </p>`
        }
        ${props.frames?.length ? framesOf(props.frames) : undefined}
      </section>`,
    };
  };
