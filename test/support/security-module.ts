import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { toolEnvironment } from '../../src/config.ts';
import type { Kms } from '../../src/platform/kms/kms.ts';
import { pkcs11Kms, type Pkcs11Options } from '../../src/platform/kms/pkcs11.ts';
import { MODULES } from './card-reader.ts';
import { onFileEnd } from './cleanup.ts';
import { findTool } from './tools.ts';

/** A hardware security module in software (SoftHSM), with one RSA key that encrypts. */
export interface SecurityModule {
  options: Pkcs11Options;
  kms(changes?: Partial<Pkcs11Options>): Kms;
  /** Another key pair in the same token. */
  addKey(label: string, id: string): Promise<void>;
}

const run = promisify(execFile);

/** A token of its own; it goes when the test file ends. */
export const startToken = async (): Promise<SecurityModule> => {
  const softhsm = findTool('softhsm2-util', 'softhsm2');
  const tool = findTool('pkcs11-tool', 'opensc');
  const module = MODULES.find((path) => existsSync(path));
  if (!module) throw new Error('libsofthsm2.so is not installed: apt-get install softhsm2');
  const home = mkdtempSync(join(tmpdir(), 'caducee-hsm-'));
  onFileEnd(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(join(home, 'tokens'));
  const config = join(home, 'softhsm2.conf');
  writeFileSync(config, `directories.tokendir = ${join(home, 'tokens')}\nlog.level = ERROR\n`);
  const environment = { ...toolEnvironment(), SOFTHSM2_CONF: config };
  const call = (program: string, ...args: string[]) => run(program, args, { env: environment });

  const pin = '1234';
  const token = 'caducee-test';
  await call(softhsm, '--init-token', '--free', '--label', token, '--so-pin', '123456', '--pin', pin);
  const addKey = async (label: string, id: string): Promise<void> => {
    const login = ['--module', module, '--token-label', token, '--login', '--pin', pin];
    const pair = ['--keypairgen', '--key-type', 'rsa:2048', '--usage-decrypt', '--label', label, '--id', id];
    await call(tool, ...login, ...pair);
  };
  await addKey('caducee', '01');
  const options: Pkcs11Options = { tool, module, token, key: 'caducee', pin, oaepHash: 'sha1', environment };
  return { options, kms: (changes = {}) => pkcs11Kms({ ...options, ...changes }), addKey };
};
