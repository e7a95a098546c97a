import { answerPushes, type PushScope } from './push.ts';
import { TAKE_OVER } from './take-over.ts';

/**
 * The service worker: keeps the app's own files so that it opens without a network, and nothing that comes from the
 * provider. The keys are in IndexedDB, which no version of this file touches.
 */

/** Written before this script by the server: what to keep, under which name. */
declare const BUILD: { readonly version: string; readonly files: readonly string[] };

interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}
interface Scope {
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(name: 'install' | 'activate', listener: (event: ExtendableEvent) => void): void;
  addEventListener(name: 'fetch', listener: (event: FetchEvent) => void): void;
  addEventListener(name: 'message', listener: (event: MessageEvent) => void): void;
}

const scope = globalThis as unknown as Scope & PushScope;
const PREFIX = 'ecps-app-';
const cacheName = PREFIX + BUILD.version;

const keep = async (): Promise<void> => {
  const cache = await caches.open(cacheName);
  // Files under /app/ never change: those that the page has just loaded are not asked again.
  const asked = BUILD.files.map((file) =>
    file.startsWith('/app/') ? file : new Request(file, { cache: 'reload' }),
  );
  await cache.addAll(asked);
};

const forgetOthers = async (): Promise<void> => {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== cacheName);
  await Promise.all(old.map((name) => caches.delete(name)));
};

/** Every address of the app is one page. */
const keyOf = (request: Request): Request | string => (request.mode === 'navigate' ? '/' : request);

const answer = async (request: Request): Promise<Response> => {
  const cache = await caches.open(cacheName);
  return (await cache.match(keyOf(request))) ?? fetch(request);
};

scope.addEventListener('install', (event) => event.waitUntil(keep()));
scope.addEventListener('activate', (event) =>
  event.waitUntil(forgetOthers().then(() => scope.clients.claim())),
);
scope.addEventListener('message', ({ data }) => {
  if (data === TAKE_OVER) void scope.skipWaiting();
});
scope.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method === 'GET' && new URL(request.url).origin === location.origin) {
    event.respondWith(answer(request));
  }
});
answerPushes(
  scope,
  BUILD.files.find((file) => file.startsWith('/app/icon-192-')),
);
