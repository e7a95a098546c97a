import { once } from 'node:events';
import { type Server, type ServerResponse, createServer } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type App, createApp } from './app.ts';
import { openCardListener } from './card/open.ts';
import type { Command } from './command.ts';
import type { Config } from './config.ts';
import { EXIT } from './io.ts';
import { createLog } from './platform/log.ts';
import { migrate, readMigrations } from './platform/migrate.ts';
import { createShutdown } from './platform/shutdown.ts';

/** Seconds that open answers (a page that waits for its phone, say) get to end by themselves. */
const GRACE_SECONDS = 5;

const listen = async (server: Server, port: number, host: string): Promise<void> => {
  server.listen(port, host);
  await once(server, 'listening');
};

/** Answers what is under way, and no more. */
const stopListening = async (server: Server, app: App): Promise<void> => {
  app.drain();
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const late = setTimeout(() => server.closeAllConnections(), GRACE_SECONDS * 1000);
  await closed;
  clearTimeout(late);
};

/** Prometheus' listener, when one is configured; returns what closes it. */
const serveMetrics = async (config: Config, app: App): Promise<() => void> => {
  if (config.metricsPort === undefined) return () => undefined;
  const answer = async (response: ServerResponse): Promise<void> => {
    const { contentType, text } = await app.metrics();
    response.writeHead(200, { 'Content-Type': contentType }).end(text);
  };
  const server = createServer((_request, response) => void answer(response));
  await listen(server, config.metricsPort, config.listenHost);
  return () => server.close();
};

/** The card's own listener, where a card host is configured. */
const openCard = async (app: App, config: Config) =>
  app.cardServer &&
  openCardListener(
    app.cardServer(),
    config.cardHopSocket === undefined
      ? { host: config.cardListenHost, port: config.cardListenPort }
      : { socket: config.cardHopSocket },
  );

/** The services' own listener, where one is configured. */
const openMtls = async (app: App, config: Config) =>
  app.mtlsServer &&
  openCardListener(app.mtlsServer(), { host: config.mtlsListenHost, port: config.mtlsListenPort });

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
  await listen(server, config.listenPort, config.listenHost);
  shutdown.add('listener', () => stopListening(server, app));
  shutdown.add('metrics', await serveMetrics(config, app));
  const card = await openCard(app, config);
  if (card) shutdown.add('card listener', () => card.close());
  const mtls = await openMtls(app, config);
  if (mtls) shutdown.add('mTLS listener', () => mtls.close());
  log.info({ issuer: config.issuer, address: server.address(), card: card?.address }, 'ready');
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
