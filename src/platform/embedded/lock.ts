import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { processIdentity } from './process.ts';
import { token } from '../random.ts';

/** Who holds a lock. */
export interface LockHolder {
  pid: number;
  /** See {@link processIdentity}: a later process with the same number is not the holder. */
  identity: string;
  /** What the holder says of itself, for the person who meets the lock: `http://localhost:4000/`. */
  note: string;
  /** Folders the holder would remove, should it die before. */
  cleanup: string[];
}

/** The lock is held by a process that runs. */
export class LockedError extends Error {
  readonly holder: LockHolder;

  constructor(path: string, holder: LockHolder) {
    const note = holder.note ? ` (${holder.note})` : '';
    super(`${path.replace(/\.lock$/, '')} is in use by process ${holder.pid}${note}; stop it first`);
    this.name = 'LockedError';
    this.holder = holder;
  }
}

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

const parse = (text: string): LockHolder | undefined => {
  try {
    return JSON.parse(text) as LockHolder;
  } catch {
    return undefined;
  }
};

const link = (from: string, to: string): boolean => {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
};

/** Takes away a lock whose holder is gone; false when meanwhile somebody else had done so and locked. */
const removeStale = (path: string, seen: string, holder: LockHolder | undefined): boolean => {
  const aside = `${path}.${token(6)}`;
  try {
    renameSync(path, aside);
  } catch {
    return true; // gone already
  }
  if (read(aside) !== seen) {
    link(aside, path);
    rmSync(aside, { force: true });
    return false;
  }
  rmSync(aside, { force: true });
  for (const folder of holder?.cleanup ?? []) rmSync(folder, { recursive: true, force: true });
  return true;
};

/**
 * Takes the lock file `path` for this process, or throws {@link LockedError} naming the holder. A lock left behind by a
 * process that was killed is recovered. Returns the function that gives the lock back.
 */
export const acquireLock = (path: string, options: { note: string; cleanup: string[] }): (() => void) => {
  const mine = JSON.stringify({
    pid: process.pid,
    identity: processIdentity(process.pid) ?? '',
    ...options,
  } satisfies LockHolder);
  const draft = `${path}.${token(6)}`;
  writeFileSync(draft, mine, { mode: 0o600 });
  try {
    // A few rounds: each one lost means that another process moved at the same instant.
    for (let round = 0; round < 5; round += 1) {
      if (link(draft, path)) {
        return () => {
          if (read(path) === mine) rmSync(path, { force: true });
        };
      }
      const seen = read(path);
      if (seen === undefined) continue;
      const holder = parse(seen);
      if (holder && processIdentity(holder.pid) === holder.identity) throw new LockedError(path, holder);
      removeStale(path, seen, holder);
    }
    throw new Error(`${path} keeps changing; try again`);
  } finally {
    rmSync(draft, { force: true });
  }
};
