import { html, type Raw } from '../../../../views/html.ts';
import { lifeText } from '../life.ts';
import { disableNotifications } from '../notifications.ts';
import { leaveTrace } from '../persist.ts';
import { isCode } from '../refusal.ts';
import type { AppContext, MakeScreen, Screen } from '../screen.ts';

/** Ends the e-CPS of this phone: on the server first, then here. */

/** The server already refuses this phone everything: nothing is left to end there. */
const ALREADY_DEAD = ['device_revoked', 'device_unknown', 'device_frozen', 'not_found'] as const;

const erase = async (app: AppContext): Promise<void> => {
  const { device } = await app.phone.state();
  await disableNotifications(app).catch(() => undefined);
  try {
    if (device) await app.phone.revoke(device.id);
  } catch (error) {
    if (!isCode(error, ...ALREADY_DEAD)) throw error;
  }
  app.watch.stop();
  await app.vault.clear();
  await leaveTrace(false);
};

const doneScreen = (app: AppContext): Screen => {
  const t = lifeText(app).remove;
  return {
    title: t.done,
    body: html`<h1>${t.done}</h1>
      <p class="success">${t.doneText}</p>
      <div class="actions"><a class="second" href="/activer">${t.activate}</a></div>`,
  };
};

const askScreen = (app: AppContext, problem?: Raw): Screen => {
  const t = lifeText(app).remove;
  return {
    title: t.title,
    backTo: '/reglages',
    ...(problem ? { focus: '#sure' } : {}),
    body: html`<h1>${t.title}</h1>
      ${problem}
      <p>${t.text}</p>
      <p>${t.others}</p>
      <p>${t.again}</p>
      <form data-action="delete" novalidate>
        <div class="check">
          <input type="checkbox" id="sure" name="sure" value="yes" ${problem && html`aria-invalid="true"`} />
          <label for="sure">${t.sure}</label>
        </div>
        <div class="actions">
          <button class="button danger">${t.go}</button>
          <a class="second" href="/reglages">${lifeText(app).cancel}</a>
        </div>
      </form>`,
    actions: {
      delete: async ({ fields }) => {
        if (fields['sure'] !== 'yes') {
          return app.show(askScreen(app, html`<p class="problem" role="alert">${t.needSure}</p>`));
        }
        try {
          await erase(app);
        } catch (error) {
          if (!isCode(error, 'offline')) throw error;
          return app.show(askScreen(app, html`<p class="problem" role="alert">${t.offline}</p>`));
        }
        app.show(doneScreen(app));
      },
    },
  };
};

/** The screen of `/supprimer`. */
export const deleteScreen: MakeScreen = (app) => askScreen(app);
