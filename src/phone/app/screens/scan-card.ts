import { html } from '../../../../views/html.ts';
import { QR_PREFIX } from '../../../ecps/protocol/qr.ts';
import { needsNewKeys } from '../../activation.ts';
import { scan } from '../camera.ts';
import { deviceLabels } from '../device.ts';
import { askPersistence } from '../persist.ts';
import { refusalScreen } from '../refusal.ts';
import type { AppContext, MakeScreen } from '../screen.ts';
import { viewfinder } from './scan-mail.ts';

/** Page of the provider where the card is presented. */
const PORTAL = '/activer/carte';

const activate = async (app: AppContext, qr: string): Promise<void> => {
  const device = await deviceLabels();
  try {
    await app.phone.activateByCard({ qr, device });
  } catch (error) {
    if (!needsNewKeys(error)) throw error;
    await app.phone.activateByCard({ qr, device, newKeys: true });
  }
};

const send = async (app: AppContext, qr: string): Promise<void> => {
  await askPersistence();
  try {
    await activate(app, qr);
  } catch (error) {
    app.show(refusalScreen(app, error, { retry: () => app.refresh() }));
    return;
  }
  await app.go('/activation', { replace: true });
};

const film = (app: AppContext, root: HTMLElement, signal: AbortSignal): void => {
  const { card, scan: texts } = app.t;
  const video = root.querySelector('video');
  const status = root.querySelector('.scan-status');
  const say = (text: string): void => {
    if (status && status.textContent !== text) status.textContent = text;
  };
  if (!video) return;
  void scan({
    video,
    signal,
    worker: app.config.workers.qr,
    filming: () => say(card.looking),
    failed: (problem) => say(texts.blocked[problem]),
    read: (text) => {
      if (!text.startsWith(QR_PREFIX.card)) {
        say(card.other);
        return false;
      }
      navigator.vibrate?.(60);
      void send(app, text);
      return true;
    },
  });
};

/** Films the QR code of the page on which a card was presented. */
export const scanCardScreen: MakeScreen = (app) => {
  const { card, scan: texts } = app.t;
  return {
    title: card.title,
    backTo: '/',
    body: html`<h1>${card.title}</h1>
      <p class="hint">${card.where(`${app.config.origin}${PORTAL}`)}</p>
      ${viewfinder(texts.starting)}
      <div class="actions"><a class="second" href="/activer">${card.byMail}</a></div>`,
    started: (root, signal) => film(app, root, signal),
  };
};
