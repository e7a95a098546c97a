import { html } from '../html.ts';
import type { Chrome, View } from '../layout.ts';
import { dayAndHour } from '../locales/dates.ts';
import { contacts as en } from '../locales/en/contacts.ts';
import { contacts as fr } from '../locales/fr/contacts.ts';
import { inLocale } from '../locales/index.ts';

const texts = ({ locale }: Chrome) => inLocale(locale, { fr, en }).stop;

/** Where the stop link of a changed address or number leads: what changed, and the button that stops it. */
export const contactStopPage =
  (props: {
    declaredAt: Date;
    effectiveAt: Date;
    changed: 'both' | 'email' | 'phone';
    token: string;
  }): View =>
  (chrome) => {
    const t = texts(chrome);
    const moment = (at: Date): string => dayAndHour(at, chrome.locale, chrome.timeZone);
    return {
      title: t.title,
      body: html`<section class="card">
        <h1>${t.question[props.changed]}</h1>
        <p>${t.changed[props.changed](moment(props.declaredAt))}</p>
        <p>${t.text(moment(props.effectiveAt))}</p>
        <form method="post">
          <input type="hidden" name="jeton" value="${props.token}" />
          <p><button class="button" type="submit">${t.confirm}</button></p>
        </form>
        <p>${t.fine}</p>
      </section>`,
    };
  };

/** The change is stopped, now or earlier. */
export const contactStoppedPage = (): View => (chrome) => {
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
