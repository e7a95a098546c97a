import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, beforeEach, describe, expect, onTestFailed, test } from 'vitest';
import { type CardReader, PIN, createCardReader } from '../support/card-reader.ts';
import { DOCTOR, OTHER_DOCTOR, startCardSite } from '../support/card-site.ts';
import { type RelyingParty, startRelyingParty } from '../support/relying-party.ts';

/**
 * A card in a reader, in a browser that asks for its PIN: as a practitioner does it. One browser, kept open all along,
 * because what it remembers from one sign-in to the next is what is in question.
 */

const site = await startCardSite();
let reader: CardReader;
let service: RelyingParty;
let page: Page;

beforeAll(async () => {
  [reader, service] = await Promise.all([createCardReader(), startRelyingParty(site)]);
  const [first, second] = await Promise.all([
    site.files.card({ nationalId: DOCTOR }, { keyKind: 'rsa2048' }),
    site.files.card({ nationalId: OTHER_DOCTOR, familyName: 'AUTRE', givenName: 'ÉLODIE' }),
  ]);
  await reader.insert(first, 'CPS de Robert');
  await reader.insert(second, 'CPS d Elodie');
  const context = await reader.open();
  page = context.pages()[0] ?? (await context.newPage());
}, 120_000);

/** From the service to the card tab, and its button pressed: from here on the browser asks. */
const present = async (query = ''): Promise<void> => {
  await page.goto(`${service.url}${query}`);
  await page.getByRole('link', { name: 'Carte CPS' }).click();
  await page.getByRole('button', { name: /Ma carte est insérée/ }).click({ noWaitAfter: true });
};

const claims = async (): Promise<Record<string, unknown>> => {
  await page.waitForURL(service.shown);
  return JSON.parse((await page.textContent('body')) ?? '') as Record<string, unknown>;
};

/** What each test found, for the next one: the browser is the same. */
const signedIn: unknown[] = [];

describe('with two cards in the readers of one computer', () => {
  beforeEach(() =>
    onTestFailed(() => {
      const file = join(tmpdir(), 'caducee-card-reader.png');
      writeFileSync(file, reader.picture());
      process.stderr.write(`what the screen showed: ${file}\n`);
    }),
  );

  test('a wrong PIN is asked again, the right one signs in', async () => {
    await present();
    await reader.enterPin('9999');
    await reader.enterPin(PIN); // the same card again
    await reader.enterPin(PIN); // the other one: the browser lists what both hold
    await reader.choose(0);
    const told = await claims();
    expect(told).toMatchObject({
      acr: 'eidas2',
      amr: ['sc', 'pin', 'mfa', 'hwk', 'phr'],
      authMode: 'CARD',
    });
    signedIn.push(told['SubjectNameID']);
  }, 60_000);

  test('who comes back is not asked, as long as the session lasts', async () => {
    await page.goto(service.url);
    expect((await claims())['SubjectNameID']).toBe(signedIn[0]);
  }, 60_000);

  test('a second person signs in with another card, without closing the browser', async () => {
    await present('?prompt=login');
    await reader.choose(1);
    signedIn.push((await claims())['SubjectNameID']);
    expect(signedIn.toSorted()).toEqual([DOCTOR, OTHER_DOCTOR].toSorted());
  }, 60_000);

  test('who presents no certificate is told so, and the browser asks again at the next try', async () => {
    await present('?prompt=login');
    await reader.choose('none');
    await page.getByText('card_absent').waitFor();
    await page.getByRole('button', { name: 'Réessayer avec la carte' }).click({ noWaitAfter: true });
    await reader.choose(0);
    expect((await claims())['SubjectNameID']).toBe(signedIn[0]);
  }, 60_000);
});
