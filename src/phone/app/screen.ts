import type { Raw, Renderable } from '../../../views/html.ts';
import type { Locale } from '../../../views/locales/index.ts';
import type { AppTexts } from '../../../views/locales/app.ts';
import type { Phone } from '../client.ts';
import type { AppConfig } from './config.ts';
import type { Notes } from './notes.ts';
import type { IdbVault } from './vault-idb.ts';
import type { Watch } from './watch.ts';

/**
 * How to add a screen:
 *
 * 1. Write `screens/name.ts` exporting `export const nameScreen: MakeScreen = async (app, url) => ({ title, body, … })`.
 *    `body` is a template of views/html.ts; texts come from `app.t` (views/locales/{fr,en}/app.ts) or from a catalogue of
 *    your own under views/locales.
 * 2. Give it an address in routes.ts. Screens that are not needed first are imported there when they are opened.
 * 3. What people do: `<button data-action="again">` or `<form data-action="send">` call `actions.again` / `actions.send`.
 *    While an action runs the screen is busy; what it throws becomes the screen of that refusal (refusal.ts). Links
 *    (`<a href="/historique">`) change screens without loading a page.
 * 4. `keypad(…)` of keypad.ts gives `actions[…]` its digits in `input.value`.
 * 5. `started(root, signal)` for what lives with the screen (camera, timers): stop at the signal.
 */
export interface Screen {
  /** Of the document, and read out when the screen opens. The body starts with its own `<h1>`. */
  readonly title: string;
  readonly body: Renderable;
  readonly actions?: Readonly<Record<string, Action>>;
  readonly started?: (root: HTMLElement, signal: AbortSignal) => void;
  /** Address of the screen that the arrow of the header goes back to; without it there is no arrow. */
  readonly backTo?: string;
  /** An element to focus instead of the heading, such as the field of a form that was refused. */
  readonly focus?: string;
}

/** What a button or a form was given. */
export interface ActionInput {
  /** The fields of the form; empty for a button. */
  readonly fields: Readonly<Record<string, string>>;
  /** `data-value` of the button, or the digits of a keypad. */
  readonly value: string;
}
export type Action = (input: ActionInput) => void | Promise<void>;

export type MakeScreen = (app: AppContext, url: URL) => Screen | Promise<Screen>;

/** What every screen may use. */
export interface AppContext {
  readonly config: AppConfig;
  readonly locale: Locale;
  readonly t: AppTexts;
  readonly phone: Phone;
  readonly vault: IdbVault;
  /** Small things kept beside the keys. */
  readonly notes: Notes;
  /** What waits for this phone, known at once. */
  readonly watch: Watch;
  /** Opens the screen of an address. */
  go(path: string, options?: { replace?: boolean }): Promise<void>;
  /** Shows another screen at the same address: a result, a refusal. */
  show(screen: Screen): void;
  /** Makes the screen of the present address again. */
  refresh(): Promise<void>;
  /** Says something to screen readers without moving the focus. */
  announce(text: string): void;
}

export type { Raw };
