import type { Server } from 'node:http';
import type Router from '@koa/router';
import { createAuditJobs } from './audit/jobs.ts';
import { createAudit } from './audit/record.ts';
import { createCard } from './card/service.ts';
import { createClients } from './clients/service.ts';
import type { Config } from './config.ts';
import { createContacts } from './contacts/service.ts';
import { createDirectoryRefresh } from './directory/refresh.ts';
import { fhirRoutes } from './directory/fhir/routes.ts';
import { directoryRoutes } from './directory/routes.ts';
import { createEcps } from './ecps/service.ts';
import { healthRoutes } from './http/health.ts';
import { type Kernel, createKernel } from './http/kernel.ts';
import { mount } from './http/mount.ts';
import { createLimits } from './limits/limits.ts';
import { createOidcPages } from './login/oidc-pages.ts';
import { loginRoutes, signInPath } from './login/routes.ts';
import { createMessages } from './messages/service.ts';
import { createMessageTransports } from './messages/transports.ts';
import { createOidc } from './oidc/provider.ts';
import { type Clock, systemClock } from './platform/clock.ts';
import { createKeyRing } from './platform/crypto.ts';
import { createGeo } from './platform/geo.ts';
import { createHealth } from './platform/health.ts';
import { createJobs } from './platform/jobs.ts';
import type { Log } from './platform/log.ts';
import { createMetrics } from './platform/metrics.ts';
import { type Database, openDatabase } from './platform/postgres.ts';
import { openRedis } from './platform/redis.ts';
import type { ExpiringStore } from './platform/store/contract.ts';
import { createPostgresStore, sweepExpired } from './platform/store/postgres.ts';
import { createRedisStore } from './platform/store/redis.ts';
import { endGraces } from './registry/grace.ts';
import { createRegistry, type Registry } from './registry/service.ts';
import { createPhoneServer, servesPhone } from './phone/server.ts';
import { createRefusals, sweepRefusals } from './support/refusals.ts';

/** The provider, wired and ready to listen. */
export interface App {
  /** A server with every route mounted, not yet listening; ask for one for each address. */
  server(): Server;
  /** The card's own listener, not yet listening; undefined where no card host is configured. */
  cardServer: (() => Server) | undefined;
  /** Prometheus' text, for a listener of its own. */
  metrics(): Promise<{ contentType: string; text: string }>;
  /** From now on not ready: load balancers stop sending. */
  drain(): void;
  /** Stops the jobs, lets what is under way end, closes PostgreSQL and Redis. */
  close(): Promise<void>;
}

export interface AppOptions {
  config: Config;
  log: Log;
  clock?: Clock;
  /** Pages that the sandbox adds to the provider's own. */
  sandbox?: (kernel: Pick<Kernel, 'render' | 'forms'>, parts: SandboxParts) => Router;
}

/** What the sandbox's pages look at. */
export interface SandboxParts {
  db: Database;
  registry: Registry;
  clock: Clock;
  /** Somebody's contact details changed: whom the former ones reach is told now. */
  contactsChanged(): void;
}

interface OpenedStore {
  store: ExpiringStore;
  close(): Promise<void>;
}

const openStore = (config: Config, db: Database, clock: Clock, log: Log): OpenedStore => {
  if (config.store === 'postgres') {
    const store = createPostgresStore(db, clock);
    return { store, close: () => store.close() };
  }
  const redis = openRedis(config, (error) => log.error({ err: error }, 'Redis'));
  const store = createRedisStore(redis);
  return {
    store,
    close: async () => {
      await store.close();
      redis.disconnect();
    },
  };
};

/** A check that passes when nothing is named. */
const saysNothing = async (names: readonly string[]): Promise<void> => {
  if (names.length > 0) throw new Error(`missing or stale: ${names.join(', ')}`);
};

/**
 * The composition root: what exists, what it needs, in which order it answers. Crossings against the arrow of
 * docs/architecture.md (a phone revoked ends sessions; a subscription gone is forgotten) are the ports given here.
 */
export const createApp = async ({ config, log, clock = systemClock, sandbox }: AppOptions): Promise<App> => {
  const db = openDatabase(config.databaseUrl, {
    max: config.databasePool,
    onIdleError: (error) => log.warn({ err: error }, 'PostgreSQL closed an idle connection'),
  });
  const { store, close: closeStore } = openStore(config, db, clock, log);
  const keyring = createKeyRing(config.masterKey);
  const audit = createAudit({ clock });
  const limits = createLimits({ store });
  const metrics = createMetrics({ processMetrics: true });
  const geo = await createGeo(config.geoFile);
  const refusals = createRefusals({ db, clock, log });
  const kernel = createKernel({
    ...{ config, log },
    metrics: { observe: ({ seconds, ...labels }) => metrics.request(labels, seconds) },
    keepRefusal: refusals.keep,
  });

  const registry = createRegistry({ db, clock, audit, contactDelayHours: config.contactDelayHours });
  const clients = createClients({ db });
  const messages = createMessages({
    ...{ db, keyring, clock, log },
    transports: createMessageTransports(config, clock),
    onOutcome: (outcome) => metrics.message(outcome),
    onSubscriptionGone: (deviceId) => ecps.devices.forgetPush(deviceId),
  });
  const card = createCard({
    ...{ config, db, store, registry, keyring, audit, clock, log },
    counted: (outcome) => metrics.signIn({ means: 'card', outcome }),
  });
  const health = createHealth({
    checks: { database: () => db.query('SELECT 1'), store: () => store.ping() },
    ...(card ? { warnings: { cardRevocation: () => saysNothing(card.revocation.stale()) } } : {}),
  });
  const oidc = await createOidc({
    ...{ config, db, store, registry, clients, keyring, audit, clock, log },
    pages: createOidcPages(kernel.render, config, kernel.refused),
    cardRefused: card && ((nationalId, serial) => card.recheck(nationalId, serial)),
    metrics: (name, clientId) => metrics.count(name, clientId),
  });
  const ecps = await createEcps({
    ...{ config, db, store, registry, messages, audit, limits, keyring, clock, log },
    ports: {
      onDeviceRevoked: async (deviceId) => void (await oidc.endSessionsOf({ deviceId })),
      returnUrl: (interactionId) => `${config.origin}${signInPath(interactionId)}/retour`,
      placeOf: (address) => geo.place(address),
    },
  });

  const contacts = createContacts({
    ...{ config, db, store, messages, audit, limits, keyring, clock },
    ports: { kick: () => void jobs.kick('contact-notices'), onStopped: ecps.onContactStopped },
  });

  const jobs = createJobs({ db, clock, log });
  jobs.add({ name: 'directory-refresh', everySeconds: 5, run: createDirectoryRefresh({ db, clock }) });
  jobs.add({
    name: 'registry-grace',
    everySeconds: 60,
    run: async () => void (await endGraces({ db, clock, audit, graceHours: config.registryGraceHours })),
  });
  jobs.add({ name: 'messages-forget', everySeconds: 86_400, run: () => messages.forget() });
  jobs.add({ name: 'refusals-forget', everySeconds: 86_400, run: () => sweepRefusals(db, clock.now()) });
  if (config.store === 'postgres') {
    jobs.add({ name: 'store-sweep', everySeconds: 60, run: () => sweepExpired(db, clock.now()) });
  }
  const auditJobs = await createAuditJobs({ config, db, keyring, clock, log, stdout: process.stdout });
  for (const job of [...auditJobs, ...contacts.jobs, ...ecps.jobs, ...(card?.jobs ?? [])]) jobs.add(job);
  if (card) {
    metrics.gauge(
      'card_revocation_fresh_seconds',
      'Seconds until the first revocation list in use is stale; NaN when one is missing.',
      () => card.revocation.freshSeconds(),
    );
    await card.start();
  }

  const { app } = kernel;
  app.use(healthRoutes(health));
  if (servesPhone(config)) app.use(createPhoneServer({ config, log }));
  app.use(oidc.middleware);
  app.use(mount(ecps.routes));
  app.use(
    loginRoutes({
      ...{ kernel, config, registry, limits, geo, clock, log },
      approvals: ecps.approvals,
      cardActivations: card && ecps.activations.card,
      ...{ oidc, card },
    }),
  );
  app.use(mount(ecps.pages(kernel)));
  app.use(mount(contacts.pages(kernel)));
  app.use(mount(contacts.feed));
  app.use(mount(directoryRoutes({ db, config, limits, render: kernel.render })));
  app.use(mount(fhirRoutes({ db, config, limits, failures: kernel.failures })));
  if (sandbox) {
    const contactsChanged = (): void => void jobs.kick('contact-notices');
    app.use(mount(sandbox(kernel, { db, registry, clock, contactsChanged })));
  }

  jobs.start();
  messages.start();

  return {
    server: kernel.server,
    cardServer: card && (() => card.server()),
    metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    drain: () => health.drain(),
    close: async () => {
      card?.stop();
      await jobs.stop();
      await ecps.approvals.idle();
      await refusals.close();
      await messages.stop();
      await closeStore();
      await db.close();
    },
  };
};
