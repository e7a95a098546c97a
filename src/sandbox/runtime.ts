import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/**
 * How commands find the running sandbox: at start it leaves its variables (database address, master key…) in a
 * file that only its owner can read, one for each port base; at stop it takes the file away.
 */

/** The folder of one sandbox: two port bases are two sandboxes with nothing in common. */
export const sandboxFolder = (root: string, dataDir: string, portBase: number): string =>
  join(resolve(root, dataDir), String(portBase));

const runtimeFile = (folder: string): string => join(folder, 'runtime.json');

/** The CADUCEE_* variables a running sandbox was started with, and its process. */
export interface Runtime {
  pid: number;
  variables: Record<string, string>;
}

/** Written whole or not at all, mode 600: it holds the sandbox's master key. */
export const writeRuntime = async (folder: string, runtime: Runtime): Promise<void> => {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = `${runtimeFile(folder)}.${runtime.pid}`;
  await writeFile(temporary, JSON.stringify(runtime), { mode: 0o600 });
  await rename(temporary, runtimeFile(folder));
};

export const removeRuntime = (folder: string): Promise<void> => rm(runtimeFile(folder), { force: true });

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** The sandbox that runs on this folder, if one does; a file left by a killed process counts for nothing. */
export const readRuntime = async (folder: string): Promise<Runtime | undefined> => {
  let content: string;
  try {
    content = await readFile(runtimeFile(folder), 'utf8');
  } catch {
    return undefined;
  }
  const runtime = JSON.parse(content) as Runtime;
  return alive(runtime.pid) ? runtime : undefined;
};
