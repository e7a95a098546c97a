import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { BrowserContextOptions } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { startDirectorySite } from '../support/directory-site.ts';
import { doctor, rpps } from '../support/registry.ts';

const named = (serial: number, family: string, given: string) =>
  doctor(serial, { nomDexercice: family, prenomDexercice: given });

const { origin } = await startDirectorySite([
  named(1, 'AUBERT', 'CAMILLE'),
  named(2, 'TRÈS-LONG-NOM-DE-FAMILLE-SANS-ESPACE-AUCUN-POUR-VOIR-CE-QUI-ARRIVE', 'MARIE'),
  ...Array.from({ length: 55 }, (_, index) => named(100 + index, 'COURANT', `P${index}`)),
]);
const browser = await launchBrowser();
const shots = process.env['SCREENSHOTS'];

const STATES: Record<string, string> = {
  form: '',
  missing: '?nom=&prenom=x',
  found: '?nom=aubert&retour=%2Fconnexion%2Fabc',
  long: '?nom=tres+long+nom+de+famille+sans+espace+aucun+pour+voir+ce+qui+arrive',
  many: '?nom=courant',
  near: '?nom=auberd&prenom=camille&profession=10&ville=lyno&retour=%2Fconnexion%2Fabc',
  none: '?nom=personne',
};
const WINDOWS: Record<string, BrowserContextOptions & { viewport: { width: number; height: number } }> = {
  desktop: { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  narrow: { viewport: { width: 320, height: 640 }, colorScheme: 'dark' },
};

describe.each(Object.entries(WINDOWS))('the directory, %s', (size, window) => {
  it.each(Object.entries(STATES))('%s', async (state, query) => {
    const context = await browser.newContext({ ...window, reducedMotion: 'reduce', locale: 'fr-FR' });
    const page = await context.newPage();
    await page.goto(`${origin}/annuaire${query}`);
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
      window.viewport.width,
    );
    if (shots) await page.screenshot({ path: join(shots, `directory-${state}-${size}.png`), fullPage: true });
    await context.close();
  });
});

it('works with the keyboard and without JavaScript', async () => {
  const context = await browser.newContext({ javaScriptEnabled: false, locale: 'fr-FR' });
  const page = await context.newPage();
  await page.goto(`${origin}/annuaire?retour=%2Fannuaire%3Fnom%3Dcourant`);
  await page.locator('#family').focus();
  await page.keyboard.type('aubert');
  await page.keyboard.press('Tab');
  await page.keyboard.type('Camille');
  await page.keyboard.press('Enter');
  await page.waitForURL(/nom=aubert/);
  expect(await page.locator('[data-identifier]').getAttribute('data-identifier')).toBe(rpps(1));
  await page.getByText('Revenir où vous en étiez').click();
  await page.waitForURL(/nom=courant/);
  await context.close();
});
