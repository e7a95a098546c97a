import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import type { SuperviseSpec } from './supervisor.ts';

const SUPERVISOR = fileURLToPath(new URL('supervisor.ts', import.meta.url));

/** A server that runs under its supervisor. */
export interface Supervised {
  /** Process id of the server itself. */
  readonly pid: number;
  readonly supervisorPid: number;
  /** Resolves with the server's exit code when it and its supervisor have ended, for whatever reason. */
  readonly exited: Promise<number>;
  /** Stops the server cleanly and waits for its end. May be called twice. */
  stop(): Promise<void>;
}

/** Environment of an embedded server and its tools: nothing of the application's, so no secret reaches it. */
export const SERVER_ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
} as const;

/**
 * Starts a server that cannot outlive this process (see supervisor.ts). Resolves once `isReady` recognised a line of
 * its output; rejects with the output when it ends before.
 */
export const supervise = async (
  spec: SuperviseSpec,
  hooks: { isReady: (line: string) => boolean; onLine?: (line: string) => void },
): Promise<Supervised> => {
  const supervisor = spawn(process.execPath, [SUPERVISOR, JSON.stringify(spec)], {
    detached: true, // a session of its own
    stdio: ['pipe', 'pipe', 'inherit'],
    env: SERVER_ENVIRONMENT,
  });
  const exited = new Promise<number>((resolve) => {
    supervisor.on('close', (code) => resolve(code ?? 1));
    supervisor.on('error', () => resolve(127));
  });
  supervisor.stdin.on('error', () => undefined); // it ended first: `exited` tells

  const ready = new Promise<number>((resolve, reject) => {
    const output: string[] = [];
    let pid: number | undefined;
    createInterface({ input: supervisor.stdout }).on('line', (line) => {
      if (pid === undefined && line.startsWith('{"pid":')) {
        pid = (JSON.parse(line) as { pid: number }).pid;
        return;
      }
      hooks.onLine?.(line);
      if (output.length < 50) output.push(line);
      if (pid !== undefined && hooks.isReady(line)) resolve(pid);
    });
    void exited.then((code) =>
      reject(new Error(`${spec.command} ended with ${code} before it was ready:\n${output.join('\n')}`)),
    );
  });

  const pid = await ready;
  return {
    pid,
    supervisorPid: supervisor.pid ?? 0,
    exited,
    stop: async () => {
      supervisor.stdin.end();
      await exited;
    },
  };
};
