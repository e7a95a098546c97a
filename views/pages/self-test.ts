import { html } from '../html.ts';
import type { View } from '../layout.ts';
import { cardText } from '../locales/card.ts';
import { loginText } from '../locales/login.ts';
import { csrfField } from '../partials/form.ts';
import { ways } from '../partials/ways.ts';

/** "Je teste ma e-CPS": a full sign-in that opens nothing. */
export const selfTestPage =
  (props: { csrf: string }): View =>
  (chrome) => {
    const t = loginText(chrome.locale).test;
    return {
      title: t.title,
      body: html`<section class="card">
        <h1>${t.title}</h1>
        <p>${t.intro}</p>
        <form method="post" action="/tester">
          ${csrfField(props.csrf)}
          <button class="button" type="submit">${t.start}</button>
        </form>
        ${ways(chrome, ['activate', 'help'])}
      </section>`,
    };
  };

/** The end of the test: « Bravo ! » */
export const selfTestDonePage =
  (props: { csrf: string; name: string | undefined; samePhone: boolean; card: boolean }): View =>
  (chrome) => {
    const t = loginText(chrome.locale).test;
    const byCard = cardText(chrome.locale).test;
    return {
      title: t.done,
      body: html`<section class="card done">
        <h1>${t.done}</h1>
        <p class="success">
          ${props.card ? byCard.doneText : t.doneText} ${props.name !== undefined && t.doneFor(props.name)}
        </p>
        <p>${props.card ? byCard.by : props.samePhone ? t.same : t.cross}</p>
        <p>${t.nothingKept}</p>
        <form method="post" action="/tester">
          ${csrfField(props.csrf)}
          <button class="second" type="submit">${t.again}</button>
        </form>
      </section>`,
    };
  };
