import { html } from '../../../views/html.ts';
import type { AppContext } from './screen.ts';
import { TAKE_OVER } from './take-over.ts';
import { fill, scriptUrl } from './trusted.ts';

const offer = ({ t }: AppContext, bar: HTMLElement, waiting: ServiceWorker): void => {
  fill(
    bar,
    html`<p>${t.update.ready}</p>
      <button type="button" class="second" data-update>${t.update.install}</button>`,
  );
  bar.hidden = false;
  bar.querySelector('[data-update]')?.addEventListener('click', () => waiting.postMessage(TAKE_OVER));
};

/** The first screen comes before what serves the next visit. */
const loaded = async (): Promise<void> => {
  if (document.readyState === 'complete') return;
  await new Promise((resolve) => {
    addEventListener('load', resolve, { once: true });
  });
};

/**
 * Installs the service worker: the app then opens without a network. A new version waits until the person says so, or
 * until the app was closed, so that nothing reloads in the middle of a PIN.
 */
export const startService = async (app: AppContext, bar: HTMLElement): Promise<void> => {
  if (!('serviceWorker' in navigator)) return;
  await loaded();
  const before = navigator.serviceWorker.controller;
  navigator.serviceWorker.addEventListener('controllerchange', () => {
    if (before) location.reload();
  });
  const registration = await navigator.serviceWorker.register(scriptUrl('/sw.js'), {
    updateViaCache: 'none',
  });
  if (registration.waiting && before) offer(app, bar, registration.waiting);
  registration.addEventListener('updatefound', () => {
    const coming = registration.installing;
    coming?.addEventListener('statechange', () => {
      if (coming.state === 'installed' && navigator.serviceWorker.controller) offer(app, bar, coming);
    });
  });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') void registration.update().catch(() => undefined);
  });
};
