import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { TUTORIALS, picture, tutorialText } from '../../views/locales/tutorials.ts';
import { COMPUTER_SIZE, PHONE_SIZE } from '../../views/pages/tutorial.ts';
import { launchBrowser } from '../support/browser.ts';
import { type AppPhone, inboxMessages, openApp, press } from '../support/phone-app.ts';
import { ROOT, type RunningSandbox, startSandbox } from '../support/sandbox.ts';

/**
 * The story as the tutorials tell it, in both languages. Every picture of the tutorials is one of its screens: they are
 * compared with what the app shows now, so that neither ages without the other. `npm run tutorials` takes them again.
 */

const PIN = '493027';
const WRITE = process.env['TUTORIALS'] === 'write';
/** What may differ: the hour, the number of the computer, the code of the mail, a name. */
const MOST_DIFFERENT = 0.04;
let sandbox: RunningSandbox;
let browser: Browser;

beforeAll(async () => {
  [sandbox, browser] = await Promise.all([startSandbox(), launchBrowser()]);
}, 120_000);

afterAll(() => sandbox.stop());

const shoot = async (page: Page): Promise<Buffer> => {
  await page.evaluate(() => document.fonts.ready.then(() => scrollTo(0, 0)));
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 80 });
  await session.detach();
  return Buffer.from(data, 'base64');
};

/** The part of the pixels that clearly differ, decoded by the browser; 1 when the sizes do. */
const difference = async (judge: Page, one: Buffer, other: Buffer): Promise<number> =>
  judge.evaluate(
    async (images) => {
      const pixels = await Promise.all(
        images.map(async (image) => {
          const bytes = Uint8Array.from(atob(image), (letter) => letter.codePointAt(0) ?? 0);
          const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/webp' }));
          const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
          context?.drawImage(bitmap, 0, 0);
          return context?.getImageData(0, 0, bitmap.width, bitmap.height).data ?? new Uint8ClampedArray();
        }),
      );
      const [first, second] = pixels;
      if (!first || first.length !== second?.length) return 1;
      let different = 0;
      for (let at = 0; at < first.length; at += 4) {
        if (Math.abs((first[at + 1] ?? 0) - (second[at + 1] ?? 0)) > 64) different += 1;
      }
      return different / (first.length / 4);
    },
    [one.toString('base64'), other.toString('base64')],
  );

/** Answers what came after `act`, by its pattern. */
const codeAfter = async (
  kind: 'mail' | 'sms',
  pattern: RegExp,
  act: () => Promise<void>,
): Promise<string> => {
  const before = new Set((await inboxMessages(sandbox, kind)).map(({ id }) => id));
  await act();
  return vi.waitFor(
    async () => {
      const fresh = (await inboxMessages(sandbox, kind)).filter(({ id }) => !before.has(id));
      const code = fresh.map(({ text }) => pattern.exec(text)?.[1]).find((found) => found !== undefined);
      if (code === undefined) throw new Error(`no ${kind} came`);
      return code;
    },
    { timeout: 15_000, interval: 150 },
  );
};

type See = (step: string, page?: Page) => Promise<void>;

const activate = async ({ page }: AppPhone, nationalId: string, see: See): Promise<void> => {
  const submit = () => page.locator('main form .button').click();
  await see('welcome');
  await page.locator('main .button').first().click();
  await page.locator('#identifier').fill(nationalId);
  await see('identifier');
  const typed = await codeAfter('mail', /\b([0-9A-Z]{4}-[0-9A-Z]{4})\b/, submit);
  await page.locator('summary').waitFor();
  await see('mail');
  await page.locator('summary').click();
  await see('no-mail');
  await page.locator('main a[href="/activation/code"]').click();
  await page.locator('#typed').fill(typed);
  const code = await codeAfter('sms', /#(\d{6})\s*$/, submit);
  await page.locator('#sms').waitFor();
  await see('sms');
  await page.locator('summary').click();
  await see('no-sms');
  await page.locator('#sms').fill(code);
  await submit();
  await page.locator('.keypad').waitFor();
  await see('pin');
  await press(page, PIN);
  await page.getByRole('heading', { name: /seconde|second time/ }).waitFor();
  await press(page, PIN);
  await page.locator('.revocation').waitFor();
  await see('done');
  await page.locator('main .button').first().click();
  await page.locator('.revocation').waitFor({ state: 'detached' });
};

/** A computer that asks. */
const ask = async (computer: BrowserContext, nationalId: string): Promise<{ page: Page; number: string }> => {
  const page = await computer.newPage();
  await page.goto(sandbox.info.services[0]?.url ?? '');
  await page.getByRole('button', { name: /Caducée/ }).click();
  await page.locator('#identifier').fill(nationalId);
  await page.locator('form button[type=submit]').first().click();
  const number = (await page.locator('[data-number]').getAttribute('data-number')) ?? '';
  return { page, number };
};

const signIn = async ({ page }: AppPhone, nationalId: string, computer: BrowserContext, see: See) => {
  const desk = await ask(computer, nationalId);
  await see('computer', desk.page);
  const goOn = page.locator('[data-action=go-on]');
  await goOn.waitFor();
  await see('request');
  await goOn.click();
  await page.locator('.keypad').waitFor();
  await see('number');
  await press(page, desk.number);
  await page.locator('.typed-number').waitFor();
  await see('confirm');
  await press(page, PIN);
  await page.getByRole('heading', { name: /confirm/i }).waitFor();
  await desk.page.waitForURL(`${sandbox.info.services[0]?.url}**`);
  await see('confirmed');
};

/** A PIN that is wrong, then second thoughts about the request itself. */
const trouble = async ({ page }: AppPhone, nationalId: string, computer: BrowserContext, see: See) => {
  await page.goto(sandbox.info.app);
  await page.getByRole('heading', { level: 1 }).waitFor();
  const desk = await ask(computer, nationalId);
  await page.locator('[data-action=go-on]').click();
  await press(page, desk.number);
  await page.locator('.typed-number').waitFor();
  await press(page, '111999');
  await page.getByRole('alert').waitFor();
  await see('wrong-pin');
  await page.goto(sandbox.info.app);
  await page.locator('[data-action=ask-report]').click();
  await page.locator('[data-action=report]').waitFor();
  await see('report');
};

const LANGUAGES = [
  { locale: 'fr', tag: 'fr-FR', person: 0 },
  { locale: 'en', tag: 'en-GB', person: 5 },
] as const;

describe.each(LANGUAGES)('the tutorials in $locale', ({ locale, tag, person }) => {
  const steps = new Set(
    (Object.keys(TUTORIALS) as (keyof typeof TUTORIALS)[]).flatMap((name) =>
      Object.keys(tutorialText(locale)[name].steps),
    ),
  );

  test('show the screens as they are', { timeout: 120_000 }, async () => {
    const phone = await openApp(browser, sandbox, { locale: tag, viewport: { ...PHONE_SIZE } });
    const judge = await (await browser.newContext()).newPage();
    const options = { locale: tag, viewport: { ...COMPUTER_SIZE } };
    const computers = [await browser.newContext(options), await browser.newContext(options)] as const;
    const nationalId = sandbox.info.personas[person]?.nationalId ?? '';
    const seen = new Map<string, number>();
    const see: See = async (step, page = phone.page) => {
      const path = join(ROOT, 'views', 'assets', picture(step, locale));
      const now = await shoot(page);
      if (WRITE) writeFileSync(path, now);
      seen.set(step, existsSync(path) ? await difference(judge, readFileSync(path), now) : 1);
    };
    await activate(phone, nationalId, see);
    await signIn(phone, nationalId, computers[0], see);
    await trouble(phone, nationalId, computers[1], see);
    expect([...seen.keys()].toSorted()).toEqual([...steps].toSorted());
    const aged = [...seen].filter(([, part]) => part > MOST_DIFFERENT);
    expect(aged, 'npm run tutorials takes the pictures again').toEqual([]);
    expect(phone.complaints).toEqual([]);
    await Promise.all(
      [phone, ...computers.map((context) => ({ context }))].map((one) => one.context.close()),
    );
  });

  // The provider reads its pictures when it starts.
  test.skipIf(WRITE)('are pages without a violation, in both themes, at 320 px', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({
        ...{ locale: tag, colorScheme, viewport: { width: 320, height: 700 } },
      });
      const page = await context.newPage();
      for (const [name, address] of Object.entries(TUTORIALS)) {
        await page.goto(new URL(address, sandbox.info.home).href);
        const { title } = tutorialText(locale)[name as keyof typeof TUTORIALS];
        await page.getByRole('heading', { level: 1, name: title }).waitFor();
        const shots = process.env['SCREENSHOTS'];
        if (shots)
          await page.screenshot({ path: join(shots, `tutorial-${name}-${locale}-${colorScheme}.png`) });
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(
          violations.map(({ id }) => id),
          `${name} ${colorScheme}`,
        ).toEqual([]);
        const [wide, width] = await page.evaluate(() => [
          document.documentElement.scrollWidth,
          document.documentElement.clientWidth,
        ]);
        expect(wide).toBe(width);
      }
      await context.close();
    }
  });
});
