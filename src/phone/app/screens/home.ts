import { html } from '../../../../views/html.ts';
import type { MakeScreen } from '../screen.ts';
import { keysWereLost } from '../persist.ts';
import { welcomeScreen } from './welcome.ts';

/** The first screen of the app: welcome without an e-CPS, what waits to be confirmed with one. */
export const homeScreen: MakeScreen = async (app, url) => {
  const state = await app.vault.read().catch(() => undefined);
  if (!state?.device || (await keysWereLost(app.vault))) return welcomeScreen(app, url);
  const { t } = app;
  return {
    title: t.home.title,
    body: html`<h1>${t.home.title}</h1>
      <p>${t.home.text}</p>`,
  };
};
