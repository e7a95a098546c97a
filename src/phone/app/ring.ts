import { html } from '../../../views/html.ts';
import { appLife } from '../../../views/locales/app-life.ts';
import type { PendingRequest } from '../../ecps/protocol/api.ts';
import type { AppContext } from './screen.ts';
import { fill } from './trusted.ts';
import type { WatchState } from './watch.ts';

/** Address of the screen of a request. */
export const requestPath = ({ txn }: Pick<PendingRequest, 'txn'>): string =>
  `/demande?txn=${encodeURIComponent(txn)}`;

/**
 * Brings a new request to the screen: by itself on the first screen, elsewhere by a bar above what is being done, so that
 * whoever sends requests takes nobody away from his PIN. A request comes forward once; who went back finds it on the first
 * screen.
 */
export const startRinging = (app: AppContext, bar: HTMLElement): void => {
  const known = new Set<string>();

  const ring = ({ requests }: WatchState): void => {
    const fresh = requests.filter(({ txn }) => !known.has(txn));
    for (const { txn } of fresh) known.add(txn);
    const here = location.pathname + location.search;
    const others = requests.filter((request) => requestPath(request) !== here);
    const [only] = fresh;
    const home = location.pathname === '/';
    const [other] = others;
    bar.hidden = home || other === undefined;
    if (home && only && requests.length === 1) void app.go(requestPath(only));
    if (bar.hidden || !other) return;
    const t = appLife(app.locale).home;
    const href = others.length === 1 ? requestPath(other) : '/';
    fill(bar, html`<a href="${href}">${t.ringing(others.length)}</a>`);
    if (fresh.length > 0) app.announce(t.ringing(others.length));
  };

  app.watch.subscribe(ring, new AbortController().signal);
};
