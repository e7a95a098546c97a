import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { type CommandIo, UsageError } from '../io.ts';
import { isEncrypted, readPrivateKey } from './keys.ts';

/** Reads a line from the terminal and shows nothing of it. */
const askHidden = async (io: Pick<CommandIo, 'stdin' | 'stderr'>, question: string): Promise<string> => {
  io.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: io.stdin, output: nowhere, terminal: true });
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    io.stderr.write('\n');
  }
};

/** Who acts, from what they typed or have in their environment, with their key opened. */
export const openIdentity = async (
  io: Pick<CommandIo, 'stdin' | 'stderr'>,
  given: { name?: string | undefined; keyFile?: string | undefined; passphrase?: string | undefined },
): Promise<{ name: string; key: KeyObject }> => {
  const { name, keyFile } = given;
  if (name === undefined || keyFile === undefined) {
    throw new UsageError(
      'Who are you? --operator NAME --operator-key FILE, or CADUCEE_OPERATOR and CADUCEE_OPERATOR_KEY.',
    );
  }
  const pem = await readFile(keyFile, 'utf8').catch(() => {
    throw new UsageError(`${keyFile} cannot be read: --operator-key names the file of your private key`);
  });
  const asked =
    isEncrypted(pem) && given.passphrase === undefined && io.stdin.isTTY
      ? await askHidden(io, `Passphrase of ${keyFile}: `)
      : given.passphrase;
  return { name, key: readPrivateKey(pem, asked) };
};
