import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import webpush from 'web-push';
import * as z from 'zod';
import { bytes, token } from '../platform/random.ts';

/** Secrets of one sandbox, made at its first start: none has a default in the code, and no two sandboxes share any. */
const Secrets = z.object({
  masterKey: z.string(),
  twilioAccountSid: z.string(),
  twilioAuthToken: z.string(),
  vapidPublicKey: z.string(),
  vapidPrivateKey: z.string(),
});

export type SandboxSecrets = z.infer<typeof Secrets>;

const make = (): SandboxSecrets => {
  const vapid = webpush.generateVAPIDKeys();
  return {
    masterKey: token(32),
    twilioAccountSid: `AC${bytes(16).toString('hex')}`,
    twilioAuthToken: token(24),
    vapidPublicKey: vapid.publicKey,
    vapidPrivateKey: vapid.privateKey,
  };
};

/** Reads the secrets of the sandbox that lives in `folder`; makes them the first time, readable by their owner alone. */
export const sandboxSecrets = async (folder: string): Promise<SandboxSecrets> => {
  const path = join(folder, 'secrets.json');
  try {
    return Secrets.parse(JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new Error(`${path} cannot be read; npm run reset starts afresh`, { cause: error });
    }
  }
  const secrets = make();
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(`${path}.new`, JSON.stringify(secrets, undefined, 2), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return secrets;
};
