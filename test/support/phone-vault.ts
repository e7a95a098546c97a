import type { PhoneKeys, PhoneState, Vault } from '../../src/phone/vault.ts';
import { generateKeys } from '../../src/phone/vault.ts';

/** A phone's vault in memory. `copy` makes the clone that a thief of the whole phone would have. */
export interface MemoryVault extends Vault {
  /** Every state written, oldest first. */
  readonly written: PhoneState[];
  copy(): MemoryVault;
}

export const createMemoryVault = (start: { keys?: PhoneKeys; state?: PhoneState } = {}): MemoryVault => {
  let { keys, state } = start;
  let queue: Promise<unknown> = Promise.resolve();
  const written: PhoneState[] = [];
  return {
    written,
    keys: async () => keys,
    createKeys: async () => (keys = await generateKeys()),
    read: async () => state,
    write: async (next) => {
      written.push(next);
      state = next;
    },
    lock: (work) => {
      const run = queue.then(work, work);
      queue = run.catch(() => undefined);
      return run;
    },
    copy: () => createMemoryVault({ ...(keys ? { keys } : {}), ...(state ? { state } : {}) }),
  };
};
