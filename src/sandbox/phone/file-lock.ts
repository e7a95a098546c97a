import { type FileHandle, link, open, readFile, rename, rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** The state file is in use by another command that does not end. */
export class LockBusyError extends Error {}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
};

const tryLock = async (path: string): Promise<boolean> => {
  let file: FileHandle;
  try {
    file = await open(path, 'wx', 0o600);
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
  await file.writeFile(String(process.pid));
  await file.close();
  return true;
};

/** Takes away the lock of a process that died. Whoever renames it first decides; a live lock is put back. */
const clearStale = async (path: string): Promise<void> => {
  const readPid = async (name: string) => Number(await readFile(name, 'utf8').catch(() => '0'));
  const pid = await readPid(path);
  if (pid === 0 || isAlive(pid)) return;
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
  } catch {
    return;
  }
  const taken = await readPid(aside);
  if (taken !== pid) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
};

/** Runs `work` while holding `${file}.lock`; waits for another command, and takes over from one that died. */
export const withFileLock = async <T>(file: string, work: () => Promise<T>, waitMs = 30_000): Promise<T> => {
  const path = `${file}.lock`;
  const deadline = Date.now() + waitMs;
  while (!(await tryLock(path))) {
    if (Date.now() > deadline) throw new LockBusyError(`${file} is in use by another command`);
    await clearStale(path);
    await pause(50);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
};
