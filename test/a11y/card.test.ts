import { createServer } from 'node:http';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import type { Issued } from '../../src/sandbox/card/authority.ts';
import { privateKeyPem } from '../../src/sandbox/card/pem.ts';
import { launchBrowser } from '../support/browser.ts';
import { DOCTOR, listen, startCardSite } from '../support/card-site.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { authorizationRequest } from '../http/oidc-harness.ts';

/**
 * The card's pages in Chromium, with the certificate presented by the browser itself. Playwright ties a certificate to
 * one origin whose name it resolves itself, so this site has a single host for cards, by its address; a fresh host for
 * each attempt is tested over HTTP.
 */

const site = await startCardSite({ host: '127.0.0.1' });
const browser = await launchBrowser();
const shots = process.env['SCREENSHOTS'];

const service = createServer((_request, response) => {
  response.setHeader('content-type', 'text/html; charset=utf-8');
  response.end('<!doctype html><html lang="fr"><title>Service</title><h1>Ouvert</h1></html>');
});
const REDIRECT_URI = `http://127.0.0.1:${await listen(service)}/callback`;
onFileEnd(() => {
  service.closeAllConnections();
  service.close();
});

const WINDOWS = {
  desktop: { viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  narrow: { viewport: { width: 320, height: 640 }, colorScheme: 'dark' },
} as const;
type Window = keyof typeof WINDOWS;

const open = async (
  options: { card?: Issued; window?: Window; locale?: string } & BrowserContextOptions = {},
): Promise<{ context: BrowserContext; page: Page }> => {
  const { card, window = 'desktop', locale = 'fr-FR', ...rest } = options;
  const context = await browser.newContext({
    ...WINDOWS[window],
    ...{ locale, reducedMotion: 'reduce', ignoreHTTPSErrors: true },
    ...(card
      ? {
          clientCertificates: [
            {
              origin: site.config.cardOrigin ?? '',
              cert: Buffer.from(card.pem),
              key: Buffer.from(await privateKeyPem(card.keys)),
            },
          ],
        }
      : {}),
    ...rest,
  });
  return { context, page: await context.newPage() };
};

/** To the card's tab of a sign-in that a service has asked for. */
const toCardTab = async (page: Page, parameters: Record<string, string> = {}): Promise<void> => {
  await page.goto(authorizationRequest(site, { redirect_uri: REDIRECT_URI, ...parameters }).url);
  await page.getByRole('link', { name: /Carte CPS|CPS card/ }).click();
};

const pressCard = (page: Page): Promise<void> =>
  page.getByRole('button', { name: /Ma carte est insérée|My card is inserted/ }).click();

describe.each([true, false])('a real sign-in by card, JavaScript %s', (javaScriptEnabled) => {
  test('opens the service', async () => {
    const { context, page } = await open({ card: await site.files.card({}), javaScriptEnabled });
    await toCardTab(page);
    await pressCard(page);
    await page.waitForURL(`${REDIRECT_URI}?code=**`);
    await page.goto(
      authorizationRequest(site, { redirect_uri: REDIRECT_URI, client_id: 'sandbox-public' }).url,
    );
    expect(page.url(), 'single sign-on asks for nothing').toContain(`${REDIRECT_URI}?code=`);
    await context.close();
  });

  test('that is refused can be tried again or left for the e-CPS', async () => {
    const { context, page } = await open({ javaScriptEnabled });
    await toCardTab(page);
    await pressCard(page);
    await page.getByRole('heading', { name: 'Aucune carte n’a été présentée' }).waitFor();
    await page.getByRole('button', { name: 'Réessayer avec la carte' }).click();
    await page.getByRole('heading', { name: 'Aucune carte n’a été présentée' }).waitFor();
    await page.getByRole('link', { name: 'Se connecter avec l’e-CPS' }).click();
    await page.getByLabel('Identifiant national').waitFor();
    await context.close();
  });
});

/** Each page of the card, and how one comes to it. */
const STATES: Record<string, { card?: () => Promise<Issued>; go: (page: Page) => Promise<void> }> = {
  tab: { go: (page) => toCardTab(page) },
  absent: {
    go: async (page) => {
      await toCardTab(page);
      await pressCard(page);
    },
  },
  expired: {
    card: () =>
      site.files.card(
        {},
        { notBefore: new Date(Date.now() - 9e8), notAfter: new Date(Date.now() - 86_400_000) },
      ),
    go: async (page) => {
      await toCardTab(page);
      await pressCard(page);
    },
  },
  gone: {
    go: async (page) => {
      await toCardTab(page);
      await page.goto(`${page.url()}/retour?handoff=x`);
    },
  },
  lost: { go: async (page) => void (await page.goto(`${site.origin}/carte/lien`)) },
  diagnostic: { go: async (page) => void (await page.goto(`${site.origin}/carte/diagnostic`)) },
  accepted: {
    card: () => site.files.card({ nationalId: DOCTOR }),
    go: async (page) => {
      await page.goto(`${site.origin}/carte/diagnostic`);
      await page.getByRole('button', { name: /Lire ma carte|Read my card/ }).click();
      await page.waitForURL('**/resultat');
    },
  },
  rejected: {
    card: () => site.files.card({}, { override: { cardNumber: null } }),
    go: async (page) => {
      await page.goto(`${site.origin}/carte/diagnostic`);
      await page.getByRole('button', { name: /Lire ma carte|Read my card/ }).click();
      await page.waitForURL('**/resultat');
    },
  },
  help: {
    go: async (page) => {
      await page.goto(`${site.origin}/aide`);
      await page.getByText(/Ma carte CPS n’est pas reconnue|My CPS card is not recognised/).click();
    },
  },
  'signed-out': {
    go: async (page) => {
      await page.goto(`${site.config.issuer}/protocol/openid-connect/logout`);
      await page.getByText(/Retirez-la du lecteur|Take it out of the reader/).waitFor();
    },
  },
};

/** The longer language on the narrower screen. */
const LOOKS = [
  ['narrow', 'fr-FR'],
  ['desktop', 'en-GB'],
] as const;

describe.each(LOOKS)('the card’s pages, %s, in %s', (window, locale) => {
  test.each(Object.entries(STATES))('%s', async (state, { card, go }) => {
    const issued = await card?.();
    const { context, page } = await open({ window, locale, ...(issued ? { card: issued } : {}) });
    await go(page);
    expect(await page.getAttribute('html', 'lang')).toBe(locale.slice(0, 2));
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
      WINDOWS[window].viewport.width,
    );
    if (shots) {
      const path = join(shots, `card-${state}-${window}-${locale.slice(0, 2)}.png`);
      await page.screenshot({ path, fullPage: true });
    }
    await context.close();
  });
});
