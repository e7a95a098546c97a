/**
 * A tiny process that runs one server and outlives nobody: `node supervisor.ts '<SuperviseSpec as JSON>'`.
 *
 * It runs in a session of its own, so Ctrl-C in a terminal reaches neither it nor its server. Its standard input is
 * a pipe held by the process that started it: when that ends, however it ends, the pipe closes and the server is
 * stopped cleanly. It imports nothing of ours, so that it starts fast and cannot fail with the application.
 *
 * Standard output: one JSON line `{"pid":…}` or `{"error":…}`, then the server's own output. Its exit code is the server's.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

/** What to run and how to end it. */
export interface SuperviseSpec {
  command: string;
  args: readonly string[];
  /** Asks the server to stop cleanly. */
  stopSignal: 'SIGINT' | 'SIGTERM';
  /** Milliseconds left for that before `forceSignal`. */
  graceMs: number;
  /** Ends a server that does not listen. */
  forceSignal: 'SIGQUIT' | 'SIGKILL';
  /** Folders that are removed when the server has ended. */
  cleanup: readonly string[];
}

const run = (spec: SuperviseSpec): void => {
  const server = spawn(spec.command, spec.args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stopping = false;

  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    server.kill(spec.stopSignal);
    setTimeout(() => server.kill(spec.forceSignal), spec.graceMs).unref();
  };
  const finish = (code: number): void => {
    for (const folder of spec.cleanup) rmSync(folder, { recursive: true, force: true });
    process.exitCode = code;
    process.stdin.destroy();
  };

  // Nobody reads any more once the parent is gone; that must not end the supervisor before its server.
  process.stdout.on('error', () => undefined);
  server.on('spawn', () => process.stdout.write(`${JSON.stringify({ pid: server.pid })}\n`));
  server.on('error', (error) => {
    process.stdout.write(`${JSON.stringify({ error: error.message })}\n`);
    finish(127);
  });
  server.stdout.on('data', (chunk: Buffer) => process.stdout.write(chunk));
  server.stderr.on('data', (chunk: Buffer) => process.stdout.write(chunk));
  server.on('close', (code) => finish(code ?? 1));

  process.stdin.on('end', stop).on('close', stop).on('error', stop).resume();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
};

run(JSON.parse(process.argv[2] ?? '{}') as SuperviseSpec);
