import { html, type Raw } from '../../../views/html.ts';
import { fromBase64url } from '../../ecps/protocol/encoding.ts';
import type { PushSubscriptionJson } from '../../ecps/protocol/api.ts';
import { lifeText } from './life.ts';
import type { AppContext, Screen } from './screen.ts';

/**
 * Web Push: a doorbell that carries nothing. Asked for on a gesture, after a first confirmation or in the settings,
 * never when the app opens; refusing it costs nothing.
 */

export type NotificationState =
  /** The server sends none. */
  | 'notHere'
  | 'unsupported'
  /** iPhone: only an app of the home screen may. */
  | 'install'
  | 'denied'
  | 'off'
  | 'on';

const supported = (): boolean =>
  'serviceWorker' in navigator && 'PushManager' in globalThis && 'Notification' in globalThis;

const isIphone = (): boolean => /iPhone|iPad/.test(navigator.userAgent);

const subscription = async (): Promise<PushSubscription | null> => {
  const registration = await navigator.serviceWorker.getRegistration();
  return (await registration?.pushManager.getSubscription()) ?? null;
};

/** Where notifications stand on this phone. */
export const notificationState = async (pushKey: string | undefined): Promise<NotificationState> => {
  if (pushKey === undefined) return 'notHere';
  if (!supported()) return isIphone() ? 'install' : 'unsupported';
  if (Notification.permission === 'denied') return 'denied';
  return Notification.permission === 'granted' && (await subscription()) !== null ? 'on' : 'off';
};

const jsonOf = (given: PushSubscription): PushSubscriptionJson => {
  const { endpoint, keys } = given.toJSON();
  const { p256dh, auth } = keys ?? {};
  if (endpoint === undefined || p256dh === undefined || auth === undefined) {
    throw new TypeError('a subscription without its keys');
  }
  return { endpoint, keys: { p256dh, auth } };
};

const subscribe = async (pushKey: string): Promise<PushSubscriptionJson> => {
  const registration = await navigator.serviceWorker.ready;
  const applicationServerKey = fromBase64url(pushKey);
  const found = await registration.pushManager.getSubscription();
  const key = found?.options.applicationServerKey;
  const sameKey = key && new Uint8Array(key).every((byte, at) => byte === applicationServerKey[at]);
  if (found && sameKey) return jsonOf(found);
  await found?.unsubscribe();
  return jsonOf(await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }));
};

/** Tells the server where to ring, when it does not know yet. */
const hand = async (app: AppContext, given: PushSubscriptionJson): Promise<void> => {
  await app.phone.push(given);
  await app.notes.write({ pushEndpoint: given.endpoint, notificationsAsked: true });
};

/** Asks the person, subscribes and tells the server. Must follow a gesture. */
export const enableNotifications = async (app: AppContext): Promise<NotificationState | 'failed'> => {
  const { pushKey } = await app.phone.me();
  const before = await notificationState(pushKey);
  if (pushKey === undefined || before === 'unsupported' || before === 'install') return before;
  const permission = await Notification.requestPermission();
  await app.notes.write({ notificationsAsked: true });
  if (permission !== 'granted') return permission === 'denied' ? 'denied' : 'off';
  try {
    await hand(app, await subscribe(pushKey));
    return 'on';
  } catch {
    return 'failed';
  }
};

/** Stops the ringing here, and tells the server. */
export const disableNotifications = async (app: AppContext): Promise<void> => {
  await app.phone.push(null);
  await app.notes.write({ pushEndpoint: undefined });
  if (supported()) await (await subscription())?.unsubscribe();
};

/** At start: browsers change subscriptions by themselves, and a reactivated phone has none on the server. */
export const refreshSubscription = async (app: AppContext): Promise<void> => {
  const me = app.watch.state.me ?? (await app.phone.me());
  if ((await notificationState(me.pushKey)) !== 'on' || me.pushKey === undefined) return;
  const given = await subscribe(me.pushKey);
  if ((await app.notes.read()).pushEndpoint !== given.endpoint) await hand(app, given);
};

/** Whether this is the moment to offer them: possible, not on, and not answered yet. */
export const shouldAsk = async (app: AppContext): Promise<boolean> => {
  try {
    if ((await app.notes.read()).notificationsAsked === true) return false;
    const me = app.watch.state.me ?? (await app.phone.me());
    return (await notificationState(me.pushKey)) === 'off';
  } catch {
    return false;
  }
};

/** The offer. */
export const notificationsCard = (app: AppContext): Raw => {
  const t = lifeText(app).notifications;
  return html`<section class="card offer" data-offer>
    <h2>${t.title}</h2>
    <p>${t.why}</p>
    <div class="actions">
      <button type="button" class="button" data-action="notify">${t.ask}</button>
      <button type="button" class="quiet" data-action="not-now">${lifeText(app).later}</button>
    </div>
    <p class="hint">${t.asGood}</p>
  </section>`;
};

/** What to say of a state. */
export const notificationText = (app: AppContext, state: NotificationState | 'failed'): string =>
  lifeText(app).notifications[state];

/** What the offer's buttons do: the card gives way to one sentence. */
export const notificationActions = (app: AppContext): NonNullable<Screen['actions']> => {
  const replace = (text: string): void => {
    const card = document.querySelector('[data-offer]');
    card?.replaceChildren(text);
    card?.setAttribute('role', 'status');
  };
  return {
    notify: async () => replace(notificationText(app, await enableNotifications(app))),
    'not-now': async () => {
      await app.notes.write({ notificationsAsked: true });
      replace(lifeText(app).notifications.asGood);
    },
  };
};
