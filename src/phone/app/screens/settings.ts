import { html, type Raw } from '../../../../views/html.ts';
import { dayOf, lifeText, navView } from '../life.ts';
import {
  disableNotifications,
  enableNotifications,
  notificationState,
  notificationText,
  type NotificationState,
} from '../notifications.ts';
import type { AppContext, MakeScreen, Screen } from '../screen.ts';

interface Shown {
  readonly name: string;
  readonly nationalId: string;
  readonly renewBy: string;
  readonly notifications: NotificationState | 'failed';
}

const notificationsView = (app: AppContext, state: Shown['notifications']): Raw => {
  const t = lifeText(app).notifications;
  const may = state === 'off' || state === 'failed';
  return html`<section class="card" id="notifications" tabindex="-1">
    <h2>${lifeText(app).settings.notifications}</h2>
    <p role="status">${notificationText(app, state)}</p>
    ${may && html`<p>${t.why}</p>`}
    ${may && html`<button type="button" class="second" data-action="notify">${t.ask}</button>`}
    ${state === 'on' && html`<button type="button" class="second" data-action="silence">${t.stop}</button>`}
    <p class="hint">${t.asGood}</p>
  </section>`;
};

const languagesView = ({ locale }: AppContext, label: string): Raw => {
  const { languages } = lifeText({ locale }).settings;
  return html`<section class="card">
    <h2 id="languages">${label}</h2>
    <div class="choice" role="group" aria-labelledby="languages">
      ${(['fr', 'en'] as const).map(
        (language) =>
          html`<button
            type="button"
            class="second"
            lang="${language}"
            data-language="${language}"
            aria-pressed="${language === locale ? 'true' : 'false'}"
          >
            ${languages[language]}
          </button>`,
      )}
    </div>
  </section>`;
};

const linksView = (app: AppContext): Raw => {
  const t = lifeText(app).settings;
  const links = [
    ['/code-pin', t.pin],
    ['/renouveler', t.renew],
    ['/tester', t.test],
    ['/telephone-perdu', t.revocation],
  ] as const;
  return html`<ul class="menu">
    ${links.map(([href, label]) => html`<li><a href="${href}">${label}</a></li>`)}
    <li><a href="/supprimer" class="danger">${t.delete}</a></li>
  </ul>`;
};

const screen = (app: AppContext, shown: Shown, focus?: string): Screen => {
  const t = lifeText(app).settings;
  const again = (notifications: Shown['notifications']): void =>
    app.show(screen(app, { ...shown, notifications }, '#notifications'));
  return {
    title: t.title,
    backTo: '/',
    ...(focus === undefined ? {} : { focus }),
    body: html`<h1>${t.title}</h1>
      <p class="person">${shown.name}</p>
      <p>${t.identifier(shown.nationalId)}<br />${t.renewBy(dayOf(app, shown.renewBy))}</p>
      ${linksView(app)} ${notificationsView(app, shown.notifications)} ${languagesView(app, t.language)}
      ${navView(app, 'settings')}`,
    actions: {
      notify: async () => again(await enableNotifications(app)),
      silence: async () => {
        await disableNotifications(app);
        again('off');
      },
    },
  };
};

/** The screen of `/reglages`. */
export const settingsScreen: MakeScreen = async (app) => {
  const { name, nationalId, device, pushKey } = await app.phone.me();
  const notifications = await notificationState(pushKey);
  return screen(app, { name, nationalId, renewBy: device.renewBy, notifications });
};
