import { AxeBuilder } from '@axe-core/playwright';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type AppPhone, activateApp, openApp, press } from '../support/phone-app.ts';
import { type RunningSandbox, startSandbox } from '../support/sandbox.ts';

/**
 * Every screen of an activated phone, in both languages and both themes, looked at by axe at 320 px. Those of the activation
 * are in phone-activation.test.ts, and what the screens do in phone-life.test.ts.
 */

const SCREENS = [
  ...['/', '/historique', '/telephones', '/telephone-perdu', '/reglages', '/tester', '/scanner'],
  ...[
    '/code-pin',
    '/code-pin/retour',
    '/code-pin/oublie',
    '/renouveler',
    '/supprimer',
    '/l',
    '/activer/carte',
  ],
];
let sandbox: RunningSandbox;
let browser: Browser;
let phone: AppPhone;

beforeAll(async () => {
  [sandbox, browser] = await Promise.all([startSandbox(), launchBrowser()]);
  phone = await openApp(browser, sandbox, { viewport: { width: 320, height: 640 } });
  await activateApp(phone, sandbox, nationalId(), '493027');
}, 180_000);

afterAll(() => sandbox.stop());

const nationalId = (): string => sandbox.info.personas[0]?.nationalId ?? '';

const look = async (name: string): Promise<void> => {
  const { page } = phone;
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`),
      `${name}, ${colorScheme}`,
    ).toEqual([]);
  }
  const wide = await page.evaluate(
    () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
  );
  expect(wide, `${name} scrolls sideways`).toBe(false);
};

/** A state that takes minutes, or a copy of the phone, to reach: the server's answer with that state. */
const lookAs = async (state: string, locale: string): Promise<void> => {
  const { page } = phone;
  await page.route('**/ecps/v1/me', async (route) => {
    const response = await route.fetch();
    const me = (await response.json()) as { device: object };
    await route.fulfill({ response, json: { ...me, device: { ...me.device, state } } });
  });
  await page.goto(sandbox.info.app);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await look(`${state} ${locale}`);
  await page.unroute('**/ecps/v1/me');
};

/** A sign-in asked by a computer; its number. */
const asked = async (): Promise<string> => {
  const page = await (await browser.newContext({ locale: 'fr-FR' })).newPage();
  await page.goto(sandbox.info.services[0]?.url ?? '');
  await page.getByRole('button', { name: /Caducée/ }).click();
  await page.locator('#identifier').fill(nationalId());
  await page.locator('form button[type=submit]').first().click();
  const number = (await page.locator('[data-number]').getAttribute('data-number')) ?? '';
  await page.context().close();
  return number;
};

test.each(['fr', 'en'] as const)('every screen is accessible in %s', { timeout: 240_000 }, async (locale) => {
  const { page } = phone;
  await page.goto(sandbox.info.app);
  const other = page.locator(`header [data-language=${locale}], footer [data-language=${locale}]`).first();
  if ((await page.locator('html').getAttribute('lang')) !== locale) await other.click();
  await page.locator(`html[lang=${locale}]`).waitFor();
  for (const path of SCREENS) {
    await page.goto(new URL(path, sandbox.info.app).href);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await look(`${path} ${locale}`);
  }
  for (const state of ['locked', 'frozen', 'expired', 'quarantine', 'revoked']) await lookAs(state, locale);
  await page.goto(sandbox.info.app);
  await page.getByRole('heading', { level: 1 }).waitFor();
  const number = await asked();
  await page.locator('[data-action=ask-report]').waitFor();
  await look(`request ${locale}`);
  await page.locator('[data-action=go-on]').click();
  await page.locator('.keypad').waitFor();
  await look(`number ${locale}`);
  await press(page, number);
  await page.locator('.typed-number').waitFor();
  await look(`PIN ${locale}`);
  await page.goto(sandbox.info.app);
  await page.locator('[data-action=refuse]').click();
  await page.locator('[data-action=refuse]').waitFor({ state: 'detached' });
  await look(`refused ${locale}`);
  expect(phone.complaints).toEqual([]);
});
