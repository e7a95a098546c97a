import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type RunningSandbox, startSandbox } from '../support/sandbox.ts';

/**
 * The three example services on a whole sandbox, as a doctor meets them: a vaccination recorded by keyboard alone, its
 * sheet printed, its effect in the statistics; a test result without a second sign-in; the portal; one sign-out for all.
 */

const PIN = '493027';
/** SCREENSHOTS=folder keeps what the pages look like. */
const SHOTS = process.env['SCREENSHOTS'];
let sandbox: RunningSandbox;
let browser: Browser;
let folder: string;

const url = (id: 'vaccin-covid' | 'si-dep' | 'portail'): string =>
  sandbox.info.services.find((one) => one.id === id)?.url ?? '';
const vaccin = (path = '') => `${url('vaccin-covid')}${path}`;
const sidep = (path = '') => `${url('si-dep')}${path}`;
const portal = (path = '') => `${url('portail')}${path}`;

interface Person {
  nationalId: string;
  name: string;
  state: string;
}

const personOf = (note: RegExp): Person => {
  const found = sandbox.info.personas.find((one) => note.test(one.note));
  if (!found) throw new Error(`nobody like ${String(note)}`);
  return { ...found, state: join(folder, `${found.nationalId}.json`) };
};

const activate = async ({ nationalId, state }: Person): Promise<void> => {
  const done = await sandbox.caducee('phone', 'activate', nationalId, '--pin', PIN, '--state', state);
  expect(done.code, done.stderr).toBe(0);
};

const signIn = async (page: Page, start: string, person: Person): Promise<void> => {
  await page.goto(start);
  await page.getByRole('button', { name: /S.identifier avec Caducée/ }).click();
  await page.getByLabel(/Identifiant national/).fill(person.nationalId);
  await page.getByRole('button', { name: 'Continuer' }).click();
  const number = await page.locator('[data-number]').getAttribute('data-number');
  const approved = await sandbox.caducee(
    'phone',
    'approve',
    '--state',
    person.state,
    '--number',
    number ?? '',
  );
  expect(approved.code, approved.stderr).toBe(0);
  await page.waitForURL(`${start}**`);
};

const violations = async (page: Page): Promise<string[]> => {
  const { violations: found } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
};

/** A page as it has to be: nothing for axe to say, nothing beyond the edge. */
const check = async (page: Page, name: string): Promise<void> => {
  if (SHOTS) await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
  expect(await violations(page), name).toEqual([]);
  const sideways = await page.evaluate(
    () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
  );
  expect(sideways, name).toBe(false);
};

/** The keys of a person at the keyboard, counted. */
const typist = (page: Page) => {
  let keys = 0;
  return {
    async type(text: string) {
      keys += text.length;
      await page.keyboard.type(text);
    },
    async press(key: string) {
      keys += 1;
      await page.keyboard.press(key);
    },
    /** Seconds for an average typist: 0.28 s a key (the keystroke-level model), and 1.35 s of thought a field. */
    seconds: (fields: number) => keys * 0.28 + fields * 1.35,
  };
};

let doctor: Person;
let intern: Person;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caducee-examples-'));
  [sandbox, browser] = await Promise.all([startSandbox(), launchBrowser()]);
  doctor = personOf(/commencez par elle/);
  intern = personOf(/^Interne en médecine/);
  await activate(doctor);
  await activate(intern);
}, 240_000);

afterAll(async () => {
  await sandbox.stop();
  rmSync(folder, { recursive: true, force: true });
});

const open = (options: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> =>
  browser.newContext({ locale: 'fr-FR', reducedMotion: 'reduce', ...options });

describe('a doctor who vaccinates', () => {
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    context = await open({ viewport: { width: 1280, height: 900 } });
    page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.text().includes('Failed to load resource')) {
        complaints.push(message.text());
      }
    });
    await signIn(page, vaccin(), doctor);
  }, 120_000);
  afterAll(() => context.close());

  const injections = async (): Promise<number> => {
    const answer = await page.request.get(vaccin('donnees/injections.json'));
    const { rows } = (await answer.json()) as { rows: { injections: number }[] };
    return rows.reduce((total, row) => total + row.injections, 0);
  };

  it('records a first injection by keyboard alone, everything chosen', async () => {
    await check(page, 'vaccin-home');
    const before = await injections();
    await page.goto(vaccin('vaccinations/nouvelle'));
    await check(page, 'vaccin-form');
    const { type, press } = typist(page);
    for (const text of ['Le Goff', 'Maëlle', '31011948', '69003']) {
      await type(text);
      await press('Tab');
    }
    await type('c'); // Comirnaty, in the list of vaccines
    await press('Tab');
    await type('ej6796');
    await press('Enter');
    await page.getByRole('status').getByText('Enregistrée et signée').waitFor();
    const sheet = (await page.getByRole('main').textContent()) ?? '';
    for (const said of [
      'Le Goff Maëlle',
      '31/01/1948',
      'EJ6796',
      doctor.nationalId,
      'vérifiée',
      '1re dose',
    ]) {
      expect(sheet).toContain(said);
    }
    await check(page, 'vaccin-sheet');
    expect(await injections()).toBe(before + 1);
  }, 60_000);

  it('records the next one in well under a minute: the rest is remembered', async () => {
    const keyboard = typist(page);
    await keyboard.press('Enter'); // "Vaccination suivante" has the keyboard
    await page.getByRole('heading', { name: 'Nouvelle vaccination' }).waitFor();
    for (const text of ['Nguyen', 'Théo', '02021950', '69003']) {
      await keyboard.type(text);
      if (text !== '69003') await keyboard.press('Tab');
    }
    await keyboard.press('Enter');
    await page.getByRole('status').getByText('Enregistrée et signée').waitFor();
    const sheet = (await page.getByRole('main').textContent()) ?? '';
    expect(sheet).toContain('EJ6796');
    expect(sheet).toContain('Comirnaty');
    expect(keyboard.seconds(4)).toBeLessThan(30);
  });

  it('is told what to correct, with the keyboard on it, and loses nothing typed', async () => {
    await page.goto(vaccin('vaccinations/nouvelle'));
    await page.getByLabel('Nom de naissance').fill('Martin');
    await page.getByLabel('Date de naissance').fill('31/02/1948');
    await page.keyboard.press('Enter');
    const alert = page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await alert.textContent()).toContain('ce jour n’existe pas');
    expect(await page.getByLabel('Nom de naissance').inputValue()).toBe('Martin');
    await check(page, 'vaccin-errors');
  });

  it('finds a record again by a part of the name, and no name stands in an address', async () => {
    await page.goto(vaccin('vaccinations'));
    await check(page, 'vaccin-list');
    await page.getByLabel('Nom, année de naissance ou lot').fill('maelle goff');
    await page.keyboard.press('Enter');
    await page.getByText('1 fiche', { exact: true }).waitFor();
    expect(page.url()).toBe(vaccin('vaccinations'));
    expect(await page.getByRole('row').count()).toBe(2);
    await page.getByRole('button', { name: 'Tout afficher' }).click();
    await page.getByText('2 fiches', { exact: true }).waitFor();
  });

  it('prints the sheet of one page that the patient keeps, without menus or buttons', async () => {
    await page.getByRole('link', { name: 'Le Goff Maëlle' }).click();
    await page.getByRole('button', { name: 'Imprimer la fiche' }).waitFor();
    await page.emulateMedia({ media: 'print' });
    for (const hidden of ['Imprimer la fiche', 'Se déconnecter', 'Annuler la fiche']) {
      expect(await page.getByRole('button', { name: hidden }).isVisible()).toBe(false);
    }
    expect(await page.getByText('Gardez cette fiche').isVisible()).toBe(true);
    if (SHOTS) await page.screenshot({ path: join(SHOTS, 'vaccin-print.png'), fullPage: true });
    const pdf = (await page.pdf({ preferCSSPageSize: true })).toString('latin1');
    expect(pdf.match(/\/Type\s*\/Page\b/g)).toHaveLength(1);
    await page.emulateMedia({ media: null });
  });

  it('is led to the reporting portal with the product, and without the patient', async () => {
    await page.getByRole('link', { name: 'Signaler un effet indésirable' }).click();
    await page.waitForURL(`${portal('signalement')}**`);
    const told = (await page.getByRole('main').textContent()) ?? '';
    expect(told).toContain('EJ6796');
    expect(told).toContain('Comirnaty');
    expect(page.url() + told).not.toMatch(/goff|ma%C3%ABlle|maëlle|1948/i);
    await check(page, 'portal-report');
  });

  it('enters a test result in SI-DEP without a second sign-in', async () => {
    await page.goto(sidep('resultats/nouveau'));
    await page.getByRole('heading', { name: 'Nouveau résultat' }).waitFor();
    expect(page.url()).toBe(sidep('resultats/nouveau'));
    await check(page, 'sidep-form');
    const { type, press } = typist(page);
    for (const text of ['Le Goff', 'Maëlle', '31011948', '69003', '']) {
      await type(text);
      await press('Tab');
    }
    await type('n'); // Négatif
    await press('Tab'); // the date: today
    await press('Enter');
    await page.getByRole('status').getByText('Résultat enregistré et signé').waitFor();
    await check(page, 'sidep-list');
    await page.goto(sidep('statistiques'));
    await check(page, 'sidep-statistics');
  }, 60_000);

  it('sees the statistics, effectiveness included, and who looked at what', async () => {
    await page.goto(vaccin('statistiques'));
    const text = (await page.getByRole('main').textContent()) ?? '';
    expect(text).toMatch(/intervalle à 95\s%/);
    expect(await page.getByRole('img').count()).toBe(3);
    await check(page, 'vaccin-statistics');
    await page.goto(vaccin('acces'));
    expect(await page.getByRole('main').textContent()).toContain('Recherche dans la liste');
    expect(await page.getByRole('main').textContent()).not.toContain('Goff');
    await check(page, 'vaccin-access');
  });

  it('opens either service from the portal, on the right page, without being asked', async () => {
    await page.goto(portal());
    await page.getByRole('button', { name: /S.identifier avec Caducée/ }).click();
    await page.getByRole('heading', { name: 'Vos services' }).waitFor();
    await check(page, 'portal-home');
    await page.getByRole('link', { name: 'Enregistrer une vaccination' }).click();
    await page.waitForURL(vaccin('vaccinations/nouvelle'));
    await page.goto(portal());
    await page.getByRole('link', { name: 'Saisir un résultat de test' }).click();
    await page.waitForURL(sidep('resultats/nouveau'));
  });

  it('had no complaint of the browser', () => expect(complaints).toEqual([]));

  it('signs out of one, and is signed out of all three', async () => {
    await page.goto(sidep('resultats'));
    await page.getByRole('button', { name: 'Se déconnecter' }).click();
    await page.waitForURL(sidep());
    for (const start of [vaccin(), sidep(), portal()]) {
      // The other services are told server to server, a moment after.
      const isSignedOut = async (): Promise<boolean> => {
        await page.goto(start);
        return page.getByRole('button', { name: /S.identifier avec Caducée/ }).isVisible();
      };
      await expect.poll(isSignedOut).toBe(true);
    }
  });
});

describe('an intern, who has no place of practice', () => {
  it('records, lists and prints like everyone, on a phone, in the dark, in English', async () => {
    const context = await open({ viewport: { width: 320, height: 640 }, colorScheme: 'dark' });
    const page = await context.newPage();
    await signIn(page, vaccin(), intern);
    await page.goto(vaccin('?lang=en'));
    await check(page, 'intern-home');
    await page.goto(vaccin('vaccinations'));
    await page.getByText('You have recorded nothing yet').waitFor();
    await check(page, 'intern-empty');
    await page.getByRole('main').getByRole('link', { name: 'New vaccination' }).click();
    await page.getByLabel('Family name at birth').fill('Ósk');
    await page.getByLabel('First name').fill('Björk');
    await page.getByLabel('Date of birth').fill('1/12/1979');
    await page.getByLabel('Postal code').fill('75011');
    await page.getByLabel('Vaccine').selectOption('vaxzevria');
    await page.getByLabel('Lot number').fill('ABV5300');
    await check(page, 'intern-form');
    await page.getByRole('button', { name: 'Save and sign' }).click();
    await page.getByRole('status').getByText('Saved and signed').waitFor();
    const sheet = (await page.getByRole('main').textContent()) ?? '';
    expect(sheet).toContain(intern.nationalId);
    expect(sheet).toContain('in training');
    expect(sheet).toContain('not specified');
    await check(page, 'intern-sheet');
    for (const path of ['vaccinations', 'acces', 'statistiques']) {
      await page.goto(vaccin(path));
      await check(page, `intern-${path}`);
    }
    for (const path of ['resultats/nouveau', 'resultats', 'statistiques', 'acces']) {
      await page.goto(sidep(`${path}?lang=en`));
      await check(page, `intern-sidep-${path.replace('/', '-')}`);
    }
    await context.close();
  }, 120_000);

  it('reads the statistics without scripts and without signing in', async () => {
    const context = await open({ javaScriptEnabled: false });
    const page = await context.newPage();
    await page.goto(vaccin());
    await page.getByRole('link', { name: 'Statistiques' }).click();
    await page.getByRole('heading', { name: 'Statistiques ouvertes' }).waitFor();
    await page.getByText('Données ouvertes', { exact: true }).waitFor();
    await context.close();
  });
});
