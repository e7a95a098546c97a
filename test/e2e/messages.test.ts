import { AxeBuilder } from '@axe-core/playwright';
import type { BrowserContext, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { qrImage } from '../../src/messages/mail.ts';
import type { SmsRequest } from '../../src/messages/request.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { renderMail, type MailData, type MailTemplate } from '../../views/mails/index.ts';
import { launchBrowser } from '../support/browser.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { MAIL_CONTEXT, inboxTransports, startInbox } from '../support/mail.ts';
import { MAIL_SAMPLES } from '../support/mail-samples.ts';

/** Mails and the inbox page in Chromium: light and dark, wide and narrow, with and without JavaScript. */

const browser = await launchBrowser();
const clock = new ManualClock('2021-01-14T07:30:00Z');
/** For what real time brings: a loaded machine takes its time. */
const PATIENT = { timeout: 10_000 };
const FAR = new Date('2031-01-01');
const sms: SmsRequest = {
  kind: 'sms',
  template: 'activation_code',
  to: '+33612345612',
  locale: 'fr',
  data: { code: '493027', domain: 'app.caducee.test' },
  expiresAt: FAR,
};

/** Keeps a picture to look at, when CADUCEE_SCREENSHOTS names a folder. */
const picture = async (page: Page, name: string): Promise<void> => {
  const folder = process.env['CADUCEE_SCREENSHOTS'];
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
};

const open = async (options: Parameters<typeof browser.newContext>[0]): Promise<Page> => {
  const context: BrowserContext = await browser.newContext({ locale: 'fr-FR', ...options });
  onFileEnd(() => context.close());
  return context.newPage();
};

const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

const qrAddress = qrImage(MAIL_SAMPLES.activation_qr['usual']!.qrText).then(
  (png) => `data:image/png;base64,${png.toString('base64')}`,
);

/** A mail is a part of its program's page: that page has the landmarks, not the mail. */
const PAGE_RULES = ['region', 'landmark-one-main'];

const violations = async (page: Page, disabled: string[] = []): Promise<string[]> =>
  (await new AxeBuilder({ page }).disableRules(disabled).analyze()).violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
  );

const templates = Object.entries(MAIL_SAMPLES).map(([template, variants]) => ({
  template: template as MailTemplate,
  data: Object.values(variants).at(-1) as MailData[MailTemplate],
}));

describe.each(['light', 'dark'] as const)('mails on a %s screen', (colorScheme) => {
  it.each(templates)('$template passes axe and fits 320 px', async ({ template, data }) => {
    const { html } = renderMail(template, data as never, 'fr', MAIL_CONTEXT);
    const page = await open({ colorScheme, viewport: { width: 700, height: 900 } });
    await page.setContent(html.replace('cid:qr@caducee', await qrAddress));
    expect(await violations(page, PAGE_RULES)).toEqual([]);
    await picture(page, `mail-${template}-${colorScheme}`);
    await page.setViewportSize({ width: 320, height: 700 });
    expect(await overflow(page)).toBe(0);
    await picture(page, `mail-${template}-${colorScheme}-320`);
  });

  it('keeps the QR code dark on white', async () => {
    const { html } = renderMail('activation_qr', MAIL_SAMPLES.activation_qr['usual']!, 'fr', MAIL_CONTEXT);
    const page = await open({ colorScheme });
    await page.setContent(html);
    const colour = await page.locator('img').evaluate((image) => getComputedStyle(image).borderTopColor);
    expect(colour).toBe('rgb(255, 255, 255)');
  });
});

/**
 * axe cannot run inside the frame of a mail, where nothing runs at all; the mails are checked above, so the page is
 * checked with an empty document in its frame.
 */
const violationsAroundMail = async (page: Page): Promise<string[]> => {
  await page.locator('iframe').evaluate(
    (frame) =>
      new Promise((resolve) => {
        frame.addEventListener('load', resolve, { once: true });
        frame.removeAttribute('sandbox');
        frame.removeAttribute('src');
        frame.setAttribute('srcdoc', '<!doctype html><html lang="fr"><title>x</title></html>');
      }),
  );
  return violations(page, PAGE_RULES);
};

describe('the inbox page', { timeout: 90_000 }, async () => {
  const inbox = await startInbox({ clock });
  const { mail, sms: text } = inboxTransports(inbox.urls(), clock);
  const url = inbox.urls().page;
  const sendMail = () =>
    mail.deliver(
      'id',
      {
        kind: 'mail',
        template: 'activation_qr',
        to: 'marie-antoinette.de-la-rochefoucauld@hopital-universitaire.test',
        locale: 'fr',
        data: MAIL_SAMPLES.activation_qr['usual']!,
      },
      FAR,
    );

  it('shows what arrives while one looks, and lets one read it', async () => {
    inbox.clear();
    const page = await open({ viewport: { width: 1280, height: 900 } });
    await page.goto(url);
    await page.getByText('Aucun message pour l’instant').waitFor();
    expect(await violations(page)).toEqual([]);
    await picture(page, 'inbox-empty');

    await text.deliver('id', sms, FAR);
    await page.getByRole('link', { name: /Votre code e-CPS/ }).waitFor();
    await expect.poll(() => page.getByRole('status').textContent(), PATIENT).toBe('Nouveau message reçu.');
    await sendMail();
    await page.getByRole('link', { name: /Activez votre e-CPS/ }).click();
    const frame = page.frameLocator('iframe');
    await frame.getByRole('heading', { name: 'Activez votre e-CPS' }).waitFor();
    await expect
      .poll(() => frame.locator('img').evaluate((image) => (image as HTMLImageElement).naturalWidth), PATIENT)
      .toBeGreaterThan(300);
    await picture(page, 'inbox-mail');
    expect(await violationsAroundMail(page)).toEqual([]);

    await page.getByRole('link', { name: 'Texte seul' }).click();
    await page.getByText('K7QF-2M9A').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByRole('link', { name: /Votre code e-CPS/ }).click();
    await page.getByText('@app.caducee.test #493027').waitFor();
    expect(await violations(page)).toEqual([]);
    await picture(page, 'inbox-sms');
  });

  it('works in English, in the dark, at 320 px and by keyboard', async () => {
    inbox.clear();
    await text.deliver('id', sms, FAR);
    await sendMail();
    const page = await open({
      locale: 'en-GB',
      colorScheme: 'dark',
      viewport: { width: 320, height: 700 },
    });
    await page.goto(url);
    expect(await overflow(page)).toBe(0);
    expect(await violations(page)).toEqual([]);
    await picture(page, 'inbox-320');
    await page.getByRole('link', { name: /Activez votre e-CPS/ }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /Activez votre e-CPS/ }).waitFor();
    expect(await overflow(page)).toBe(0);
    await page.frameLocator('iframe').getByRole('img').waitFor();
    await picture(page, 'inbox-320-mail');
    expect(await violationsAroundMail(page)).toEqual([]);
    await page.getByRole('link', { name: 'All messages' }).click();
    await page.getByRole('button', { name: 'Delete all' }).click();
    await page.getByText('No message yet').waitFor();
  });

  it('works without JavaScript', async () => {
    inbox.clear();
    const page = await open({ javaScriptEnabled: false });
    await page.goto(url);
    await text.deliver('id', sms, FAR);
    await page.getByRole('link', { name: 'Actualiser' }).click();
    await page.getByRole('link', { name: /Votre code e-CPS/ }).click();
    await page.getByText('@app.caducee.test #493027').waitFor();
    await page.getByRole('button', { name: 'Tout effacer' }).click();
    await page.getByText('Aucun message pour l’instant').waitFor();
    expect(inbox.messages()).toEqual([]);
  });
});
