import { open, readFile, rename, rm } from 'node:fs/promises';
import * as z from 'zod';
import { fromBase64url, toBase64url } from '../../ecps/protocol/encoding.ts';
import { publicJwk } from '../../ecps/protocol/payloads.ts';
import type { PhoneKeys, Vault } from '../../phone/vault.ts';
import { generateKeys, phoneState } from '../../phone/vault.ts';

/**
 * The file of a virtual phone. It holds what no real phone would write down, the PIN and D's private half, since the
 * sandbox's personas are nobody. Mode 600, written whole beside and renamed.
 */
const content = z.object({
  version: z.literal(1),
  /** Origin of the sandbox. */
  origin: z.string(),
  nationalId: z.string(),
  pin: z.string().optional(),
  /** The PIN before the last change. */
  formerPin: z.string().optional(),
  revocationCode: z.string().optional(),
  keys: z.object({ secret: z.string(), privateJwk: publicJwk.extend({ d: z.string() }) }).optional(),
  state: phoneState.optional(),
});
export type PhoneFile = z.output<typeof content>;

/** The file is not one of a virtual phone. */
export class StateFileError extends Error {}

/** Reads a state file; undefined when there is none. */
export const readPhoneFile = async (path: string): Promise<PhoneFile | undefined> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return content.parse(JSON.parse(text));
  } catch (cause) {
    throw new StateFileError(`${path} is not the file of a virtual phone`, { cause });
  }
};

/** Writes a state file so that a crash leaves the former or the new one, never half of one. */
export const writePhoneFile = async (path: string, file: PhoneFile): Promise<void> => {
  const beside = `${path}.${process.pid}.tmp`;
  const handle = await open(beside, 'w', 0o600);
  try {
    await handle.chmod(0o600);
    await handle.writeFile(`${JSON.stringify(file, undefined, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
};

const EC = { name: 'ECDSA', namedCurve: 'P-256' } as const;

const importKeys = async (stored: NonNullable<PhoneFile['keys']>): Promise<PhoneKeys> => {
  const { d: _private, ...jwk } = stored.privateJwk;
  return {
    secret: fromBase64url(stored.secret),
    privateKey: await crypto.subtle.importKey('jwk', stored.privateJwk, EC, false, ['sign']),
    jwk,
  };
};

/** A vault in memory that writes itself to its file at each change. The caller holds the file's lock. */
export interface FileVault extends Vault {
  readonly file: PhoneFile;
  /** Changes what stands beside the phone's own state. */
  note(change: Partial<Omit<PhoneFile, 'version' | 'keys' | 'state'>>): Promise<void>;
}

export const createFileVault = (path: string, initial: PhoneFile): FileVault => {
  let file = initial;
  let keys: Promise<PhoneKeys> | undefined;
  let queue: Promise<unknown> = Promise.resolve();
  const save = async (change: Partial<PhoneFile>): Promise<void> => {
    const next = { ...file, ...change };
    await writePhoneFile(path, next);
    file = next;
  };

  return {
    get file() {
      return file;
    },
    note: save,
    async keys() {
      if (!file.keys) return undefined;
      return (keys ??= importKeys(file.keys));
    },
    async createKeys() {
      const made = await generateKeys(true);
      const { d } = await crypto.subtle.exportKey('jwk', made.privateKey);
      if (d === undefined) throw new TypeError('the key has no private half');
      await save({ keys: { secret: toBase64url(made.secret), privateJwk: { ...made.jwk, d } } });
      keys = Promise.resolve(made);
      return made;
    },
    read: async () => file.state,
    write: (state) => save({ state }),
    // The file's lock keeps other processes out; this keeps the calls of one process in line.
    lock: (work) => {
      const run = queue.then(work, work);
      queue = run.catch(() => undefined);
      return run;
    },
  };
};
