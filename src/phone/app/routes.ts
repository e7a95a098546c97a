import type { MakeScreen } from './screen.ts';
import { activationScreen } from './screens/activation.ts';
import { homeScreen } from './screens/home.ts';
import { identifierScreen } from './screens/identifier.ts';

/** A screen that is loaded when it is first opened. */
const later =
  (load: () => Promise<MakeScreen>): MakeScreen =>
  async (app, url) =>
    (await load())(app, url);

/** A revocation code not yet written down comes before anything else: the server shows it once. */
const codeFirst =
  (home: MakeScreen): MakeScreen =>
  async (app, url) => {
    if ((await app.notes.read()).revocationCode === undefined) return home(app, url);
    return (await import('./screens/done.ts')).doneScreen(app, url);
  };

/** Every address of the app. */
export const ROUTES: Readonly<Record<string, MakeScreen>> = {
  '/': codeFirst(homeScreen),
  '/activer': identifierScreen,
  '/activer/carte': later(async () => (await import('./screens/scan-card.ts')).scanCardScreen),
  '/activation': activationScreen,
  '/activation/code': later(async () => (await import('./screens/typed-code.ts')).typedCodeScreen),
  '/activation/scanner': later(async () => (await import('./screens/scan-mail.ts')).scanMailScreen),
  '/activation/fini': later(async () => (await import('./screens/done.ts')).doneScreen),
  '/demande': later(async () => (await import('./screens/approval.ts')).approvalScreen),
  '/scanner': later(async () => (await import('./screens/scan-sign-in.ts')).scanSignInScreen),
  '/l': later(async () => (await import('./screens/link.ts')).linkScreen),
  '/historique': later(async () => (await import('./screens/history.ts')).historyScreen),
  '/telephones': later(async () => (await import('./screens/phones.ts')).phonesScreen),
  '/telephone': later(async () => (await import('./screens/phones.ts')).phoneScreen),
  '/nouveau-telephone': later(async () => (await import('./screens/new-phone.ts')).newPhoneScreen),
  '/telephone-perdu': later(async () => (await import('./screens/lost-phone.ts')).lostPhoneScreen),
  '/reglages': later(async () => (await import('./screens/settings.ts')).settingsScreen),
  '/code-pin': later(async () => (await import('./screens/change-pin.ts')).changePinScreen),
  '/code-pin/retour': later(async () => (await import('./screens/change-pin.ts')).rollbackScreen),
  '/code-pin/oublie': later(async () => (await import('./screens/change-pin.ts')).forgottenScreen),
  '/renouveler': later(async () => (await import('./screens/renew.ts')).renewScreen),
  '/supprimer': later(async () => (await import('./screens/delete.ts')).deleteScreen),
  '/tester': later(async () => (await import('./screens/test.ts')).testScreen),
};
