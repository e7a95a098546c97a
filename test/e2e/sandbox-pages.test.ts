import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type RunningSandbox, startSandbox } from '../support/sandbox.ts';

/**
 * The pages that are the sandbox's own (home, the app's stand-in) and those of the example services, as people see them:
 * axe without violation, no sideways scrolling at 320 px, light and dark, French and English, with and without scripts.
 */

let sandbox: RunningSandbox;
let browser: Browser;
let folder: string;
/** An intern: no place of practice. */
let intern: { nationalId: string; name: string };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caducee-pages-'));
  [sandbox, browser] = await Promise.all([startSandbox(), launchBrowser()]);
  const found = sandbox.info.personas.find(({ note }) => note.startsWith('Interne'));
  if (!found) throw new Error('no intern among the personas');
  intern = found;
}, 120_000);

afterAll(async () => {
  await sandbox.stop();
  rmSync(folder, { recursive: true, force: true });
});

const service = (id: string): string => sandbox.info.services.find((one) => one.id === id)?.url ?? '';

const violations = async (page: Page): Promise<string[]> => {
  const { violations: found } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
};

const scrollsSideways = (page: Page): Promise<boolean> =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

const shoot = async (page: Page, name: string): Promise<void> => {
  const shots = process.env['SCREENSHOTS'];
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
};

const VIEWS = [
  { name: '320-light-fr', viewport: { width: 320, height: 640 }, colorScheme: 'light', locale: 'fr-FR' },
  { name: '320-dark-en', viewport: { width: 320, height: 640 }, colorScheme: 'dark', locale: 'en-GB' },
  { name: '1280-light-en', viewport: { width: 1280, height: 900 }, colorScheme: 'light', locale: 'en-GB' },
  { name: '1280-dark-fr', viewport: { width: 1280, height: 900 }, colorScheme: 'dark', locale: 'fr-FR' },
] as const;

const check = async (page: Page, name: string): Promise<void> => {
  await shoot(page, name);
  expect(await violations(page)).toEqual([]);
  expect(await scrollsSideways(page)).toBe(false);
};

describe('what anyone sees', () => {
  const pages = (): Record<string, string> => ({
    home: sandbox.info.home,
    app: sandbox.info.app,
    'app-link': `${sandbox.info.app}approuver?x=1#y`,
    vaccin: service('vaccin-covid'),
    'vaccin-en': `${service('vaccin-covid')}?lang=en`,
    sidep: service('si-dep'),
    'sidep-lost': `${service('si-dep')}callback?state=none`,
    'sidep-nowhere': `${service('si-dep')}nowhere`,
  });

  it.each(VIEWS)('reads well: $name', async ({ name, ...options }) => {
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('Failed to load resource')) {
        complaints.push(message.text());
      }
    });
    for (const [title, url] of Object.entries(pages())) {
      await page.goto(url);
      await check(page, `${title}-${name}`);
    }
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('copies an identifier at the press of a button, and selects it whole without scripts', async () => {
    const context = await browser.newContext({
      locale: 'fr-FR',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const page = await context.newPage();
    await page.goto(sandbox.info.home);
    const button = page.getByRole('button', { name: `Copier ${intern.nationalId}` });
    await button.click();
    await expect.poll(() => button.textContent()).toBe('Copié');
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(intern.nationalId);
    await context.close();

    const plain = await browser.newContext({ locale: 'fr-FR', javaScriptEnabled: false });
    const still = await plain.newPage();
    await still.goto(sandbox.info.home);
    expect(await still.getByRole('button').count()).toBe(0);
    await still.getByText(intern.nationalId, { exact: true }).first().click();
    await plain.close();
  });

  it('completes the command of the same-phone link with the whole address, its fragment too', async () => {
    const page = await browser.newPage();
    const url = `${sandbox.info.app}approuver?x=1#y`;
    await page.goto(url);
    await page.getByText(`--link '${url}'`).waitFor();
    await page.close();
  });
});

describe('who has no place of practice', () => {
  const signIn = async (context: BrowserContext): Promise<Page> => {
    const page = await context.newPage();
    await page.goto(service('vaccin-covid'));
    await page.getByRole('button', { name: "S'identifier avec Caducée" }).click();
    await page.locator('#identifier').fill(intern.nationalId);
    await page.locator('button.button').click();
    const number = await page.locator('[data-number]').getAttribute('data-number');
    const state = join(folder, 'phone.json');
    const approved = await sandbox.caducee(
      'phone',
      'approve',
      '--state',
      state,
      '--number',
      number ?? '',
      '--json',
    );
    expect(approved.code, approved.stderr + approved.stdout).toBe(0);
    await page.waitForURL(`${service('vaccin-covid')}**`);
    return page;
  };

  beforeAll(async () => {
    const state = join(folder, 'phone.json');
    const answer = await sandbox.caducee(
      'phone',
      'activate',
      intern.nationalId,
      '--pin',
      '493027',
      '--state',
      state,
    );
    expect(answer.code, answer.stderr).toBe(0);
  }, 60_000);

  it('is served like everyone, in both services, in both languages', async () => {
    const context = await browser.newContext({ locale: 'fr-FR', viewport: { width: 320, height: 640 } });
    const page = await signIn(context);
    await page.getByRole('heading', { name: /^Bonjour/ }).waitFor();
    expect(await page.getByRole('main').textContent()).toContain('en formation');
    expect(await page.getByRole('main').textContent()).toContain("Aucun lieu d'exercice");
    await check(page, 'vaccin-signed-in-320-fr');
    await page.goto(`${service('si-dep')}?lang=en`);
    await page.getByRole('button', { name: 'Sign in with Caducée' }).click();
    await page.waitForURL(service('si-dep'));
    await page.getByRole('heading', { name: /^Hello/ }).waitFor();
    expect(await page.getByRole('main').textContent()).toContain('No place of practice');
    await check(page, 'sidep-signed-in-320-en');
    await context.close();
  }, 60_000);
});
