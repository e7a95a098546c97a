import { html, type Raw } from '../../../../views/html.ts';
import type { PinChange } from '../../pin-change.ts';
import { hourOf, lifeText } from '../life.ts';
import { pinStepScreen } from '../pin-step.ts';
import { isCode, problemView } from '../refusal.ts';
import type { AppContext, MakeScreen, Screen } from '../screen.ts';
import { chooseScreen } from './new-pin.ts';

/** A new PIN: the old one is proved first, then the new one chosen twice; undone for ten minutes. */

const BACK = '/reglages';

const doneScreen = (app: AppContext, rollbackUntil: string): Screen => {
  const t = lifeText(app);
  return {
    title: t.changePin.done,
    body: html`<h1>${t.changePin.done}</h1>
      <p class="success">${t.changePin.doneUse}</p>
      <p>${t.changePin.doneText(hourOf(app, rollbackUntil))}</p>
      <div class="actions">
        <a class="button" href="/">${t.toHome}</a>
        <a class="second" href="/code-pin/retour">${t.rollback.go}</a>
      </div>`,
  };
};

const newPinScreen = (app: AppContext, change: PinChange, nationalId: string, problem?: Raw): Screen => {
  const t = lifeText(app).changePin;
  return chooseScreen(
    app,
    {
      title: t.new,
      minLength: change.minLength,
      nationalId,
      submit: t.save,
      backTo: BACK,
      chosen: async (pin) => {
        try {
          const { rollbackUntil } = await change.complete(pin);
          app.show(doneScreen(app, rollbackUntil));
        } catch (error) {
          if (!isCode(error, 'pin_refused')) throw error;
          app.show(newPinScreen(app, change, nationalId, problemView(app, error)));
        } finally {
          void app.watch.look();
        }
      },
    },
    problem,
  );
};

/** The screen of `/code-pin`. */
export const changePinScreen: MakeScreen = async (app) => {
  const t = lifeText(app).changePin;
  const { pin, nationalId } = await app.phone.me();
  return pinStepScreen(app, {
    title: t.title,
    purpose: t.old,
    label: t.old,
    submit: t.next,
    pin,
    backTo: BACK,
    use: async (typed) => {
      const change = await app.phone.startPinChange(typed);
      app.show(newPinScreen(app, change, nationalId));
    },
  });
};

const noRollbackScreen = (app: AppContext): Screen => {
  const t = lifeText(app).rollback;
  return {
    title: t.noneTitle,
    backTo: BACK,
    body: html`<h1>${t.noneTitle}</h1>
      <p>${t.none}</p>
      <div class="actions"><a class="button" href="/code-pin">${t.change}</a></div>`,
  };
};

/** The screen of `/code-pin/retour`. */
export const rollbackScreen: MakeScreen = async (app) => {
  const t = lifeText(app).rollback;
  const [{ rollback, pin }, { pinChange }] = await Promise.all([app.phone.me(), app.phone.state()]);
  if (!rollback || pinChange?.id !== rollback.changeId) return noRollbackScreen(app);
  return pinStepScreen(app, {
    title: t.title,
    purpose: t.text,
    label: t.label,
    submit: t.go,
    pin,
    backTo: '/',
    expiresAt: rollback.until,
    use: async (typed) => {
      try {
        await app.phone.rollbackPin(typed);
      } catch (error) {
        if (!isCode(error, 'gone', 'step_wrong', 'not_found', 'nothing_to_roll_back')) throw error;
        return app.show(noRollbackScreen(app));
      } finally {
        void app.watch.look();
      }
      app.show({
        title: t.done,
        body: html`<h1>${t.done}</h1>
          <p class="success">${t.doneText}</p>
          <div class="actions"><a class="button" href="/">${lifeText(app).toHome}</a></div>`,
      });
    },
  });
};

/** The screen of `/code-pin/oublie`: the PIN is nowhere, so identity is proved again. */
export const forgottenScreen: MakeScreen = (app) => {
  const t = lifeText(app).forgotten;
  return {
    title: t.title,
    backTo: '/',
    body: html`<h1>${t.title}</h1>
      <p>${t.text}</p>
      <p>${t.way}</p>
      <p class="hint">${t.quarantine}</p>
      <div class="actions">
        <a class="button" href="/activer">${t.go}</a>
        <a class="second" href="/">${lifeText(app).cancel}</a>
      </div>`,
  };
};
