import { spawn } from 'node:child_process';
import { constants, createCipheriv, createDecipheriv, createPublicKey, publicEncrypt } from 'node:crypto';
import { bytes } from '../random.ts';
import type { Kms } from './kms.ts';

/**
 * A hardware security module, through OpenSC's pkcs11-tool: a small program per use, so that no vendor's library is
 * loaded into this process. Each secret is encrypted under a key of its own (AES-256-GCM), and that one under the
 * module's RSA key (OAEP), whose private half never leaves it: without the module, and its PIN, nothing opens.
 */
export interface Pkcs11Options {
  /** The program; found on the PATH when it is a mere name. */
  tool: string;
  /** The vendor's library. */
  module: string;
  /** Label of the token, and of its RSA key. */
  token: string;
  key: string;
  pin: string;
  oaepHash: 'sha256' | 'sha1';
  /** Variables for the program and the vendor's library. */
  environment: Readonly<Record<string, string | undefined>>;
}

const NAMES = {
  sha256: { hash: 'SHA256', mgf: 'MGF1-SHA256' },
  sha1: { hash: 'SHA-1', mgf: 'MGF1-SHA1' },
} as const;
const PIN_VARIABLE = 'PKCS11_PIN';
const DEADLINE_MS = 20_000;
const NONCE = 12;
const TAG = 16;

/** What the program complained of; it ends with "Aborting.". */
const saidBy = (complaint: string): string =>
  complaint
    .trim()
    .split('\n')
    .filter((line) => line !== 'Aborting.')
    .at(-1) ?? 'it did not say why';

const run = (options: Pkcs11Options, args: readonly string[], input?: Uint8Array): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const child = spawn(options.tool, ['--module', options.module, '--token-label', options.token, ...args], {
      env: { ...options.environment, [PIN_VARIABLE]: options.pin },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: DEADLINE_MS,
      killSignal: 'SIGKILL',
    });
    const out: Buffer[] = [];
    let complaint = '';
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (complaint += chunk));
    child.on('error', (cause) => reject(new Error(`${options.tool} did not start`, { cause })));
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out));
      else reject(new Error(`the security module refused: ${saidBy(complaint)}`));
    });
    // A program that ends before it has read everything has said why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });

/** The identifier of each key pair, by its label: the program finds a private key by its identifier only. */
const idsOf = async (options: Pkcs11Options): Promise<Map<string, string>> => {
  const listed = (await run(options, ['--list-objects', '--type', 'pubkey'])).toString('utf8');
  const found = listed.matchAll(/^\s*label:\s+(.+?)\s*$\n^\s*ID:\s+([0-9a-f]+)\s*$/gim);
  return new Map(Array.from(found, ([, label = '', id = '']) => [label, id]));
};

/** Remembers what a piece of work found, but not that it failed. */
const once = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  let known: Promise<T> | undefined;
  return () =>
    (known ??= work().catch((error: unknown) => {
      known = undefined;
      throw error;
    }));
};

/** Makes the key management of one token. `keyId` is the label of its key. */
export const pkcs11Kms = (options: Pkcs11Options): Kms => {
  const ids = once(() => idsOf(options));
  const idOf = async (label: string): Promise<string> => {
    const id = (await ids()).get(label);
    if (id === undefined) throw new Error(`the security module has no key "${label}" in "${options.token}"`);
    return id;
  };
  const publicKey = once(async () => {
    const id = await idOf(options.key);
    const der = await run(options, ['--read-object', '--type', 'pubkey', '--id', id]);
    return createPublicKey({ key: der, format: 'der', type: 'spki' });
  });

  const unwrap = async (wrapped: Uint8Array, label: string): Promise<Buffer> => {
    const { hash, mgf } = NAMES[options.oaepHash];
    const mechanism = ['--mechanism', 'RSA-PKCS-OAEP', '--hash-algorithm', hash, '--mgf', mgf];
    const login = ['--login', '--pin', `env:${PIN_VARIABLE}`];
    return run(options, [...login, '--decrypt', ...mechanism, '--id', await idOf(label)], wrapped);
  };

  return {
    driver: 'pkcs11',
    keyId: () => Promise.resolve(options.key),
    async seal(plaintext, aad) {
      const key = bytes(32);
      const wrapped = publicEncrypt(
        { key: await publicKey(), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: options.oaepHash },
        key,
      );
      const nonce = bytes(NONCE);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(aad));
      const length = Buffer.alloc(2);
      length.writeUInt16BE(wrapped.length);
      const body = [cipher.update(plaintext), cipher.final(), cipher.getAuthTag()];
      return Buffer.concat([length, wrapped, nonce, ...body]);
    },
    async open(sealed, aad, keyId) {
      const data = Buffer.from(sealed);
      const size = data.readUInt16BE(0);
      const body = data.subarray(2 + size);
      const key = await unwrap(data.subarray(2, 2 + size), keyId);
      const decipher = createDecipheriv('aes-256-gcm', key, body.subarray(0, NONCE))
        .setAAD(Buffer.from(aad))
        .setAuthTag(body.subarray(body.length - TAG));
      return Buffer.concat([decipher.update(body.subarray(NONCE, body.length - TAG)), decipher.final()]);
    },
  };
};
