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
}

/** "Vous êtes déconnecté", and what to do on a shared computer. */
export const signedOutPage =
  (props: SignedOutProps): View =>
  (chrome) => {
    const t = loginText(chrome.locale).logout;
    const back = safeUrl(props.service?.url);
    return {
      title: t.done,
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
      </section>`,
    };
  };
