import { html } from '../../../views/html.ts';
import { appLife } from '../../../views/locales/app-life.ts';
import type { PendingRequest } from '../../ecps/protocol/api.ts';
import { clearNotifications } from './push.ts';
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
  const t = appLife(app.locale).home;
  const known = new Set<string>();

  const ring = ({ requests, shown }: WatchState): void => {
    const fresh = requests.filter(({ txn }) => !known.has(txn));
    for (const { txn } of fresh) known.add(txn);
    if (document.visibilityState === 'visible') void clearNotifications();
    const home = location.pathname === '/';
    const unseen = requests.filter(({ txn }) => !shown.has(txn));
    const [first] = unseen;
    bar.hidden = home || first === undefined;
    if (home && fresh.length > 0 && requests.length === 1 && first) void app.go(requestPath(first));
    if (bar.hidden || !first) return;
    const href = unseen.length === 1 ? requestPath(first) : '/';
    fill(bar, html`<a href="${href}">${t.ringing(unseen.length)}</a>`);
    if (fresh.length > 0) app.announce(t.ringing(unseen.length));
  };

  app.watch.subscribe(ring, new AbortController().signal);
};
