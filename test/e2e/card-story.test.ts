import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFailed, test } from 'vitest';
import { type CardReader, createCardReader } from '../support/card-reader.ts';
import { type RunningSandbox, startSandbox } from '../support/sandbox.ts';

/**
 * The story by card on a whole sandbox: cards made by the public command, imported in a real browser that trusts the
 * sandbox's authority and nothing else, chosen in the browser's own dialog; two services, two people, a revoked card.
 */

let sandbox: RunningSandbox;
let reader: CardReader;
let page: Page;
let folder: string;
/** Places of the cards in the browser's dialog, by serial number of the certificate. */
const places = new Map<string, number>();
const cards: { serial: string; nationalId: string }[] = [];

const issue = async (nationalId: string, ...options: string[]): Promise<void> => {
  const file = join(folder, `${cards.length}.p12`);
  const made = await sandbox.caducee(
    ...['card', 'issue', nationalId, '--out', file, '--password', 'secret', '--json', ...options],
  );
  expect(made.code, made.stderr + made.stdout).toBe(0);
  cards.push(JSON.parse(made.stdout) as (typeof cards)[number]);
  await reader.importFile(file, 'secret');
};

const persona = (position: number): string => sandbox.info.personas[position]?.nationalId ?? '';
const place = (card: number): number => places.get(cards[card]?.serial ?? '') ?? -1;
const service = (index: number): string => sandbox.info.services[index]?.url ?? '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caducee-card-story-'));
  [sandbox, reader] = await Promise.all([startSandbox(), createCardReader()]);
  await reader.trust(await (await fetch(sandbox.info.cardAuthority)).text());
  await issue(persona(0));
  await issue(persona(1));
  await issue(persona(0), '--revoked');
  const context = await reader.open();
  page = context.pages()[0] ?? (await context.newPage());
}, 120_000);

afterAll(async () => {
  await sandbox.stop();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() =>
  onTestFailed(() => {
    const file = join(tmpdir(), 'caducee-card-story.png');
    writeFileSync(file, reader.picture());
    process.stderr.write(`what the screen showed: ${file}\n`);
  }),
);

/** From a service to the card tab, and its button pressed: from here on the browser asks. */
const present = async (url: string): Promise<void> => {
  await page.goto(url);
  await page.getByRole('button', { name: /S.identifier avec Caducée/ }).click();
  await page.getByRole('link', { name: 'Carte CPS' }).click();
  await page.getByRole('button', { name: /Ma carte est insérée/ }).click({ noWaitAfter: true });
};

const signOut = async (): Promise<void> => {
  await page.getByRole('button', { name: /Se déconnecter/ }).click();
  await page.waitForLoadState('networkidle');
};

describe('with cards imported in the browser', () => {
  test('the diagnosis tells each card from the others, and which is revoked', async () => {
    for (let index = 0; index < cards.length; index += 1) {
      await page.goto(`${new URL(sandbox.info.home).origin}/carte/diagnostic`);
      await page.getByRole('button', { name: 'Lire ma carte' }).click({ noWaitAfter: true });
      await reader.choose(index);
      await page.waitForURL('**/resultat');
      const shown = (await page.getByRole('main').textContent()) ?? '';
      const card = cards.find(({ serial }) => shown.includes(serial));
      expect(card, shown).toBeDefined();
      places.set(card?.serial ?? '', index);
      expect(shown).toContain(card === cards[2] ? 'card_revoked' : 'Votre carte est acceptée');
    }
    expect([...places.values()].toSorted()).toEqual([0, 1, 2]);
  }, 60_000);

  test('a practitioner signs in to a service, then to a second one without being asked, and out of both', async () => {
    await present(service(0));
    await reader.choose(place(0));
    await page.waitForURL(`${service(0)}**`);
    expect(await page.getByRole('main').textContent()).toContain(persona(0));
    await page.goto(service(1));
    await page.getByRole('button', { name: /S.identifier avec Caducée/ }).click();
    await page.getByRole('button', { name: /Se déconnecter/ }).waitFor();
    expect(await page.getByRole('main').textContent()).toContain(persona(0));
    await signOut();
    for (const url of [service(0), service(1)]) {
      await page.goto(url);
      await page.getByRole('button', { name: /S.identifier avec Caducée/ }).waitFor();
    }
  }, 60_000);

  test('a second person takes the same browser and another card', async () => {
    await present(service(0));
    await reader.choose(place(1));
    await page.waitForURL(`${service(0)}**`);
    expect(await page.getByRole('main').textContent()).toContain(persona(1));
    await signOut();
  }, 60_000);

  test('a revoked card is refused in words, and cancelling leads back to the service', async () => {
    await present(service(1));
    await reader.choose(place(2));
    await page.getByText('card_revoked').waitFor();
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toMatch(/révoquée/);
    await page.getByRole('button', { name: /Annuler et revenir/ }).click();
    await page.waitForURL(`${service(1)}**`);
    await page.goto(service(1));
    await page.getByRole('button', { name: /S.identifier avec Caducée/ }).waitFor();
  }, 60_000);

  test('a card revoked during its session opens no further service', async () => {
    await present(service(0));
    await reader.choose(place(0));
    await page.waitForURL(`${service(0)}**`);
    const revoked = await sandbox.caducee('card', 'revoke', cards[0]?.serial ?? '', '--json');
    expect(revoked.code, revoked.stderr + revoked.stdout).toBe(0);
    await page.goto(service(1));
    await page.getByRole('button', { name: /S.identifier avec Caducée/ }).click();
    await page.getByText('Votre carte n’est plus acceptée').waitFor();
  }, 60_000);
});
