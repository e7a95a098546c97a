import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Facts about other processes: from /proc on Linux, from `ps` elsewhere. */

const fromPs = (pid: number, column: string): string | undefined => {
  try {
    return (
      execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined
    );
  } catch {
    return undefined;
  }
};

/**
 * What tells a process from a later one with the same number: its start time. Undefined when there is no such process
 * (a zombie counts as none).
 */
export const processIdentity = (pid: number): string | undefined => {
  if (process.platform !== 'linux') return fromPs(pid, 'lstart');
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
};

/** The command line of a process; undefined when there is none. */
export const processCommand = (pid: number): string | undefined => {
  if (process.platform !== 'linux') return fromPs(pid, 'command');
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() || undefined;
  } catch {
    return undefined;
  }
};
