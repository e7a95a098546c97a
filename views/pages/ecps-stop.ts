import { html } from '../html.ts';
import type { Chrome, View } from '../layout.ts';
import { dayAndHour } from '../locales/dates.ts';
import { ecps as en } from '../locales/en/ecps.ts';
import { ecps as fr } from '../locales/fr/ecps.ts';
import { inLocale } from '../locales/index.ts';

const texts = ({ locale }: Chrome) => inLocale(locale, { fr, en }).stop;

/** Where the stop link of a mail leads: which phone, and the button that removes it. `token` is the form's. */
export const stopPage =
  (props: { name: string; addedAt: Date; token: string }): View =>
  (chrome) => {
    const t = texts(chrome);
    const day = dayAndHour(props.addedAt, chrome.locale, chrome.timeZone);
    const at = chrome.locale === 'fr' ? `le ${day}` : `on ${day}`;
    return {
      title: t.title,
      body: html`<section class="card">
        <h1>${t.question}</h1>
        <p>${t.added(props.name, at)}</p>
        <p>${t.text}</p>
        <form method="post">
          <input type="hidden" name="jeton" value="${props.token}" />
          <p><button class="button" type="submit">${t.confirm}</button></p>
        </form>
        <p>${t.fine}</p>
      </section>`,
    };
  };

/** The phone is removed, now or earlier. */
export const stoppedPage = (): View => (chrome) => {
  const t = texts(chrome);
  return {
    title: t.done,
    body: html`<section class="card done">
      <h1>${t.done}</h1>
      <p class="success">${t.doneText}</p>
      <p>${t.next}</p>
    </section>`,
  };
};
