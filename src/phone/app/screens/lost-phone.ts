import { html } from '../../../../views/html.ts';
import { lifeText } from '../life.ts';
import type { MakeScreen } from '../screen.ts';

/** The screen of `/telephone-perdu`: what the printed code is for, and where it is typed. */
export const lostPhoneScreen: MakeScreen = (app) => {
  const t = lifeText(app).revocation;
  const address = `${app.config.origin}/telephone/retirer`;
  return {
    title: t.title,
    backTo: '/reglages',
    body: html`<h1>${t.title}</h1>
      <p>${t.text}</p>
      <p>${t.where}</p>
      <p><a class="way address" href="${address}" target="_blank" rel="noopener">${address}</a></p>
      <p>${t.others}</p>
      <p class="hint">${t.shownOnce}</p>
      <div class="actions"><a class="second" href="/telephones">${lifeText(app).phones.title}</a></div>`,
  };
};
