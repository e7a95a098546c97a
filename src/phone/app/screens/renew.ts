import { html } from '../../../../views/html.ts';
import { dayOf, lifeText } from '../life.ts';
import { pinStepScreen } from '../pin-step.ts';
import type { AppContext, MakeScreen, Screen } from '../screen.ts';

/** Twelve more months, with the PIN. */

const doneScreen = (app: AppContext, renewBy: string): Screen => {
  const t = lifeText(app);
  return {
    title: t.renew.done,
    body: html`<h1>${t.renew.done}</h1>
      <p class="success">${t.renew.doneText(dayOf(app, renewBy))}</p>
      <div class="actions"><a class="button" href="/">${t.toHome}</a></div>`,
  };
};

/** The screen of `/renouveler`. */
export const renewScreen: MakeScreen = async (app) => {
  const t = lifeText(app);
  const { device, pin } = await app.phone.me();
  const ask = (): void =>
    app.show(
      pinStepScreen(app, {
        purpose: t.renew.pinFor,
        submit: t.pin.confirm,
        pin,
        backTo: '/renouveler',
        use: async (typed) => {
          const { renewBy } = await app.phone.renew(typed);
          void app.watch.look();
          app.show(doneScreen(app, renewBy));
        },
      }),
    );
  return {
    title: t.renew.title,
    backTo: '/reglages',
    body: html`<h1>${t.renew.title}</h1>
      <p>${t.renew.text(dayOf(app, device.renewBy))}</p>
      <div class="actions">
        <button type="button" class="button" data-action="ask">${t.renew.go}</button>
        <a class="second" href="/reglages">${t.later}</a>
      </div>`,
    actions: { ask },
  };
};
