import { html } from '../../../../views/html.ts';
import { keysWereLost } from '../persist.ts';
import type { AppContext, MakeScreen, Screen } from '../screen.ts';

const ON_THE_WAY = ['mail_sent', 'sms_sent', 'confirm_due', 'pin_due'];

/** First start: what the e-CPS is, in one screen, and the one thing to do. */
const firstScreen = ({ t }: AppContext, underWay: boolean): Screen => ({
  title: t.welcome.title,
  body: html`<h1>${t.welcome.title}</h1>
    <p>${t.welcome.what}</p>
    <p>${t.welcome.steps}</p>
    <ul>
      ${t.welcome.needs.map((need) => html`<li>${need}</li>`)}
    </ul>
    <div class="actions">
      ${
        underWay
          ? html`<a class="button" href="/activation">${t.welcome.resume}</a>
              <a class="second" href="/activer">${t.welcome.restart}</a>`
          : html`<a class="button" href="/activer">${t.welcome.start}</a>
              <a class="second" href="/activer/carte">${t.welcome.card}</a>`
      }
    </div>
    <p class="hint">${t.welcome.privacy}</p>`,
});

/** Where an e-CPS was and is no more. */
const lostScreen = ({ t }: AppContext): Screen => ({
  title: t.lost.title,
  body: html`<h1>${t.lost.title}</h1>
    <p>${t.lost.text}</p>
    <p class="action">${t.lost.action}</p>
    <div class="actions"><a class="button" href="/activer">${t.ways.activateAgain}</a></div>
    <p class="hint">${t.lost.prevent}</p>`,
});

/** A phone without e-CPS: never had one, lost it, or is getting one. */
export const welcomeScreen: MakeScreen = async (app) => {
  if (await keysWereLost(app.vault)) return lostScreen(app);
  const state = await app.vault.read();
  return firstScreen(app, ON_THE_WAY.includes(state?.activation?.state ?? ''));
};
