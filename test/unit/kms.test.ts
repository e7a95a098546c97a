import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createKeyRing } from '../../src/platform/crypto.ts';
import { keyringKms, readKeyFile } from '../../src/platform/kms/keyrings.ts';
import { createKmsRing, type Kms } from '../../src/platform/kms/kms.ts';
import { bytes } from '../../src/platform/random.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { startToken } from '../support/security-module.ts';

const folder = mkdtempSync(join(tmpdir(), 'caducee-kms-'));
onFileEnd(() => rmSync(folder, { recursive: true, force: true }));

const keyFile = (name: string, content: string | Buffer, mode = 0o600): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
};

const SECRET = Buffer.from('a private key');

/** What every driver promises. */
const promises = (make: () => Promise<Kms>): void => {
  it('opens what it sealed, for the place it was sealed for', async () => {
    const kms = await make();
    const sealed = await kms.seal(SECRET, 'kid-1');
    expect(sealed.includes(SECRET)).toBe(false);
    const keyId = await kms.keyId();
    expect(await kms.open(sealed, 'kid-1', keyId)).toEqual(SECRET);
    await expect(kms.open(sealed, 'kid-2', keyId)).rejects.toThrow();
    const changed = Buffer.from(sealed);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    await expect(kms.open(changed, 'kid-1', keyId)).rejects.toThrow();
  });

  it('never seals twice alike', async () => {
    const kms = await make();
    expect(await kms.seal(SECRET, 'k')).not.toEqual(await kms.seal(SECRET, 'k'));
  });
};

describe('the master key', () => {
  promises(async () => keyringKms('env', createKeyRing(bytes(32))));

  it('opens with the one of before', async () => {
    const [old, fresh] = [bytes(32), bytes(32)];
    const sealed = await keyringKms('env', createKeyRing(old)).seal(SECRET, 'k');
    await expect(keyringKms('env', createKeyRing(fresh)).open(sealed, 'k', '')).rejects.toThrow();
    expect(await keyringKms('env', createKeyRing(fresh, old)).open(sealed, 'k', '')).toEqual(SECRET);
  });
});

describe('a key file', () => {
  const key = bytes(32);
  promises(async () => keyringKms('file', readKeyFile(keyFile('key', key))));

  it.each([
    ['raw', key],
    ['hexadecimal', `${key.toString('hex')}\n`],
    ['base64url', `${key.toString('base64url')}\n`],
  ])('is the same key %s', async (name, content) => {
    const sealed = await keyringKms('file', createKeyRing(key)).seal(SECRET, 'k');
    expect(await keyringKms('file', readKeyFile(keyFile(name, content))).open(sealed, 'k', '')).toEqual(
      SECRET,
    );
  });

  it.each([0o640, 0o604, 0o620])('is refused when others may use it (%o)', (mode) => {
    expect(() => readKeyFile(keyFile('open', key, mode))).toThrow(/chmod 600/);
  });

  it('is refused when it is not 32 bytes', () => {
    expect(() => readKeyFile(keyFile('short', 'too short'))).toThrow(/32 bytes/);
  });
});

describe('a security module', () => {
  const token = startToken();

  promises(async () => (await token).kms());

  it('needs its PIN to open, not to seal', async () => {
    const { kms } = await token;
    const sealed = await kms().seal(SECRET, 'k');
    const wrong = kms({ pin: '9999' });
    expect(await wrong.seal(SECRET, 'k')).toBeInstanceOf(Buffer);
    await expect(wrong.open(sealed, 'k', 'caducee')).rejects.toThrow(/security module refused/);
  });

  it('opens what its key of before sealed', async () => {
    const { kms, addKey } = await token;
    const sealed = await kms().seal(SECRET, 'k');
    await addKey('caducee-2', '02');
    const next = kms({ key: 'caducee-2' });
    expect(await next.keyId()).toBe('caducee-2');
    expect(await next.open(sealed, 'k', 'caducee')).toEqual(SECRET);
  });

  it('says so when its program is missing', async () => {
    const { kms } = await token;
    await expect(kms({ tool: '/nowhere/pkcs11-tool' }).seal(SECRET, 'k')).rejects.toThrow(/did not start/);
  });
});

describe('several key managements', () => {
  it('each open what is theirs; a missing one is named', async () => {
    const env = keyringKms('env', createKeyRing(bytes(32)));
    const file = keyringKms('file', createKeyRing(bytes(32)));
    const sealed = await env.seal(SECRET, 'k');
    expect(await createKmsRing(file, env).open('env', sealed, 'k', '')).toEqual(SECRET);
    await expect(createKmsRing(file).open('env', sealed, 'k', '')).rejects.toThrow(
      /"env", which is not configured/,
    );
  });
});
