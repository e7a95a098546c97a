import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type RunningSandbox, startSandbox } from '../support/sandbox.ts';

/** A whole journey at log level trace: whatever a person typed, received or holds must not be in the log. */

const PIN = '907143';
let sandbox: RunningSandbox;
let browser: Browser;

beforeAll(async () => {
  sandbox = await startSandbox({ environment: { CADUCEE_LOG_LEVEL: 'trace' } });
  browser = await launchBrowser();
}, 120_000);

afterAll(() => sandbox.stop());

interface InboxMessage {
  kind: 'mail' | 'sms';
  to: string;
  text: string;
}

const inbox = async (): Promise<InboxMessage[]> => {
  const response = await fetch(new URL('/api/messages?limit=100', sandbox.info.inbox));
  return ((await response.json()) as { messages: InboxMessage[] }).messages;
};

test('no PIN, code, token, cookie, address or key is in the log', async () => {
  const secrets = new Map<string, string>([['PIN', PIN]]);
  const person = sandbox.info.personas[0];
  if (!person) throw new Error('no persona');
  const state = join(mkdtempSync(join(tmpdir(), 'caducee-secrets-')), 'phone.json');
  const activation = await sandbox.caducee(
    ...['phone', 'activate', person.nationalId, '--pin', PIN, '--state', state, '--json'],
  );
  expect(activation.code, activation.stderr).toBe(0);
  expect(statSync(state).mode & 0o777).toBe(0o600);
  const revocation = /"revocationCode":\s*"([^"]+)"/.exec(activation.stdout)?.[1];
  secrets.set('revocation code', revocation ?? 'not printed');
  for (const { kind, to, text } of await inbox()) {
    secrets.set(`${kind} address`, to);
    if (kind === 'sms') secrets.set('SMS code', /#(\d{6})/.exec(text)?.[1] ?? 'no SMS code');
    const typed = /\b([0-9A-Z]{4}-[0-9A-Z]{4})\b/.exec(text)?.[1];
    if (typed) secrets.set('typed code', typed).set('typed code, bare', typed.replace('-', ''));
  }

  const verifier = randomBytes(32).toString('base64url');
  const redirect = 'http://localhost:1/callback';
  const discovery = (await (await fetch(sandbox.info.discovery)).json()) as Record<string, string>;
  const authorize = new URL(discovery['authorization_endpoint'] ?? '');
  authorize.search = new URLSearchParams({
    client_id: 'sandbox',
    redirect_uri: redirect,
    response_type: 'code',
    scope: 'openid scope_all',
    acr_values: 'eidas1',
    state: 'state-of-the-test',
    nonce: 'nonce-of-the-test',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString();

  const context = await browser.newContext();
  const page = await context.newPage();
  const callback = new Promise<URL>((resolve) =>
    page.on('request', (request) => {
      if (request.url().startsWith(redirect)) resolve(new URL(request.url()));
    }),
  );
  await page.goto(authorize.href);
  await page.getByLabel(/Identifiant national|National identifier/).fill(person.nationalId);
  await page.getByRole('button', { name: /Continuer|Continue/ }).click();
  const number = (await page.locator('[data-number]').getAttribute('data-number')) ?? '';
  const approval = await sandbox.caducee('phone', 'approve', '--state', state, '--number', number, '--json');
  expect(approval.code, approval.stderr).toBe(0);
  const code = (await callback).searchParams.get('code') ?? '';
  secrets.set('authorization code', code);
  for (const cookie of await context.cookies(sandbox.info.home)) {
    // A choice of language or an identifier is no secret; what is long enough to be one is checked.
    if (cookie.value.length >= 16) secrets.set(`cookie ${cookie.name}`, cookie.value);
  }

  const response = await fetch(discovery['token_endpoint'] ?? '', {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirect,
      code_verifier: verifier,
      client_id: 'sandbox',
      client_secret: 'sandbox-secret',
    }),
  });
  const tokens = (await response.json()) as Record<string, string>;
  expect(response.status).toBe(200);
  for (const name of ['access_token', 'refresh_token', 'id_token'])
    secrets.set(name, tokens[name] ?? `no ${name}`);
  secrets.set('client secret', 'sandbox-secret').set('PKCE verifier', verifier);
  await fetch(discovery['userinfo_endpoint'] ?? '', {
    headers: { authorization: `Bearer ${tokens['access_token'] ?? ''}` },
  });
  for (const [name, value] of Object.entries(
    JSON.parse(readFileSync(state, 'utf8')) as Record<string, unknown>,
  )) {
    if (/secret|^k$|^d$|private/i.test(name) && typeof value === 'string')
      secrets.set(`state ${name}`, value);
  }
  await context.close();

  const log = sandbox.log();
  expect(log.split('\n').length, 'the log says something at trace').toBeGreaterThan(20);
  for (const [name, value] of secrets) {
    expect(value.length, `${name} was collected`).toBeGreaterThan(5);
    expect(log.includes(value), `${name} is in the log`).toBe(false);
    expect(log.includes(encodeURIComponent(value)), `${name}, encoded, is in the log`).toBe(false);
  }
  expect([...secrets.values()].some((value) => /^(no |not printed)/.test(value))).toBe(false);
});
