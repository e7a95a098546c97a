import { html, safeUrl } from '../html.ts';
import type { View } from '../layout.ts';
import { common } from '../locales/index.ts';
import { loginText } from '../locales/login.ts';
import { hiddenFields } from '../partials/form.ts';

/** Asks before ending the session; one form, two answers. */
export const signOutPage =
  (props: { action: string; fields: Readonly<Record<string, string>>; service?: string | undefined }): View =>
  (chrome) => {
    const t = loginText(chrome.locale).logout;
    return {
      title: t.title,
      body: html`<section class="card">
        <h1>${t.question}</h1>
        ${props.service !== undefined && html`<p>${t.questionFrom(props.service)}</p>`}
        <p>${t.text}</p>
        <form method="post" action="${props.action}">
          ${hiddenFields(props.fields)}
          <p><button class="button" type="submit" name="logout" value="yes">${t.confirm}</button></p>
          <p><button class="second" type="submit">${t.stay}</button></p>
        </form>
      </section>`,
    };
  };

/** "Vous êtes déconnecté". `partly`: only this service was left, the session goes on. */
export const signedOutPage =
  (props: { service?: { name: string; url?: string | undefined } | undefined; partly?: boolean }): View =>
  (chrome) => {
    const t = loginText(chrome.locale).logout;
    const back = safeUrl(props.service?.url);
    return {
      title: t.done,
      body: html`<section class="card done">
        <h1>${t.done}</h1>
        <p class="success">${props.partly ? t.donePartly : t.doneText}</p>
        <p>${t.shared}</p>
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
