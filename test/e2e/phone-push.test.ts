import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import webpush from 'web-push';
import { createPushTransport } from '../../src/messages/push.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { launchBrowser } from '../support/browser.ts';
import { type AppPhone, activateApp, heading, openApp, press } from '../support/phone-app.ts';
import { startPushService } from '../support/push-service.ts';
import { type RunningSandbox, freePortBase, startSandbox } from '../support/sandbox.ts';

/**
 * The doorbell and the updates of the app, in a browser. A push service of the test, over TLS, hands what it receives to
 * Chromium by its debugging protocol; headless Chromium itself has none, so that its subscription is made here. (The server
 * rings public addresses only: that it rings, and how, is in test/http/messages-push.test.ts.)
 */

const PIN = '493027';
const vapid = webpush.generateVAPIDKeys();
const dataDir = mkdtempSync(join(tmpdir(), 'caducee-push-'));
let portBase: number;
let sandbox: RunningSandbox;
let browser: Browser;
let phone: AppPhone;
let service: Awaited<ReturnType<typeof startPushService>>;
/** What the browser’s push service would give: the server takes no address of a private network. */
const endpoint = 'https://push.example.org/push/phone-1';

const start = async (changes: Record<string, string> = {}): Promise<void> => {
  sandbox = await startSandbox({
    portBase,
    dataDir,
    environment: {
      CADUCEE_VAPID_PUBLIC_KEY: vapid.publicKey,
      CADUCEE_VAPID_PRIVATE_KEY: vapid.privateKey,
      ...changes,
    },
  });
};

/** The browser's part of a subscription, at the push service of the test: real keys, an address of its own. */
const subscribeAt = (page: Page, address: string): Promise<unknown> =>
  page.addInitScript((url) => {
    let current: object | null = null;
    const base64url = (bytes: Uint8Array): string =>
      btoa(String.fromCodePoint(...bytes))
        .replaceAll('+', '-')
        .replaceAll('/', '_')
        .replaceAll('=', '');
    PushManager.prototype.getSubscription = async () => current as PushSubscription | null;
    PushManager.prototype.subscribe = async (options) => {
      const pair = await crypto.subtle.generateKey({ name: 'ECDH', namedCurve: 'P-256' }, true, [
        'deriveBits',
      ]);
      const point = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
      const keys = { p256dh: base64url(point), auth: base64url(crypto.getRandomValues(new Uint8Array(16))) };
      const key = new Uint8Array(options?.applicationServerKey as ArrayBuffer);
      document.documentElement.dataset['applicationServerKey'] = base64url(key);
      const made = {
        endpoint: url,
        options: { applicationServerKey: key.buffer },
        toJSON: () => ({ endpoint: url, keys }),
      };
      current = made;
      return made as unknown as PushSubscription;
    };
  }, address);

beforeAll(async () => {
  portBase = await freePortBase();
  [, browser, service] = await Promise.all([start(), launchBrowser(), startPushService()]);
  phone = await openApp(browser, sandbox, { permissions: ['notifications'] });
  await subscribeAt(phone.page, endpoint);
  await activateApp(phone, sandbox, person().nationalId, PIN);
}, 180_000);

afterAll(async () => {
  await sandbox.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

const person = (): { nationalId: string } => {
  const found = sandbox.info.personas[0];
  if (!found) throw new Error('no persona');
  return found;
};
const at = (path: string): string => new URL(path, sandbox.info.app).href;

/** The service worker's notifications, asked of the worker itself. */
const notifications = async (): Promise<{ title: string; body: string }[]> => {
  const [worker] = phone.context.serviceWorkers();
  if (!worker) throw new Error('no service worker runs');
  return worker.evaluate(async () => {
    const { registration } = globalThis as unknown as { registration: ServiceWorkerRegistration };
    return (await registration.getNotifications()).map(({ title, body }) => ({ title, body }));
  });
};

/** What a push service does with what it received: hands it to the browser, byte for byte. */
const createDelivery = async () => {
  const idle = await phone.context.newPage();
  const session = await phone.context.newCDPSession(idle);
  const registrations: { registrationId: string; scopeURL: string; isDeleted: boolean }[] = [];
  session.on('ServiceWorker.workerRegistrationUpdated', (event) => {
    registrations.push(...event.registrations);
  });
  await session.send('ServiceWorker.enable');
  return async (data: string): Promise<void> => {
    const registrationId = await vi.waitFor(() => {
      const found = registrations.findLast(({ scopeURL }) => scopeURL === sandbox.info.app)?.registrationId;
      if (found === undefined) throw new Error('no registration');
      return found;
    });
    const origin = new URL(sandbox.info.app).origin;
    await session.send('ServiceWorker.deliverPushMessage', { origin, registrationId, data });
  };
};

/** A computer that has just asked to sign in. */
const asking = async (): Promise<{ number: string; page: Page; url: string }> => {
  const page = await (await browser.newContext({ locale: 'fr-FR' })).newPage();
  const url = sandbox.info.services[0]?.url ?? '';
  await page.goto(url);
  await page.getByRole('button', { name: /S.identifier avec Caducée/ }).click();
  await page.getByLabel(/Identifiant national/).fill(person().nationalId);
  await page.getByRole('button', { name: 'Continuer' }).click();
  return { number: (await page.locator('[data-number]').getAttribute('data-number')) ?? '', page, url };
};

describe('the doorbell', () => {
  test('is asked for on a gesture, and the server is told where to ring', async () => {
    const { page } = phone;
    await page.goto(at('/reglages'));
    const told = page.waitForRequest(
      (request) => request.method() === 'PUT' && request.url().endsWith('/ecps/v1/push'),
    );
    await page.getByRole('button', { name: 'Me prévenir' }).click();
    const { subscription } = (await told).postDataJSON() as {
      subscription: { endpoint: string; keys: { p256dh: string; auth: string } };
    };
    await page.getByText('Les notifications sont activées sur ce téléphone.').waitFor();
    expect(subscription.endpoint).toBe(endpoint);
    expect(Buffer.from(subscription.keys.p256dh, 'base64url')).toHaveLength(65);
    expect(await page.locator('html').getAttribute('data-application-server-key')).toBe(vapid.publicKey);

    const transport = createPushTransport({
      vapidSubject: 'mailto:exploitation@caducee.test',
      vapidPublicKey: vapid.publicKey,
      vapidPrivateKey: vapid.privateKey,
      clock: systemClock,
      agent: service.agent,
    });
    const expiresAt = new Date(Date.now() + 120_000);
    // Same path and keys, at the push service of the test.
    const local = {
      ...subscription,
      endpoint: subscription.endpoint.replace('https://push.example.org', service.origin),
    };
    await transport.deliver(
      '1',
      { kind: 'push', subscription: local, deviceId: 'dev_1', expiresAt },
      expiresAt,
    );
    const [ring] = service.rings;
    expect(ring?.url).toBe('/push/phone-1');
    expect(ring?.body).toBe('');
    expect(ring?.headers['content-encoding']).toBeUndefined();
    expect(ring?.headers.authorization).toMatch(new RegExp(`^vapid t=[^,]+, k=${vapid.publicKey}$`));
  });

  test('shows a notification that names nobody; the app then shows what waits', async () => {
    const deliver = await createDelivery();
    const desk = await asking();
    await phone.page.goto('about:blank');
    await deliver(service.rings[0]?.body ?? 'nothing was rung');
    await expect
      .poll(notifications, { timeout: 10_000 })
      .toEqual([{ title: 'e-CPS', body: 'Une demande attend votre réponse. Ouvrez l’application.' }]);
    await phone.page.goto(sandbox.info.app);
    await heading(phone.page, 'Vous connecter à Vaccin Covid ?');
    await expect.poll(notifications).toEqual([]);
    await phone.page.getByRole('button', { name: 'Refuser' }).click();
    await heading(phone.page, 'C’est refusé');
    await desk.page.context().close();
  });
});

describe('a new version', () => {
  test('waits until the person says so, and keeps the keys', { timeout: 120_000 }, async () => {
    const { page } = phone;
    await page.goto(sandbox.info.app);
    await heading(page, 'Votre e-CPS');
    const key = () =>
      page.evaluate(async () => {
        const database = await new Promise<IDBDatabase>((resolve) => {
          const opening = indexedDB.open('ecps');
          opening.addEventListener('success', () => resolve(opening.result));
        });
        const keys = await new Promise<{ jwk: JsonWebKey; privateKey: CryptoKey }>((resolve) => {
          const reading = database.transaction('vault').objectStore('vault').get('keys');
          reading.addEventListener('success', () => resolve(reading.result));
        });
        database.close();
        return { x: keys.jwk.x, extractable: keys.privateKey.extractable };
      });
    const before = await key();
    expect(before.extractable).toBe(false);
    await sandbox.stop();
    await start({ CADUCEE_HELP_PHONE: '01 99 00 98 76' });

    await page.reload();
    await heading(page, 'Votre e-CPS');
    await page.locator('#update').getByText('Une nouvelle version de l’application est prête.').waitFor();
    expect(await page.locator('#footer').textContent()).not.toContain('01 99 00 98 76');
    await page.getByRole('button', { name: 'L’installer' }).click();
    await page.locator('#footer').getByText('01 99 00 98 76').waitFor();
    await heading(page, 'Votre e-CPS');
    expect(await key()).toEqual(before);

    const desk = await asking();
    await heading(page, 'Vous connecter à Vaccin Covid ?');
    await page.getByRole('button', { name: 'C’est bien moi : continuer' }).click();
    await press(page, desk.number);
    await heading(page, 'Entrez votre code PIN');
    await press(page, PIN);
    await heading(page, 'C’est confirmé');
    await desk.page.waitForURL(`${desk.url}**`);
  });
});
