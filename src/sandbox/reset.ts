import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LockedError, acquireLock } from '../platform/embedded/lock.ts';
import { readRuntime } from './runtime.ts';

/** The sandbox runs; its data cannot be taken from under it. */
export class SandboxRunningError extends Error {
  constructor(pid: number, portBase: number) {
    super(
      `The sandbox on port base ${portBase} runs (process ${pid}). ` +
        `Stop it first: Ctrl-C in its terminal, or: kill ${pid}`,
    );
    this.name = 'SandboxRunningError';
  }
}

/** Where the embedded database of a sandbox lives. */
export const databaseFolder = (folder: string): string => join(folder, 'postgres');

/**
 * Wipes one sandbox: database, secrets, messages, virtual phones. Asks nothing; refuses while it runs. Says whether
 * there was anything to wipe.
 */
export const resetSandbox = async (folder: string, portBase: number): Promise<boolean> => {
  if (!existsSync(folder)) return false;
  const running = await readRuntime(folder);
  if (running) throw new SandboxRunningError(running.pid, portBase);
  try {
    // A sandbox that is starting has no runtime file yet, but holds this lock.
    acquireLock(`${databaseFolder(folder)}.lock`, { note: 'npm run reset', cleanup: [] });
  } catch (error) {
    if (error instanceof LockedError) throw new SandboxRunningError(error.holder.pid, portBase);
    throw error;
  }
  await rm(folder, { recursive: true, force: true });
  return true;
};
