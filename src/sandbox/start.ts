import { join } from 'node:path';
import { createApp } from '../app.ts';
import { seedSandboxClients } from '../clients/sandbox.ts';
import { createClients } from '../clients/service.ts';
import { type Config, parseConfig } from '../config.ts';
import { systemClock } from '../platform/clock.ts';
import { LockedError } from '../platform/embedded/lock.ts';
import { startEmbeddedPostgres } from '../platform/embedded/postgres.ts';
import { type Log, createLog } from '../platform/log.ts';
import { migrate, readMigrations } from '../platform/migrate.ts';
import { openDatabase } from '../platform/postgres.ts';
import type { Shutdown } from '../platform/shutdown.ts';
import { homeRoutes } from './home.ts';
import { createPkiServer } from './card/server.ts';
import { type SandboxPki, openPki } from './card/vault.ts';
import { createInbox } from './inbox/index.ts';
import { ordreRoutes } from './ordre.ts';
import { openLoopback } from './loopback.ts';
import { type Persona, listPersonas, seedPersonas } from './personas.ts';
import { type SandboxPorts, checkPortsFree, sandboxPorts } from './ports.ts';
import { databaseFolder } from './reset.ts';
import { removeRuntime, writeRuntime } from './runtime.ts';
import { type SandboxSecrets, sandboxSecrets } from './secrets.ts';
import { serviceOrigins, startServices } from './services.ts';
import { openServicesAuthority } from './services-pki.ts';
import { type SandboxSummary, summarise } from './summary.ts';
import { chosenDatabase, localOrigin, sandboxVariables } from './variables.ts';

/**
 * Everything a newcomer needs, in one process: PostgreSQL, the provider, the phone app, the inbox and two
 * example services. Each part registers how it stops as soon as it runs, so that a start that fails leaves nothing.
 */

export interface SandboxOptions {
  /** The project's folder. */
  root: string;
  /** Of this sandbox's data. */
  folder: string;
  portBase: number;
  shutdown: Shutdown;
  stderr: NodeJS.WritableStream;
}

interface Started {
  config: Config;
  log: Log;
  ports: SandboxPorts;
  secrets: SandboxSecrets;
}

/** The database named by the configuration, or the embedded one. */
const startDatabase = async (options: SandboxOptions): Promise<string> => {
  const { root, folder, portBase, shutdown } = options;
  const chosen = chosenDatabase(root);
  if (chosen) return chosen;
  const postgres = await startEmbeddedPostgres({
    dataDir: databaseFolder(folder),
    durable: true,
    note: localOrigin(portBase),
  }).catch((error: unknown) => {
    if (!(error instanceof LockedError)) throw error;
    throw new Error(
      `A sandbox already runs on this data (process ${error.holder.pid}, ${error.holder.note}); stop it first, ` +
        `or start another with its own ports: CADUCEE_PORT_BASE=${portBase + 1000} npm start`,
      { cause: error },
    );
  });
  let stopping = false;
  shutdown.add('postgresql', () => {
    stopping = true;
    return postgres.stop();
  });
  void postgres.exited.then((code) => {
    if (stopping) return;
    options.stderr.write(`PostgreSQL ended unexpectedly (${code}); stopping.\n`);
    process.exitCode = 1;
    void shutdown.run('postgresql ended');
  });
  return postgres.url;
};

/** Schema, invented people and clients; each step is idempotent, so a second start keeps what was done. */
const seed = async ({ config, ports }: Started, root: string) => {
  const db = openDatabase(config.databaseUrl, { max: 2 });
  try {
    await migrate(db, await readMigrations(join(root, 'migrations')));
    const context = { db, clock: systemClock, contactDelayHours: config.contactDelayHours, root };
    await seedPersonas(context);
    const clients = await seedSandboxClients(createClients({ db }), serviceOrigins(ports));
    const personas = { fr: await listPersonas(context, 'fr'), en: await listPersonas(context, 'en') };
    return { clients, personas };
  } finally {
    await db.close();
  }
};

/** What the authority of the virtual cards publishes. */
const startAuthority = async (
  { ports }: Started,
  pki: SandboxPki,
  { folder, shutdown }: SandboxOptions,
): Promise<void> => {
  const opened = await openLoopback(
    () => createPkiServer({ pki, folder, clock: systemClock }),
    ports.authority,
  );
  shutdown.add('card authority', () => opened.close());
};

const startInbox = async (
  { config, ports }: Started,
  { folder, shutdown }: SandboxOptions,
): Promise<void> => {
  const inbox = createInbox({
    httpPort: ports.inbox,
    smtpPort: ports.smtp,
    twilioPort: ports.twilio,
    dataDir: join(folder, 'inbox'),
    twilio: { accountSid: config.twilioAccountSid, authToken: config.twilioAuthToken },
    timeZone: config.timeZone,
    defaultLocale: config.defaultLocale,
  });
  await inbox.start();
  shutdown.add('inbox', () => inbox.stop());
};

const startProvider = async (
  { config, log, ports }: Started,
  home: { summary: SandboxSummary; personas: { fr: Persona[]; en: Persona[] } },
  { folder, portBase, shutdown }: SandboxOptions,
): Promise<void> => {
  const app = await createApp({
    config,
    log,
    sandbox: (kernel, parts) =>
      ordreRoutes(homeRoutes({ ...home, render: kernel.render, portBase, folder }), {
        ...{ ...kernel, ...parts },
        personas: home.personas,
        links: { app: home.summary.app, inbox: home.summary.inbox },
      }),
  });
  shutdown.add('application', () => app.close());
  const opened = await openLoopback(() => app.server(), ports.provider);
  shutdown.add('provider', () => opened.close());
  // The same application answers there: it tells the phone app's host from its own.
  const phone = await openLoopback(() => app.server(), ports.app);
  shutdown.add('phone app', () => phone.close());
  if (app.mtlsServer) {
    const mtls = await openLoopback(app.mtlsServer, ports.mtls);
    shutdown.add('mTLS host', () => mtls.close());
  }
  if (!app.cardServer) return;
  const card = await openLoopback(app.cardServer, ports.card);
  shutdown.add('card host', () => card.close());
};

/** Starts it all; resolves once everything answers. */
export const startSandbox = async (options: SandboxOptions): Promise<SandboxSummary> => {
  const { root, folder, portBase, shutdown } = options;
  const ports = sandboxPorts(portBase);
  await checkPortsFree(ports);
  const secrets = await sandboxSecrets(folder);
  const [databaseUrl, pki] = await Promise.all([
    startDatabase(options),
    openPki(folder, {
      now: systemClock.now(),
      crlOrigin: localOrigin(ports.authority),
      label: String(portBase),
    }),
    openServicesAuthority(folder, systemClock.now(), String(portBase)),
  ]);
  const variables = sandboxVariables({ root, folder, portBase, ports, secrets, databaseUrl });
  const config = parseConfig(variables);
  const started: Started = { config, ports, secrets, log: createLog(config.logLevel, options.stderr) };
  const { personas, clients } = await seed(started, root);
  const summary = summarise(config, ports, { personas: personas.fr, clients });
  await startInbox(started, options);
  await startAuthority(started, pki, options);
  await startProvider(started, { summary, personas }, options);
  await startServices({
    issuer: config.issuer,
    ports,
    clients,
    masterKey: secrets.masterKey,
    folder,
    portBase,
    shutdown,
    onError: (service, error) =>
      started.log.warn({ service, error: error instanceof Error ? error.message : '' }, 'example service'),
  });
  await writeRuntime(folder, { pid: process.pid, variables });
  shutdown.add('runtime file', () => removeRuntime(folder));
  return summary;
};
