import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type CommandResult, type RunningSandbox, startSandbox } from '../support/sandbox.ts';

/**
 * The story the product exists for, lived on a whole sandbox by the public commands, a real browser and the virtual
 * phone: activation, sign-in, a second service, sign-out; with and without JavaScript.
 */

const PIN = '493027';
let sandbox: RunningSandbox;
let browser: Browser;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caducee-story-'));
  sandbox = await startSandbox();
  browser = await launchBrowser();
}, 120_000);

afterAll(() => sandbox.stop());

const persona = (position: number): { nationalId: string; name: string; state: string } => {
  const found = sandbox.info.personas[position];
  if (!found) throw new Error(`no persona ${position}`);
  return { ...found, state: join(folder, `${position}.json`) };
};

const succeed = (result: CommandResult): Record<string, unknown> => {
  expect(result.code, result.stderr + result.stdout).toBe(0);
  return JSON.parse(result.stdout) as Record<string, unknown>;
};

const activate = async (person: { nationalId: string; state: string }): Promise<void> => {
  succeed(
    await sandbox.caducee(
      'phone',
      'activate',
      person.nationalId,
      '--pin',
      PIN,
      '--state',
      person.state,
      '--json',
    ),
  );
};

const service = (index: number): string => {
  const found = sandbox.info.services[index];
  if (!found) throw new Error(`no service ${index}`);
  return found.url;
};

/** From the service's first page to the number shown; returns the number. */
const askToSignIn = async (page: Page, url: string, nationalId: string): Promise<string> => {
  await page.goto(url);
  await page.getByRole('button', { name: /S.identifier avec Caducée/ }).click();
  await page.getByLabel(/Identifiant national/).fill(nationalId);
  await page.getByRole('button', { name: 'Continuer' }).click();
  const number = await page.locator('[data-number]').getAttribute('data-number');
  expect(number).toMatch(/^[1-9]\d$/);
  return number ?? '';
};

const approve = async (state: string, ...bind: string[]): Promise<Record<string, unknown>> =>
  succeed(await sandbox.caducee('phone', 'approve', '--state', state, ...bind, '--json'));

const context = (options: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> =>
  browser.newContext({ locale: 'fr-FR', ...options });

describe('a practitioner of the registry', () => {
  beforeAll(() => activate(persona(0)), 60_000);

  test('signs in to a service, then to a second one without being asked, and out of both', async () => {
    const person = persona(0);
    const browsing = await context();
    const page = await browsing.newPage();
    const number = await askToSignIn(page, service(0), person.nationalId);
    const [approval] = await Promise.all([
      approve(person.state, '--number', number),
      page.waitForURL(`${service(0)}**`),
    ]);
    expect(JSON.stringify(approval)).toContain('Vaccin Covid');
    const greeting = page.getByRole('main');
    await greeting
      .getByText(person.name.split(' ').at(-1) ?? '')
      .first()
      .waitFor();
    expect(await greeting.textContent()).toContain('Médecin');

    const second = await browsing.newPage();
    await second.goto(service(1));
    await second.getByRole('button', { name: /S.identifier avec Caducée/ }).click();
    await second.waitForURL(`${service(1)}**`);
    await second.getByRole('button', { name: /Se déconnecter/ }).waitFor();
    expect(await second.getByRole('main').textContent()).toContain(person.nationalId);

    await second.getByRole('button', { name: /Se déconnecter/ }).click();
    await second.waitForLoadState('networkidle');
    for (const [index, tab] of [page, second].entries()) {
      // The other service is told server to server, a moment after.
      const isSignedOut = async (): Promise<boolean> => {
        await tab.goto(service(index));
        return tab.getByRole('button', { name: /S.identifier avec Caducée/ }).isVisible();
      };
      await expect.poll(isSignedOut).toBe(true);
    }
    await page.getByRole('button', { name: /S.identifier avec Caducée/ }).click();
    await page.getByLabel(/Identifiant national/).waitFor();
    await browsing.close();
  });

  test('signs in without JavaScript', async () => {
    const person = persona(0);
    const browsing = await context({ javaScriptEnabled: false });
    const page = await browsing.newPage();
    const number = await askToSignIn(page, service(0), person.nationalId);
    await approve(person.state, '--number', number);
    await page.reload();
    await page.waitForURL(`${service(0)}**`);
    expect(await page.getByRole('main').textContent()).toContain(person.nationalId);
    await page.getByRole('button', { name: /Se déconnecter/ }).click();
    await page.getByRole('button', { name: /S.identifier avec Caducée/ }).waitFor();
    await browsing.close();
  });

  test('signs in on the very phone, by the link that comes back to the same browser', async () => {
    const person = persona(0);
    const browsing = await context({ viewport: { width: 320, height: 640 } });
    const page = await browsing.newPage();
    await askToSignIn(page, service(1), person.nationalId);
    const link = await page.getByRole('link', { name: /Ouvrir l.application e-CPS/ }).getAttribute('href');
    const { returnTo } = await approve(person.state, '--link', link ?? '');
    expect(returnTo).toMatch(/^http:\/\/localhost/);

    const stranger = await context();
    const elsewhere = await stranger.newPage();
    const answer = await elsewhere.goto(String(returnTo));
    expect(answer?.status()).toBeGreaterThanOrEqual(400);
    await stranger.close();

    await page.goto(String(returnTo));
    await page.waitForURL(`${service(1)}**`);
    expect(await page.getByRole('main').textContent()).toContain(person.nationalId);
    await browsing.close();
  });

  test('a refusal on the phone opens nothing, and the page says what to do', async () => {
    const person = persona(0);
    const browsing = await context();
    const page = await browsing.newPage();
    await askToSignIn(page, service(0), person.nationalId);
    succeed(await sandbox.caducee('phone', 'deny', '--state', person.state, '--json'));
    await page.goto(service(0));
    await page.getByRole('button', { name: /S.identifier avec Caducée/ }).waitFor();
    await browsing.close();
  });

  test('a wrong number ends the request and touches no PIN counter', async () => {
    const person = persona(0);
    const browsing = await context();
    const page = await browsing.newPage();
    const number = await askToSignIn(page, service(0), person.nationalId);
    const wrong = number === '99' ? '98' : String(Number(number) + 1);
    const result = await sandbox.caducee(
      'phone',
      'approve',
      '--state',
      person.state,
      '--number',
      wrong,
      '--json',
    );
    expect(result.code).toBe(1);
    expect(result.stdout + result.stderr).toContain('bind_wrong');
    const again = await askToSignIn(page, service(0), person.nationalId);
    const approved = await approve(person.state, '--number', again);
    expect(JSON.stringify(approved)).not.toContain('tries_left');
    await page.waitForURL(`${service(0)}**`);
    await browsing.close();
  });
});

describe('everyone of the registry', () => {
  const byNote = (pattern: RegExp): number => {
    const index = sandbox.info.personas.findIndex(({ note }) => pattern.test(note));
    expect(index, String(pattern)).toBeGreaterThanOrEqual(0);
    return index;
  };

  test.each([/interne/i, /retrait/i, /remplaç/i])(
    'without a place of practice (%s) signs in all the same',
    async (note) => {
      const person = persona(byNote(note));
      await activate(person);
      const browsing = await context();
      const page = await browsing.newPage();
      const number = await askToSignIn(page, service(0), person.nationalId);
      await Promise.all([approve(person.state, '--number', number), page.waitForURL(`${service(0)}**`)]);
      expect(await page.getByRole('main').textContent()).toContain(person.nationalId);
      await browsing.close();
    },
  );

  test.each([
    [/sans courriel|pas de courriel|courriel manquant|aucun courriel/i, 'contact_missing'],
    [/hier/i, 'contact_too_recent'],
    [/radié/i, /identifier_unknown|practitioner_inactive|struck_off/],
  ])('who cannot activate (%s) is told why', async (note, code) => {
    const person = persona(byNote(note));
    const result = await sandbox.caducee(
      ...['phone', 'activate', person.nationalId, '--pin', PIN, '--state', person.state, '--json'],
    );
    expect(result.code).toBe(1);
    expect(result.stdout + result.stderr).toMatch(code);
  });

  test('who has no e-CPS sees the same page as one who has, and nothing comes of it', async () => {
    const unenrolled = persona(byNote(/pharmacien/i));
    const browsing = await context();
    const page = await browsing.newPage();
    await askToSignIn(page, service(0), unenrolled.nationalId);
    await browsing.close();
  });
});
