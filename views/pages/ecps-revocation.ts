import { html } from '../html.ts';
import type { Chrome, View } from '../layout.ts';
import { ecps as en } from '../locales/en/ecps.ts';
import { ecps as fr } from '../locales/fr/ecps.ts';
import { inLocale } from '../locales/index.ts';

const texts = ({ locale }: Chrome) => inLocale(locale, { fr, en }).revocation;

/** Where the printed code is typed. `token` is the form's; `problem`: nothing was typed. */
export const revocationPage =
  (props: { token: string; problem?: boolean }): View =>
  (chrome) => {
    const t = texts(chrome);
    const described = props.problem ? 'code-hint code-problem' : 'code-hint';
    return {
      title: t.title,
      body: html`<section class="card">
        <h1>${t.question}</h1>
        <p>${t.text}</p>
        <form method="post" novalidate>
          <input type="hidden" name="jeton" value="${props.token}" />
          <div class="field">
            <label for="code">${t.label}</label>
            <p class="hint" id="code-hint">${t.hint}</p>
            ${props.problem && html`<p class="problem" id="code-problem">${t.problem}</p>`}
            <input
              id="code"
              name="code"
              type="text"
              autocomplete="off"
              autocapitalize="characters"
              spellcheck="false"
              maxlength="60"
              aria-describedby="${described}"
              ${props.problem && html`aria-invalid="true" autofocus`}
            />
          </div>
          <p><button class="button" type="submit">${t.confirm}</button></p>
        </form>
        <p>${t.without}</p>
      </section>`,
    };
  };

/** The same answer whether the code exists or not. */
export const revokedPage = (): View => (chrome) => {
  const t = texts(chrome);
  return {
    title: t.done,
    body: html`<section class="card done">
      <h1>${t.done}</h1>
      <p class="success">${t.doneText}</p>
      <p>${t.next}</p>
      <p><a class="second" href="/telephone/retirer">${t.again}</a></p>
    </section>`,
  };
};
