import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type Camera, createCamera } from '../support/camera.ts';
import { type AppPhone, heading, inboxMessages, openApp, press } from '../support/phone-app.ts';
import { type RunningSandbox, startSandbox } from '../support/sandbox.ts';

/**
 * The whole story with a camera: the QR code of the mail, filmed on the screen of the computer that shows the mail as it
 * was received, then the QR codes of sign-in pages. Two browsers, as a person has: a computer and a phone.
 */

const PIN = '493027';
let sandbox: RunningSandbox;
let browser: Browser;
let camera: Camera;
let phone: AppPhone;
let computer: BrowserContext;

beforeAll(async () => {
  camera = createCamera();
  [sandbox, browser] = await Promise.all([startSandbox(), launchBrowser(camera.args)]);
  phone = await openApp(browser, sandbox);
  computer = await browser.newContext({ locale: 'fr-FR', viewport: { width: 1280, height: 800 } });
}, 180_000);

afterAll(() => sandbox.stop());

const person = (index = 0): { nationalId: string; name: string } => {
  const found = sandbox.info.personas[index];
  if (!found) throw new Error(`no persona ${index}`);
  return found;
};
const service = (index: number): string => sandbox.info.services[index]?.url ?? '';
const at = (path: string): string => new URL(path, sandbox.info.app).href;
const shoot = async (page: Page, name: string): Promise<void> => {
  const shots = process.env['SCREENSHOTS'];
  if (shots) await page.screenshot({ path: join(shots, `camera-${name}.png`) });
};

/** What came of this kind since `before`. */
const newest = (kind: 'mail' | 'sms', before: ReadonlySet<string>) =>
  vi.waitFor(
    async () => {
      const found = (await inboxMessages(sandbox, kind)).find(({ id }) => !before.has(id));
      if (!found) throw new Error(`no ${kind} came`);
      return found;
    },
    { timeout: 20_000, interval: 200 },
  );
const known = async (kind: 'mail' | 'sms'): Promise<ReadonlySet<string>> =>
  new Set((await inboxMessages(sandbox, kind)).map(({ id }) => id));

/** Asks for an activation on a phone; opens the mail that comes on the computer, and answers its QR code there. */
const mailOnComputer = async ({ page }: AppPhone, nationalId: string) => {
  const before = await known('mail');
  await page.goto(at('/activer'));
  await page.locator('#identifier').fill(nationalId);
  await page.getByRole('button', { name: 'Recevoir le courriel' }).click();
  const mail = await newest('mail', before);
  const mailbox = await computer.newPage();
  await mailbox.goto(new URL(`/messages/${mail.id}`, sandbox.info.inbox).href);
  const qr = mailbox.frameLocator('iframe').locator('img[alt*="QR"]');
  await qr.waitFor();
  return { mailbox, qr };
};

/** A sign-in page on the computer, with or without an identifier typed. */
const asking = async (nationalId?: string, index = 0) => {
  const page = await computer.newPage();
  await page.goto(service(index));
  await page.getByRole('button', { name: /S.identifier avec Caducée/ }).click();
  if (nationalId === undefined) {
    await page.locator('button[name=moyen][value=qr]').click();
  } else {
    await page.getByLabel(/Identifiant national/).fill(nationalId);
    await page.getByRole('button', { name: 'Continuer' }).click();
  }
  const qr = page.locator('#qr');
  await qr.waitFor();
  return { page, qr };
};

/** Forgets who is signed in on the computer. */
const otherComputer = async (): Promise<void> => {
  await computer.close();
  computer = await browser.newContext({ locale: 'fr-FR', viewport: { width: 1280, height: 800 } });
};

const status = (text: string) => phone.page.locator('.scan-status').getByText(text).waitFor();

describe('a phone and its camera', () => {
  test('films the mail as received, and has its e-CPS two codes later', { timeout: 120_000 }, async () => {
    const { page } = phone;
    const { mailbox, qr } = await mailOnComputer(phone, person().nationalId);
    await shoot(mailbox, 'mail');
    camera.cover();
    await page.getByRole('link', { name: 'Scanner le QR code' }).click();
    await status('Cherche le QR code…');
    const sent = await known('sms');
    await camera.filmDuring(qr, page.locator('#sms').waitFor({ timeout: 60_000 }));
    expect(await page.locator('video').count()).toBe(0);
    const code = /#(\d{6})\s*$/.exec((await newest('sms', sent)).text)?.[1] ?? '';
    await page.locator('#sms').fill(code);
    await page.getByRole('button', { name: 'Continuer' }).click();
    await heading(page, 'Choisissez votre code PIN');
    await press(page, PIN);
    await heading(page, 'Tapez-le une seconde fois');
    await press(page, PIN);
    await heading(page, 'Votre e-CPS est activée');
    await page.getByRole('button', { name: /C.est noté/ }).click();
    await heading(page, 'Votre e-CPS');
    await mailbox.close();
    expect(phone.complaints).toEqual([]);
  });

  test('films a sign-in page with no identifier typed; PIN, and the computer opens', async () => {
    const { page } = phone;
    const desk = await asking();
    await page.goto(at('/scanner'));
    await camera.filmDuring(desk.qr, heading(page, 'Vous connecter à Vaccin Covid ?'));
    camera.cover();
    await shoot(page, 'scanned');
    await page.getByRole('button', { name: 'C’est bien moi : continuer' }).click();
    await press(page, PIN);
    await heading(page, 'C’est confirmé');
    await desk.page.waitForURL(`${service(0)}**`);
    expect(await desk.page.getByRole('main').textContent()).toContain(
      person().name.split(' ').at(-1) ?? person().name,
    );
    await otherComputer();
  });

  test('films the QR code instead of typing the number, from the request itself', async () => {
    const { page } = phone;
    await page.goto(at('/'));
    const desk = await asking(person().nationalId, 1);
    await heading(page, 'Vous connecter à SI-DEP ?');
    await page.getByRole('button', { name: 'C’est bien moi : continuer' }).click();
    await page.getByRole('link', { name: 'Scanner son QR code à la place' }).click();
    await camera.filmDuring(desk.qr, heading(page, 'Entrez votre code PIN'));
    camera.cover();
    await press(page, '111999');
    await page.getByText('Ce code PIN n’est pas le bon. 4 essais restants.').waitFor();
    await press(page, PIN);
    await heading(page, 'C’est confirmé');
    await desk.page.waitForURL(`${service(1)}**`);
    await otherComputer();
  });

  test('says which QR code is not the right one, and goes on looking', async () => {
    const { page } = phone;
    const other = await openApp(browser, sandbox);
    const { mailbox, qr } = await mailOnComputer(other, person(1).nationalId);
    await page.goto(at('/scanner'));
    await camera.filmDuring(
      qr,
      status('Ce QR code vient d’un courriel d’activation ; ce téléphone est déjà activé.'),
    );
    const desk = await asking();
    await camera.filmDuring(desk.qr, heading(page, 'Vous connecter à Vaccin Covid ?'));
    await page.getByRole('button', { name: 'Refuser' }).click();
    await heading(page, 'C’est refusé');

    // The mail's QR code belongs to the phone that asked for it: a second one is told so.
    const thief = await openApp(browser, sandbox);
    const second = await mailOnComputer(thief, person(2).nationalId);
    await thief.page.getByRole('link', { name: 'Scanner le QR code' }).click();
    await camera.filmDuring(qr, thief.page.locator('.support-id').getByText('code_wrong').waitFor());
    await shoot(thief.page, 'refused');
    camera.cover();
    await Promise.all([
      mailbox.close(),
      second.mailbox.close(),
      other.context.close(),
      thief.context.close(),
    ]);
    await otherComputer();
  });

  test(
    'a QR code no longer shown is refused, and the one on the screen works',
    { timeout: 60_000 },
    async () => {
      const { page } = phone;
      const desk = await asking();
      await camera.film(desk.qr);
      // What was filmed stays before the lens while the page draws new ones: it is valid for 15 seconds.
      const old = await desk.qr.getAttribute('src');
      await vi.waitFor(async () => expect(await desk.qr.getAttribute('src')).not.toBe(old), {
        timeout: 15_000,
      });
      const since = Date.now();
      await vi.waitFor(() => expect(Date.now() - since).toBeGreaterThan(16_000), {
        timeout: 30_000,
        interval: 1_000,
      });
      await page.goto(at('/scanner'));
      await page
        .getByText('Ce QR code n’est plus affiché. Visez celui qui est à l’écran maintenant.')
        .waitFor();
      await shoot(page, 'too-old');
      await camera.film(desk.qr);
      await page.getByRole('button', { name: 'Réessayer' }).click();
      await camera.filmDuring(desk.qr, heading(page, 'Vous connecter à Vaccin Covid ?'));
      await page.getByRole('button', { name: 'Refuser' }).click();
      await heading(page, 'C’est refusé');
      expect(phone.complaints).toEqual([]);
    },
  );
});
