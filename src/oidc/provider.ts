import type { KeyObject } from 'node:crypto';
import type { Context, Middleware } from 'koa';
import { Provider, type AccessToken, type AdapterPayload, type KoaContextWithOIDC } from 'oidc-provider';
import type { Audit } from '../audit/record.ts';
import { createClientFailures } from '../clients/failures.ts';
import type { Client, Clients } from '../clients/service.ts';
import type { Config } from '../config.ts';
import type { Direct } from '../http/direct.ts';
import { cameByMtls } from '../http/service-certificate.ts';
import { createDeliveries, type Deliveries } from '../deliveries/service.ts';
import { composePing } from '../deliveries/ping.ts';
import { allowFormAction } from '../http/headers.ts';
import { createLimits, type Limits } from '../limits/limits.ts';
import type { Clock } from '../platform/clock.ts';
import type { KeyRing } from '../platform/crypto.ts';
import type { KmsRing } from '../platform/kms/kms.ts';
import type { Log } from '../platform/log.ts';
import { createOutgoing, type Outgoing } from '../platform/outgoing.ts';
import type { Database } from '../platform/postgres.ts';
import type { ExpiringStore } from '../platform/store/contract.ts';
import type { Registry } from '../registry/service.ts';
import { createAccounts, type Accounts, type CardRefused } from './accounts.ts';
import { createAdapter } from './adapter.ts';
import { createFailureNotes } from './client-failures.ts';
import { adaptBackchannelRequest } from './ciba/poll.ts';
import { createCiba, type Ciba, type CibaDecision, type CibaQuestion } from './ciba/service.ts';
import { createBrowserState, type BrowserState } from './browser-state.ts';
import { subjectOf, subOf } from './claims.ts';
import type { CertificateTrust } from './client-certificates.ts';
import { createClientLookup } from './client-lookup.ts';
import { cookieNames, createConfiguration } from './configuration.ts';
import { createCookieKeys, type CookieKeys } from './cookie-keys.ts';
import { adaptDeviceCode, createDeviceGuard, deviceFeature } from './device-flow.ts';
import { createDirect } from './direct/index.ts';
import { createMetadata } from './direct/metadata.ts';
import { createEdge } from './edge.ts';
import { createEventRows, type EventRows } from './event-rows.ts';
import { createEvents, type Events, type OidcCounter } from './events.ts';
import { loadGrant } from './grants.ts';
import { createInteractions, type Interactions } from './interactions.ts';
import { createTokenSigner, type TokenSigner } from './jwt.ts';
import { loadSigningKeys, type SigningKey } from './keys.ts';
import { LIFETIMES } from './lifetimes.ts';
import { createLogout } from './logout.ts';
import { composeLogout, queueLogouts, tellLogout } from './logout-token.ts';
import { adaptModels } from './models.ts';
import { ACCOUNT_CLIENT, accountClient, createOwnSessions, type OwnSessions } from './own-sessions.ts';
import type { OidcPages } from './pages.ts';
import { registerTokenExchange } from './token-exchange.ts';
import { createRenderError, serviceOf } from './problems.ts';
import { createSessionEnd } from './session-end.ts';
import { createRecordTexts, type RecordTexts } from './record-text.ts';
import { createRefreshIds } from './refresh-ids.ts';
import { createRecords, type Records } from './unit.ts';
import {
  createSessions,
  type EndedBy,
  type OpenSession,
  type SessionOwner,
  type Sessions,
} from './sessions.ts';

export interface OidcDeps {
  config: Config;
  db: Database;
  store: ExpiringStore;
  registry: Pick<Registry, 'find' | 'findBySubject'>;
  clients: Clients;
  keyring: KeyRing;
  /** What encrypts the signing keys; by default the key ring. */
  kms?: KmsRing;
  audit: Audit;
  clock: Clock;
  log: Log;
  pages: OidcPages;
  /** Judges the certificates of services, where they have a host of their own. */
  certificateTrust?: CertificateTrust | undefined;
  /** Asked at each authorization and refresh of a session that a card opened. */
  cardRefused?: CardRefused | undefined;
  metrics?: (name: OidcCounter, clientId: string | undefined) => void;
  /** Puts a service's question (CIBA) to a person's phones; same work for who has none. */
  ask?: (question: CibaQuestion) => Promise<void>;
  /** Told of each try to tell a service something, for metrics. */
  delivered?: (outcome: { channel: string; outcome: string }) => void;
}

/** Whose sessions to end. */
export type EndSessionsOf = { nationalId: string } | { deviceId: string } | { clientId: string };

/** The OpenID provider. */
export interface Oidc extends Interactions {
  /** Mount it before other routes: it takes the issuer's endpoints, both discovery names and the front door. */
  middleware: Middleware;
  /** Answers before the application what is plain: `kernel.answerDirectly`. */
  direct: Direct;
  /** The library's provider in force; key rotation replaces it. */
  readonly provider: Provider;
  cookieNames: ReturnType<typeof cookieNames>;
  /** Ends every session of a person or a phone; of a service, all that it was given. Says how many sessions it concerned. */
  endSessionsOf(of: EndSessionsOf, why?: EndedBy): Promise<number>;
  /** Those of the person in front of a browser, for the account page. */
  own: OwnSessions;
  /** The national identifier behind a `sub` of ours. */
  personOf(sub: string): string | undefined;
  /** The open sessions of a person, a phone or a service. */
  sessionsOf(of: EndSessionsOf): Promise<OpenSession[]>;
  sessions: Pick<Sessions, 'list' | 'end'>;
  /** A person answered what a service asked without a page (CIBA). */
  decide(authReqId: string, decision: CibaDecision): Promise<void>;
  /** What is told to services, server to server; the composition root starts and stops it. */
  deliveries: Deliveries;
  /** Resolves when what went wrong in services' requests is written. */
  failuresWritten(): Promise<void>;
  /** The signing keys that this process goes by. */
  keys(): readonly SigningKey[];
  /** Reads the signing keys again and goes on with those; sessions and tokens are not touched. */
  reloadKeys(): Promise<void>;
}

const NOTIFICATION_ENDPOINT = 'backchannel_client_notification_endpoint';

/** What the library reads of a relying party; a disabled one is unknown. */
const clientPayload = (client: Client | undefined): AdapterPayload | undefined => {
  if (!client || client.disabled) return undefined;
  const { metadata } = client;
  const endpoint = metadata[NOTIFICATION_ENDPOINT];
  const secrets = client.secretHashes.map((hash) => hash.toString('base64url'));
  const remembered = client.secrets.map(({ hash }) => hash.toString('base64url'));
  const ended = remembered.filter((hash) => !secrets.includes(hash));
  return {
    ...metadata,
    // Its certificate is asked for wherever its tokens go.
    ...(metadata.trusted_space ? { tls_client_certificate_bound_access_tokens: true } : {}),
    response_types: metadata.grant_types.includes('authorization_code') ? ['code'] : [],
    // On loopback (the sandbox) it may be http, which the library refuses; it never uses it: we notify.
    ...(endpoint === undefined ? {} : { [NOTIFICATION_ENDPOINT]: endpoint.replace(/^http:/, 'https:') }),
    // The library wants a secret where there must be one; ours are compared by their hashes, and this one is never used.
    ...(secrets[0] === undefined ? {} : { client_secret: secrets[0], secret_hashes: secrets }),
    ...(ended.length === 0 ? {} : { ended_secret_hashes: ended }),
  } as AdapterPayload;
};

/** A Provider whose form_post page is ours; the library registers its own while it is constructed. */
const providerClass = (pages: OidcPages): typeof Provider =>
  class extends Provider {
    override registerResponseMode(
      name: string,
      handler: Parameters<Provider['registerResponseMode']>[1],
    ): void {
      super.registerResponseMode(
        name,
        name !== 'form_post'
          ? handler
          : async (ctx, action, inputs) => {
              const fields = Object.fromEntries(
                Object.entries(inputs).map(([key, value]) => [key, String(value)]),
              );
              ctx.status = 'error' in fields ? 400 : 200;
              allowFormAction(ctx as Context, action);
              await pages.formPost(ctx as Context, { action, fields });
            },
      );
    }
  };

const logoutPages = (pages: OidcPages) => ({
  logoutConfirm: (ctx: KoaContextWithOIDC) =>
    pages.logoutConfirm(ctx, {
      form: `<form id="op.logoutForm" method="post" action="${ctx.oidc.urlFor('end_session_confirm')}"><input type="hidden" name="xsrf" value="${String(ctx.oidc.session?.state?.['secret'])}"></form>`,
      service: serviceOf(ctx.oidc.client),
    }),
  loggedOut: (ctx: KoaContextWithOIDC) =>
    pages.loggedOut(ctx, { service: serviceOf(ctx.oidc.client), partly: ctx.oidc.client !== undefined }),
});

interface Current {
  keys: readonly SigningKey[];
  provider: Provider;
  signer: TokenSigner;
}

interface Storage {
  records: Records;
  texts: RecordTexts;
}

/** Whether the library makes an ID token in this request, for what has this scope. */
const idTokenFollows = (scope: string | undefined): boolean => {
  const oidc = Provider.ctx?.oidc;
  const asked = oidc?.params?.['scope'];
  return (
    oidc?.route === 'token' &&
    (typeof asked === 'string' ? asked : (scope ?? '')).split(' ').includes('openid')
  );
};

/** A refresh is a use of the session; it leaves with all the rest. */
const settle = async (token: AccessToken, records: Records, sessions: Sessions): Promise<void> => {
  if (token.sessionUid !== undefined) await sessions.touch(token.sessionUid);
  await records.flush();
};

const createBuilder = (
  deps: OidcDeps,
  ciba: () => Ciba,
  accounts: Accounts,
  events: Events,
  sessions: () => Sessions,
  deliveries: Deliveries,
  browserState: BrowserState,
  outgoing: Outgoing,
  { records, texts }: Storage,
) => {
  const { config, clients, clock, store } = deps;
  const Ours = providerClass(deps.pages);
  const opened = new Map<string, KeyObject>();
  const account = accountClient(config.origin);
  const find = (id: string) => (id === ACCOUNT_CLIENT ? Promise.resolve(account) : clients.find(id));
  const version = (id: string) => (id === ACCOUNT_CLIENT ? Promise.resolve('ours') : clients.version(id));
  const lookup = createClientLookup({ find, version }, records, clientPayload);
  const refreshIds = createRefreshIds(deps.keyring.derive('refresh-tokens'));
  const adapter = createAdapter({
    ...{ records, texts, refreshIds, clock, idTokenFollows },
    longestSeconds: Math.max(config.idleSeconds, LIFETIMES.interaction),
    findClient: async (clientId) => clientPayload(await lookup.find(clientId)),
  });
  return async (): Promise<Current> => {
    const keys = await loadSigningKeys({ ...deps, opened });
    const signer = createTokenSigner(keys);
    const provider = new Ours(
      config.issuer,
      createConfiguration({
        ...deps,
        ...logoutPages(deps.pages),
        outgoing,
        keys,
        adapter,
        ciba: ciba().feature,
        deviceFlow: deviceFeature(deps.pages),
        findAccount: (ctx, sub, source) =>
          ctx.oidc.route === 'backchannel_authentication' ? ciba().account(sub) : accounts.find(sub, source),
        loadGrant,
        renderError: createRenderError(deps.pages),
      }),
    );
    // The types know Koa's lists of texts only; an object that signs is as good.
    (provider as unknown as { keys: CookieKeys }).keys = createCookieKeys(
      deps.keyring.derive('cookies/oidc'),
    );
    adaptModels(provider, {
      signer,
      origin: config.origin,
      loopbackRedirects: config.mode === 'sandbox',
      mtlsOrigin: config.mtlsOrigin,
      refreshIds,
      settle: (token) => settle(token, records, sessions()),
      sessionChanged: (session) => sessions().index(session),
    });
    lookup.adapt(provider);
    adaptBackchannelRequest(provider, store);
    adaptDeviceCode(provider, store);
    queueLogouts(provider, (ended) => tellLogout({ deliveries, subUuid: config.subUuid }, deps.db, ended));
    // Without a host where certificates are shown there is none to bind a token to.
    if (config.mtlsOrigin !== undefined) registerTokenExchange(provider, { accounts, clock });
    events.listen(provider);
    browserState.listen(provider);
    return { keys, provider, signer };
  };
};

/** The accounts of the registry, each person asked for once in a request. */
const accountsOf = ({ registry, config, cardRefused }: OidcDeps, { records }: Storage): Accounts =>
  createAccounts(
    {
      findBySubject: (subject) => records.once(`person ${subject}`, () => registry.findBySubject(subject)),
    },
    config.subUuid,
    cardRefused,
  );

/** Events that are also kept for `caducee clients doctor`. */
const both = (events: Events, failures: Pick<Events, 'listen'>): Events => ({
  ...events,
  listen(provider) {
    events.listen(provider);
    failures.listen(provider);
  },
});

/** CIBA, its notifications leaving by the queue. */
const cibaOf = (
  deps: OidcDeps,
  parts: {
    accounts: Accounts;
    limits: Limits;
    rows: EventRows;
    deliveries: Deliveries;
    provider(): Provider;
  },
): Ciba => {
  const { config } = deps;
  const { accounts, limits, rows, deliveries, provider } = parts;
  return createCiba({
    ...{ ...deps, accounts, limits },
    ...{ issuer: config.issuer, subUuid: config.subUuid, defaultAcr: config.acrEcps },
    perClient: config.cibaPerMinute,
    provider,
    record: (event) => rows.write(event),
    ask: deps.ask ?? (() => Promise.resolve()),
    ping: async ({ authReqId, notificationToken, ...ping }) => {
      const url = (await deps.clients.find(ping.clientId))?.metadata[NOTIFICATION_ENDPOINT];
      if (url === undefined) return;
      const content = { authReqId, notificationToken };
      await deliveries.deliverHttp(deps.db, { kind: 'ciba_ping', url, ...ping, content });
      deliveries.kick();
    },
  });
};

/** Builds the provider. Creates the signing keys at the very first start. */
export const createOidc = async (deps: OidcDeps): Promise<Oidc> => {
  const { config, registry } = deps;
  const storage: Storage = {
    records: createRecords(deps.store),
    texts: createRecordTexts(subOf(config.subUuid, '')),
  };
  const accounts = accountsOf(deps, storage);
  const limits = createLimits(deps);
  const rows = createEventRows({ ...deps, limits });
  const failures = createFailureNotes({ ...deps, failures: createClientFailures({ ...deps, limits }) });
  const recorded = createEvents({ ...deps, rows, subUuid: config.subUuid });
  const events = both(recorded, failures);
  const outgoing = createOutgoing({ loopback: config.mode === 'sandbox', ranges: config.outgoingRanges });
  const deliveries = createDeliveries({
    ...deps,
    outgoing,
    compose: {
      backchannel_logout: composeLogout({ ...deps, issuer: config.issuer, signer: () => current.signer }),
      ciba_ping: composePing,
    },
    onOutcome: ({ kind, outcome }) => deps.delivered?.({ channel: kind, outcome }),
  });
  const ciba = cibaOf(deps, { accounts, limits, rows, deliveries, provider: () => current.provider });
  const sessions: Sessions = createSessions({
    ...{ ...deps, ...storage },
    provider: () => current.provider,
    ending: createSessionEnd({ ...deps, deliveries, subUuid: config.subUuid }),
  });
  const names = cookieNames(config.origin);
  const browserState = createBrowserState({ ...config, cookieName: names.browserState });
  const build = createBuilder(
    deps,
    () => ciba,
    accounts,
    events,
    () => sessions,
    deliveries,
    browserState,
    outgoing,
    storage,
  );
  let current = await build();
  let reloading: Promise<void> = Promise.resolve();
  const provider = (): Provider => current.provider;

  const ownerOf = async (of: EndSessionsOf): Promise<SessionOwner | undefined> => {
    if (!('nationalId' in of)) return of;
    const practitioner = await registry.find(of.nationalId);
    return practitioner && { sub: subOf(config.subUuid, practitioner.subject) };
  };

  const metadata = createMetadata(provider, (ctx) => cameByMtls(ctx));
  const middleware = createEdge({
    provider,
    records: storage.records,
    metadata,
    issuer: config.issuer,
    origin: config.origin,
    events,
    guardDevices: createDeviceGuard(limits),
    pages: deps.pages,
    sessions,
    deliveries,
    browserState,
    answers: {
      frontDoor: `${config.origin}/auth`,
      issuer: config.issuer,
      accounts,
    },
    logout: createLogout({
      provider,
      signer: () => current.signer,
      sessions,
      pages: deps.pages,
      browserState,
    }),
  });

  return {
    middleware,
    direct: createDirect({
      ...{ provider, accounts, events, metadata, log: deps.log, store: deps.store },
      ...{ records: storage.records, issuer: config.issuer },
    }),
    get provider() {
      return current.provider;
    },
    cookieNames: names,
    ...createInteractions({
      provider,
      records: storage.records,
      registry,
      subUuid: config.subUuid,
      defaultAcr: config.acrEcps,
    }),
    sessions,
    decide: (authReqId, decision) => ciba.decide(authReqId, decision),
    deliveries,
    failuresWritten: () => failures.idle(),
    own: createOwnSessions({ provider, config, sessions, browserState, pages: deps.pages }),
    personOf: (sub) => subjectOf(config.subUuid, sub),
    async sessionsOf(of) {
      const owner = await ownerOf(of);
      return owner === undefined ? [] : sessions.list(owner);
    },
    async endSessionsOf(of, why = { by: 'deviceId' in of ? 'phone' : 'registration' }) {
      const owner = await ownerOf(of);
      return owner === undefined ? 0 : sessions.endAll(owner, why);
    },
    keys: () => current.keys,
    reloadKeys: () =>
      (reloading = reloading
        .catch(() => undefined)
        .then(async () => {
          current = await build();
        })),
  };
};
