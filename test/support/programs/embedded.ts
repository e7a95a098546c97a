/** A server that embeds PostgreSQL, to be killed: `node embedded.ts DATA_DIR [privileges]`. Prints what it started. */
import { startEmbeddedPostgres } from '../../../src/platform/embedded/postgres.ts';
import type { Privileges } from '../../../src/platform/embedded/privileges.ts';
import { watchParent } from '../../../src/platform/parent.ts';

const [dataDir = '', privileges] = process.argv.slice(2);
try {
  const server = await startEmbeddedPostgres({
    dataDir,
    durable: true,
    note: 'port 4000',
    ...(privileges ? { privileges: privileges as Privileges } : {}),
  });
  const stop = async (): Promise<void> => {
    await server.stop();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop());
  watchParent(() => void stop(), 50);
  const { pid, supervisorPid, url } = server;
  process.stdout.write(`${JSON.stringify({ own: process.pid, pid, supervisorPid, url })}\n`);
} catch (error) {
  process.stdout.write(`${JSON.stringify({ error: String(error) })}\n`);
  process.exit(1);
}
