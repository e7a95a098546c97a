import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HttpClient, hiddenFields } from '../support/http-client.ts';
import { type RunningSandbox, startSandbox } from '../support/sandbox.ts';
import { type Card, issueVirtualCard, presentVirtualCard, succeeded } from '../support/virtual-card.ts';

/** Virtual cards on a whole sandbox, by the public commands: made, presented over real TLS, revoked; and an e-CPS activated. */

let sandbox: RunningSandbox;
let folder: string;
let authority: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'caducee-card-'));
  sandbox = await startSandbox();
  authority = await (await fetch(sandbox.info.cardAuthority)).text();
}, 120_000);

afterAll(async () => {
  await sandbox.stop();
  rmSync(folder, { recursive: true, force: true });
});

const persona = (position: number): string => sandbox.info.personas[position]?.nationalId ?? '';
const issue = (nationalId: string, ...options: string[]): Promise<Card> =>
  issueVirtualCard(sandbox, folder, nationalId, ...options);
const present = (browser: HttpClient, path: string, card: Card): Promise<string> =>
  presentVirtualCard(browser, path, card, authority);

const ACTIVATION = '/activer/carte';
const newBrowser = () => new HttpClient(new URL(sandbox.info.home).origin);

describe('a virtual card', () => {
  test('activates the e-CPS with the virtual phone, whose letters the page shows', async () => {
    const browser = newBrowser();
    const card = await issue(persona(0));
    expect(await present(browser, ACTIVATION, card)).toBe(`${ACTIVATION}/telephone`);
    const qr = await (await browser.get(`${ACTIVATION}/qr.txt`)).text();
    const state = join(folder, 'phone.json');
    const command = sandbox.caducee(
      ...['phone', 'activate-card', '--qr', qr, '--pin', '493027', '--state', state, '--json'],
    );
    const page = await expect
      .poll(async () => (await browser.get(`${ACTIVATION}/telephone`)).text(), { timeout: 20_000 })
      .toContain('data-letters')
      .then(async () => (await browser.get(`${ACTIVATION}/telephone`)).text());
    await browser.post(`${ACTIVATION}/telephone`, { ...hiddenFields(page), reponse: 'oui' });
    const letters = /data-letters="(\w{4})"/.exec(page)?.[1];
    expect(succeeded(await command)).toMatchObject({
      ok: true,
      nationalId: persona(0),
      letters,
      device: { state: 'active', via: 'card' },
    });
    expect(await (await browser.get(`${ACTIVATION}/telephone`)).text()).toContain('Votre e-CPS est activée');
    expect(succeeded(await sandbox.caducee('phone', 'me', '--state', state, '--json'))).toMatchObject({
      nationalId: persona(0),
    });
  });

  test.each([
    ['--expired', 'card_expired'],
    ['--not-yet', 'card_not_yet_valid'],
    ['--revoked', 'card_revoked'],
    ['--signature', 'card_signature_certificate'],
    ['--wrong-ca', 'card_signature_invalid'],
    ['--software', 'card_software_certificate'],
    ['--policy', 'card_policy'],
    ['--server', 'card_extended_key_usage'],
    ['--critical', 'card_critical_extension_unknown'],
  ])('%s is refused with its reason', async (option, code) => {
    const browser = newBrowser();
    expect(await present(browser, ACTIVATION, await issue(persona(1), option))).toBe(ACTIVATION);
    expect(await (await browser.get(ACTIVATION)).text()).toContain(`<code>${code}`);
  });

  test('of somebody the registry does not know is refused', async () => {
    const browser = newBrowser();
    expect(await present(browser, ACTIVATION, await issue('899700999995'))).toBe(ACTIVATION);
    expect(await (await browser.get(ACTIVATION)).text()).toContain('<code>card_person_unknown');
  });

  test('revoked by the command is refused at once', async () => {
    const card = await issue(persona(2));
    const browser = newBrowser();
    expect(await present(browser, ACTIVATION, card)).toBe(`${ACTIVATION}/telephone`);
    expect(succeeded(await sandbox.caducee('card', 'revoke', card.serial, '--json'))).toMatchObject({
      changed: true,
    });
    expect(await present(browser, ACTIVATION, card)).toBe(ACTIVATION);
    expect(await (await browser.get(ACTIVATION)).text()).toContain('<code>card_revoked');
  });

  test('a command that cannot be followed says why', async () => {
    for (const args of [['issue', '12', '--out', 'x'], ['issue', persona(0)], ['revoke'], []]) {
      expect((await sandbox.caducee('card', ...args)).code).toBe(2);
    }
    const twice = await sandbox.caducee('card', 'issue', persona(0), '--out', 'x', '--expired', '--revoked');
    expect(twice.stderr).toContain('exclude one another');
  });
});
