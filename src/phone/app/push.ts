import type { Locale } from '../../../views/locales/index.ts';

/**
 * The push half of the service worker. The message is empty: it only says "open the app". The worker asks the server
 * nothing, since a proof needs the key and its lock, and the app shows what waits as soon as it is open.
 */

const TEXTS: Readonly<Record<Locale, { title: string; body: string }>> = {
  fr: { title: 'e-CPS', body: 'Une demande attend votre réponse. Ouvrez l’application.' },
  en: { title: 'e-CPS', body: 'A request awaits your answer. Open the app.' },
};

/** One notification at a time: a newer one replaces it. */
const TAG = 'ecps';

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface NotificationEvent extends ExtendableEvent {
  readonly notification: Notification;
}
interface WindowClient {
  readonly focused: boolean;
  readonly visibilityState: DocumentVisibilityState;
  focus(): Promise<unknown>;
  postMessage(message: unknown): void;
}
interface Clients {
  matchAll(options: { type: 'window'; includeUncontrolled: boolean }): Promise<readonly WindowClient[]>;
  openWindow(address: string): Promise<unknown>;
}
export interface PushScope {
  readonly clients: Clients;
  readonly registration: ServiceWorkerRegistration;
  addEventListener(name: 'push', listener: (event: ExtendableEvent) => void): void;
  addEventListener(name: 'notificationclick', listener: (event: NotificationEvent) => void): void;
}

/** Message to the open app: look at once. */
export const LOOK = 'look';

/** Where the app leaves its language for the worker, which has no other way to know it. */
const WORDS = { cache: 'ecps-words', path: '/words/locale' } as const;

/** Tells the worker in which language to ring. */
export const keepLocale = async (locale: Locale): Promise<void> => {
  const cache = await caches.open(WORDS.cache);
  await cache.put(WORDS.path, new Response(locale));
};

const keptLocale = async (): Promise<Locale> => {
  const kept = await (await caches.open(WORDS.cache)).match(WORDS.path);
  const locale = (await kept?.text()) ?? navigator.language;
  return locale.startsWith('en') ? 'en' : 'fr';
};

const windows = (scope: PushScope) => scope.clients.matchAll({ type: 'window', includeUncontrolled: true });

const ring = async (scope: PushScope, icon: string | undefined): Promise<void> => {
  const open = await windows(scope);
  for (const client of open) client.postMessage(LOOK);
  // In sight, the app itself shows the request.
  if (open.some((client) => client.visibilityState === 'visible' && client.focused)) return;
  const lang = await keptLocale();
  const { title, body } = TEXTS[lang];
  const picture = icon === undefined ? {} : { icon, badge: icon };
  const options = { body, tag: TAG, renotify: true, lang, ...picture };
  await scope.registration.showNotification(title, options);
};

const opened = async (scope: PushScope, notification: Notification): Promise<void> => {
  notification.close();
  const [client] = await windows(scope);
  if (!client) {
    await scope.clients.openWindow('/');
    return;
  }
  await client.focus();
  client.postMessage(LOOK);
};

/** Answers pushes, and touches on the notification. `icon` is the address of the app's. */
export const answerPushes = (scope: PushScope, icon: string | undefined): void => {
  scope.addEventListener('push', (event) => event.waitUntil(ring(scope, icon)));
  scope.addEventListener('notificationclick', (event) => event.waitUntil(opened(scope, event.notification)));
};

/** The app is open: what was announced is on its screen. */
export const clearNotifications = async (): Promise<void> => {
  const registration = await navigator.serviceWorker?.getRegistration();
  const shown = (await registration?.getNotifications({ tag: TAG })) ?? [];
  for (const notification of shown) notification.close();
};
