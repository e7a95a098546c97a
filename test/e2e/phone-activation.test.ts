import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type AppPhone, inboxMessages, openApp, press } from '../support/phone-app.ts';
import { type RunningSandbox, startSandbox } from '../support/sandbox.ts';

/**
 * The phone app from its first start to an e-CPS, in a browser, on a whole sandbox: every screen looked at by axe, in both
 * languages and both themes, every refusal with its way on, and the keys as the browser keeps them.
 */

const PIN = '493027';
let sandbox: RunningSandbox;
let browser: Browser;

beforeAll(async () => {
  [sandbox, browser] = await Promise.all([
    startSandbox(),
    launchBrowser(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']),
  ]);
}, 120_000);

afterAll(() => sandbox.stop());

const persona = (note: RegExp): string => {
  const found = sandbox.info.personas.find((one) => note.test(one.note));
  if (!found) throw new Error(`no persona ${note.source}`);
  return found.nationalId;
};

const violations = async (page: Page): Promise<string[]> => {
  const { violations: found } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
};

/** Looks at a screen as it stands: no violation, nothing wider than the phone. */
const look = async (page: Page, name: string): Promise<void> => {
  const shots = process.env['SCREENSHOTS'];
  if (shots) await page.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
  expect(await violations(page), name).toEqual([]);
  const wide = await page.evaluate(
    () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
  );
  expect(wide, `${name} scrolls sideways`).toBe(false);
};

const CODE = { mail: /\b([0-9A-Z]{4}-[0-9A-Z]{4})\b/, sms: /#(\d{6})\s*$/ } as const;

/** The code of the message that `act` causes. */
const codeAfter = async (kind: 'mail' | 'sms', act: () => Promise<void>): Promise<string> => {
  const before = new Set((await inboxMessages(sandbox, kind)).map(({ id }) => id));
  await act();
  let code = '';
  await expect
    .poll(
      async () => {
        const fresh = (await inboxMessages(sandbox, kind)).filter(({ id }) => !before.has(id));
        code = fresh.map(({ text }) => CODE[kind].exec(text)?.[1]).find((found) => found !== undefined) ?? '';
        return code;
      },
      { timeout: 15_000, interval: 150 },
    )
    .not.toBe('');
  return code;
};

const submit = (page: Page): Promise<void> => page.locator('main form .button').click();
const problem = (page: Page) => page.getByRole('alert');

/** Sends the form of the identifier; resolves with the mail's code. */
const askFor = (page: Page, nationalId: string): Promise<string> =>
  codeAfter('mail', async () => {
    await page.locator('#identifier').fill(nationalId);
    await submit(page);
    await page.locator('summary').waitFor();
  });

const open = async (path: string, options: BrowserContextOptions = {}): Promise<AppPhone> => {
  const phone = await openApp(browser, sandbox, options);
  if (path !== '') await phone.page.goto(sandbox.info.app + path);
  return phone;
};

const VIEWS = [
  { name: '320-light-fr', width: 320, height: 568, colorScheme: 'light', locale: 'fr-FR', who: /commencez/ },
  { name: '390-dark-en', width: 390, height: 844, colorScheme: 'dark', locale: 'en-GB', who: /Interne/ },
] as const;

describe('from the first start to an e-CPS', () => {
  test.each(VIEWS)(
    'with every mistake on the way: $name',
    { timeout: 120_000 },
    async ({ name, width, height, colorScheme, locale, who }) => {
      const phone = await open('', { viewport: { width, height }, colorScheme, locale });
      const { page } = phone;
      const nationalId = persona(who);
      const see = (step: string) => look(page, `${step}-${name}`);
      await see('welcome');
      await page.locator('main .button').click();

      await page.locator('#identifier').fill('81 000');
      await submit(page);
      await problem(page).waitFor();
      expect(await page.locator('#identifier').inputValue()).toBe('81 000');
      await see('identifier-wrong');
      const typed = await askFor(page, nationalId.replaceAll(/(\d{3})/g, '$1 '));
      await page.locator('summary').click();
      await see('mail');

      await page.locator('main a[href="/activation/scanner"]').click();
      await page.locator('video').waitFor();
      await see('scan');
      await page.locator('main a[href="/activation/code"]').click();
      await page.locator('#typed').fill('AAAA');
      await submit(page);
      await problem(page).waitFor();
      await page.locator('#typed').fill('AAAA BBBB');
      await submit(page);
      await problem(page)
        .getByText(/restants : 4|left: 4/)
        .waitFor();
      await see('typed-wrong');
      const code = await codeAfter('sms', async () => {
        await page.locator('#typed').fill(typed.toLowerCase());
        await submit(page);
        await page.locator('#sms').waitFor();
      });

      // The app may be closed between two steps.
      await page.reload();
      await page.locator('#sms').fill(code === '000000' ? '111111' : '000 000');
      await submit(page);
      await problem(page).waitFor();
      await see('sms-wrong');
      await page.locator('#sms').fill(code);
      await submit(page);

      await page.locator('.keypad').waitFor();
      await see('pin');
      for (const trivial of ['1234', '0000', '4747', nationalId.slice(-4)]) {
        await press(page, trivial);
        await problem(page).waitFor();
        await page.locator('.key').first().waitFor();
      }
      await see('pin-refused');
      await press(page, PIN);
      await page.getByRole('heading', { name: /seconde|second time/ }).waitFor();
      await press(page, '493028');
      await problem(page).waitFor();
      await page.keyboard.type(PIN);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: /seconde|second time/ }).waitFor();
      await see('pin-again');
      await press(page, PIN);

      await page.locator('.revocation').waitFor();
      await see('done');
      const kept = await page.locator('.revocation').textContent();
      await page.goto(sandbox.info.app);
      expect(await page.locator('.revocation').textContent()).toBe(kept);
      await page.locator('main .button').click();
      await expect.poll(() => page.locator('.revocation').count()).toBe(0);
      expect(phone.complaints).toEqual([]);
      await phone.context.close();
    },
  );
});

describe('the keys', () => {
  test('cannot be exported, survive a reload, and their loss is told with the way back', async () => {
    const { page, context } = await open('activer');
    const typed = await askFor(page, persona(/remplaçante/));
    await page.goto(`${sandbox.info.app}activation/code`);
    const code = await codeAfter('sms', async () => {
      await page.locator('#typed').fill(typed);
      await submit(page);
      await page.locator('#sms').waitFor();
    });
    await page.locator('#sms').fill(code);
    await submit(page);
    await page.locator('.keypad').waitFor();
    await press(page, PIN);
    await page.getByRole('heading', { name: /seconde/ }).waitFor();
    await press(page, PIN);
    await page.locator('.revocation').waitFor();
    await page.locator('main .button').click();
    await expect.poll(() => page.locator('.revocation').count()).toBe(0);

    const stored = () =>
      page.evaluate(async () => {
        const database = await new Promise<IDBDatabase>((resolve) => {
          const opening = indexedDB.open('ecps');
          opening.addEventListener('success', () => resolve(opening.result));
        });
        const keys = await new Promise<{ privateKey: CryptoKey; wrappingKey: CryptoKey; jwk: JsonWebKey }>(
          (resolve) => {
            const reading = database.transaction('vault').objectStore('vault').get('keys');
            reading.addEventListener('success', () => resolve(reading.result));
          },
        );
        database.close();
        const refused = await Promise.all(
          [keys.privateKey, keys.wrappingKey].map((key) =>
            Promise.all(
              (['jwk', 'pkcs8', 'raw'] as const).map((format) =>
                (crypto.subtle.exportKey as (f: string, k: CryptoKey) => Promise<unknown>)(format, key).then(
                  () => false,
                  () => true,
                ),
              ),
            ),
          ),
        );
        return { refused: refused.flat(), x: keys.jwk.x, names: Object.keys(keys).toSorted() };
      });
    const before = await stored();
    expect(before.refused).toEqual(Array.from({ length: 6 }, () => true));
    expect(before.names).toEqual(['iv', 'jwk', 'privateKey', 'wrapped', 'wrappingKey']);
    await page.reload();
    expect((await stored()).x).toBe(before.x);

    await page.evaluate(
      () =>
        new Promise((resolve) => {
          indexedDB.deleteDatabase('ecps').addEventListener('success', resolve);
        }),
    );
    await page.goto(sandbox.info.app);
    await page.getByRole('heading', { name: 'La e-CPS de ce téléphone a été effacée' }).waitFor();
    await look(page, 'lost');
    await page.getByRole('link', { name: 'Demander une activation' }).click();
    await page.locator('#identifier').waitFor();
    await context.close();
  });
});

describe('who cannot activate is told why, and what to do', () => {
  test.each([
    [/Aucun courriel/, /coordonnées nous manquent/, /espace de l.Ordre/],
    [/changées hier/, /coordonnées viennent de changer/, /accueil/],
  ])('%s', async (note, title, way) => {
    const { page, context } = await open('activer');
    await page.locator('#identifier').fill(persona(note));
    await submit(page);
    await page.getByRole('heading', { name: title }).waitFor();
    expect(await page.locator('.support-id').textContent()).toMatch(/^contact_\w+ · \S+/);
    await page.locator('main .actions').getByText(way).first().waitFor();
    await look(page, `refused-${note.source}`);
    await context.close();
  });

  test('an unknown identifier leads to the directory, and back to the field', async () => {
    const { page, context } = await open('activer');
    await page.locator('#identifier').fill('899799999992');
    await submit(page);
    const directory = page.locator('main').getByRole('link', { name: 'Quel est mon numéro ?' }).first();
    const href = (await directory.getAttribute('href')) ?? '';
    expect(href.startsWith(`${sandbox.info.home}annuaire?retour=`)).toBe(true);
    await page.goto(href);
    await page.getByLabel('Nom', { exact: true }).fill('nom-que-personne-ne-porte');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Revenir où vous en étiez' }).click();
    await page.waitForURL(`${sandbox.info.app}activer`);
    await page.locator('#identifier').waitFor();
    await context.close();
  });
});

describe('what does not come can be asked again', () => {
  test('another mail works as the first, and another SMS replaces the first', async () => {
    const { page, context } = await open('activer');
    await askFor(page, persona(/Sage-femme en cabinet/));
    await page.locator('summary').click();
    const second = await codeAfter('mail', async () => {
      await page.getByRole('button', { name: 'Envoyer un nouveau courriel' }).click();
      await page.getByText('Un nouveau courriel est parti.').waitFor();
    });
    await page.goto(`${sandbox.info.app}activation/code`);
    await codeAfter('sms', async () => {
      await page.locator('#typed').fill(second);
      await submit(page);
      await page.locator('#sms').waitFor();
    });
    await page.locator('summary').click();
    const code = await codeAfter('sms', async () => {
      await page.getByRole('button', { name: 'Envoyer un nouveau SMS' }).click();
      await page.getByText(/Un nouveau SMS est parti/).waitFor();
    });
    await page.locator('#sms').fill(code);
    await submit(page);
    await page.locator('.keypad').waitFor();
    await context.close();
  });
});

describe('without a network', () => {
  test('the app opens and says so; what was asked can be tried again', async () => {
    const { page, context } = await open('');
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
    await page.reload();
    await context.setOffline(true);
    await page.goto(`${sandbox.info.app}activer`);
    await page.locator('#offline').getByText('Pas de réseau').waitFor();
    await page.locator('#identifier').fill(persona(/Opticien/));
    await submit(page);
    await page.getByRole('heading', { name: 'Pas de connexion à Internet' }).waitFor();
    await look(page, 'offline');
    await context.setOffline(false);
    await page.getByRole('button', { name: 'Réessayer' }).click();
    expect(await page.locator('#identifier').inputValue()).toBe(persona(/Opticien/));
    await askFor(page, persona(/Opticien/));
    await context.close();
  });
});
