import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type RunningSandbox, startSandbox } from '../support/sandbox.ts';

/** « Mon compte » on a whole sandbox: what is open, one session ended, everything ended; and the operator's commands. */

const PIN = '493027';
/** SCREENSHOTS=folder keeps what the page looks like. */
const SHOTS = process.env['SCREENSHOTS'];
let sandbox: RunningSandbox;
let browser: Browser;
let folder: string;
let person: { nationalId: string; state: string };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caducee-account-'));
  [sandbox, browser] = await Promise.all([startSandbox(), launchBrowser()]);
  const { nationalId } = sandbox.info.personas.find(({ note }) => /commencez par elle/.test(note)) ?? {
    nationalId: '',
  };
  person = { nationalId, state: join(folder, 'phone.json') };
  const done = await sandbox.caducee('phone', 'activate', nationalId, '--pin', PIN, '--state', person.state);
  expect(done.code, done.stderr).toBe(0);
});
afterAll(async () => {
  await sandbox.stop();
  rmSync(folder, { recursive: true, force: true });
});

const origin = () => new URL(sandbox.info.issuer).origin;
const service = (id: string): string => sandbox.info.services.find((one) => one.id === id)?.url ?? '';
const open = (): Promise<BrowserContext> => browser.newContext({ locale: 'fr-FR', reducedMotion: 'reduce' });

/** Answers the sign-in page that is shown. */
const prove = async (page: Page): Promise<void> => {
  await page.getByLabel(/Identifiant national/).fill(person.nationalId);
  await page.getByRole('button', { name: 'Continuer' }).click();
  const number = (await page.locator('[data-number]').getAttribute('data-number')) ?? '';
  const approved = await sandbox.caducee('phone', 'approve', '--state', person.state, '--number', number);
  expect(approved.code, approved.stderr).toBe(0);
};

/** A session with Vaccin Covid. */
const openService = async (page: Page): Promise<void> => {
  await page.goto(service('vaccin-covid'));
  await page.getByRole('button', { name: /S.identifier avec Caducée/ }).click();
  await prove(page);
  await page.waitForURL(`${service('vaccin-covid')}**`);
};

const account = async (page: Page): Promise<void> => {
  await page.goto(`${origin()}/compte`);
  await page.waitForURL(`${origin()}/compte`);
};

const check = async (page: Page, name: string): Promise<void> => {
  if (SHOTS) await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
};

const sessions = async (...args: string[]): Promise<{ sid: string; services: { name: string }[] }[]> => {
  const { stdout, stderr, code } = await sandbox.caducee('sessions', 'list', ...args, '--json');
  expect(code, stderr).toBe(0);
  return (JSON.parse(stdout) as { sessions: { sid: string; services: { name: string }[] }[] }).sessions;
};

describe('my account', () => {
  it('opens with a sign-in of its own, or with single sign-on, and shows what is open', async () => {
    const first = await open();
    const page = await first.newPage();
    await page.goto(`${origin()}/compte`);
    await prove(page);
    await page.waitForURL(`${origin()}/compte`);
    expect(await page.locator('h1').textContent()).toBe('Mon compte');
    expect(await page.getByText('Aucun service ouvert').count()).toBe(1);

    const second = await open();
    const other = await second.newPage();
    await openService(other);
    await account(other);
    const items = other.locator('form[action="/compte/fin"]');
    expect(await items.count()).toBe(2);
    expect(await other.getByText('Services : Vaccin Covid').count()).toBe(1);
    expect(await other.getByText('Cet ordinateur').count()).toBe(1);
    await check(other, 'account');

    // The other one ends, this one goes on.
    await other
      .locator('li', { hasText: 'Aucun service' })
      .getByRole('button', { name: /Terminer la connexion/ })
      .click();
    await other.waitForURL(/fin=1/);
    expect(await items.count()).toBe(1);
    await page.goto(`${origin()}/compte`);
    await expect.poll(() => page.url()).toContain('/connexion/');
    await Promise.all([first.close(), second.close()]);
  });

  it('ends everything, here too, and the service hears of it', async () => {
    const context = await open();
    const page = await context.newPage();
    await openService(page);
    await account(page);
    await page.getByRole('button', { name: 'Tout terminer' }).click();
    await page.waitForSelector('.done');
    expect(await page.locator('h1').textContent()).toBe('Vous êtes déconnecté');
    expect(await sessions('--person', person.nationalId)).toEqual([]);
    await expect
      .poll(async () => {
        const { stdout } = await sandbox.caducee('deliveries', 'list', '--service', 'vaccin-covid', '--json');
        return (JSON.parse(stdout) as { deliveries: { state: string }[] }).deliveries[0]?.state;
      })
      .toBe('sent');
    await page.goto(service('vaccin-covid'));
    expect(await page.getByRole('button', { name: /S.identifier avec Caducée/ }).count()).toBe(1);
    await context.close();
  });

  it('takes no form of another site, and none without a session', async () => {
    const context = await open();
    const page = await context.newPage();
    for (const path of ['/compte/fin', '/compte/fin-de-tout']) {
      const stranger = await page.request.post(`${origin()}${path}`, {
        headers: { origin: 'https://evil.example' },
        form: { session: 'x' },
      });
      expect(stranger.status()).toBe(403);
      const bare = await page.request.post(`${origin()}${path}`, {
        headers: { origin: origin() },
        form: { session: 'x' },
      });
      expect(bare.status()).toBe(403);
    }
    const back = await page.request.get(`${origin()}/compte/retour?state=guessed&code=x`);
    expect(back.status()).toBe(400);
    await context.close();
  });
});

describe('caducee sessions', () => {
  it('lists and ends from another process, with a reason that the audit keeps', async () => {
    const context = await open();
    const page = await context.newPage();
    await openService(page);
    const [found] = await sessions('--person', person.nationalId);
    expect(found?.services.map(({ name }) => name)).toEqual(['Vaccin Covid']);
    expect((await sessions('--service', 'vaccin-covid')).map(({ sid }) => sid)).toContain(found?.sid);

    const unexplained = await sandbox.caducee('sessions', 'end', found?.sid ?? '');
    expect(unexplained.code).not.toBe(0);
    expect(unexplained.stderr).toContain('--reason');
    const ended = await sandbox.caducee('sessions', 'end', found?.sid ?? '', '--reason', 'poste volé');
    expect(ended.stdout).toBe('1 ended.\n');
    expect(await sessions('--person', person.nationalId)).toEqual([]);
    const again = await sandbox.caducee('sessions', 'end', found?.sid ?? '', '--reason', 'poste volé');
    expect(again.code).not.toBe(0);
    // The running server tells the service.
    await expect
      .poll(async () => {
        const { stdout } = await sandbox.caducee('deliveries', 'list', '--state', 'sent', '--json');
        return (JSON.parse(stdout) as { deliveries: unknown[] }).deliveries.length;
      })
      .toBeGreaterThan(1);
    const all = await sandbox.caducee('sessions', 'end', '--person', person.nationalId, '--reason', 'fin');
    expect(all.stdout).toBe('0 ended.\n');
    await context.close();
  });
});
