import { fork, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Ready, Settings } from './targets.ts';

/** The servers of the benchmark as processes, each pinned to the first core where the system can, and their CPU time. */

export type Name = 'ours' | 'whole' | 'plain' | 'floor' | 'koa';

export interface Running extends Ready {
  name: Name;
  pid: number;
  host: string;
  stop(): void;
}

/** Whoever drives is on the other core, with Redis. */
export const pin = (pid: number, core: number): void => {
  spawnSync('taskset', ['-a', '-cp', String(core), String(pid)], { stdio: 'ignore' });
};

/** Starts one and waits until it listens. */
export const start = async (name: Name, settings: Settings, execArgv: string[] = []): Promise<Running> => {
  const child: ChildProcess = fork(join(import.meta.dirname, 'servers', `${name}.ts`), {
    env: { ...process.env, BENCH: JSON.stringify(settings), NODE_ENV: 'production' },
    execArgv,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} did not start`);
  pin(pid, 0);
  const ready = await new Promise<Ready>((resolve, reject) => {
    child.once('message', (message) => resolve(message as Ready));
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
  });
  const host = name === 'ours' || name === 'whole' ? `localhost:${ready.port}` : `127.0.0.1:${ready.port}`;
  return { ...ready, name, pid, host, stop: () => child.kill('SIGTERM') };
};

const ticksPerSecond = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout) || 100;

/** Microseconds of CPU that a process has used so far, its threads included: utime + stime. */
export const cpuOf = (pid: number): number => {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1e6) / ticksPerSecond;
};
