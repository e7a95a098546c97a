import { html, type Raw } from '../../../views/html.ts';
import type { ActionInput, AppContext } from './screen.ts';

/**
 * A large keypad for a PIN or a number. What is typed is never in a field of the page (no autofill, no password
 * manager, nothing left in the document): it lives here until it is given to the action, then it is forgotten.
 */
export interface KeypadOptions {
  /** Name of the action that gets the digits in `input.value`. */
  readonly action: string;
  /** What is typed, for screen readers: "Code PIN". */
  readonly label: string;
  /** The button's words. */
  readonly submit: string;
  readonly min: number;
  readonly max: number;
  /** Shows the digits instead of dots: a number that is no secret. */
  readonly plain?: boolean;
  /** Goes on by itself at the last digit: where `min` and `max` are the same, and one can come back to correct. */
  readonly auto?: boolean;
}

const KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9'] as const;
const digitKey = (digit: string): Raw =>
  html`<button type="button" class="key" data-key="${digit}">${digit}</button>`;

/** The keypad's markup, to stand last in a screen, under the thumb. */
export const keypad = ({ t }: Pick<AppContext, 't'>, options: KeypadOptions): Raw =>
  html`<div
    class="keypad"
    role="group"
    aria-label="${options.label}"
    data-keypad="${options.action}"
    data-min="${options.min}"
    data-max="${options.max}"
    ${options.plain && html`data-plain="1"`}
    ${options.auto && html`data-auto="1"`}
  >
    <p class="typed" aria-hidden="true"></p>
    <p class="spoken" role="status"></p>
    <div class="keys">
      ${KEYS.map(digitKey)}
      <button type="button" class="key erase" data-key="erase" aria-label="${t.keypad.erase}">
        <span aria-hidden="true">⌫</span>
      </button>
      ${digitKey('0')}
    </div>
    ${!options.auto && html`<button type="button" class="button" data-key="submit" disabled>${options.submit}</button>`}
  </div>`;

type Run = (action: string, input: ActionInput) => Promise<void>;

const mount = (root: HTMLElement, run: Run, signal: AbortSignal, t: AppContext['t']): void => {
  const { keypad: action = '', min = '4', max = '8', plain, auto } = root.dataset;
  const typed = root.querySelector('.typed');
  const status = root.querySelector('[role=status]');
  let digits = '';

  const draw = (): void => {
    const slots = Math.max(digits.length, Number(min));
    if (typed) {
      typed.textContent = Array.from({ length: slots }, (_, at) =>
        at < digits.length ? (plain ? (digits[at] ?? '') : '●') : '○',
      ).join('');
    }
    for (const button of root.querySelectorAll<HTMLButtonElement>('[data-key=submit]')) {
      button.disabled = digits.length < Number(min);
    }
  };
  const change = (next: string): void => {
    digits = next;
    draw();
    if (status) status.textContent = plain ? [...digits].join(' ') : t.keypad.typed(digits.length);
    if (auto && digits.length === Number(max)) submit();
  };
  const submit = (): void => {
    if (digits.length < Number(min)) return;
    const value = digits;
    digits = '';
    draw();
    void run(action, { fields: {}, value });
  };
  const press = (key: string): boolean => {
    if (/^\d$/.test(key)) {
      if (digits.length < Number(max)) change(digits + key);
    } else if (key === 'erase' || key === 'Backspace') change(digits.slice(0, -1));
    else if (key === 'submit') submit();
    else return false;
    return true;
  };

  root.addEventListener(
    'click',
    (event) => {
      const button = event.target instanceof Element && event.target.closest<HTMLElement>('[data-key]');
      if (button) press(button.dataset['key'] ?? '');
    },
    { signal },
  );
  // A computer's keyboard, or one plugged to the phone. Enter on a focused key stays that key's own.
  document.addEventListener(
    'keydown',
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || root.closest('[data-busy]')) return;
      const onButton = event.target instanceof Element && event.target.closest('button, a, input, summary');
      const key = event.key === 'Enter' && !onButton ? 'submit' : event.key;
      if (press(key)) event.preventDefault();
    },
    { signal },
  );
  signal.addEventListener('abort', () => {
    digits = '';
  });
  draw();
};

/** Brings every keypad of a screen to life; the router calls it. */
export const mountKeypads = (
  root: HTMLElement,
  run: Run,
  signal: AbortSignal,
  { t }: Pick<AppContext, 't'>,
): void => {
  for (const element of root.querySelectorAll<HTMLElement>('[data-keypad]')) mount(element, run, signal, t);
};
