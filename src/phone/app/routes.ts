import type { MakeScreen } from './screen.ts';
import { activationScreen } from './screens/activation.ts';
import { homeScreen } from './screens/home.ts';
import { identifierScreen } from './screens/identifier.ts';

/** A screen that is loaded when it is first opened. */
const later =
  (load: () => Promise<MakeScreen>): MakeScreen =>
  async (app, url) =>
    (await load())(app, url);

/** Every address of the app. */
export const ROUTES: Readonly<Record<string, MakeScreen>> = {
  '/': homeScreen,
  '/activer': identifierScreen,
  '/activation': activationScreen,
  '/activation/code': later(async () => (await import('./screens/typed-code.ts')).typedCodeScreen),
  '/activation/scanner': later(async () => (await import('./screens/scan-mail.ts')).scanMailScreen),
  '/activation/fini': later(async () => (await import('./screens/done.ts')).doneScreen),
};
