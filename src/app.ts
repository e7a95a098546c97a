import type { Server } from 'node:http';
import type Router from '@koa/router';
import { accountRoutes } from './account/routes.ts';
import type { Card, CardDeps } from './card/service.ts';
import { watchSigningKeys } from './wiring/signing-keys.ts';
import { openKeyring, openKms } from './wiring/kms.ts';
import { askPhones, toCibaDecision } from './wiring/ciba.ts';
import type { ServiceTrust } from './card/services.ts';
import { createClients } from './clients/service.ts';
import type { Config } from './config.ts';
import { createContacts } from './contacts/service.ts';
import { fhirRoutes } from './directory/fhir/routes.ts';
import { directoryRoutes } from './directory/routes.ts';
import { createEcps } from './ecps/service.ts';
import { healthRoutes } from './http/health.ts';
import { type Kernel, createKernel } from './http/kernel.ts';
import { mount } from './http/mount.ts';
import { createMtlsServer } from './http/mtls.ts';
import { createLimits, type Limits } from './limits/limits.ts';
import { createOidcPages } from './login/oidc-pages.ts';
import { loginRoutes, signInPath } from './login/routes.ts';
import { createMessages } from './messages/service.ts';
import { createMessageTransports } from './messages/transports.ts';
import { createServesMtls } from './oidc/client-auth.ts';
import { ROUTES } from './oidc/configuration.ts';
import { createOidc } from './oidc/provider.ts';
import { type Clock, systemClock } from './platform/clock.ts';
import { createGeo } from './platform/geo.ts';
import { createHealth } from './platform/health.ts';
import { createJobs } from './platform/jobs.ts';
import type { Log } from './platform/log.ts';
import type { Database } from './platform/postgres.ts';
import { createRegistry, type Registry } from './registry/service.ts';
import { createPhoneServer, servesPhone } from './phone/server.ts';
import { createRefusals } from './support/refusals.ts';
import { openGround } from './wiring/ground.ts';
import { houseJobs } from './wiring/house-jobs.ts';

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

/** The services' own host: the same application behind another entrance. */
const mtlsServerOf = (config: Config, kernel: Kernel, log: Log): (() => Server) | undefined => {
  const { mtlsOrigin: origin } = config;
  if (origin === undefined) return undefined;
  const serves = createServesMtls(config.issuer, ROUTES);
  return () => createMtlsServer(config, { origin, log, serves, handler: kernel.handler() });
};

/** The card, where one is configured: a site without a card host never loads what reads certificates. */
const openCard = async (deps: CardDeps): Promise<Card | undefined> => {
  if (deps.config.cardOrigin === undefined) return undefined;
  const { createCard } = await import('./card/service.ts');
  return createCard(deps);
};

/** Who judges services' certificates, where an authority of theirs is configured. */
const openServiceTrust = async (config: Config, clock: Clock): Promise<ServiceTrust | undefined> => {
  if (config.mtlsTrustFile === undefined) return undefined;
  const { createServiceTrust } = await import('./card/services.ts');
  return createServiceTrust(config.mtlsTrustFile, clock);
};

/** A check that passes when nothing is named. */
const saysNothing = async (names: readonly string[]): Promise<void> => {
  if (names.length > 0) throw new Error(`missing or stale: ${names.join(', ')}`);
};

/** What anybody may ask of the registry. */
const publicRoutes = (deps: { config: Config; db: Database; limits: Limits; kernel: Kernel }): Router[] => {
  const { kernel, ...rest } = deps;
  return [
    directoryRoutes({ ...rest, render: kernel.render }),
    fhirRoutes({ ...rest, failures: kernel.failures }),
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
  const ground = await openGround(config, clock, log);
  opened.push(() => ground.close());
  const { db, store, metrics, tracing, audit } = ground;
  const keyring = openKeyring(config);
  const kms = openKms(config);
  const limits = createLimits({ store });
  const geo = await createGeo(config.geoFile);
  const refusals = createRefusals({ db, clock, log });
  const kernel = createKernel({
    ...{ config, log, tracing },
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
  const card = await openCard({
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
    pages: createOidcPages(kernel.render, config, kernel.refused),
    certificateTrust: await openServiceTrust(config, clock),
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

  const contacts = createContacts({
    ...{ config, db, store, messages, audit, limits, keyring, clock },
    ports: { kick: () => void jobs.kick('contact-notices'), onStopped: ecps.onContactStopped },
  });

  const jobs = createJobs({
    ...{ db, clock, log, tracing },
    onRun: (job, outcome) => metrics.job({ job, outcome }),
  });
  const { deliveries } = oidc;
  const house = await houseJobs({ config, db, keyring, audit, clock, log, messages, deliveries });
  for (const job of [...house, ...contacts.jobs, ...ecps.jobs, ...(card?.jobs ?? [])]) jobs.add(job);
  if (card) metrics.gauge('card_revocation_fresh_seconds', () => card.revocation.freshSeconds());
  await card?.start();

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
  const own = accountRoutes({
    ...{ kernel, config, db, clients, registry, limits },
    ...{ own: oidc.own, devices: ecps.devices },
  });
  const rooms = publicRoutes({ config, db, limits, kernel });
  for (const routes of [own, contacts.pages(kernel), contacts.feed, ...rooms]) app.use(mount(routes));
  if (sandbox) {
    const contactsChanged = (): void => void jobs.kick('contact-notices');
    app.use(mount(sandbox(kernel, { db, registry, clock, contactsChanged })));
  }

  jobs.add(signingKeys.job);
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
      await refusals.close();
      await messages.stop();
      await oidc.deliveries.stop();
      await ground.close();
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
