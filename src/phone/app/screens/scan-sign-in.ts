import { html } from '../../../../views/html.ts';
import { QR_PREFIX } from '../../../ecps/protocol/qr.ts';
import { scan, type CameraProblem } from '../camera.ts';
import { lifeText } from '../life.ts';
import { isCode, refusalScreen } from '../refusal.ts';
import { requestPath } from '../ring.ts';
import type { AppContext, MakeScreen, Screen } from '../screen.ts';
import { approvalPinScreen, requestScreen } from './approval.ts';
import { viewfinder } from './scan-mail.ts';

/** Films the QR code of a sign-in page: nothing typed on the computer, or instead of its number. */

interface From {
  /** The request whose screen asked for the camera: its context was seen, the PIN comes next. */
  readonly txn: string | undefined;
  readonly back: string;
}

const blocked = (app: AppContext, problem: CameraProblem, { back }: From): Screen => {
  const t = app.t.scan;
  const { noCamera } = lifeText(app).scan;
  return {
    title: t.blocked.title,
    backTo: back,
    body: html`<h1>${t.blocked.title}</h1>
      <p>${problem === 'denied' ? lifeText(app).scan.denied : noCamera}</p>
      <div class="actions">
        <a class="button" href="${back}">${app.t.back}</a>
        <button type="button" class="second" data-action="retry">${t.retry}</button>
      </div>`,
    actions: { retry: () => app.refresh() },
  };
};

const send = async (app: AppContext, qr: string, from: From): Promise<void> => {
  try {
    const bound = await app.phone.scanSignIn(qr);
    const { request } = bound;
    app.show(request.txn === from.txn ? approvalPinScreen(app, bound) : requestScreen(app, request, bound));
    app.announce(lifeText(app).approval.scanned);
  } catch (error) {
    const old = isCode(error, 'gone') && html`<p>${lifeText(app).scan.tooOld}</p>`;
    app.show(refusalScreen(app, error, { retry: () => app.refresh(), more: old, ways: again(app, from) }));
  }
};

const again = (app: AppContext, { back }: From) => [
  { label: app.t.ways.retry, act: () => app.refresh() },
  { label: app.t.ways.home, href: back },
];

const film = (app: AppContext, root: HTMLElement, signal: AbortSignal, from: From): void => {
  const t = lifeText(app).scan;
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
    filming: () => say(app.t.scan.looking),
    failed: (problem) => app.show(blocked(app, problem, from)),
    read: (text) => {
      if (!text.startsWith(QR_PREFIX.signIn)) {
        say(text.startsWith(QR_PREFIX.mail) ? t.mailKind : t.wrongKind);
        return false;
      }
      navigator.vibrate?.(60);
      void send(app, text, from);
      return true;
    },
  });
};

/** The screen of `/scanner`, or `/scanner?txn=…` from a request. */
export const scanSignInScreen: MakeScreen = (app, url) => {
  const t = lifeText(app).scan;
  const txn = url.searchParams.get('txn') ?? undefined;
  const from: From = { txn, back: txn === undefined ? '/' : requestPath({ txn }) };
  return {
    title: t.title,
    backTo: from.back,
    body: html`<h1>${t.title}</h1>
      ${viewfinder(app.t.scan.starting)}
      <p class="hint">${t.hint}</p>`,
    started: (root, signal) => film(app, root, signal, from),
  };
};
