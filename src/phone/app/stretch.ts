import type { Bytes } from '../../ecps/protocol/encoding.ts';
import type { Stretch } from '../signing.ts';
import { scriptUrl } from './trusted.ts';

/** What the worker is asked and answers. */
export interface StretchQuestion {
  readonly pin: string;
  readonly secret: Bytes;
  readonly deviceId: string;
}
export type StretchAnswer = { readonly x: Bytes } | { readonly failure: string };

/** Argon2id in a worker that lives for one PIN: the screen stays alive, and the PIN leaves no memory behind. */
export const createStretch =
  (workerUrl: string): Stretch =>
  (pin, secret, deviceId) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(scriptUrl(workerUrl));
      const end = (settle: () => void) => {
        worker.terminate();
        settle();
      };
      worker.addEventListener('message', ({ data }: MessageEvent<StretchAnswer>) =>
        end(() => ('x' in data ? resolve(data.x) : reject(new Error(data.failure)))),
      );
      worker.addEventListener('error', (event) =>
        end(() => reject(new Error(`the PIN worker failed: ${event.message}`))),
      );
      const question: StretchQuestion = { pin, secret, deviceId };
      worker.postMessage(question);
    });
