import { html, type Raw, type Renderable } from '../../../views/html.ts';
import { PIN_MAX_LENGTH } from '../../ecps/protocol/api.ts';
import { PhoneRefusal } from '../errors.ts';
import { keypad } from './keypad.ts';
import { everySecond, lasting, lifeText } from './life.ts';
import { isCode } from './refusal.ts';
import type { AppContext, Screen } from './screen.ts';

/** The PIN in use, typed for something: the one screen for it, with the ladder of wrong ones. */
export interface PinStep {
  readonly title?: string;
  /** What it is for, always in sight. */
  readonly purpose: Renderable;
  readonly label?: string;
  readonly submit: string;
  readonly minLength?: number;
  /** What the server told of the counter. */
  readonly pin?: { readonly triesLeft?: number | undefined; readonly wait?: number | undefined };
  readonly backTo: string;
  /** When what it is for ends; told when the wait is longer. */
  readonly expiresAt?: string | undefined;
  /** Uses the PIN, and shows what comes next. A wrong one, or one too early, comes back here. */
  readonly use: (pin: string) => Promise<void>;
  readonly started?: (root: HTMLElement, signal: AbortSignal) => void;
}

const ALL_TRIES = 5;

interface Told {
  readonly wrong: boolean;
  readonly triesLeft: number;
}

const warning = (app: AppContext, { wrong, triesLeft }: Told): Raw | undefined => {
  const t = lifeText(app).pin;
  const last = triesLeft === 1;
  if (!wrong && triesLeft >= ALL_TRIES) return undefined;
  return html`<div class="${wrong ? 'problem' : 'caution'}" ${wrong && html`role="alert"`}>
    <p>${wrong ? t.wrong(triesLeft) : t.few(triesLeft)}</p>
    ${last && html`<p><strong>${t.last}</strong></p>`}
  </div>`;
};

/** Shows the keypad; after a wrong PIN, what is left. */
const askScreen = (app: AppContext, step: PinStep, told: Told): Screen => {
  const t = lifeText(app).pin;
  const title = step.title ?? t.title;
  return {
    title,
    backTo: step.backTo,
    body: html`<h1>${title}</h1>
      <p class="purpose">${step.purpose}</p>
      ${warning(app, told)}
      <p class="working" aria-hidden="true">${t.working}</p>
      ${keypad(app, {
        action: 'use',
        label: step.label ?? t.label,
        submit: step.submit,
        min: step.minLength ?? 4,
        max: PIN_MAX_LENGTH,
      })}
      <p class="after"><a class="quiet" href="/code-pin/oublie">${t.forgotten}</a></p>`,
    actions: { use: ({ value }) => use(app, step, value) },
    ...(step.started ? { started: step.started } : {}),
  };
};

/** Between two tries: counts down, then asks again by itself. */
const waitScreen = (app: AppContext, step: PinStep, told: Told & { wait: number }): Screen => {
  const t = lifeText(app).pin;
  const until = Date.now() + told.wait * 1000;
  const tooLate = step.expiresAt !== undefined && until >= Date.parse(step.expiresAt);
  return {
    title: t.title,
    backTo: step.backTo,
    body: html`<h1>${t.title}</h1>
      <p class="purpose">${step.purpose}</p>
      ${warning(app, told)}
      <p class="countdown" role="timer">${t.wait(lasting(app.locale, told.wait))}</p>
      <p>${t.waitWhy}</p>
      ${tooLate && html`<p class="action">${t.waitRestart}</p>`}
      <p class="after"><a class="quiet" href="/code-pin/oublie">${t.forgotten}</a></p>`,
    started: (root, signal) => {
      step.started?.(root, signal);
      everySecond(() => {
        const left = Math.ceil((until - Date.now()) / 1000);
        const place = root.querySelector('.countdown');
        if (left > 0) {
          if (place) place.textContent = t.wait(lasting(app.locale, left));
          return;
        }
        if (signal.aborted) return;
        app.show(askScreen(app, step, { wrong: false, triesLeft: told.triesLeft }));
        app.announce(t.waitOver);
      }, signal);
    },
  };
};

const use = async (app: AppContext, step: PinStep, pin: string): Promise<void> => {
  app.announce(lifeText(app).pin.working);
  try {
    await step.use(pin);
  } catch (error) {
    if (!(error instanceof PhoneRefusal) || !isCode(error, 'pin_wrong', 'pin_wait')) throw error;
    const triesLeft = error.triesLeft ?? step.pin?.triesLeft ?? ALL_TRIES;
    if (isCode(error, 'pin_wait')) {
      app.show(waitScreen(app, step, { wrong: false, triesLeft, wait: error.retryAfter ?? 60 }));
      return;
    }
    const told = { wrong: true, triesLeft };
    // The next try may have to wait: better told now than after six digits.
    const wait = await app.phone.me().then(
      ({ pin: counter }) => counter.wait,
      () => undefined,
    );
    app.show(wait === undefined ? askScreen(app, step, told) : waitScreen(app, step, { ...told, wait }));
  }
};

/** Asks for the PIN, or for patience. */
export const pinStepScreen = (app: AppContext, step: PinStep): Screen => {
  const triesLeft = step.pin?.triesLeft ?? ALL_TRIES;
  const wait = step.pin?.wait;
  return wait === undefined
    ? askScreen(app, step, { wrong: false, triesLeft })
    : waitScreen(app, step, { wrong: false, triesLeft, wait });
};
