import { html, type Raw } from '../../../../views/html.ts';
import type { DeviceView, NewPhone, PendingRequest, ResponseOf } from '../../../ecps/protocol/api.ts';
import { blockedScreen } from '../blocked.ts';
import { dayHourOf, hourOf, lifeText, navView, secondsUntil } from '../life.ts';
import { refusalScreen } from '../refusal.ts';
import { requestPath } from '../ring.ts';
import type { AppContext, Screen } from '../screen.ts';
import { fill } from '../trusted.ts';
import type { WatchState } from '../watch.ts';

/** The first screen of an activated phone: what waits, or that nothing does and why that is fine. */

const RENEWAL_DAYS = 30;

const requestView = (app: AppContext, request: PendingRequest): Raw => {
  const { service, browser, at } = request.context;
  return html`<a class="button" href="${requestPath(request)}"
    >${lifeText(app).home.request(service.name, browser, hourOf(app, at))}</a
  >`;
};

const scanView = (app: AppContext): Raw =>
  html`<a class="second" href="/scanner">${lifeText(app).home.scan}</a>`;

const requestsView = (app: AppContext, requests: readonly PendingRequest[]): Raw => {
  const t = lifeText(app).home;
  return html`<h2>${requests.length > 1 ? t.several(requests.length) : t.ringing(1)}</h2>
    ${requests.length > 1 && html`<p>${t.severalWhy}</p>`}
    <div class="actions">${requests.map((request) => requestView(app, request))} ${scanView(app)}</div>`;
};

const nothingView = (app: AppContext, { link }: WatchState): Raw => {
  const t = lifeText(app).home;
  const status = link === 'off' ? t.silent : link === 'on' ? t.listening : t.checking;
  return html`<h2>${t.nobody}</h2>
    <p>${t.how}</p>
    <p class="status ${link}"><span class="dot" aria-hidden="true"></span>${status}</p>
    <div class="actions">${scanView(app)}</div>`;
};

const quarantineView = (app: AppContext, until: string): Raw => {
  const t = lifeText(app).home;
  return html`<section class="caution">
    <h2>${t.quarantineTitle}</h2>
    <p>${t.quarantine(dayHourOf(app, until))}</p>
    <p>${t.quarantineOther}</p>
    <p>${t.quarantineNotYou}</p>
  </section>`;
};

const waitingView = (app: AppContext, state: WatchState): Raw => {
  const until = state.me?.device.quarantineUntil;
  if (until !== undefined) return quarantineView(app, until);
  return state.requests.length > 0 ? requestsView(app, state.requests) : nothingView(app, state);
};

const newPhoneView = (app: AppContext, { deviceId, name }: NewPhone): Raw => {
  const t = lifeText(app).home;
  return html`<section class="card">
    <h2>${t.newPhone}</h2>
    <p>${t.newPhoneWhat(name)}</p>
    <a class="button" href="/nouveau-telephone?id=${encodeURIComponent(deviceId)}">${t.newPhoneSee}</a>
  </section>`;
};

const rollbackView = (app: AppContext, until: string): Raw => {
  const t = lifeText(app).home;
  return html`<section class="card">
    <p>${t.rollback(hourOf(app, until))}</p>
    <a class="second" href="/code-pin/retour">${t.rollbackGo}</a>
  </section>`;
};

const renewView = (app: AppContext, { renewBy }: DeviceView): Raw | undefined => {
  const t = lifeText(app).home;
  const days = Math.floor(secondsUntil(renewBy) / 86_400);
  if (days > RENEWAL_DAYS) return undefined;
  return html`<section class="card">
    <h2>${t.renewTitle}</h2>
    <p>${t.renew(days)}</p>
    <a class="second" href="/renouveler">${t.renewGo}</a>
  </section>`;
};

const noticesView = (app: AppContext, { newPhones }: WatchState, me: ResponseOf<'me'>): Raw =>
  html`${newPhones.map((phone) => newPhoneView(app, phone))}
  ${me.rollback && rollbackView(app, me.rollback.until)} ${renewView(app, me.device)}`;

/** Fills the parts of the screen as news comes; what did not change is not touched, nor read out again. */
const live = (app: AppContext, root: HTMLElement, signal: AbortSignal): void => {
  const drawn = new Map<string, string>();
  const draw = (part: string, view: Raw): void => {
    const place = root.querySelector(`[data-part=${part}]`);
    if (!place || drawn.get(part) === view.value) return;
    drawn.set(part, view.value);
    fill(place, view);
  };
  app.watch.subscribe((state) => {
    if (signal.aborted) return;
    const { me, refusal } = state;
    if (refusal !== undefined) return app.show(refusalScreen(app, refusal, { retry: () => app.refresh() }));
    if (me && me.device.state !== 'active' && me.device.state !== 'quarantine') {
      return void blockedScreen(app, me.device.state).then((screen) => {
        if (!signal.aborted) app.show(screen);
      });
    }
    draw('waiting', waitingView(app, state));
    if (!me) return;
    draw('person', html`${me.name}`);
    draw('notices', noticesView(app, state, me));
  }, signal);
};

/** Made at once, before any answer: the rest comes as it is known. */
export const readyScreen = (app: AppContext): Screen => {
  const t = lifeText(app).home;
  void app.watch.start();
  return {
    title: t.title,
    body: html`<h1>${t.title}</h1>
      <p class="person" data-part="person"></p>
      <div class="waiting-box" data-part="waiting" aria-live="polite"></div>
      <div data-part="notices"></div>
      ${navView(app, 'home')}`,
    started: (root, signal) => live(app, root, signal),
  };
};
