import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { runPhoneCommand } from '../../src/sandbox/phone/command.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { freePortBase } from '../support/sandbox.ts';
import { startProtocolServer } from './protocol/server.ts';

/** `caducee phone` on the real e-CPS server, with the real inbox beside it. */

const portBase = await freePortBase();
const server = await startProtocolServer({ portBase });
const folder = mkdtempSync(join(tmpdir(), 'caducee-phone-'));
onFileEnd(() => rmSync(folder, { recursive: true }));

interface Ran {
  code: number;
  stdout: string;
  stderr: string;
  json: Record<string, unknown>;
}

const run = async (...args: string[]): Promise<Ran> => {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const io = {
    stdin: process.stdin,
    stdout,
    stderr,
    interactive: false,
    root: folder,
    locale: 'fr' as const,
  };
  const code = await runPhoneCommand(args, { io, portBase });
  const text = String(stdout.read() ?? '');
  return {
    code,
    stdout: text,
    stderr: String(stderr.read() ?? ''),
    json: args.includes('--json') ? (JSON.parse(text) as Record<string, unknown>) : {},
  };
};

let count = 0;
const activated = async (pin = '493027') => {
  const nationalId = await server.person();
  const state = join(folder, `phone-${(count += 1)}.json`);
  const ran = await run('activate', nationalId, '--pin', pin, '--state', state, '--json');
  expect(ran.stderr).toContain('SMS');
  expect(ran.json).toMatchObject({ ok: true, nationalId, device: { state: 'active' } });
  return { nationalId, state };
};

describe('caducee phone', () => {
  test('activates from the mail’s image and the SMS, and keeps its file to itself', async () => {
    const { state } = await activated();
    expect((await stat(state)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(state, 'utf8'))).toMatchObject({ version: 1, pin: '493027' });
    const me = await run('me', '--state', state);
    expect(me).toMatchObject({ code: 0 });
    expect(me.stdout).toContain('actif');
  });

  test('activates by the card presented to a computer: letters first, PIN once confirmed there', async () => {
    const nationalId = await server.person({ contact: 'missing' });
    const page = await server.card(nationalId);
    const state = join(folder, 'phone-card.json');
    const args = ['--pin', '493027', '--state', state, '--json'];
    const command = run('activate-card', '--qr', await page.qr(), ...args);
    await expect.poll(async () => (await page.view())?.state, { timeout: 10_000 }).toBe('compare');
    const shown = await page.view();
    expect(shown?.phone?.model).toBe('Téléphone virtuel');
    await page.confirm();
    const ran = await command;
    expect(ran.stderr).toContain([...(shown?.letters ?? '?')].join(' '));
    expect(ran.json).toMatchObject({
      ok: true,
      action: 'activate-card',
      nationalId,
      letters: shown?.letters,
      device: { state: 'active', via: 'card' },
    });
    expect((await run('me', '--state', state, '--json')).json).toMatchObject({ nationalId });
  });

  test('tells that the computer refused it, that nobody answered, that the QR is of another kind', async () => {
    const page = await server.card(await server.person());
    const state = join(folder, 'phone-refused.json');
    const args = ['--pin', '493027', '--state', state, '--json'];
    const command = run('activate-card', '--qr', await page.qr(), ...args);
    await expect.poll(async () => (await page.view())?.state, { timeout: 10_000 }).toBe('compare');
    await page.decline();
    expect((await command).json).toMatchObject({ ok: false, code: 'computer_refused' });
    const silent = await server.card(await server.person());
    const alone = await run('activate-card', '--qr', await silent.qr(), '--wait', '1', ...args);
    expect(alone.json).toMatchObject({ ok: false, code: 'computer_silent' });
    const other = await run('activate-card', '--qr', 'ECPS1:abc', ...args);
    expect(other.json).toMatchObject({ ok: false, code: 'request_invalid' });
    await expect(run('activate-card', ...args)).rejects.toThrow('ECPS3:');
  });

  test('says in the server’s words why an activation is refused, with code and support id', async () => {
    const missing = await server.person({ contact: 'missing' });
    const state = join(folder, 'missing.json');
    const human = await run('activate', missing, '--pin', '493027', '--state', state);
    expect(human.code).toBe(1);
    expect(human.stderr).toContain('Nous n’avons pas reçu la mise à jour de votre courriel');
    expect(human.stderr).toMatch(/contact_missing · [0-9A-Z]{4}-[0-9A-Z]{4}\n$/);
    const { json } = await run('activate', missing, '--pin', '493027', '--state', state, '--json');
    expect(json).toMatchObject({ ok: false, code: 'contact_missing', supportId: expect.any(String) });
  });

  test('shows who asks, and approves with the number', async () => {
    const { nationalId, state } = await activated();
    const page = await server.page(nationalId);
    const pending = await run('pending', '--state', state);
    expect(pending.stdout).toContain('Vaccin Covid (vaccin-covid.example)');
    expect(pending.stdout).toContain('Firefox, Windows, Lyon (FR)');
    expect(pending.stdout).toContain('Navigateur inconnu');
    const none = await run('approve', '--state', state, '--json');
    expect(none).toMatchObject({ code: 1, json: { code: 'bind_required' } });
    const done = await run('approve', '--state', state, '--number', page.number ?? '', '--json');
    expect(done).toMatchObject({ code: 0, json: { ok: true, txn: page.txn, wrongTriesSince: 0 } });
    await expect(page.finish()).resolves.toMatchObject({ nationalId });
  });

  test('on a terminal, asks for the number', async () => {
    const { nationalId, state } = await activated();
    const page = await server.page(nationalId);
    const stdin = Object.assign(new PassThrough(), { isTTY: true }) as unknown as typeof process.stdin;
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    stdin.push(`${page.number}\n`);
    const io = { stdin, stdout, stderr, interactive: true, root: folder, locale: 'fr' as const };
    await expect(runPhoneCommand(['approve', '--state', state], { io, portBase })).resolves.toBe(0);
    expect(String(stderr.read())).toContain('Le nombre affiché sur votre ordinateur');
    expect(String(stdout.read())).toContain('Confirmé. La session de Vaccin Covid s’ouvre');
  });

  test('waits for a request that comes later, on the server’s word', async () => {
    const { nationalId, state } = await activated();
    const denied = run('deny', '--state', state, '--json');
    const page = await server.page(nationalId, { afterListening: true });
    expect(await denied).toMatchObject({ code: 0, json: { action: 'deny', txn: page.txn } });
    const { code, json } = await run('approve', '--state', state, '--number', '42', '--wait', '0', '--json');
    expect([code, json['code']]).toEqual([1, 'no_request']);
  });

  test('approves by QR and by link, which prints where to go', async () => {
    const { nationalId, state } = await activated();
    const byQr = await server.page(undefined);
    expect(await run('approve', '--state', state, '--qr', (await byQr.qr()) ?? '')).toMatchObject({
      code: 0,
    });
    await expect(byQr.finish()).resolves.toMatchObject({ nationalId, flow: 'cross' });
    const byLink = await server.page(nationalId);
    const { stdout } = await run('approve', '--state', state, '--link', (await byLink.link()) ?? '');
    const returnTo = new URL(stdout.trim().split('\n').at(-1) ?? '');
    expect(returnTo.origin).toBe(server.origin);
    const verifier = returnTo.searchParams.get('v') ?? '';
    await expect(byLink.finish({ verifier })).resolves.toMatchObject({ nationalId, flow: 'same' });
    expect(await run('approve', '--state', state, '--qr', 'ECPS2:nonsense', '--json')).toMatchObject({
      code: 1,
      json: { code: 'request_invalid' },
    });
  });

  test('--pin tries another PIN without keeping it; --txn chooses; report reports', async () => {
    const { nationalId, state } = await activated();
    const [first, second] = [await server.page(nationalId), await server.page(nationalId)];
    const approve = (...more: string[]) =>
      run('approve', '--state', state, '--txn', first.txn, '--number', first.number ?? '', '--json', ...more);
    expect(await approve('--pin', '700135')).toMatchObject({
      code: 1,
      json: { code: 'pin_wrong', triesLeft: 4, supportId: expect.any(String) },
    });
    expect(await approve()).toMatchObject({ code: 0, json: { txn: first.txn, wrongTriesSince: 1 } });
    expect(await run('report', '--state', state, '--json')).toMatchObject({
      code: 0,
      json: { action: 'report', txn: second.txn },
    });
    const history = await run('history', '--state', state, '--json');
    expect(history.json['entries']).toMatchObject([{ kind: 'reported' }, { kind: 'sign_in' }, {}]);
  });

  test('changes its PIN and comes back, renews, lists and revokes', async () => {
    const { nationalId, state } = await activated();
    const approve = async () => {
      const page = await server.page(nationalId);
      return (await run('approve', '--state', state, '--number', page.number ?? '')).code;
    };
    expect(await run('change-pin', '--new-pin', '830264', '--state', state)).toMatchObject({ code: 0 });
    expect(await run('undo-pin', '--state', state)).toMatchObject({ code: 0 });
    expect(await approve()).toBe(0);
    await run('change-pin', '--new-pin', '830264', '--state', state);
    expect(await approve()).toBe(0);
    expect(await run('undo-pin', '--state', state)).toMatchObject({ code: 1 });
    const renewed = await run('renew', '--state', state, '--json');
    expect(renewed.json).toMatchObject({ device: { current: true } });
    const devices = await run('devices', '--state', state);
    expect(devices.stdout).toContain('(ce téléphone)');
    expect(await run('revoke', '--state', state)).toMatchObject({ code: 0 });
    expect(await run('pending', '--state', state, '--json')).toMatchObject({
      code: 1,
      json: { code: 'device_revoked' },
    });
    const again = await run(
      'activate',
      nationalId,
      '--pin',
      '493027',
      '--state',
      state,
      '--new-keys',
      '--json',
    );
    expect(again.json).toMatchObject({ ok: true, device: { state: 'active' } });
  });

  test('a second phone is let in by the first', async () => {
    const { nationalId, state } = await activated();
    const other = join(folder, 'second.json');
    const second = await run('activate', nationalId, '--pin', '830264', '--state', other);
    expect(second.stdout).toContain('ne pourra confirmer qu’à partir du');
    expect((await run('pending', '--state', state)).stdout).toContain('Un téléphone a été ajouté');
    expect(await run('approve-phone', '--state', state)).toMatchObject({ code: 0 });
    const page = await server.page(nationalId);
    expect(await run('approve', '--state', other, '--number', page.number ?? '')).toMatchObject({ code: 0 });
    const wrongPerson = await server.person();
    expect(await run('activate', wrongPerson, '--pin', '493027', '--state', state, '--json')).toMatchObject({
      code: 1,
      json: { code: 'other_person' },
    });
  });

  test('two commands on one file take turns', async () => {
    const { nationalId, state } = await activated();
    const page = await server.page(nationalId);
    const runs = await Promise.all([
      run('approve', '--state', state, '--number', page.number ?? '', '--json'),
      run('pending', '--state', state, '--json'),
      run('devices', '--state', state, '--json'),
    ]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
  });
});
