import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type Camera, createCamera } from '../support/camera.ts';
import { HttpClient, hiddenFields } from '../support/http-client.ts';
import { type AppPhone, heading, openApp, press } from '../support/phone-app.ts';
import { type RunningSandbox, startSandbox } from '../support/sandbox.ts';
import { issueVirtualCard, presentVirtualCard } from '../support/virtual-card.ts';

/** The e-CPS activated by card with the web app: a card in the reader of a computer, the phone filming its page. */

const PIN = '493027';
const PAGE = '/activer/carte';
let sandbox: RunningSandbox;
let browser: Browser;
let camera: Camera;
let phone: AppPhone;

beforeAll(async () => {
  camera = createCamera();
  [sandbox, browser] = await Promise.all([startSandbox(), launchBrowser(camera.args)]);
  phone = await openApp(browser, sandbox);
}, 180_000);

afterAll(() => sandbox.stop());

test('phone and computer show the same letters, the computer confirms, the phone chooses its PIN', async () => {
  const nationalId = sandbox.info.personas[0]?.nationalId ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'caducee-phone-card-'));
  const authority = await (await fetch(sandbox.info.cardAuthority)).text();
  const card = await issueVirtualCard(sandbox, folder, nationalId);
  const reader = new HttpClient(new URL(sandbox.info.home).origin);
  expect(await presentVirtualCard(reader, PAGE, card, authority)).toBe(`${PAGE}/telephone`);

  const { page } = phone;
  await page.goto(sandbox.info.app);
  await page.getByRole('link', { name: 'J’ai ma carte CPS et un lecteur' }).click();
  await heading(page, 'Filmez le QR code de l’ordinateur');
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);

  const svg = await (await reader.get(`${PAGE}/qr.svg`)).text();
  const screen = await browser.newPage();
  await screen.setContent(
    `<body style="margin:0;background:white"><div id="qr" style="width:360px">${svg}</div>`,
  );
  const compared = heading(page, 'Comparez avec l’ordinateur');
  await camera.filmDuring(screen.locator('#qr'), compared);
  camera.cover();
  const shown = (await page.locator('.letters').textContent())?.replaceAll(' ', '');
  expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);

  const computer = await (await reader.get(`${PAGE}/telephone`)).text();
  expect(/data-letters="(\w{4})"/.exec(computer)?.[1]).toBe(shown);
  await reader.post(`${PAGE}/telephone`, { ...hiddenFields(computer), reponse: 'oui' });

  await heading(page, 'Choisissez votre code PIN');
  await press(page, PIN);
  await heading(page, 'Tapez-le une seconde fois');
  await press(page, PIN);
  await heading(page, 'Votre e-CPS est activée');
  expect(phone.complaints).toEqual([]);
  expect(await (await reader.get(`${PAGE}/telephone`)).text()).toContain('Votre e-CPS est activée');
});
