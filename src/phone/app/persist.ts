import type { IdbVault } from './vault-idb.ts';

/**
 * Browsers may erase what a site keeps. The app asks them not to, and leaves one trace elsewhere: a cookie without
 * content that the server of the app sets, so that an empty vault can be told from a phone that never had an e-CPS.
 */

const TRACE_PATH = '/trace';

/** Asks that the keys be kept. Browsers grant it for installed or often used apps, some ask the person. */
export const askPersistence = async (): Promise<boolean> => {
  try {
    return (await navigator.storage.persisted()) || (await navigator.storage.persist());
  } catch {
    return false;
  }
};

/** Leaves or removes the trace that an e-CPS is here. Losing it costs only a clearer message. */
export const leaveTrace = async (present: boolean): Promise<void> => {
  await fetch(TRACE_PATH, { method: present ? 'PUT' : 'DELETE' }).catch(() => undefined);
};

const traceFound = async (): Promise<boolean> => {
  try {
    const answer = await fetch(TRACE_PATH, { signal: AbortSignal.timeout(3_000) });
    return answer.ok && (await answer.text()) === '1';
  } catch {
    return false;
  }
};

/** True when this phone had an e-CPS whose keys the browser has erased or can no longer open. */
export const keysWereLost = async (vault: IdbVault): Promise<boolean> => {
  if (await vault.damaged()) return true;
  if ((await vault.read()) !== undefined) return false;
  return traceFound();
};

/** False where the browser keeps nothing, such as some private windows. */
export const storageWorks = async (vault: IdbVault): Promise<boolean> => {
  try {
    await vault.put('probe', 1);
    return (await vault.get('probe')) === 1;
  } catch {
    return false;
  }
};
