import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { activateApp, heading, inboxMessages, openApp, press, type AppPhone } from '../support/phone-app.ts';
import { type RunningSandbox, startSandbox } from '../support/sandbox.ts';

/**
 * The phone app once activated: a computer and a phone, each a browser of its own, on a whole sandbox. Every way to
 * answer a sign-in, then the life of the e-CPS.
 */

const PIN = '493027';
let sandbox: RunningSandbox;
let browser: Browser;
let phone: AppPhone;

const person = (): { nationalId: string; name: string } => {
  const found = sandbox.info.personas[0];
  if (!found) throw new Error('no persona');
  return found;
};
const service = (index: number): string => sandbox.info.services[index]?.url ?? '';

const shoot = async (page: Page, name: string): Promise<void> => {
  const shots = process.env['SCREENSHOTS'];
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`) });
};

const violations = async (page: Page): Promise<string[]> => {
  const { violations: found } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
};

const VIEWS = [
  { name: '320-dark', size: { width: 320, height: 568 }, colorScheme: 'dark' },
  { name: '390-light', size: { width: 390, height: 844 }, colorScheme: 'light' },
] as const;

/** Looks at a screen as it stands, small and dark, then usual and light: no violation, nothing wider than the phone. */
const look = async (name: string, { page }: Pick<AppPhone, 'page'> = phone): Promise<void> => {
  for (const view of VIEWS) {
    await page.setViewportSize(view.size);
    await page.emulateMedia({ colorScheme: view.colorScheme, reducedMotion: 'reduce' });
    await shoot(page, `${name}-${view.name}`);
    expect(await violations(page), `${name} ${view.name}`).toEqual([]);
    const wide = await page.evaluate(
      () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
    );
    expect(wide, `${name} ${view.name} scrolls sideways`).toBe(false);
  }
};

beforeAll(async () => {
  [sandbox, browser] = await Promise.all([startSandbox(), launchBrowser()]);
  phone = await openApp(browser, sandbox);
  await activateApp(phone, sandbox, person().nationalId, PIN);
}, 180_000);

afterAll(async () => {
  await sandbox.stop();
});

/** The request that came by itself: "this is me", the number, then the screen of the PIN. */
const goOn = async (number: string): Promise<void> => {
  const { page } = phone;
  await heading(page, /^Vous connecter à/);
  await page.getByRole('button', { name: 'C’est bien moi : continuer' }).click();
  await heading(page, 'Le nombre affiché sur votre ordinateur');
  await press(page, number);
  await heading(page, 'Entrez votre code PIN');
};

/** A computer that has just asked to sign in; the number it shows. */
const computer = async (index = 0): Promise<{ page: Page; number: string; close(): Promise<void> }> => {
  const context = await browser.newContext({ locale: 'fr-FR' });
  const page = await context.newPage();
  await page.goto(service(index));
  await page.getByRole('button', { name: /S.identifier avec Caducée/ }).click();
  await page.getByLabel(/Identifiant national/).fill(person().nationalId);
  await page.getByRole('button', { name: 'Continuer' }).click();
  const number = (await page.locator('[data-number]').getAttribute('data-number')) ?? '';
  expect(number).toMatch(/^[1-9]\d$/);
  return { page, number, close: () => context.close() };
};

const home = async (): Promise<void> => {
  await phone.page.goto(sandbox.info.app);
  await heading(phone.page, 'Votre e-CPS');
};

describe('a sign-in asked by a computer', () => {
  test('appears by itself, is confirmed by number and PIN, and opens the computer at once', async () => {
    await home();
    await phone.page.getByText('Prêt : les demandes arrivent ici.').waitFor();
    await look('home');
    const asking = await computer();
    const { page } = phone;
    await heading(page, 'Vous connecter à Vaccin Covid ?');
    await page.getByText('Chromium').or(page.getByText('Chrome')).first().waitFor();
    await page.getByText('Vous ne vous êtes jamais connecté depuis ce navigateur.').waitFor();
    await look('approval');
    await page.getByRole('button', { name: 'C’est bien moi : continuer' }).click();
    await heading(page, 'Le nombre affiché sur votre ordinateur');
    await look('number');
    await press(page, asking.number);
    await heading(page, 'Entrez votre code PIN');
    await look('pin');
    await press(page, PIN);
    await heading(page, 'C’est confirmé');
    await asking.page.waitForURL(`${service(0)}**`);
    await expect
      .poll(() => asking.page.getByRole('main').textContent())
      .toContain(person().name.split(' ').at(-1) ?? '');
    await look('approved');
    await asking.close();
    expect(phone.complaints).toEqual([]);
  });

  test('is refused: nothing opens', async () => {
    await home();
    const asking = await computer();
    await phone.page.getByRole('button', { name: 'Refuser' }).click();
    await heading(phone.page, 'C’est refusé');
    await look('refused');
    await asking.page
      .getByRole('heading', { name: /n’a pas été confirmée|a été arrêtée|Confirmez/ })
      .waitFor();
    expect(asking.page.url()).not.toContain(service(0));
    await asking.close();
  });

  test('ends with a wrong number, and touches no PIN counter', async () => {
    await home();
    const asking = await computer();
    const { page } = phone;
    await goOn(asking.number === '99' ? '98' : String(Number(asking.number) + 1));
    await press(page, PIN);
    await heading(page, 'Ce n’est pas le bon nombre');
    await look('wrong-number');
    await page.goto(new URL('/code-pin', sandbox.info.app).href);
    await heading(page, 'Changer mon code PIN');
    expect(await page.getByText(/essais? restants?/).count()).toBe(0);
    await asking.close();
  });

  test('tells a wrong PIN and the tries left, then accepts the right one', async () => {
    await home();
    const asking = await computer();
    const { page } = phone;
    await goOn(asking.number);
    await press(page, '111999');
    await page.getByText('Ce code PIN n’est pas le bon. 4 essais restants.').waitFor();
    await look('wrong-pin');
    await press(page, PIN);
    await heading(page, 'C’est confirmé');
    await page.getByText('1 code PIN faux a été essayé depuis votre dernière confirmation.').waitFor();
    await asking.page.waitForURL(`${service(0)}**`);
    await asking.close();
  });

  test('without a camera, says so and leaves the number', async () => {
    await home();
    const asking = await computer();
    const { page } = phone;
    await page.getByRole('button', { name: 'C’est bien moi : continuer' }).click();
    await page.getByRole('link', { name: 'Scanner son QR code à la place' }).click();
    await heading(page, 'La caméra n’est pas disponible');
    await look('no-camera');
    await page.getByRole('main').getByRole('link', { name: 'Retour' }).click();
    await goOn(asking.number);
    await press(page, PIN);
    await heading(page, 'C’est confirmé');
    await asking.close();
  });

  test('comes above what is being typed elsewhere in the app', async () => {
    const { page } = phone;
    await page.goto(new URL('/code-pin', sandbox.info.app).href);
    await heading(page, 'Changer mon code PIN');
    const asking = await computer();
    await page.getByRole('link', { name: 'Une demande de connexion vous attend' }).waitFor();
    await look('ringing');
    await page.getByRole('link', { name: 'Une demande de connexion vous attend' }).click();
    await heading(page, 'Vous connecter à Vaccin Covid ?');
    await page.getByRole('button', { name: 'Refuser' }).click();
    await heading(page, 'C’est refusé');
    await asking.close();
  });

  test('opened on the very phone: PIN, and back to the service in the same browser', async () => {
    const { context } = phone;
    const page = await context.newPage();
    await page.goto(service(1));
    await page.getByRole('button', { name: /S.identifier avec Caducée/ }).click();
    await page.getByLabel(/Identifiant national/).fill(person().nationalId);
    await page.getByRole('button', { name: 'Continuer' }).click();
    await page.getByRole('link', { name: /Ouvrir l.application e-CPS/ }).click();
    await heading(page, 'Vous connecter à SI-DEP ?');
    expect(page.url()).not.toContain('#');
    await look('link', { page });
    await page.getByRole('button', { name: 'C’est bien moi : continuer' }).click();
    await press(page, PIN);
    await page.waitForURL(`${service(1)}**`);
    expect(await page.getByRole('main').textContent()).toContain(person().nationalId);
    await page.close();
  });

  test('opened in a browser without the key: says where the key is', async () => {
    const other = await openApp(browser, sandbox);
    await other.page.goto(new URL('/l#t=dHhuXzEyMwABAgMEBQYHCAkKCwwNDg8', sandbox.info.app).href);
    await heading(other.page, 'Votre e-CPS n’est pas dans ce navigateur');
    await look('link-elsewhere', other);
    await other.context.close();
  });
});

describe('notifications', () => {
  /** The browser's push service is on the Internet: a subscription of its shape stands in for it. */
  const subscribed = () => {
    const endpoint = 'https://push.example.org/one';
    const toJSON = () => ({
      endpoint,
      keys: { p256dh: 'BA'.repeat(43) + 'A', auth: 'AAAAAAAAAAAAAAAAAAAAAA' },
    });
    let present: object | null = null;
    const given = {
      endpoint,
      toJSON,
      options: {},
      unsubscribe: async () => {
        present = null;
        return true;
      },
    };
    Object.assign(PushManager.prototype, {
      getSubscription: async () => present,
      subscribe: async () => (present = given),
    });
  };

  test('are asked for by a gesture, handed to the server, and given up', async () => {
    const { context } = phone;
    await context.grantPermissions(['notifications'], { origin: new URL(sandbox.info.app).origin });
    const page = await context.newPage();
    await page.addInitScript(subscribed);
    await page.goto(new URL('/reglages', sandbox.info.app).href);
    const handed = page.waitForRequest((request) => request.method() === 'PUT');
    await page.getByRole('button', { name: 'Me prévenir' }).click();
    await page.getByText('Les notifications sont activées sur ce téléphone.').waitFor();
    expect((await handed).postDataJSON()).toMatchObject({
      subscription: { endpoint: 'https://push.example.org/one' },
    });
    await page.getByRole('button', { name: 'Ne plus me prévenir' }).click();
    await page.getByText('Les notifications sont désactivées.').waitFor();
    await page.close();
  });

  test('ring without a word of what waits, in the language of the app', async () => {
    const { context } = phone;
    const origin = new URL(sandbox.info.app).origin;
    await phone.page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    const client = await context.newCDPSession(phone.page);
    const registered = new Promise<string>((resolve) => {
      client.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        const found = registrations.find(({ scopeURL }) => scopeURL.startsWith(origin));
        if (found) resolve(found.registrationId);
      });
    });
    await client.send('ServiceWorker.enable');
    // Behind another tab, as a phone in a pocket: in sight, the app itself shows what waits.
    const front = await context.newPage();
    await phone.page.goto('about:blank');
    await client.send('ServiceWorker.deliverPushMessage', {
      origin,
      registrationId: await registered,
      data: '',
    });
    await front.goto(new URL('/aide-absente.txt', origin).href);
    await expect
      .poll(() =>
        front.evaluate(async () => {
          const registration = await navigator.serviceWorker.getRegistration('/');
          const shown = (await registration?.getNotifications()) ?? [];
          return shown.map(({ title, body, lang }) => ({ title, body, lang }));
        }),
      )
      .toEqual([
        { title: 'e-CPS', body: 'Une demande attend votre réponse. Ouvrez l’application.', lang: 'fr' },
      ]);
    await front.close();
    await home();
  });
});

describe('the life of the e-CPS', () => {
  const open = async (path: string, title: string | RegExp): Promise<Page> => {
    await phone.page.goto(new URL(path, sandbox.info.app).href);
    await heading(phone.page, title);
    return phone.page;
  };

  test('shows its history', async () => {
    const page = await open('/historique', 'Historique');
    expect(await page.getByText('Connexion confirmée').count()).toBeGreaterThan(2);
    expect(await page.getByText('Connexion refusée').count()).toBeGreaterThan(0);
    await look('history');
  });

  test('names its phones', async () => {
    const page = await open('/telephones', 'Mes téléphones');
    await look('phones');
    await page.getByRole('link', { name: /^Gérer/ }).click();
    await page.getByLabel('Nom du téléphone').fill('');
    await page.getByRole('button', { name: 'Enregistrer ce nom' }).click();
    await page.getByText('Un nom a de 1 à 60 caractères.').waitFor();
    await page.getByLabel('Nom du téléphone').fill('Téléphone du cabinet');
    await page.getByRole('button', { name: 'Enregistrer ce nom' }).click();
    await heading(page, /Téléphone du cabinet/);
    await look('phone');
  });

  test('a second phone waits, is seen by the first, accepted with its PIN, then removed', async () => {
    const second = await openApp(browser, sandbox);
    await activateApp(second, sandbox, person().nationalId, '271828');
    await second.page.getByRole('heading', { name: 'Ce téléphone n’est pas encore prêt' }).waitFor();
    await look('quarantine', second);
    await home();
    const { page } = phone;
    await page.getByRole('link', { name: 'Voir ce téléphone' }).click();
    await heading(page, 'Accepter ce nouveau téléphone ?');
    await look('new-phone');
    await page.getByRole('button', { name: 'Accepter avec mon code PIN' }).click();
    await press(page, PIN);
    await heading(page, 'Téléphone accepté');
    await second.page.getByText('Prêt : les demandes arrivent ici.').waitFor();
    await page.getByRole('link', { name: 'Voir mes téléphones' }).click();
    await page.locator('.cards > li').filter({ hasNotText: 'ce téléphone' }).getByRole('link').click();
    await page.getByRole('button', { name: 'Retirer ce téléphone' }).click();
    await page.getByRole('button', { name: 'Retirer', exact: true }).click();
    await heading(page, 'Téléphone retiré');
    await heading(second.page, 'L’e-CPS de ce téléphone a été retirée');
    await look('revoked', second);
    await second.context.close();
  });

  test('changes its PIN, and comes back to the old one', async () => {
    const page = await open('/code-pin', 'Changer mon code PIN');
    await look('change-pin');
    await press(page, PIN);
    await heading(page, 'Votre nouveau code PIN');
    await press(page, '123456');
    await page.getByText(/est une suite/).waitFor();
    await press(page, '860417');
    await heading(page, 'Tapez-le une seconde fois');
    await press(page, '860417');
    await heading(page, 'Code PIN changé');
    await look('pin-changed');
    await page.getByRole('link', { name: 'Revenir à l’ancien' }).click();
    await heading(page, 'Revenir à l’ancien code PIN');
    await press(page, PIN);
    await heading(page, 'Ancien code PIN rétabli');
    await open('/code-pin/retour', 'Il n’est plus possible de revenir en arrière');
  });

  test('is renewed', async () => {
    const page = await open('/renouveler', 'Renouveler mon e-CPS');
    await look('renew');
    await page.getByRole('button', { name: 'Renouveler avec mon code PIN' }).click();
    await press(page, PIN);
    await heading(page, 'e-CPS renouvelée');
  });

  test('tests itself, and speaks English when asked', async () => {
    await open('/tester', 'Je teste ma e-CPS');
    await phone.page.getByText('Tout va bien').waitFor();
    await look('test');
    const page = await open('/reglages', 'Réglages');
    await look('settings');
    await page.getByRole('group', { name: 'Langue' }).getByRole('button', { name: 'English' }).click();
    await heading(page, 'Settings');
    await page.getByRole('group', { name: 'Language' }).getByRole('button', { name: 'Français' }).click();
    await heading(page, 'Réglages');
    await open('/telephone-perdu', 'Si ce téléphone est perdu');
    await look('lost-phone');
    await open('/code-pin/oublie', 'Code PIN oublié ?');
    await look('forgotten');
  });

  test('waits after three wrong PINs', async () => {
    const page = await open('/renouveler', 'Renouveler mon e-CPS');
    await page.getByRole('button', { name: 'Renouveler avec mon code PIN' }).click();
    for (const left of [4, 3]) {
      await press(page, '111999');
      await page.getByText(`Ce code PIN n’est pas le bon. ${left} essais restants.`).waitFor();
    }
    await press(page, '111999');
    await page.getByText(/Patientez encore/).waitFor();
    await look('pin-wait');
  });

  test.each([
    ['locked', 'L’e-CPS de ce téléphone est bloquée'],
    ['frozen', 'L’e-CPS de ce téléphone est suspendue'],
    ['expired', 'L’e-CPS de ce téléphone a expiré'],
  ])('a phone that is %s says why, and how to prove oneself again', async (state, title) => {
    const { page } = phone;
    // The server's answer with another state: reaching it takes minutes, or a copy of the phone.
    await page.route('**/ecps/v1/me', async (route) => {
      const response = await route.fetch();
      const me = (await response.json()) as { device: object };
      await route.fulfill({ response, json: { ...me, device: { ...me.device, state } } });
    });
    await page.goto(sandbox.info.app);
    await heading(page, title);
    await look(state);
    await page.getByRole('link', { name: 'Réactiver mon e-CPS' }).click();
    expect(await page.locator('#identifier').inputValue()).toBe(person().nationalId);
    await page.unroute('**/ecps/v1/me');
  });

  test('a sign-in that was never asked is reported: silence, and a mail', async () => {
    await home();
    const asking = await computer();
    const { page } = phone;
    await page.getByRole('button', { name: 'Je n’ai rien demandé' }).click();
    await heading(page, 'Quelqu’un d’autre veut se connecter à votre place ?');
    await look('report');
    await page.getByRole('button', { name: /^Signaler/ }).click();
    await heading(page, 'Merci, c’est signalé');
    await look('reported');
    await expect
      .poll(async () => (await inboxMessages(sandbox, 'mail')).some(({ text }) => /signal/i.test(text)))
      .toBe(true);
    await asking.close();
  });

  test('is deleted from the phone, and nothing remains', async () => {
    const page = await open('/supprimer', 'Supprimer mon e-CPS');
    await look('delete');
    await page.getByRole('button', { name: 'Supprimer mon e-CPS' }).click();
    await page.getByText('Cochez la case pour confirmer.').waitFor();
    await page.getByLabel(/J’ai compris/).check();
    await page.getByRole('button', { name: 'Supprimer mon e-CPS' }).click();
    await heading(page, 'e-CPS supprimée');
    await page.goto(sandbox.info.app);
    await heading(page, 'Votre e-CPS, sur ce téléphone');
    expect(phone.complaints).toEqual([]);
  });
});
