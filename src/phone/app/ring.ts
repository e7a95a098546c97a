import { html } from '../../../views/html.ts';
import { appLife } from '../../../views/locales/app-life.ts';
import type { PendingRequest } from '../../ecps/protocol/api.ts';
import type { AppContext } from './screen.ts';
import { fill } from './trusted.ts';
import type { WatchState } from './watch.ts';

/** Address of the screen of a request. */
export const requestPath = ({ txn }: Pick<PendingRequest, 'txn'>): string =>
  `/demande?txn=${encodeURIComponent(txn)}`;

/** Screens that a request may replace by itself: nothing is being typed there. */
const IDLE: readonly string[] = ['/', '/historique', '/telephones', '/reglages', '/tester'];

/**
 * Brings a new request to the screen: at once where nothing is being done, else by a bar above what is being done. A
 * request comes forward once; who went back finds it on the first screen.
 */
export const startRinging = (app: AppContext, bar: HTMLElement): void => {
  const known = new Set<string>();

  const ring = ({ requests }: WatchState): void => {
    const fresh = requests.filter(({ txn }) => !known.has(txn));
    for (const { txn } of fresh) known.add(txn);
    const here = location.pathname + location.search;
    const others = requests.filter((request) => requestPath(request) !== here);
    const [only] = fresh;
    const idle = IDLE.includes(location.pathname);
    bar.hidden = idle || others.length === 0;
    if (only && requests.length === 1 && idle) {
      void app.go(requestPath(only));
      return;
    }
    if (fresh.length > 0 && idle && location.pathname !== '/') {
      void app.go('/');
      return;
    }
    const [other] = others;
    if (bar.hidden || !other) return;
    const t = appLife(app.locale).home;
    const href = others.length === 1 ? requestPath(other) : '/';
    fill(bar, html`<a href="${href}">${t.ringing(others.length)}</a>`);
    if (fresh.length > 0) app.announce(t.ringing(others.length));
  };

  app.watch.subscribe(ring, new AbortController().signal);
};
