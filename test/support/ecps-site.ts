import type { Server } from 'node:http';
import { Agent } from 'node:https';
import webpush from 'web-push';
import type { Config } from '../../src/config.ts';
import type { StartInput } from '../../src/ecps/approvals/service.ts';
import type { EndpointName } from '../../src/ecps/protocol/api.ts';
import { createEcps, type EcpsPorts, type EcpsService } from '../../src/ecps/service.ts';
import { createContacts } from '../../src/contacts/service.ts';
import { tellContactChanges } from '../../src/contacts/notices.ts';
import { createAudit } from '../../src/audit/record.ts';
import { createKernel } from '../../src/http/kernel.ts';
import { createLimits } from '../../src/limits/limits.ts';
import type { Messages } from '../../src/messages/service.ts';
import type { Phone } from '../../src/phone/client.ts';
import { createPhone } from '../../src/phone/client.ts';
import { PhoneRefusal } from '../../src/phone/errors.ts';
import type { Fetch } from '../../src/phone/transport.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { createKeyRing } from '../../src/platform/crypto.ts';
import { createLog } from '../../src/platform/log.ts';
import type { Database } from '../../src/platform/postgres.ts';
import { token } from '../../src/platform/random.ts';
import type { ExpiringStore } from '../../src/platform/store/contract.ts';
import { createPostgresStore } from '../../src/platform/store/postgres.ts';
import { createRedisStore } from '../../src/platform/store/redis.ts';
import { importFile } from '../../src/registry/import.ts';
import { createRegistry, type Registry } from '../../src/registry/service.ts';
import type { Inbox, InboxMessage } from '../../src/sandbox/inbox/index.ts';
import { createRefusals, type Refusals } from '../../src/support/refusals.ts';
import { onFileEnd } from './cleanup.ts';
import { testConfig } from './config.ts';
import { inboxTransports, startInbox, testMessages } from './mail.ts';
import { createMemoryVault, type MemoryVault } from './phone-vault.ts';
import { blocks, doctor, file, HEADERS, rpps, type Values } from './registry.ts';
import { freePorts } from './servers.ts';
import { testDatabase, testRedis } from './services.ts';

/**
 * The e-CPS on a real server: PostgreSQL, either store, real SMTP and Twilio's HTTP into the sandbox's inbox, and the
 * product's own phone. Time stands still until a test moves it (what lives in Redis keeps Redis's time).
 */
export interface EcpsSite {
  config: Config;
  origin: string;
  db: Database;
  store: ExpiringStore;
  clock: ManualClock;
  registry: Registry;
  messages: Messages;
  inbox: Inbox;
  ecps: EcpsService;
  /** What showed a support id. */
  refusals: Refusals;
  /** The job that tells of changed contact details. */
  tellContacts(): Promise<number>;
  /** Phones whose sessions were ended. */
  revoked: string[];
  /** A phone without keys. */
  phone(vault?: MemoryVault, options?: { address?: string; fetch?: Fetch }): TestPhone;
  /** A practitioner nobody else uses in this site. */
  person(): Person;
  /** What was sent to a person, newest first; waits for the outbox. */
  mails(person: Person): Promise<InboxMessage[]>;
  sms(person: Person): Promise<InboxMessage[]>;
  /** A phone that carries a person's e-CPS. */
  activated(person: Person, options?: { pin?: string; vault?: MemoryVault }): Promise<TestPhone>;
  /** Starts a sign-in as the page does. */
  start(changes?: Partial<StartInput>): Promise<Page>;
  /** Types of the audit rows about a person, oldest first. */
  audited(nationalId: string): Promise<string[]>;
  /** Closes its port. The database stays as it is. */
  stop(): Promise<void>;
}

export type TestPhone = Phone & { vault: MemoryVault };

export interface Person {
  nationalId: string;
  email: string;
  phone: string;
}

export interface Page {
  txn: string;
  number: string | undefined;
  expiresAt: Date;
  browserToken: string;
  interactionId: string;
}

/** A morning in Paris, in waking hours. */
export const START = '2021-01-14T09:00:00Z';
export const PIN = '493027';
const MASTER = Buffer.alloc(32, 7);
const PEOPLE = 60;

const values = (serial: number): Values => doctor(serial);

const seed = async (db: Database, clock: ManualClock): Promise<void> => {
  const people = Array.from({ length: PEOPLE }, (_, index) => values(index + 1));
  const special = [
    doctor(901, { email: '' }),
    doctor(902, { phone: '' }),
    doctor(903),
    doctor(904),
    doctor(905),
  ];
  await importFile(db, blocks(file(HEADERS[50], [...people, ...special])), {
    clock,
    contactDelayHours: 72,
    fileName: 'test',
  });
};

/** People with something special about them. */
export const SPECIAL = {
  noEmail: rpps(901),
  noPhone: rpps(902),
  changedYesterday: rpps(903),
  struckOff: rpps(904),
  inactive: rpps(905),
  unknown: rpps(999),
} as const;

const openStore = async (name: 'postgres' | 'redis', clock: ManualClock): Promise<ExpiringStore> => {
  if (name === 'redis') return createRedisStore(await testRedis());
  return createPostgresStore((await testDatabase({ max: 20 })).db, clock);
};

const listen = (server: Server, port: number): Promise<void> =>
  new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve());
  });

/** Keys to ring with; where the rings go is not this suite's matter (see messages-push.test.ts). */
const doorbell = () => {
  const { publicKey, privateKey } = webpush.generateVAPIDKeys();
  return { vapidPublicKey: publicKey, vapidPrivateKey: privateKey, agent: new Agent() };
};

/**
 * Starts a site; everything closes when the file ends. With a `database` it is that one, migrated, seeded if it holds
 * nobody; with a `port` it answers there.
 */
export const startEcpsSite = async (
  options: {
    store?: 'postgres' | 'redis';
    at?: string;
    push?: boolean;
    database?: Database;
    port?: number;
    /** Told what people answered to services that asked without a page. */
    decided?: EcpsPorts['backchannelDecided'];
  } = {},
): Promise<EcpsSite> => {
  const clock = new ManualClock(options.at ?? START);
  const port = options.port ?? (await freePorts(1))[0] ?? 0;
  const config = testConfig({
    CADUCEE_ISSUER: `http://localhost:${port}/auth/realms/esante-wallet`,
    CADUCEE_APP_ORIGIN: 'http://app.localhost:4001',
    CADUCEE_TRUSTED_PROXIES: '127.0.0.1, ::1',
  });
  const db = options.database ?? (await testDatabase({ max: 20 })).db;
  const store = await openStore(options.store ?? 'postgres', clock);
  onFileEnd(() => store.close());
  const { rowCount: people } = await db.query('SELECT 1 FROM practitioner LIMIT 1');
  if (people === 0) await seed(db, clock);
  const registry = createRegistry({ db, clock, contactDelayHours: 72 });
  const inbox = await startInbox({ clock });
  const messages = testMessages(
    db,
    inboxTransports(inbox.urls(), clock, options.push ? doorbell() : undefined),
    {
      clock,
    },
  );
  const revoked: string[] = [];
  const limits = createLimits({ store });
  const ecps = await createEcps({
    config,
    db,
    store,
    registry,
    messages,
    audit: createAudit({ clock }),
    limits,
    keyring: createKeyRing(MASTER),
    clock,
    log: createLog('silent'),
    ports: {
      onDeviceRevoked: async (deviceId) => {
        revoked.push(deviceId);
      },
      returnUrl: (interactionId) => `${config.origin}/connexion/${interactionId}/retour`,
      placeOf: () => 'Lyon',
      ...(options.decided ? { backchannelDecided: options.decided } : {}),
    },
  });
  const refusals = createRefusals({ db, clock, log: createLog('silent') });
  onFileEnd(() => refusals.close());
  const kernel = createKernel({ config, log: createLog('silent'), keepRefusal: refusals.keep });
  const pages = ecps.pages(kernel);
  kernel.app.use(ecps.routes.routes()).use(pages.routes());
  const contactDeps = {
    ...{ config, db, store, messages, limits, clock, audit: createAudit({ clock }) },
    keyring: createKeyRing(MASTER),
  };
  const contacts = createContacts({
    ...contactDeps,
    ports: { kick: () => undefined, onStopped: ecps.onContactStopped },
  });
  kernel.app.use(contacts.pages(kernel).routes()).use(contacts.feed.routes());
  const server = kernel.server();
  await listen(server, port);
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> =>
    (stopped ??= (async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await ecps.approvals.idle();
    })());
  onFileEnd(stop);

  let next = 0;
  const site: EcpsSite = {
    config,
    origin: config.origin,
    db,
    store,
    clock,
    registry,
    messages,
    inbox,
    ecps,
    refusals,
    tellContacts: () => tellContactChanges(contactDeps),
    revoked,
    stop,
    phone: (vault = createMemoryVault(), { address, fetch: send = fetch } = {}) => {
      const via: Fetch = (url, init) => {
        const headers = new Headers(init.headers);
        if (address !== undefined) headers.set('x-forwarded-for', address);
        return send(url, { ...init, headers });
      };
      return Object.assign(createPhone({ origin: config.origin, vault, locale: 'fr', clock, fetch: via }), {
        vault,
      });
    },
    person: () => {
      next += 1;
      if (next > PEOPLE) throw new Error('this site has no more people');
      const { nationalId = '', email = '', phone = '' } = values(next);
      return { nationalId, email, phone: `+33${phone.replaceAll(' ', '').slice(1)}` };
    },
    mails: async ({ email }) => {
      await messages.drain();
      return inbox.messages({ to: email, kind: 'mail' });
    },
    sms: async ({ phone }) => {
      await messages.drain();
      return inbox.messages({ to: phone, kind: 'sms' });
    },
    activated: (person, activation = {}) => activate(site, person, activation),
    start: async (changes = {}) => {
      const browserToken = token();
      const interactionId = token(12);
      const input = { browserToken, interactionId, context: contextOf(clock), ...changes };
      const started = await ecps.approvals.start(input);
      return { ...started, browserToken: input.browserToken, interactionId: input.interactionId };
    },
    audited: async (nationalId) =>
      (
        await db.query<{ type: string }>('SELECT type FROM audit_event WHERE national_id = $1 ORDER BY id', [
          nationalId,
        ])
      ).rows.map((row) => row.type),
  };
  if (people === 0) await prepareSpecial(site);
  return site;
};

const prepareSpecial = async ({ registry, clock }: EcpsSite): Promise<void> => {
  const idOf = async (nationalId: string) => (await registry.find(nationalId))?.id ?? '';
  const yesterday = new Date(clock.now().getTime() - 86_400_000);
  await registry.setContact(
    await idOf(SPECIAL.changedYesterday),
    { email: 'nouvelle@exemple.test' },
    { declaredAt: yesterday },
  );
  await registry.setStatus(await idOf(SPECIAL.struckOff), 'struck_off');
  await registry.setStatus(await idOf(SPECIAL.inactive), 'inactive');
};

export const contextOf = (clock: ManualClock, changes: Partial<StartInput['context']> = {}) => ({
  service: { clientId: 'vaccin-covid', name: 'Vaccin Covid', host: 'vaccin-covid.example' },
  browser: 'Firefox, Windows',
  place: 'Lyon',
  at: clock.now().toISOString(),
  known: false,
  acr: 'eidas1',
  locale: 'fr' as const,
  ...changes,
});

export const DEVICE = { name: 'Mon téléphone', model: 'Pixel 9', os: 'Android 16' };

/** The eight characters of the newest activation mail; other mails may have arrived since. */
export const typedCodeOf = (mails: readonly InboxMessage[]): string => {
  for (const { text } of mails) {
    const code = /\b([0-9A-HJKMNP-TV-Z]{4})[-\s]([0-9A-HJKMNP-TV-Z]{4})\b/.exec(text);
    if (code) return `${code[1]}${code[2]}`;
  }
  throw new Error('no mail has a typed code');
};

/** The code of the newest SMS that has one. */
export const smsCodeOf = (all: readonly InboxMessage[]): string => {
  const codes = all.flatMap(({ text }) => /#(\d{6})/.exec(text)?.[1] ?? []);
  if (codes[0] === undefined) throw new Error('no SMS has a code');
  return codes[0];
};

/** Up to the PIN: asked, mail read, SMS read. */
export const reachPin = async (site: EcpsSite, person: Person, phone: TestPhone): Promise<void> => {
  await phone.activate({ nationalId: person.nationalId, device: DEVICE });
  await phone.typeMailCode(typedCodeOf(await site.mails(person)));
  await phone.smsCode(smsCodeOf(await site.sms(person)));
};

const activate = async (
  site: EcpsSite,
  person: Person,
  { pin = PIN, vault }: { pin?: string; vault?: MemoryVault },
): Promise<TestPhone> => {
  const phone = site.phone(vault);
  await reachPin(site, person, phone);
  await phone.enrol(pin);
  return phone;
};

/** The refusal that a piece of work meets; fails when it meets none. */
export const refusal = async (work: Promise<unknown>): Promise<PhoneRefusal> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof PhoneRefusal) return error;
    throw error;
  }
  throw new Error('no refusal was met');
};

/** Approves the newest request that waits, by its number. */
export const approveByNumber = async (
  phone: TestPhone,
  page: Page,
  pin = PIN,
): ReturnType<TestPhone['approve']> => {
  const { requests } = await phone.pending();
  const request = requests.find(({ txn }) => txn === page.txn);
  if (!request) throw new Error('the sign-in does not wait for this phone');
  return phone.approve({ request, bind: { m: 'number', v: page.number ?? '' }, pin });
};

/** Runs the same work many times at once and sorts what came of it. */
export const atOnce = async <T>(
  times: number,
  work: (index: number) => Promise<T>,
): Promise<{ done: T[]; refused: string[] }> => {
  const settled = await Promise.allSettled(Array.from({ length: times }, (_, index) => work(index)));
  const done: T[] = [];
  const refused: string[] = [];
  for (const result of settled) {
    if (result.status === 'fulfilled') done.push(result.value);
    else if (result.reason instanceof PhoneRefusal) refused.push(result.reason.code);
    else throw result.reason;
  }
  return { done, refused };
};

export type { EndpointName };
