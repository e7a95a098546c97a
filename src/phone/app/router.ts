import { html } from '../../../views/html.ts';
import { headerView } from './frame.ts';
import { mountKeypads } from './keypad.ts';
import { refusalScreen } from './refusal.ts';
import type { ActionInput, AppContext, MakeScreen, Screen } from './screen.ts';
import { fill } from './trusted.ts';

/**
 * Shows screens, one at a time, in `<main>`: addresses by the browser's history, actions by delegation, focus on the
 * new heading so that a screen reader follows.
 */

export interface RouterOptions {
  readonly routes: Readonly<Record<string, MakeScreen>>;
  readonly elements: { readonly header: HTMLElement; readonly main: HTMLElement; readonly live: HTMLElement };
}

export type Navigation = Pick<AppContext, 'go' | 'show' | 'refresh' | 'announce'>;

const fieldsOf = (form: HTMLFormElement): Record<string, string> =>
  Object.fromEntries(
    [...new FormData(form)].filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );

/** A click that the browser should handle itself: another tab, a download. */
const isPlainClick = (event: MouseEvent): boolean =>
  event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;

/** Makes the router; `start` shows the screen of the present address. */
export const createRouter = ({ routes, elements }: RouterOptions, context: () => AppContext) => {
  const { header, main, live } = elements;
  let current: Screen | undefined;
  let leaving = new AbortController();
  /** Rises with each screen asked for, so that a slow one does not replace a later one. */
  let turn = 0;
  let busy = false;

  const display = (screen: Screen, focus: boolean): void => {
    leaving.abort();
    leaving = new AbortController();
    current = screen;
    const app = context();
    document.title = `${screen.title} – ${app.t.appName}`;
    fill(header, headerView(app, screen.backTo));
    fill(main, html`${screen.body}`);
    mountKeypads(main, run, leaving.signal, app);
    screen.started?.(main, leaving.signal);
    const heading = main.querySelector<HTMLElement>(screen.focus ?? 'h1');
    if (!heading) return;
    if (heading.tagName === 'H1') heading.tabIndex = -1;
    if (!focus) return;
    scrollTo(0, 0);
    heading.focus({ preventScroll: screen.focus === undefined });
  };

  const open = async (focus: boolean): Promise<void> => {
    turn += 1;
    const mine = turn;
    const url = new URL(location.href);
    const app = context();
    const make = routes[url.pathname] ?? routes['/'];
    let screen: Screen;
    try {
      if (!make) throw new TypeError('no screen');
      screen = await make(app, url);
    } catch (error) {
      screen = refusalScreen(app, error, { retry: () => navigation.refresh() });
    }
    if (mine === turn) display(screen, focus);
  };

  const setBusy = (value: boolean): void => {
    busy = value;
    main.toggleAttribute('data-busy', value);
    if (value) main.setAttribute('aria-busy', 'true');
    else main.removeAttribute('aria-busy');
  };

  const run = async (name: string, input: ActionInput): Promise<void> => {
    const screen = current;
    const action = screen?.actions?.[name];
    if (!action || busy) return;
    setBusy(true);
    try {
      await action(input);
    } catch (error) {
      if (current === screen) {
        navigation.show(refusalScreen(context(), error, { retry: () => screen && navigation.show(screen) }));
      }
    } finally {
      setBusy(false);
    }
  };

  const navigation: Navigation = {
    async go(path, { replace = false } = {}) {
      history[replace ? 'replaceState' : 'pushState'](undefined, '', path);
      await open(true);
    },
    show(screen) {
      turn += 1;
      display(screen, true);
    },
    refresh: () => open(true),
    announce(text) {
      live.textContent = text;
    },
  };

  const clicked = (event: MouseEvent): void => {
    const target = event.target instanceof Element ? event.target : undefined;
    const link = target?.closest<HTMLAnchorElement>('a[href]');
    if (link && isPlainClick(event) && !link.target && link.origin === location.origin) {
      event.preventDefault();
      void navigation.go(link.pathname + link.search + link.hash);
      return;
    }
    const button = target?.closest<HTMLElement>('button[data-action]');
    if (!button) return;
    void run(button.dataset['action'] ?? '', { fields: {}, value: button.dataset['value'] ?? '' });
  };

  const submitted = (event: SubmitEvent): void => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    event.preventDefault();
    const value = event.submitter instanceof HTMLButtonElement ? event.submitter.value : '';
    void run(form.dataset['action'] ?? '', { fields: fieldsOf(form), value });
  };

  return {
    navigation,
    start: async (): Promise<void> => {
      document.addEventListener('click', clicked);
      document.addEventListener('submit', submitted);
      addEventListener('popstate', () => void open(true));
      await open(false);
    },
  };
};
