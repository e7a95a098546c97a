import { html, type Raw } from '../../../../views/html.ts';
import { QR_PREFIX } from '../../../ecps/protocol/qr.ts';
import { type CameraProblem, scan } from '../camera.ts';
import { refusalScreen } from '../refusal.ts';
import type { AppContext, MakeScreen, Screen } from '../screen.ts';

/** A camera's picture with its frame; also for the QR code of a sign-in page. */
export const viewfinder = (starting: string): Raw =>
  html`<div class="viewfinder">
      <video playsinline muted aria-hidden="true"></video>
      <span class="frame" aria-hidden="true"></span>
    </div>
    <p class="scan-status" role="status">${starting}</p>`;

/** No picture: why, and the other way. */
const blockedScreen = (app: AppContext, problem: CameraProblem): Screen => {
  const { blocked, type, retry } = app.t.scan;
  return {
    title: blocked.title,
    backTo: '/activation',
    body: html`<h1>${blocked.title}</h1>
      <p>${blocked[problem]}</p>
      <div class="actions">
        <a class="button" href="/activation/code">${type}</a>
        <button type="button" class="second" data-action="retry">${retry}</button>
      </div>`,
    actions: { retry: () => app.refresh() },
  };
};

const send = async (app: AppContext, qr: string): Promise<void> => {
  try {
    await app.phone.scanMail(qr);
  } catch (error) {
    app.show(refusalScreen(app, error, { retry: () => app.refresh() }));
    return;
  }
  await app.go('/activation', { replace: true });
};

const film = (app: AppContext, root: HTMLElement, signal: AbortSignal): void => {
  const { t } = app;
  const video = root.querySelector('video');
  const status = root.querySelector('.scan-status');
  const say = (text: string) => {
    if (status && status.textContent !== text) status.textContent = text;
  };
  if (!video) return;
  void scan({
    video,
    signal,
    worker: app.config.workers.qr,
    filming: () => say(t.scan.looking),
    failed: (problem) => app.show(blockedScreen(app, problem)),
    read: (text) => {
      if (!text.startsWith(QR_PREFIX.mail)) {
        say(text.startsWith(QR_PREFIX.signIn) ? t.scan.signIn : t.scan.other);
        return false;
      }
      navigator.vibrate?.(60);
      void send(app, text);
      return true;
    },
  });
};

/** Films the QR code of the activation mail. */
export const scanMailScreen: MakeScreen = (app) => {
  const { t } = app;
  return {
    title: t.scan.title,
    backTo: '/activation',
    body: html`<h1>${t.scan.title}</h1>
      ${viewfinder(t.scan.starting)}
      <p class="hint">${t.scan.hint}</p>
      <div class="actions"><a class="second" href="/activation/code">${t.scan.type}</a></div>`,
    started: (root, signal) => film(app, root, signal),
  };
};
