import { html, type Raw } from '../../../../views/html.ts';
import type { ResponseOf } from '../../../ecps/protocol/api.ts';
import type { BoundRequest } from '../../sign-in.ts';
import { lifeText } from '../life.ts';
import { notificationsCard, notificationActions, shouldAsk } from '../notifications.ts';
import { explain } from '../refusal.ts';
import type { AppContext, Screen } from '../screen.ts';

/** How a sign-in ended, on the phone's side. */

const homeButton = (app: AppContext, style: 'button' | 'second' = 'button'): Raw =>
  html`<div class="actions"><a class="${style}" href="/">${lifeText(app).toHome}</a></div>`;

const wrongTries = (app: AppContext, count: number): Raw | undefined => {
  const t = lifeText(app);
  if (count === 0) return undefined;
  return html`<div class="caution">
    <p>${t.result.wrongTries(count)}</p>
    <p>${t.result.wrongTriesNotYou} <a href="/code-pin">${t.settings.pin}</a></p>
  </div>`;
};

/** Same phone: back to the page that asked, in this browser. */
const returnScreen = (
  app: AppContext,
  name: string,
  answer: ResponseOf<'approve'> & { returnTo: string },
): Screen => {
  const t = lifeText(app).result;
  return {
    title: t.approved,
    body: html`<h1>${t.approved}</h1>
      <p class="success">${t.returning(name)}</p>
      ${wrongTries(app, answer.wrongTriesSince)}
      <div class="actions"><a class="button" href="${answer.returnTo}">${t.returnNow}</a></div>`,
    // Replaced: going back in history must not find a verifier that has served.
    started: () => location.replace(answer.returnTo),
  };
};

/** Approved. The right moment to offer notifications: the person has just opened the app by hand. */
export const approvedScreen = async (
  app: AppContext,
  { request }: BoundRequest,
  answer: ResponseOf<'approve'>,
): Promise<Screen> => {
  const t = lifeText(app).result;
  const { name } = request.context.service;
  if (answer.returnTo !== undefined) {
    return returnScreen(app, name, { ...answer, returnTo: answer.returnTo });
  }
  const ask = await shouldAsk(app);
  return {
    title: t.approved,
    body: html`<h1>${t.approved}</h1>
      <p class="success">${t.approvedText(name)}</p>
      <p>${t.close}</p>
      ${wrongTries(app, answer.wrongTriesSince)} ${ask && notificationsCard(app)}
      ${homeButton(app, ask ? 'second' : 'button')}`,
    actions: notificationActions(app),
  };
};

export const deniedScreen = (app: AppContext, name: string): Screen => {
  const t = lifeText(app).result;
  return {
    title: t.denied,
    body: html`<h1>${t.denied}</h1>
      <p class="success">${t.deniedText(name)}</p>
      ${homeButton(app)}`,
  };
};

export const reportedScreen = (app: AppContext, name: string): Screen => {
  const t = lifeText(app).result;
  return {
    title: t.reported,
    body: html`<h1>${t.reported}</h1>
      <p class="success">${t.reportedText(name)}</p>
      <p>${t.reportedMail}</p>
      ${homeButton(app)}`,
  };
};

const supportView = (app: AppContext, error: unknown): Raw | undefined => {
  if (error === undefined) return undefined;
  const { code, supportId } = explain(app, error);
  return html`<p class="support">
    ${app.t.support}<br /><span class="support-id">${code}${supportId && html` · ${supportId}`}</span>
  </p>`;
};

/** The request is over: its time has passed, or it was answered elsewhere. */
export const overScreen = (app: AppContext, error?: unknown): Screen => {
  const t = lifeText(app).result;
  return {
    title: t.overTitle,
    body: html`<h1>${t.overTitle}</h1>
      <p>${t.overText}</p>
      <p class="action">${t.overAction}</p>
      ${homeButton(app)} ${supportView(app, error)}`,
  };
};

/** The number was not that of the computer: the request ended, for safety. */
export const wrongBindScreen = (app: AppContext, error: unknown): Screen => {
  const said = explain(app, error);
  return {
    title: said.title,
    body: html`<h1>${said.title}</h1>
      <p>${said.text}</p>
      <p class="action">${lifeText(app).result.bindAction}</p>
      ${homeButton(app)} ${supportView(app, error)}`,
  };
};
