import { html } from '../html.ts';
import type { View } from '../layout.ts';
import { loginText } from '../locales/login.ts';
import { hiddenFields } from '../partials/form.ts';

/** Brings a form to a service by itself (response_mode=form_post); a button does it without JavaScript. */
export const handOverPage =
  (props: { action: string; fields: Readonly<Record<string, string>> }): View =>
  (chrome) => {
    const t = loginText(chrome.locale).handOver;
    return {
      title: t.title,
      scripts: ['submit.js'],
      body: html`<section class="card">
        <h1>${t.title}</h1>
        <p>${t.text}</p>
        <form method="post" action="${props.action}" data-submit>
          ${hiddenFields(props.fields)}
          <button class="button" type="submit">${t.button}</button>
        </form>
      </section>`,
    };
  };
