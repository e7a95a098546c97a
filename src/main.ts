import { once } from 'node:events';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type App, createApp } from './app.ts';
import type { Command } from './command.ts';
import { EXIT } from './io.ts';
import { createLog } from './platform/log.ts';
import { migrate, readMigrations } from './platform/migrate.ts';
import { createShutdown } from './platform/shutdown.ts';

/** Answers what is under way, and no more. */
const stopListening = async (server: Server, app: App): Promise<void> => {
  app.drain();
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  await closed;
};

/** Configuration → application → listen → drain on SIGTERM; nothing else. */
export const runServeCommand: Command = async (args, { io, config: readConfig }) => {
  const { values } = parseArgs({ args, options: { help: { type: 'boolean' } } });
  if (values.help) {
    io.stdout.write(
      'caducee serve\n\nStarts the provider with the configuration in force (docs/configuration.md).\n',
    );
    return EXIT.done;
  }
  const config = await readConfig();
  const log = createLog(config.logLevel);
  const shutdown = createShutdown({ log });
  shutdown.onSignals();
  const app = await createApp({ config, log });
  shutdown.add('application', () => app.close());
  const server = app.server();
  server.listen(config.listenPort, config.listenHost);
  await once(server, 'listening');
  shutdown.add('listener', () => stopListening(server, app));
  shutdown.onSignals();
  log.info({ issuer: config.issuer, address: server.address() }, 'ready');
  await shutdown.done;
  return EXIT.done;
};

/** `caducee migrate`: brings the database to the newest schema; safe when several run at once. */
export const runMigrateCommand: Command = async (args, { io, database }) => {
  const { values } = parseArgs({ args, options: { help: { type: 'boolean' }, json: { type: 'boolean' } } });
  if (values.help) {
    io.stdout.write(
      'caducee migrate [--json]\n\nApplies the migrations that are missing, each in its own transaction.\n',
    );
    return EXIT.done;
  }
  const applied = await migrate(await database(), await readMigrations(join(io.root, 'migrations')));
  if (values.json) io.stdout.write(`${JSON.stringify({ applied })}\n`);
  else io.stdout.write(applied.length === 0 ? 'The schema is up to date.\n' : `${applied.join('\n')}\n`);
  return EXIT.done;
};
