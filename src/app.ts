import type { Server } from 'node:http';
import type Router from '@koa/router';
import { accountRoutes } from './account/routes.ts';
import { createAudit } from './audit/record.ts';
import { sealAudit } from './audit/seal.ts';
import { createCard } from './card/service.ts';
import { watchSigningKeys } from './wiring/signing-keys.ts';
import { openKeyring, openKms } from './wiring/kms.ts';
import { askPhones, toCibaDecision } from './wiring/ciba.ts';
import { createServiceTrust } from './card/services.ts';
import { clientJobs } from './clients/jobs.ts';
import { createClients } from './clients/service.ts';
import type { Config } from './config.ts';
import { directoryRoutes } from './directory/routes.ts';
import { createEcps } from './ecps/service.ts';
import { healthRoutes } from './http/health.ts';
import { type Kernel, createKernel } from './http/kernel.ts';
import { mount } from './http/mount.ts';
import { createMtlsServer } from './http/mtls.ts';
import { createLimits } from './limits/limits.ts';
import { createOidcPages } from './login/oidc-pages.ts';
import { loginRoutes, signInPath } from './login/routes.ts';
import { createMessages, type Messages } from './messages/service.ts';
import { createMessageTransports } from './messages/transports.ts';
import { createServesMtls } from './oidc/client-auth.ts';
import { ROUTES } from './oidc/configuration.ts';
import { createOidc, type Oidc } from './oidc/provider.ts';
import { type Clock, systemClock } from './platform/clock.ts';
import { createGeo } from './platform/geo.ts';
import { createHealth } from './platform/health.ts';
import { createJobs, type Job } from './platform/jobs.ts';
import type { Log } from './platform/log.ts';
import { createMetrics } from './platform/metrics.ts';
import { type Database, openDatabase } from './platform/postgres.ts';
import { sweepExpired } from './platform/store/postgres.ts';
import { createRegistry } from './registry/service.ts';
import { createPhoneServer, servesPhone } from './phone/server.ts';
import { openStore } from './wiring/store.ts';

/** The provider, wired and ready to listen. */
export interface App {
  /** A server with every route mounted, not yet listening; ask for one for each address. */
  server(): Server;
  /** The card's own listener, not yet listening; undefined where no card host is configured. */
  cardServer: (() => Server) | undefined;
  /** The services' own listener, where they present certificates; undefined where no such host is configured. */
  mtlsServer: (() => Server) | undefined;
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
  sandbox?: (kernel: Pick<Kernel, 'render'>) => Router;
}

/** The services' own host: the same application behind another entrance. */
const mtlsServerOf = (config: Config, kernel: Kernel, log: Log): (() => Server) | undefined => {
  const { mtlsOrigin: origin } = config;
  if (origin === undefined) return undefined;
  const serves = createServesMtls(config.issuer, ROUTES);
  return () => createMtlsServer(config, { origin, log, serves, handler: kernel.handler() });
};

/** A check that passes when nothing is named. */
const saysNothing = async (names: readonly string[]): Promise<void> => {
  if (names.length > 0) throw new Error(`missing or stale: ${names.join(', ')}`);
};

/** Jobs that belong to no capability of their own. */
const upkeep = (made: {
  config: Config;
  db: Database;
  clock: Clock;
  messages: Pick<Messages, 'forget'>;
  oidc: Pick<Oidc, 'deliveries'>;
}): Job[] => {
  const { config, db, clock, messages, oidc } = made;
  const sweep: Job = { name: 'store-sweep', everySeconds: 60, run: () => sweepExpired(db, clock.now()) };
  return [
    { name: 'audit-seal', everySeconds: 1, run: () => sealAudit(db) },
    { name: 'messages-forget', everySeconds: 86_400, run: () => messages.forget() },
    { name: 'deliveries-forget', everySeconds: 86_400, run: () => oidc.deliveries.forget() },
    ...(config.store === 'postgres' ? [sweep] : []),
  ];
};

/**
 * The composition root: what exists, what it needs, in which order it answers. Crossings against the arrow of
 * docs/architecture.md (a phone revoked ends sessions; a subscription gone is forgotten) are the ports given here.
 */
const compose = async (
  { config, log, clock = systemClock, sandbox }: AppOptions,
  opened: (() => Promise<void>)[],
): Promise<App> => {
  const db = openDatabase(config.databaseUrl, {
    max: config.databasePool,
    onIdleError: (error) => log.warn({ err: error }, 'PostgreSQL closed an idle connection'),
  });
  const { store, close: closeStore } = openStore(config, db, clock, log);
  opened.push(() => db.close(), closeStore);
  const keyring = openKeyring(config);
  const kms = openKms(config);
  const audit = createAudit({ clock });
  const limits = createLimits({ store });
  const metrics = createMetrics({ processMetrics: true });
  const geo = await createGeo(config.geoFile);
  const kernel = createKernel({
    ...{ config, log },
    metrics: { observe: ({ seconds, ...labels }) => metrics.request(labels, seconds) },
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
    warnings: {
      signingKeys: () => signingKeys.overdue(),
      ...(card ? { cardRevocation: () => saysNothing(card.revocation.stale()) } : {}),
    },
  });
  const oidc = await createOidc({
    ...{ config, db, store, registry, clients, keyring, audit, clock, log },
    pages: createOidcPages(kernel.render, config),
    certificateTrust:
      config.mtlsTrustFile === undefined ? undefined : createServiceTrust(config.mtlsTrustFile, clock),
    cardRefused: card && ((nationalId, serial) => card.recheck(nationalId, serial)),
    metrics: (name, clientId) => metrics.count(name, clientId),
    delivered: (outcome) => metrics.message(outcome),
    ask: (question) => askPhones(question, ecps.approvals, config),
    kms,
  });
  const signingKeys = watchSigningKeys({ db, log, kms, audit, clock, config, metrics, oidc });
  const ecps = await createEcps({
    ...{ config, db, store, registry, messages, audit, limits, keyring, clock, log },
    ports: {
      onDeviceRevoked: async (deviceId) => void (await oidc.endSessionsOf({ deviceId })),
      returnUrl: (interactionId) => `${config.origin}${signInPath(interactionId)}/retour`,
      placeOf: (address) => geo.place(address),
      backchannelDecided: (decision) => oidc.decide(decision.request, toCibaDecision(decision)),
    },
  });

  const jobs = createJobs({ db, clock, log });
  for (const job of [...upkeep({ config, db, clock, messages, oidc }), signingKeys.job]) jobs.add(job);
  for (const job of [...ecps.jobs, ...(card?.jobs ?? []), ...clientJobs({ db, clock })]) jobs.add(job);
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
  kernel.answerDirectly(oidc.direct);
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
  app.use(
    mount(
      accountRoutes({
        ...{ kernel, config, db, clients, registry, limits },
        own: oidc.own,
        devices: ecps.devices,
      }),
    ),
  );
  app.use(mount(directoryRoutes({ registry, limits, render: kernel.render })));
  if (sandbox) app.use(mount(sandbox(kernel)));

  jobs.start();
  signingKeys.watch.start();
  messages.start();
  oidc.deliveries.start();

  return {
    server: kernel.server,
    cardServer: card && (() => card.server()),
    mtlsServer: mtlsServerOf(config, kernel, log),
    metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
    drain: () => health.drain(),
    close: async () => {
      card?.stop();
      await signingKeys.watch.stop();
      await jobs.stop();
      await oidc.failuresWritten();
      await ecps.approvals.idle();
      await messages.stop();
      await oidc.deliveries.stop();
      await closeStore();
      await db.close();
    },
  };
};

/** {@link compose}; what was opened before a failure is closed, so that the process ends with the error. */
export const createApp = async (options: AppOptions): Promise<App> => {
  const opened: (() => Promise<void>)[] = [];
  try {
    return await compose(options, opened);
  } catch (error) {
    await Promise.allSettled(opened.toReversed().map((close) => close()));
    throw error;
  }
};
