import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { activateApp, heading, openApp, press, type AppPhone } from '../support/phone-app.ts';
import { type RunningSandbox, startSandbox } from '../support/sandbox.ts';

/** A service asks without a browser, and its person answers: with the virtual phone, then in the app. */

const PIN = '493027';
const GRANT = 'urn:openid:params:grant-type:ciba';
let sandbox: RunningSandbox;
let browser: Browser;
let app: AppPhone;
let state: string;

const persona = (index: number): string => sandbox.info.personas[index]?.nationalId ?? '';

/** As the curl of docs/openid.md does. */
const post = async (path: string, form: Record<string, string>) => {
  const answer = await fetch(`${sandbox.info.issuer}/protocol/openid-connect/${path}`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('sandbox:sandbox-secret').toString('base64')}` },
    body: new URLSearchParams(form),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
};

const ask = async (login_hint: string, binding_message: string): Promise<string> => {
  const { status, body } = await post('ext/ciba/auth', {
    scope: 'openid scope_all',
    acr_values: 'eidas1',
    channel: 'MOBILE',
    ...{ login_hint, binding_message },
  });
  expect(body).toMatchObject({ expires_in: 120 });
  expect(status).toBe(200);
  return String(body['auth_req_id']);
};

const poll = (id: string) => post('token', { grant_type: GRANT, auth_req_id: id });

const phone = async (...args: string[]): Promise<Record<string, unknown>> => {
  const { stdout, stderr } = await sandbox.caducee('phone', ...args, '--state', state, '--json');
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
};

beforeAll(async () => {
  [sandbox, browser] = await Promise.all([startSandbox(), launchBrowser()]);
  const folder = mkdtempSync(join(tmpdir(), 'caducee-ciba-'));
  onFileEnd(() => rmSync(folder, { recursive: true, force: true }));
  state = join(folder, 'phone.json');
  expect(await phone('activate', persona(0), '--pin', PIN)).toMatchObject({ ok: true });
  app = await openApp(browser, sandbox);
  await activateApp(app, sandbox, persona(1), PIN);
}, 180_000);

afterAll(() => sandbox.stop());

describe('the virtual phone', () => {
  test.each([
    ['two digits', '47', '--message'],
    ['two digits, as a number', '47', '--number'],
    ['as the reference client of the State sends', '00', '--message'],
    ['words', 'Dossier 12', '--message'],
  ])('types what the service shows: %s', async (_what, shown, option) => {
    const id = await ask(persona(0), shown);
    const [request] = (await phone('pending'))['requests'] as Record<string, unknown>[];
    expect(request).toMatchObject({ context: { service: { clientId: 'sandbox' }, known: false } });
    // What is to be read on the service's screen is not on the phone's.
    expect(Object.values(request?.['context'] ?? {})).not.toContain(shown);
    expect(await phone('approve', option, shown)).toMatchObject({ ok: true });
    const { body } = await poll(id);
    expect(body).toHaveProperty('access_token');
    const claims = JSON.parse(
      Buffer.from(String(body['id_token']).split('.')[1] ?? '', 'base64url').toString(),
    ) as Record<string, unknown>;
    expect(claims).toMatchObject({
      SubjectNameID: persona(0),
      authMode: 'MOBILE',
      amr: ['pop', 'pin', 'mfa', 'swk'],
    });
  });

  test('refuses: nothing opens', async () => {
    const denied = await ask(persona(0), 'A1');
    expect(await phone('deny')).toMatchObject({ ok: true });
    expect((await poll(denied)).body).toMatchObject({ error: 'access_denied' });
  });
});

const violations = async (page: Page): Promise<string[]> => {
  const { violations: found } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
};

describe('the app', () => {
  const come = async (): Promise<Page> => {
    const { page } = app;
    await page.goto(sandbox.info.app);
    await heading(page, /^Vous connecter à/);
    return page;
  };

  test('shows who asks, takes the message in capitals or not, and the PIN', async () => {
    await app.page.goto(sandbox.info.app);
    const id = await ask(persona(1), 'Dossier 12');
    const page = await come();
    await page.getByText('le logiciel du service').waitFor();
    expect(await page.getByText('Dossier 12').count()).toBe(0);
    expect(await violations(page)).toEqual([]);
    await page.getByRole('button', { name: 'C’est bien moi : continuer' }).click();
    await heading(page, 'Le message affiché par le service');
    await page.setViewportSize({ width: 320, height: 568 });
    expect(await violations(page)).toEqual([]);
    const field = page.getByLabel('Le message affiché par le service');
    await field.fill('é');
    await page.getByRole('button', { name: 'Continuer' }).click();
    await page.getByText('Vingt signes au plus, sans accent.').waitFor();
    await field.fill('DOSSIER  12');
    await page.getByRole('button', { name: 'Continuer' }).click();
    await heading(page, 'Entrez votre code PIN');
    await page.getByText('DOSSIER 12').or(page.getByText('DOSSIER  12')).first().waitFor();
    await press(page, PIN);
    await heading(page, 'C’est confirmé');
    expect((await poll(id)).body).toHaveProperty('id_token');
    expect(app.complaints).toEqual([]);
  });

  test('takes two digits on its keypad, with nothing to scan', async () => {
    const id = await ask(persona(1), '47');
    const page = await come();
    await page.getByRole('button', { name: 'C’est bien moi : continuer' }).click();
    await heading(page, 'Le nombre affiché par le service');
    expect(await page.getByText('Scanner son QR code').count()).toBe(0);
    await press(page, '47');
    await heading(page, 'Entrez votre code PIN');
    await press(page, PIN);
    await heading(page, 'C’est confirmé');
    expect((await poll(id)).status).toBe(200);
  });

  test('ends with another message: the service hears that it failed, no PIN was counted', async () => {
    const id = await ask(persona(1), 'ABC');
    const page = await come();
    await page.getByRole('button', { name: 'C’est bien moi : continuer' }).click();
    await page.getByLabel('Le message affiché par le service').fill('ABD');
    await page.getByRole('button', { name: 'Continuer' }).click();
    await heading(page, 'Entrez votre code PIN');
    await press(page, PIN);
    await page.getByRole('heading', { level: 1, name: /pas le bon|ne correspond|différent/ }).waitFor();
    expect((await poll(id)).body).toMatchObject({ error: 'transaction_failed' });
  });

  test('reports what was never asked for', async () => {
    const id = await ask(persona(1), '52');
    const page = await come();
    await page.getByRole('button', { name: 'Je n’ai rien demandé' }).click();
    await page.getByRole('button', { name: /^Signaler|Oui/ }).click();
    await heading(page, /signalé|Merci/i);
    expect((await poll(id)).body).toMatchObject({ error: 'access_denied' });
  });
});
