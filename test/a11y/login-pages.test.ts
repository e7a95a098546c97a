import { AxeBuilder } from '@axe-core/playwright';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { startLoginSite } from '../support/login-site.ts';

const site = await startLoginSite();
const browser = await launchBrowser();
const shots = process.env['SCREENSHOTS'];

const open = async (options: BrowserContextOptions = {}): Promise<Page> => {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  return context.newPage();
};

const start = async (page: Page) => {
  await page.goto(`${site.origin}/commencer`);
  await page.waitForURL(/\/connexion\//);
};

const type = async (page: Page, identifier: string) => {
  await page.locator('#identifier').fill(identifier);
  await page.locator('button.button').click();
};

const wait = async (page: Page) => {
  await start(page);
  await type(page, '8 10 00 00 00 01 7');
  await page.waitForURL(/attente/);
};

/** Every page and every state, and how to get there. */
const PAGES: Record<string, (page: Page) => Promise<unknown>> = {
  start,
  malformed: async (page) => {
    await start(page);
    await type(page, '1234');
  },
  card: async (page) => {
    await start(page);
    await page.locator('.tabs a').nth(1).click();
  },
  wait,
  'wait-qr': async (page) => {
    await start(page);
    await page.locator('button[value=qr]').click();
    await page.waitForURL(/attente/);
  },
  'wait-luhn': async (page) => {
    await start(page);
    await type(page, '810000000018');
    await page.waitForURL(/attente/);
  },
  expired: async (page) => {
    await wait(page);
    site.phone.answer('expired');
    await page.locator('.support').waitFor();
  },
  stopped: async (page) => {
    await wait(page);
    site.phone.answer('stopped');
    await page.locator('.support').waitFor();
  },
  gone: async (page) => {
    await start(page);
    site.provider.interactions.clear();
    await page.reload();
  },
  'other-browser': (page) => page.goto(`${site.origin}/connexion/abcdefgh12/retour?v=x`),
  help: async (page) => {
    await page.goto(`${site.origin}/aide`);
    await page.locator('summary').first().click();
  },
  activate: (page) => page.goto(`${site.origin}/activer`),
  'self-test': (page) => page.goto(`${site.origin}/tester`),
  bravo: async (page) => {
    await page.goto(`${site.origin}/tester`);
    await page.locator('button.button').click();
    await type(page, '810000000017');
    await page.waitForURL(/attente/);
    site.phone.answer('approved');
    await page.waitForURL(/bravo/);
  },
  'oidc-error': (page) => page.goto(`${site.origin}/pages/erreur`),
  'sign-out': (page) => page.goto(`${site.origin}/pages/deconnexion`),
  device: (page) => page.goto(`${site.origin}/pages/appareil`),
  'device-unknown': (page) => page.goto(`${site.origin}/pages/appareil/inconnu`),
  'device-confirm': (page) => page.goto(`${site.origin}/pages/appareil/confirmer`),
  'device-done': (page) => page.goto(`${site.origin}/pages/appareil/fait`),
  'signed-out': (page) => page.goto(`${site.origin}/pages/deconnecte`),
  'contact-too-recent': (page) => page.goto(`${site.origin}/pages/refus/contact_too_recent`),
  'not-found': (page) => page.goto(`${site.origin}/rien`),
};

/** What axe finds, with the elements concerned. */
const violations = async (page: Page): Promise<unknown[]> => {
  const found = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return found.violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]);
};

/** What does not fit the width, and what a finger in a glove would miss. */
const misfits = (page: Page): Promise<{ overflow: number; small: string[] }> =>
  page.evaluate(() => {
    const touched = '.button, .second, .quiet, .tabs a, .links a, .ways a, summary, input[type=text]';
    const small = [...document.querySelectorAll(touched)].filter(
      (one) => one.getClientRects().length > 0 && one.getBoundingClientRect().height < 48,
    );
    return {
      overflow: Math.max(0, document.documentElement.scrollWidth - window.innerWidth),
      small: small.map((one) => one.outerHTML),
    };
  });

describe.each(['fr-FR', 'en-GB'])('in %s', (locale) => {
  test.each(Object.keys(PAGES))(
    '%s: no violation, nothing cut, nothing small; light and dark, wide and 320 px',
    async (name) => {
      const page = await open({ locale, colorScheme: 'light', viewport: { width: 1280, height: 800 } });
      await PAGES[name]?.(page);
      for (const width of [1280, 320]) {
        for (const colorScheme of ['light', 'dark'] as const) {
          // oxlint-disable-next-line no-await-in-loop -- one page, four looks, one after the other
          await page.setViewportSize({ width, height: 800 });
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
          await page.evaluate(() => document.fonts.ready);
          if (shots)
            await page.screenshot({
              path: `${shots}/${name}-${locale}-${colorScheme}-${width}.png`,
              fullPage: true,
            });
          expect({
            look: [width, colorScheme],
            found: await violations(page),
            ...(await misfits(page)),
          }).toEqual({
            look: [width, colorScheme],
            found: [],
            overflow: 0,
            small: [],
          });
        }
      }
      await page.context().close();
    },
  );
});

describe('a whole sign-in', () => {
  test('with the keyboard alone, and the page opens by itself', async () => {
    const page = await open({ locale: 'fr-FR' });
    const refused: string[] = [];
    page.on('console', (message) => message.type() === 'error' && refused.push(message.text()));
    await start(page);
    const seen: string[] = [];
    for (let i = 0; i < 20 && seen.at(-1) !== 'identifier'; i++) {
      await page.keyboard.press('Tab');
      seen.push(
        await page.evaluate(() => document.activeElement?.id || document.activeElement?.className || ''),
      );
    }
    expect(seen[0]).toBe('skip');
    const ring = await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineWidth);
    expect(ring).toBe('3px');
    await page.keyboard.type('10000000017');
    await page.keyboard.press('Enter');
    await page.waitForURL(/attente/);
    expect(await page.locator('[data-number]').getAttribute('data-number')).toBe('42');
    site.phone.answer('approved');
    await page.waitForURL(`${site.service}/retour?code=c`);
    expect(refused).toEqual([]);
    await page.context().close();
  });

  test('without JavaScript', async () => {
    const page = await open({ locale: 'fr-FR', javaScriptEnabled: false });
    await wait(page);
    site.phone.answer('approved');
    await page.locator('noscript a.button, a.button').first().click();
    await page.waitForURL(`${site.service}/retour?code=c`);
    await page.context().close();
  });

  test('without JavaScript and without a hand on it, by the refresh', async () => {
    const page = await open({ locale: 'fr-FR', javaScriptEnabled: false });
    await wait(page);
    site.phone.answer('approved');
    await page.waitForURL(`${site.service}/retour?code=c`, { timeout: 20_000 });
    await page.context().close();
  });

  test('when events are cut, by asking', async () => {
    const page = await open({ locale: 'fr-FR' });
    await page.route('**/evenements', (route) => route.abort());
    await wait(page);
    site.phone.answer('approved');
    await page.waitForURL(`${site.service}/retour?code=c`, { timeout: 15_000 });
    await page.context().close();
  });

  test('cancelling goes back to the service: the policy lets the form end there', async () => {
    const page = await open({ locale: 'fr-FR' });
    await wait(page);
    await page.locator('.cancel button').click();
    await page.waitForURL(`${site.service}/retour?error=access_denied`);
    await page.context().close();
  });

  test('form_post sends itself, and by a button without JavaScript', async () => {
    const page = await open();
    await page.goto(`${site.origin}/pages/form-post`);
    await page.waitForURL(`${site.service}/retour`);
    await page.context().close();
    const plain = await open({ javaScriptEnabled: false });
    await plain.goto(`${site.origin}/pages/form-post`);
    await plain.locator('button.button').click();
    await plain.waitForURL(`${site.service}/retour`);
    await plain.context().close();
  });

  test('the QR is drawn anew while one waits', async () => {
    const page = await open();
    await wait(page);
    const before = await page.locator('#qr').getAttribute('src');
    await expect.poll(() => page.locator('#qr').getAttribute('src'), { timeout: 15_000 }).not.toBe(before);
    expect(
      await page.locator('#qr').evaluate((image) => (image as HTMLImageElement).naturalWidth),
    ).toBeGreaterThan(0);
    await page.context().close();
  });
});
