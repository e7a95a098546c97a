import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { type Phone, createPhone } from '../../src/phone/client.ts';
import { privateKeyPem } from '../../src/sandbox/card/pem.ts';
import { launchBrowser } from '../support/browser.ts';
import { startCardSite } from '../support/card-site.ts';
import { createMemoryVault } from '../support/phone-vault.ts';
import { decodeQrSvg } from '../support/qr.ts';

/** The activation by card in Chromium: the browser presents the certificate, the shared phone scans what is on the screen. */

const site = await startCardSite({ host: '127.0.0.1' });
const browser = await launchBrowser();
const shots = process.env['SCREENSHOTS'];

const WINDOWS = {
  desktop: { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  narrow: { viewport: { width: 320, height: 640 }, colorScheme: 'dark' },
} as const;
type Window = keyof typeof WINDOWS;

const open = async (options: {
  window?: Window;
  locale?: string;
  javaScriptEnabled?: boolean;
  withCard?: boolean;
}): Promise<Page> => {
  const { window = 'desktop', locale = 'fr-FR', javaScriptEnabled = true, withCard = true } = options;
  const card = await site.files.card({});
  const certificate = {
    origin: site.config.cardOrigin ?? '',
    cert: Buffer.from(card.pem),
    key: Buffer.from(await privateKeyPem(card.keys)),
  };
  const context = await browser.newContext({
    ...WINDOWS[window],
    ...{ locale, javaScriptEnabled, reducedMotion: 'reduce', ignoreHTTPSErrors: true },
    ...(withCard ? { clientCertificates: [certificate] } : {}),
  });
  return context.newPage();
};

const newPhone = (): Phone => createPhone({ origin: site.origin, vault: createMemoryVault(), locale: 'fr' });
const device = { name: 'Téléphone de Camille', model: 'Pixel 9', os: 'Android 16' };

const start = async (page: Page): Promise<void> => void (await page.goto(`${site.origin}/activer/carte`));
const pressCard = (page: Page): Promise<void> =>
  page.getByRole('button', { name: /Ma carte est insérée|My card is inserted/ }).click();
const qrOf = async (page: Page): Promise<string> =>
  decodeQrSvg(await (await page.request.get(`${site.origin}/activer/carte/qr.svg`)).text());

/** Up to the comparison: the page finds by itself that a phone scanned. */
const scanned = async (page: Page): Promise<Phone> => {
  await start(page);
  await pressCard(page);
  await page.getByRole('img', { name: /QR code/ }).waitFor();
  const phone = newPhone();
  await phone.activateByCard({ qr: await qrOf(page), device });
  return phone;
};

const yes = (page: Page) => page.getByRole('button', { name: /^(Oui|Yes)/ });

describe('an activation by card', () => {
  test('the page follows the phone by itself, from the QR to the end', async () => {
    const page = await open({});
    const phone = await scanned(page);
    await yes(page).waitFor();
    const { letters } = await phone.activation();
    expect(await page.locator('[data-letters]').getAttribute('data-letters')).toBe(letters);
    await yes(page).click();
    await page.getByRole('heading', { name: 'Choisissez votre code PIN' }).waitFor();
    const enrolled = await phone.enrol('493027');
    await page.getByRole('heading', { name: 'Votre e-CPS est activée' }).waitFor();
    await phone.revoke(enrolled.device.id);
    await page.context().close();
  });

  test('works without JavaScript', async () => {
    const page = await open({ javaScriptEnabled: false });
    const phone = await scanned(page);
    await page.getByRole('link', { name: 'J’ai scanné : continuer' }).click();
    await page.getByRole('button', { name: 'Non, ce n’est pas mon téléphone' }).click();
    await page.getByRole('heading', { name: 'Ce téléphone est refusé' }).waitFor();
    expect(await phone.activation()).toMatchObject({ state: 'closed' });
    await page.context().close();
  });

  test('a second scan is told while the person compares', async () => {
    const page = await open({});
    await start(page);
    await pressCard(page);
    await page.getByRole('img', { name: /QR code/ }).waitFor();
    const qr = await qrOf(page);
    await newPhone().activateByCard({ qr, device });
    await yes(page).waitFor();
    await newPhone()
      .activateByCard({ qr, device })
      .catch((error: unknown) => expect(error).toMatchObject({ code: 'scanned_elsewhere' }));
    await page.getByText('un autre téléphone a aussi scanné').waitFor();
    await page.context().close();
  });
});

/** Each page, and how one comes to it. */
const STATES: Record<string, { withCard?: boolean; go(page: Page): Promise<unknown> }> = {
  start: { go: start },
  refused: {
    withCard: false,
    go: async (page) => {
      await start(page);
      await pressCard(page);
      await page.waitForURL('**/activer/carte');
    },
  },
  scan: {
    go: async (page) => {
      await start(page);
      await pressCard(page);
      await page.getByRole('img', { name: /QR code/ }).waitFor();
    },
  },
  compare: {
    go: async (page) => {
      await scanned(page);
      await yes(page).waitFor();
    },
  },
  pin: {
    go: async (page) => {
      await scanned(page);
      await yes(page).click();
      await page.getByRole('heading', { name: /PIN/ }).waitFor();
    },
  },
  done: {
    go: async (page) => {
      const phone = await scanned(page);
      await yes(page).click();
      await page.getByRole('heading', { name: /PIN/ }).waitFor();
      const enrolled = await phone.enrol('493027');
      await page.getByRole('heading', { name: /activée|active/ }).waitFor();
      await phone.revoke(enrolled.device.id);
    },
  },
  declined: {
    go: async (page) => {
      await scanned(page);
      await page.getByRole('button', { name: /^(Non|No)/ }).click();
      await page.getByRole('heading', { name: /refusé|refused/ }).waitFor();
    },
  },
};

const LOOKS = [
  ['narrow', 'fr-FR'],
  ['desktop', 'en-GB'],
] as const;

describe.each(LOOKS)('its pages, %s, in %s', (window, locale) => {
  test.each(Object.entries(STATES))('%s', async (state, { go, withCard = true }) => {
    const page = await open({ window, locale, withCard });
    await go(page);
    expect(await page.getAttribute('html', 'lang')).toBe(locale.slice(0, 2));
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(WINDOWS[window].viewport.width);
    if (shots) {
      const path = join(shots, `card-activation-${state}-${window}-${locale.slice(0, 2)}.png`);
      await page.screenshot({ path, fullPage: true });
    }
    await page.context().close();
  });
});
