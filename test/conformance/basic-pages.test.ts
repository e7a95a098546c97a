import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:http';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEVICE_CODE } from '../../src/clients/schema.ts';
import { launchBrowser } from '../support/browser.ts';
import { listen } from '../support/card-site.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { startSandbox, type RunningSandbox } from '../support/sandbox.ts';

/**
 * The modules of the basic and form post plans that are about pages, in Chromium, with the real pages and a phone; and a
 * kiosk, whose page they share.
 */

const PIN = '493027';
let sandbox: RunningSandbox;
let chromium: Browser;
let nationalId: string;
let state: string;
let rp: { url: string; received: { method: string; fields: URLSearchParams }[] };

/** A service that keeps what browsers bring it. */
const startService = async (): Promise<typeof rp> => {
  const received: (typeof rp)['received'] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      if (url.pathname !== '/callback') return response.writeHead(404).end();
      const fields = request.method === 'POST' ? new URLSearchParams(body) : url.searchParams;
      received.push({ method: request.method ?? '', fields });
      return response.end('<!doctype html><title>service</title>');
    });
  });
  const port = await listen(server);
  onFileEnd(() => void server.close());
  return { url: `http://localhost:${port}/callback`, received };
};

beforeAll(async () => {
  [sandbox, chromium, rp] = await Promise.all([startSandbox(), launchBrowser(), startService()]);
  nationalId = sandbox.info.personas[0]?.nationalId ?? '';
  state = join(mkdtempSync(join(tmpdir(), 'caducee-pages-')), 'phone.json');
  const { code, stderr } = await sandbox.caducee(
    'phone',
    'activate',
    nationalId,
    '--pin',
    PIN,
    '--state',
    state,
  );
  expect(code, stderr).toBe(0);
}, 120_000);
afterAll(() => sandbox.stop());

const context = (options: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> =>
  chromium.newContext({ locale: 'fr-FR', ...options });

const address = (parameters: Record<string, string> = {}): string => {
  const { origin } = new URL(sandbox.info.issuer);
  const all = {
    client_id: 'sandbox',
    redirect_uri: rp.url,
    response_type: 'code',
    scope: 'openid scope_all',
    state: 's',
    nonce: 'n',
    ...parameters,
  };
  return `${origin}/auth?${new URLSearchParams(all).toString()}`;
};

const approve = async (page: Page): Promise<void> => {
  const number = (await page.locator('[data-number]').getAttribute('data-number')) ?? '';
  const { code, stderr } = await sandbox.caducee('phone', 'approve', '--state', state, '--number', number);
  expect(code, stderr).toBe(0);
};

/** Types the identifier and approves on the phone. */
const signIn = async (page: Page): Promise<void> => {
  await page.getByLabel(/Identifiant national/).fill(nationalId);
  await page.getByRole('button', { name: 'Continuer' }).click();
  await approve(page);
};

const back = async (page: Page): Promise<{ method: string; fields: URLSearchParams }> => {
  await page.waitForURL(`${rp.url}**`);
  return rp.received.at(-1) ?? { method: '', fields: new URLSearchParams() };
};

describe('in a browser', () => {
  let browsing: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    browsing = await context();
    page = await browsing.newPage();
  });

  it('oidcc-server: the page names the service, and after the phone the browser is back with a code', async () => {
    await page.goto(address());
    expect(await page.getByRole('main').textContent()).toContain('Bac à sable');
    await signIn(page);
    expect((await back(page)).fields.get('code')).toBeTruthy();
  });

  it('oidcc-prompt-none-logged-in: no page at all', async () => {
    await page.goto(address({ prompt: 'none' }));
    expect((await back(page)).fields.get('code')).toBeTruthy();
  });

  it('oidcc-prompt-login: the page again, although somebody is signed in', async () => {
    await page.goto(address({ prompt: 'login' }));
    await page.getByLabel(/Identifiant national/).waitFor();
    await signIn(page);
    expect((await back(page)).fields.get('code')).toBeTruthy();
  });

  it('oidcc-max-age-1: the page again once a second has passed', async () => {
    await expect
      .poll(async () => {
        await page.goto(address({ max_age: '1' }));
        return page.getByLabel(/Identifiant national/).isVisible();
      })
      .toBe(true);
  });

  it('oidcc-login-hint: the identifier is in the field, whoever it is', async () => {
    for (const hint of [nationalId, '810000000000']) {
      const fresh = await (await context()).newPage();
      // oxlint-disable-next-line no-await-in-loop -- one page after the other
      await fresh.goto(address({ login_hint: hint }));
      // oxlint-disable-next-line no-await-in-loop -- one page after the other
      expect((await fresh.getByLabel(/Identifiant national/).inputValue()).replaceAll(' ', '')).toBe(hint);
    }
  });

  it('oidcc-ui-locales: English when asked, the browser’s language when asked for one there is not', async () => {
    const fresh = await (await context()).newPage();
    await fresh.goto(address({ ui_locales: 'en' }));
    expect(await fresh.locator('html').getAttribute('lang')).toBe('en');
    const other = await (await context()).newPage();
    await other.goto(address({ ui_locales: 'se' }));
    expect(await other.locator('html').getAttribute('lang')).toBe('fr');
  });

  it.each(['page', 'popup'])('oidcc-display-%s: a whole page, at 320 pixels too', async (display) => {
    const narrow = await (await context({ viewport: { width: 320, height: 480 } })).newPage();
    await narrow.goto(address({ display }));
    const wide = await narrow.evaluate('document.documentElement.scrollWidth');
    expect(Number(wide)).toBeLessThanOrEqual(320);
    await narrow.getByRole('button', { name: 'Continuer' }).waitFor();
  });

  it.each([
    ['oidcc-ensure-registered-redirect-uri', { redirect_uri: 'https://evil.example/' }, 'redirect_unknown'],
    ['an unknown service', { client_id: 'nobody' }, 'service_unknown'],
    ['oidcc-response-type-missing', { response_type: '' }, undefined],
  ])('%s: a page with a code and a number, or the service told', async (_name, parameters, code) => {
    const fresh = await (await context()).newPage();
    await fresh.goto(address(parameters));
    if (code === undefined) return expect((await back(fresh)).fields.get('error')).toBeTruthy();
    const said = (await fresh.getByRole('main').textContent()) ?? '';
    expect(said).toMatch(/[A-Z0-9]{4}-[A-Z0-9]{2}/);
    expect(new URL(fresh.url()).host).toBe(new URL(sandbox.info.issuer).host);
    return expect(rp.received.every(({ fields }) => fields.get('code') !== '')).toBe(true);
  });

  it('form_post: the form posts itself, and a button does it without JavaScript', async () => {
    const open = await context();
    const first = await open.newPage();
    await first.goto(address({ response_mode: 'form_post' }));
    await signIn(first);
    const by = await back(first);
    expect([by.method, by.fields.get('state'), by.fields.get('iss')]).toEqual([
      'POST',
      's',
      sandbox.info.issuer,
    ]);
    expect(by.fields.get('code')).toBeTruthy();

    const without = await context({ javaScriptEnabled: false });
    const plain = await without.newPage();
    await plain.goto(address({ response_mode: 'form_post', prompt: 'none' }));
    await plain.getByRole('main').getByRole('button').click();
    expect((await back(plain)).fields.get('error')).toBe('login_required');
  });
});

describe('a kiosk, by e-CPS', () => {
  it('is opened from a browser elsewhere: the code scanned, compared, and the phone', async () => {
    const issuer = `${sandbox.info.issuer}/protocol/openid-connect`;
    const post = async (path: string, form: Record<string, string>) =>
      (await (
        await fetch(`${issuer}/${path}`, {
          method: 'POST',
          body: new URLSearchParams({ client_id: 'sandbox-public', ...form }),
        })
      ).json()) as Record<string, unknown>;
    const device = await post('auth/device', { scope: 'openid scope_all' });

    const page = await (await context({ viewport: { width: 320, height: 640 } })).newPage();
    await page.goto(String(device['verification_uri_complete']));
    await page.getByText(String(device['user_code'])).first().waitFor();
    expect(await page.getByRole('main').textContent()).toContain('Bac à sable (client public)');
    expect(Number(await page.evaluate('document.documentElement.scrollWidth'))).toBeLessThanOrEqual(320);
    await page.getByRole('button', { name: /C’est le même code/ }).click();
    await signIn(page);
    await page.getByRole('heading', { name: 'L’appareil est connecté' }).waitFor();

    const tokens = await post('token', {
      grant_type: DEVICE_CODE,
      device_code: String(device['device_code']),
    });
    expect(tokens).toMatchObject({ token_type: 'Bearer', access_token: expect.any(String) });
  });

  it('by typing the code, without JavaScript; a wrong code is told', async () => {
    const { origin } = new URL(sandbox.info.issuer);
    const page = await (await context({ javaScriptEnabled: false })).newPage();
    await page.goto(`${origin}/appareil`);
    await page.getByLabel('Code de l’appareil').fill('ZZZZ-ZZZZ');
    await page.getByRole('button', { name: 'Continuer' }).click();
    await page.getByText('Ce code n’existe pas').waitFor();
    expect(await page.getByLabel('Code de l’appareil').getAttribute('aria-invalid')).toBe('true');
  });
});
