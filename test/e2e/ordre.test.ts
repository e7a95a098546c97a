import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type RunningSandbox, startSandbox } from '../support/sandbox.ts';

/** *Mon espace (Ordre)*: a persona changes contact details, waits for nothing, and activates; and stops what was not theirs. */

let sandbox: RunningSandbox;
let browser: Browser;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caducee-ordre-'));
  [sandbox, browser] = await Promise.all([startSandbox(), launchBrowser()]);
}, 120_000);

afterAll(async () => {
  await sandbox.stop();
  rmSync(folder, { recursive: true, force: true });
});

const open = async (options: BrowserContextOptions = {}): Promise<Page> =>
  (await browser.newContext({ locale: 'fr-FR', reducedMotion: 'reduce', ...options })).newPage();

const persona = (at: number): { nationalId: string; name: string } => {
  const found = sandbox.info.personas[at];
  if (!found) throw new Error('no such persona');
  return found;
};

const openSpace = async (page: Page, { nationalId, name }: { nationalId: string; name: string }) => {
  await page.goto(sandbox.info.home);
  await page.getByRole('link', { name: 'Mon espace (Ordre)' }).click();
  await page.getByLabel('Qui êtes-vous ?').selectOption(nationalId);
  await page.getByRole('button', { name: 'Ouvrir mon espace' }).click();
  await page.getByText(name).first().waitFor();
};

const activate = (nationalId: string) =>
  sandbox.caducee(
    ...['phone', 'activate', nationalId, '--pin', '493027', '--json'],
    ...['--state', join(folder, `${nationalId}.json`)],
  );

interface Message {
  kind: string;
  text: string;
  subject?: string;
}
const messagesTo = async (to: string): Promise<Message[]> => {
  const url = `${sandbox.info.inbox}api/messages?to=${encodeURIComponent(to)}`;
  return ((await (await fetch(url)).json()) as { messages: Message[] }).messages;
};

describe('a persona updates contact details', () => {
  it('and cannot activate before 72 hours; made 72 hours older, the declaration serves', async () => {
    const { nationalId, name } = persona(0);
    const page = await open();
    await openSpace(page, { nationalId, name });
    const before = (await page.locator('[data-email]').textContent()) ?? '';
    const phoneBefore = (await page.locator('[data-phone]').textContent()) ?? '';
    await page.getByLabel('Courriel').fill('nouvelle-adresse@exemple.test');
    await page.getByLabel('Téléphone mobile').fill('06 39 98 76 54');
    await page.getByRole('button', { name: 'Enregistrer' }).click();
    await page.getByText('C’est enregistré').waitFor();
    expect(await page.locator('[data-email]').textContent()).toBe('nouvelle-adresse@exemple.test');
    expect(await page.locator('[data-phone]').textContent()).toBe('+33639987654');

    const refused = await activate(nationalId);
    expect(refused.code).not.toBe(0);
    expect(refused.stdout + refused.stderr).toContain('contact_too_recent');

    await vi.waitFor(
      async () => {
        const [mail] = await messagesTo(before);
        expect(mail?.subject).toContain('coordonnées ont été modifiées');
        expect((await messagesTo(phoneBefore))[0]?.text).toContain('/coordonnees/arreter/');
      },
      { timeout: 20_000, interval: 200 },
    );
    expect(await messagesTo('nouvelle-adresse@exemple.test')).toEqual([]);

    await page.getByRole('button', { name: 'Vieillir cette déclaration de 72 heures' }).click();
    await page.getByText('72 heures de plus').waitFor();
    const done = await activate(nationalId);
    expect(done.code).toBe(0);
    expect((await messagesTo('nouvelle-adresse@exemple.test')).length).toBeGreaterThan(0);
    await page.context().close();
  });

  it('is told when a value is malformed, and when nothing changed', async () => {
    const page = await open();
    await openSpace(page, persona(1));
    await page.getByRole('button', { name: 'Enregistrer' }).click();
    await page.getByText('Rien n’a changé').waitFor();
    await page.getByLabel('Courriel').fill('pas un courriel');
    await page.getByRole('button', { name: 'Enregistrer' }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.getByLabel('Courriel').inputValue()).toBe('pas un courriel');
    await page.context().close();
  });

  it('and who did not do it stops it from the former address', async () => {
    const { nationalId, name } = persona(2);
    const page = await open();
    await openSpace(page, { nationalId, name });
    const before = (await page.locator('[data-email]').textContent()) ?? '';
    await page.getByLabel('Courriel').fill('pirate@exemple.test');
    await page.getByRole('button', { name: 'Enregistrer' }).click();
    const link = await vi.waitFor(
      async () => {
        const [mail] = await messagesTo(before);
        const found = /https?:\S+\/coordonnees\/arreter\/[\w-]+/.exec(mail?.text ?? '')?.[0];
        if (found === undefined) throw new Error('no stop link yet');
        return found;
      },
      { timeout: 20_000, interval: 200 },
    );
    await page.goto(link);
    await page.getByRole('button', { name: 'Annuler ce changement' }).click();
    await page.getByText('Le changement est annulé').first().waitFor();
    await openSpace(page, { nationalId, name });
    expect(await page.locator('[data-email]').textContent()).toBe(before);
    expect(await page.getByText('annulée').count()).toBe(1);
    expect((await activate(nationalId)).code).toBe(0);
    await page.context().close();
  });

  it('at the desk, on the command line', async () => {
    const { nationalId } = persona(3);
    const set = await sandbox.caducee(
      ...['registry', 'contact', 'set', nationalId, '--email', 'guichet@exemple.test', '--json'],
    );
    expect(JSON.parse(set.stdout)).toMatchObject({ nationalId, outcome: 'declared' });
    const show = await sandbox.caducee('registry', 'contact', 'show', nationalId);
    expect(show.stdout).toContain('too recent');
    const again = await sandbox.caducee(
      ...['registry', 'contact', 'set', nationalId, '--email', 'guichet@exemple.test'],
    );
    expect(again.stdout).toContain('nothing changed');
    const history = await sandbox.caducee('registry', 'contact', 'history', nationalId, '--json');
    const { history: rows } = JSON.parse(history.stdout) as { history: { origin: string; email: string }[] };
    expect(rows[0]).toMatchObject({ origin: 'desk', email: 'guichet@exemple.test' });
    expect(rows).toHaveLength(2);
    const wrong = await sandbox.caducee('registry', 'contact', 'set', nationalId, '--email', 'x@');
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('contact_malformed') as string });
    expect((await sandbox.caducee('registry', 'contact', 'set', nationalId)).code).toBe(2);
  });
});

describe('"Quel est mon numéro ?" leads back', () => {
  it('from the app, with the number', async () => {
    const { nationalId, name } = persona(0);
    const page = await open();
    await page.goto(`${sandbox.info.app}activer`);
    const [directory] = await Promise.all([
      page.context().waitForEvent('page'),
      page.getByRole('link', { name: 'Quel est mon numéro ?' }).click(),
    ]);
    await directory.getByLabel('Nom', { exact: true }).fill(name.split(' ').at(-1) ?? '');
    await directory.keyboard.press('Enter');
    await directory.locator(`a[href*="identifiant=${nationalId}"]`).first().click();
    await directory.waitForURL(/\/activer\?identifiant=/);
    expect(await directory.locator('#identifier').inputValue()).toBe(nationalId);
    await page.context().close();
  });

  it('to a sign-in, with the number', async () => {
    const { nationalId, name } = persona(0);
    const page = await open();
    const service = sandbox.info.services.find(({ id }) => id === 'vaccin-covid')?.url ?? '';
    await page.goto(service);
    await page
      .getByRole('link', { name: /S.identifier avec Caducée/ })
      .or(page.getByRole('button', { name: /S.identifier avec Caducée/ }))
      .first()
      .click();
    await page.waitForURL(/\/connexion\//);
    const signIn = page.url();
    await page.getByRole('link', { name: 'Quel est mon numéro ?' }).click();
    await page.getByLabel('Nom', { exact: true }).fill(name.split(' ').at(-1) ?? '');
    await page.keyboard.press('Enter');
    await page.locator(`a[href*="identifiant=${nationalId}"]`).first().click();
    await page.waitForURL(/\/connexion\//);
    expect(new URL(page.url()).pathname).toBe(new URL(signIn).pathname);
    expect(await page.locator('#identifier').inputValue()).toBe(nationalId);
    await page.context().close();
  });
});

describe.each([
  { viewport: { width: 320, height: 640 }, colorScheme: 'dark', locale: 'en-GB' },
  { viewport: { width: 1280, height: 900 }, colorScheme: 'light', locale: 'fr-FR' },
] as const)('the pages under axe, %j', (window) => {
  it('have no violation and no sideways scrolling', async () => {
    const page = await open(window);
    const { nationalId } = persona(2);
    for (const path of ['ordre', `ordre/${nationalId}`, `ordre/${nationalId}?fait=saved`]) {
      await page.goto(sandbox.info.home + path);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(
        violations.map(({ id, nodes }) => `${path} ${id}: ${nodes.map(({ html }) => html).join(' ')}`),
      ).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(
        window.viewport.width,
      );
    }
    await page.getByLabel(window.locale === 'fr-FR' ? 'Courriel' : 'E-mail').fill('x');
    await page.locator('form button.button').click();
    await page.getByRole('alert').waitFor();
    expect((await new AxeBuilder({ page }).analyze()).violations.map(({ id }) => id)).toEqual([]);
    const shots = process.env['SCREENSHOTS'];
    if (shots)
      await page.screenshot({ path: join(shots, `ordre-${window.viewport.width}.png`), fullPage: true });
    await page.context().close();
  });
});
