import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import QRCode from 'qrcode';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { toBase64url } from '../../src/ecps/protocol/encoding.ts';
import { mailQr } from '../../src/ecps/protocol/qr.ts';
import { runPhoneCommand } from '../../src/sandbox/phone/command.ts';
import { LockBusyError, withFileLock } from '../../src/sandbox/phone/file-lock.ts';
import { decodeQrPng } from '../../src/sandbox/phone/inbox.ts';
import { createFileVault, readPhoneFile } from '../../src/sandbox/phone/state-file.ts';
import { chooseRequest } from '../../src/sandbox/phone/wait.ts';

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'caducee-phone-'));
  file = join(folder, 'phone.json');
});
afterEach(() => rm(folder, { recursive: true }));

const newFile = { version: 1, origin: 'http://localhost:4000', nationalId: '810002673899' } as const;

const run = async (...args: string[]) => {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const io = {
    stdin: process.stdin,
    stdout,
    stderr,
    interactive: false,
    root: folder,
    locale: 'en' as const,
  };
  const code = await runPhoneCommand(args, { io, portBase: 4000 });
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
};

describe('state file', () => {
  test('is for its owner alone, and gives back keys that sign as before', async () => {
    const vault = createFileVault(file, newFile);
    const made = await vault.createKeys();
    await vault.write({ seq: 3 });
    await vault.note({ pin: '493027' });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const again = createFileVault(file, (await readPhoneFile(file)) ?? newFile);
    const keys = await again.keys();
    expect(keys?.jwk).toEqual(made.jwk);
    expect(keys?.secret).toEqual(made.secret);
    expect(keys?.privateKey.extractable).toBe(false);
    expect(await again.read()).toEqual({ seq: 3 });
    const ecdsa = { name: 'ECDSA', hash: 'SHA-256' };
    const data = new Uint8Array(3);
    const publicKey = await crypto.subtle.importKey(
      'jwk',
      made.jwk,
      { name: 'ECDSA', namedCurve: 'P-256' },
      true,
      ['verify'],
    );
    const signature = keys && (await crypto.subtle.sign(ecdsa, keys.privateKey, data));
    expect(await crypto.subtle.verify(ecdsa, publicKey, signature ?? data, data)).toBe(true);
  });

  test('a file readable by others is closed again when written', async () => {
    await writeFile(file, '{}', { mode: 0o644 });
    await createFileVault(file, newFile).write({ seq: 1 });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('is never seen half written', async () => {
    const vault = createFileVault(file, newFile);
    await vault.write({ seq: 0 });
    let reading = true;
    let reads = 0;
    const reader = (async () => {
      while (reading) {
        expect(await readPhoneFile(file)).toMatchObject(newFile);
        reads += 1;
      }
    })();
    for (let seq = 1; seq <= 30; seq += 1) await vault.write({ seq });
    reading = false;
    await reader;
    expect(reads).toBeGreaterThan(0);
    expect((await readPhoneFile(file))?.state?.seq).toBe(30);
  });

  test('what is no phone is refused, and left alone', async () => {
    await writeFile(file, '{"version":2}');
    const { code, stdout } = await run('pending', '--state', file, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, code: 'state_invalid' });
    expect(await readFile(file, 'utf8')).toBe('{"version":2}');
  });
});

describe('lock', () => {
  test('lets one command work at a time', async () => {
    let inside = 0;
    let most = 0;
    const work = () =>
      withFileLock(file, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await new Promise(setImmediate);
        inside -= 1;
      });
    await Promise.all(Array.from({ length: 8 }, work));
    expect(most).toBe(1);
    await expect(stat(`${file}.lock`)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('of a process that died is taken over; of a living one it is not', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => child.once('exit', resolve));
    await writeFile(`${file}.lock`, String(child.pid));
    await expect(withFileLock(file, async () => 'done', 2_000)).resolves.toBe('done');
    await writeFile(`${file}.lock`, String(process.pid));
    await expect(withFileLock(file, async () => 'done', 100)).rejects.toThrow(LockBusyError);
    expect(await readFile(`${file}.lock`, 'utf8')).toBe(String(process.pid));
  });

  test('is released when the work fails', async () => {
    await expect(withFileLock(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(withFileLock(file, async () => 'done', 100)).resolves.toBe('done');
  });
});

describe('mail QR', () => {
  const text = mailQr({
    id: 'act_01HZX0TESTVECTOR0000000012',
    secret: toBase64url(createHash('sha256').update('x').digest().subarray(0, 16)),
  });

  test('is read from the image, on white or on transparent paper, small or large', async () => {
    for (const options of [
      { scale: 4 },
      { scale: 8, margin: 2 },
      { width: 320 },
      { scale: 6, color: { dark: '#14213dff', light: '#ffffff00' } },
    ]) {
      expect(decodeQrPng(await QRCode.toBuffer(text, options))).toBe(text);
    }
  });

  test('another picture, or none, reads as nothing', async () => {
    expect(decodeQrPng(new Uint8Array(10))).toBeUndefined();
  });
});

describe('caducee phone', () => {
  test('tells its verbs, in two languages, and refuses what it does not know', async () => {
    const help = await run('--help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const verb of [
      'activate',
      'approve',
      'pending',
      'deny',
      'report',
      'change-pin',
      'renew',
      'revoke',
    ]) {
      expect(help.stdout).toContain(verb);
    }
    expect((await run()).code).toBe(2);
    await expect(run('dance', '--state', file)).rejects.toThrow(/no "dance"/);
    await expect(run('pending')).rejects.toThrow(/--state/);
    await expect(run('approve', '--state', file, '--number', '42', '--qr', 'x')).rejects.toThrow(/exclude/);
    await expect(run('approve', '--state', file, '--wait', 'long')).rejects.toThrow(/--wait/);
    await expect(run('approve', '--state', file, '--what')).rejects.toThrow(/--what/);
  });

  test('without a phone in the file, says to activate one first', async () => {
    const { code, stdout } = await run('approve', '--state', file, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, code: 'no_phone' });
    const human = await run('approve', '--state', file);
    expect(human).toMatchObject({ code: 1, stdout: '' });
    expect(human.stderr).toMatch(/Activate one first\.\nno_phone\n$/);
  });

  test('a PIN of the block list is refused before anything is asked', async () => {
    const { code, stdout } = await run(
      'activate',
      '810002673899',
      '--pin',
      '1234',
      '--state',
      file,
      '--json',
    );
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ code: 'pin_refused', reason: 'sequence' });
    await expect(stat(file)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a server that is not there is told as such', async () => {
    const vault = createFileVault(file, { ...newFile, origin: 'http://localhost:1' });
    await vault.createKeys();
    const { code, stdout } = await run('pending', '--state', file, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ code: 'offline' });
  });
});

describe('choosing among several requests', () => {
  const request = (txn: string, expiresAt: string, bindingMessage?: string) => ({
    txn,
    aud: 'a',
    gen: 1,
    challenge: 'c',
    context: {
      service: { clientId: 'c', name: 'n', host: 'h' },
      browser: 'b',
      place: '',
      at: expiresAt,
      known: false,
      acr: 'eidas1',
      locale: 'fr' as const,
      ...(bindingMessage === undefined ? {} : { bindingMessage }),
    },
    bindings: ['number' as const],
    expiresAt,
    pin: { triesLeft: 5 },
  });
  const requests = [
    request('old', '2026-01-01T10:00:00Z', 'BLUE 12'),
    request('new', '2026-01-01T10:01:00Z'),
    request('middle', '2026-01-01T10:00:30Z'),
  ];

  test('the newest, unless a transaction or a message is named', () => {
    expect(chooseRequest(requests, {})?.txn).toBe('new');
    expect(chooseRequest(requests, { txn: 'middle' })?.txn).toBe('middle');
    expect(chooseRequest(requests, { message: 'BLUE 12' })?.txn).toBe('old');
    expect(chooseRequest(requests, { message: 'RED' })).toBeUndefined();
    expect(chooseRequest([], {})).toBeUndefined();
  });
});
