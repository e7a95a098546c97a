import { html } from '../../../../views/html.ts';
import { lifeText } from '../life.ts';
import { isCode } from '../refusal.ts';
import type { AppContext, MakeScreen, Screen } from '../screen.ts';
import { requestScreen } from './approval.ts';
import { overScreen } from './results.ts';

/** Where the link of a sign-in page lands: on this very phone, in the browser that holds the key or in another. */

/** This browser has no key: on an iPhone, the installed app and the browser keep theirs apart. */
const elsewhereScreen = (app: AppContext): Screen => {
  const t = lifeText(app).link;
  return {
    title: t.noneTitle,
    body: html`<h1>${t.noneTitle}</h1>
      <p>${t.none}</p>
      <ol class="steps">
        ${t.noneSteps.map((step) => html`<li>${step}</li>`)}
      </ol>
      <h2>${t.noneActivate}</h2>
      <div class="actions"><a class="second" href="/activer">${t.activate}</a></div>`,
  };
};

const unreadableScreen = (app: AppContext): Screen => {
  const t = lifeText(app).link;
  return {
    title: t.unreadable,
    body: html`<h1>${t.unreadable}</h1>
      <p>${t.unreadableText}</p>
      <p class="action">${t.unreadableAction}</p>
      <div class="actions"><a class="button" href="/">${lifeText(app).toHome}</a></div>`,
  };
};

/** The screen of `/l#t=…`. The secret leaves the address bar, and so the history, before anything is asked. */
export const linkScreen: MakeScreen = async (app, url) => {
  const { device } = await app.phone.state();
  if (!device) return elsewhereScreen(app);
  if (url.hash === '') return unreadableScreen(app);
  try {
    const bound = await app.phone.openLink(url.href);
    history.replaceState(undefined, '', '/l');
    return requestScreen(app, bound.request, bound);
  } catch (error) {
    if (isCode(error, 'offline')) throw error;
    history.replaceState(undefined, '', '/l');
    if (isCode(error, 'request_invalid')) return unreadableScreen(app);
    if (isCode(error, 'gone', 'already_used')) return overScreen(app, error);
    throw error;
  }
};
