import { html } from '../../../views/html.ts';
import { appLife } from '../../../views/locales/app-life.ts';
import { appTexts } from '../../../views/locales/app.ts';
import { createPhone } from '../client.ts';
import { readConfig } from './config.ts';
import { footerView } from './frame.ts';
import { chooseLocale, currentLocale } from './locale.ts';
import { createNotes } from './notes.ts';
import { refreshSubscription } from './notifications.ts';
import { storageWorks } from './persist.ts';
import { keepLocale } from './push.ts';
import { startRinging } from './ring.ts';
import { createRouter } from './router.ts';
import { ROUTES } from './routes.ts';
import type { AppContext } from './screen.ts';
import { startService } from './service.ts';
import { createStretch } from './stretch.ts';
import { fill } from './trusted.ts';
import { createIdbVault } from './vault-idb.ts';
import { createWatch } from './watch.ts';

/** The app: what exists, what it needs, and the first screen. */

const element = (id: string): HTMLElement => {
  const found = document.getElementById(id);
  if (!found) throw new TypeError(`the page has no #${id}`);
  return found;
};

const watchNetwork = (bar: HTMLElement): void => {
  const show = () => {
    bar.hidden = navigator.onLine;
  };
  addEventListener('online', show);
  addEventListener('offline', show);
  show();
};

/** Listens for sign-ins, and brings them to the screen. */
const watchRequests = async (app: AppContext, main: HTMLElement): Promise<void> => {
  const bar = document.createElement('aside');
  bar.className = 'ringing';
  bar.ariaLabel = appLife(app.locale).home.ringing(1);
  bar.hidden = true;
  main.before(bar);
  startRinging(app, bar);
  await app.watch.start();
};

const start = async (): Promise<void> => {
  const config = readConfig(document);
  const locale = currentLocale(config.defaultLocale);
  const t = appTexts(locale);
  document.documentElement.lang = locale;
  const vault = createIdbVault();
  const main = element('main');
  if (!(await storageWorks(vault))) {
    const { title, text, action } = t.problems.storage;
    fill(
      main,
      html`<h1>${title}</h1>
        <p>${text}</p>
        <p class="action">${action}</p>`,
    );
    return;
  }
  const stretch = createStretch(config.workers.pin);
  const phone = createPhone({ origin: config.origin, vault, locale, stretch });
  const router = createRouter(
    { routes: ROUTES, elements: { header: element('header'), main, live: element('live') } },
    () => app,
  );
  const app: AppContext = {
    ...{ config, locale, t, phone, vault },
    notes: createNotes(vault),
    watch: createWatch(phone),
    ...router.navigation,
  };
  element('offline').textContent = t.offlineBanner;
  watchNetwork(element('offline'));
  fill(element('footer'), footerView(app));
  document.addEventListener('click', ({ target }) => {
    const button = target instanceof Element && target.closest<HTMLElement>('[data-language]');
    if (button) chooseLocale(button.dataset['language']);
  });
  await router.start();
  await watchRequests(app, main);
  await startService(app, element('update')).catch(() => undefined);
  await refreshSubscription(app).catch(() => undefined);
  await keepLocale(locale).catch(() => undefined);
};

void start();
