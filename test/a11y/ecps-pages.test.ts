import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { BrowserContextOptions } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { refusal, startEcpsSite } from '../support/ecps-site.ts';

const site = await startEcpsSite();
const browser = await launchBrowser();
const shots = process.env['SCREENSHOTS'];

const WINDOWS: Record<string, BrowserContextOptions & { viewport: { width: number; height: number } }> = {
  desktop: { viewport: { width: 1280, height: 900 }, colorScheme: 'light', locale: 'fr-FR' },
  narrow: { viewport: { width: 320, height: 640 }, colorScheme: 'dark', locale: 'en-GB' },
};

/** A phone just added, with the stop link of its mail. */
const addedPhone = async () => {
  const person = site.person();
  const phone = await site.activated(person);
  const mail = (await site.mails(person)).find(({ text }) => text.includes('/telephone/arreter/'));
  const link = /https?:\S+\/telephone\/arreter\/[\w-]+/.exec(mail?.text ?? '')?.[0] ?? 'no link';
  return { phone, link };
};

describe.each(Object.entries(WINDOWS))('pages that end a phone, %s', (size, window) => {
  const visit = async (work: (page: Awaited<ReturnType<typeof open>>['page']) => Promise<void>) => {
    const { context, page } = await open();
    await work(page);
    await context.close();
  };
  const open = async () => {
    const context = await browser.newContext({ ...window, javaScriptEnabled: true, reducedMotion: 'reduce' });
    return { context, page: await context.newPage() };
  };
  type Page = Awaited<ReturnType<typeof open>>['page'];
  const check = async (page: Page, name: string) => {
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
      window.viewport.width,
    );
    if (shots) await page.screenshot({ path: join(shots, `ecps-${name}-${size}.png`), fullPage: true });
  };

  it('the stop link, by keyboard alone', () =>
    visit(async (page) => {
      const { phone, link } = await addedPhone();
      await page.goto(link);
      await check(page, 'stop');
      await page.locator('main form button').focus();
      await page.keyboard.press('Enter');
      await page.locator('.success').waitFor();
      await check(page, 'stopped');
      expect((await refusal(phone.me())).code).toBe('device_revoked');
    }));

  it('the stop link of changed contact details, by keyboard alone', () =>
    visit(async (page) => {
      const person = site.person();
      const { id = '' } = (await site.registry.find(person.nationalId)) ?? {};
      await site.registry.setContact(
        id,
        { email: 'nouvelle@exemple.test' },
        { declaredAt: site.clock.now() },
      );
      await site.tellContacts();
      const [mail] = await site.mails(person);
      await page.goto(/https?:\S+\/coordonnees\/arreter\/[\w-]+/.exec(mail?.text ?? '')?.[0] ?? 'no link');
      await check(page, 'contact-stop');
      await page.locator('main form button').focus();
      await page.keyboard.press('Enter');
      await page.locator('.success').waitFor();
      await check(page, 'contact-stopped');
    }));

  it('the printed code', () =>
    visit(async (page) => {
      await page.goto(`${site.origin}/telephone/retirer`);
      await check(page, 'revocation');
      await page.locator('main form button').click();
      await page.locator('.problem').waitFor();
      await check(page, 'revocation-problem');
      await page.locator('#code').fill('K7QF-2M9A-3XTD-8WPE');
      await page.locator('main form button').click();
      await page.locator('.success').waitFor();
      await check(page, 'revoked');
    }));
});
