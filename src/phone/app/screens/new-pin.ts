import { html, type Raw } from '../../../../views/html.ts';
import { PIN_MAX_LENGTH, type ActivationView } from '../../../ecps/protocol/api.ts';
import { pinProblem } from '../../../ecps/protocol/pin.ts';
import { PhoneError } from '../../errors.ts';
import { keypad } from '../keypad.ts';
import { leaveTrace } from '../persist.ts';
import { refusalScreen } from '../refusal.ts';
import type { AppContext, Screen } from '../screen.ts';

/** A PIN chosen and typed twice; also used where the PIN is changed. */
export interface NewPin {
  readonly title: string;
  readonly minLength: number;
  readonly nationalId: string;
  readonly submit: string;
  readonly backTo: string;
  /** Given the PIN once both agree. */
  readonly chosen: (pin: string) => Promise<void>;
}

const problemOf = (app: AppContext, pin: string, { minLength, nationalId }: NewPin): Raw | undefined => {
  const problem = pinProblem(pin, { minLength, maxLength: PIN_MAX_LENGTH, nationalId });
  if (problem === undefined) return undefined;
  return html`<p class="problem" role="alert">
    ${app.t.pinProblems[problem]} ${app.t.problems.pin_refused.action}
  </p>`;
};

/** First typing: a PIN that would be guessed is refused at once, with the reason. */
export const chooseScreen = (app: AppContext, options: NewPin, problem?: Raw): Screen => {
  const { t } = app;
  return {
    title: options.title,
    backTo: options.backTo,
    body: html`<h1>${options.title}</h1>
      ${problem ?? html`<p>${t.pin.hint(options.minLength, PIN_MAX_LENGTH)}</p>`}
      ${keypad(app, {
        action: 'choose',
        label: t.pin.label,
        submit: t.pin.next,
        min: options.minLength,
        max: PIN_MAX_LENGTH,
      })}`,
    actions: {
      choose: ({ value }) => {
        const reason = problemOf(app, value, options);
        app.show(reason ? chooseScreen(app, options, reason) : confirmScreen(app, options, value));
      },
    },
  };
};

/** Second typing. */
const confirmScreen = (app: AppContext, options: NewPin, first: string): Screen => {
  const { t } = app;
  return {
    title: t.pin.again,
    backTo: options.backTo,
    body: html`<h1>${t.pin.again}</h1>
      <p>${t.pin.againHint}</p>
      ${keypad(app, {
        action: 'confirm',
        label: t.pin.label,
        submit: options.submit,
        min: options.minLength,
        max: PIN_MAX_LENGTH,
      })}`,
    actions: {
      confirm: async ({ value }) => {
        if (value === first) return options.chosen(first);
        const problem = html`<p class="problem" role="alert">${t.pin.different}</p>`;
        app.show(chooseScreen(app, options, problem));
      },
    },
  };
};

const enrol = async (app: AppContext, pin: string): Promise<void> => {
  app.announce(app.t.pin.making);
  const { revocationCode } = await app.phone.enrol(pin);
  await app.notes.write({ revocationCode });
  await leaveTrace(true);
  await app.go('/activation/fini', { replace: true });
};

/** Chooses the PIN of the activation under way, and enrols. */
export const pinScreen = async (app: AppContext, view: ActivationView): Promise<Screen> => {
  const nationalId = (await app.vault.read())?.activation?.nationalId;
  if (nationalId === undefined) {
    const error = new PhoneError('no_activation', 'no activation in the vault');
    return refusalScreen(app, error, { retry: () => app.refresh() });
  }
  return chooseScreen(app, {
    title: app.t.pin.title,
    minLength: view.pin?.minLength ?? 4,
    nationalId,
    submit: app.t.pin.confirm,
    backTo: '/',
    chosen: (pin) => enrol(app, pin),
  });
};
