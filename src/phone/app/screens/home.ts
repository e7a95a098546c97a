import type { MakeScreen } from '../screen.ts';
import { keysWereLost } from '../persist.ts';
import { readyScreen } from './ready.ts';
import { welcomeScreen } from './welcome.ts';

/** The first screen of the app: welcome without an e-CPS, what waits to be confirmed with one. */
export const homeScreen: MakeScreen = async (app, url) => {
  const state = await app.vault.read().catch(() => undefined);
  if (!state?.device || (await keysWereLost(app.vault))) return welcomeScreen(app, url);
  return readyScreen(app);
};
