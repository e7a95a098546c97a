import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAudit } from '../../../src/audit/record.ts';
import type { CardPageView } from '../../../src/ecps/activation/service.ts';
import type { Approved, PageStatus } from '../../../src/ecps/approvals/service.ts';
import type { ApprovalContext } from '../../../src/ecps/protocol/api.ts';
import { API_BASE, NONCE_HEADER } from '../../../src/ecps/protocol/api.ts';
import { createEcps } from '../../../src/ecps/service.ts';
import { createKernel } from '../../../src/http/kernel.ts';
import { createLimits } from '../../../src/limits/limits.ts';
import { ManualClock } from '../../../src/platform/clock.ts';
import { createKeyRing } from '../../../src/platform/crypto.ts';
import type { PhoneBuild } from '../../../src/phone/build.ts';
import { createPhoneServer } from '../../../src/phone/server.ts';
import { createLog } from '../../../src/platform/log.ts';
import { token } from '../../../src/platform/random.ts';
import { createPostgresStore } from '../../../src/platform/store/postgres.ts';
import { importFile } from '../../../src/registry/import.ts';
import { createRegistry } from '../../../src/registry/service.ts';
import { sandboxPorts } from '../../../src/sandbox/ports.ts';
import { decodeQrPng } from '../../../src/sandbox/phone/inbox.ts';
import { parseMailQr } from '../../../src/ecps/protocol/qr.ts';
import { onFileEnd } from '../../support/cleanup.ts';
import { testConfig } from '../../support/config.ts';
import { inboxTransports, startInbox, testMessages } from '../../support/mail.ts';
import { HEADERS, blocks, doctor, file, rpps } from '../../support/registry.ts';
import { testDatabase } from '../../support/services.ts';

/** A sign-in page, from the side of the computer. */
export interface TestPage {
  txn: string;
  number: string | undefined;
  context: ApprovalContext;
  qr(): Promise<string | undefined>;
  link(): Promise<string | undefined>;
  status(): Promise<PageStatus>;
  finish(changes?: { verifier?: string; browserToken?: string }): Promise<Approved | undefined>;
}

/** The page on which a card was presented, from the side of the computer. */
export interface TestCardPage {
  id: string;
  qr(): Promise<string>;
  /** What the page shows; undefined in another browser. */
  view(browserToken?: string): Promise<CardPageView | undefined>;
  confirm(browserToken?: string): Promise<void>;
  decline(): Promise<void>;
}

/** The real e-CPS server on real HTTP, with what a test needs around it. */
export interface ProtocolServer {
  origin: string;
  /** Where the phone app is served, when the test asked for it. */
  appOrigin: string;
  clock: ManualClock;
  /** The national identifier of somebody new. */
  person(options?: { contact?: 'ok' | 'missing' | 'recent' }): Promise<string>;
  /** An identifier that the registry does not know. */
  nobody(options?: { luhn?: boolean }): string;
  /** What the mail of an activation brought, read from the mail as received. */
  mail(activationId: string): Promise<{ qr: string; typedCode: string }>;
  /** The code of the last SMS received by this person. */
  smsCode(nationalId: string): Promise<string>;
  smsCount(nationalId: string): Promise<number>;
  /** Templates of the messages about this person, newest first. */
  alerts(nationalId: string): Promise<string[]>;
  /** Opens a sign-in page; `replaces` is the page that the same browser showed before. */
  page(
    nationalId: string | undefined,
    options?: { replaces?: TestPage; afterListening?: boolean },
  ): Promise<TestPage>;
  /** A service asks this person without a page (CIBA), and shows a message; what it is told, once it is. */
  service(nationalId: string, message: string): Promise<() => string | undefined>;
  /** Presents the card of this person to a computer. */
  card(nationalId: string): Promise<TestCardPage>;
  /** The next call of this path is served, and its answer lost. */
  loseAnswer(path: RegExp): void;
  /** How many answers were lost so far. */
  lost(): number;
  /** Remembers the next call of this path. */
  record(path: RegExp): void;
  /** Sends the call remembered again, to the byte. */
  replay(): Promise<{ status: number; body: unknown; nonce: string | null }>;
  /** The public call with the printed code; answers the status. */
  revokeByCode(code: string): Promise<number>;
}

/** What vouches for phones activated by card. */
export const CARD_SERIAL = '5a9c01';
const PERSONS = 120;
const START = '2027-01-12T09:00:00Z';

interface Recorded {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** In front of the handler: loses answers and remembers calls, as the network and a thief do. */
const createWire = (handler: RequestListener) => {
  const losing: RegExp[] = [];
  let recording: RegExp | undefined;
  let recorded: Recorded | undefined;
  let lost = 0;
  const listeners = new Set<() => void>();

  const take = (path: string): boolean => {
    const at = losing.findIndex((pattern) => pattern.test(path));
    if (at === -1) return false;
    losing.splice(at, 1);
    return true;
  };
  const remember = (request: IncomingMessage, path: string): void => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      ),
    );
    request.on('end', () => (recorded = { method: request.method ?? '', path, headers, body }));
  };
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    // What a browser asks before a call to another origin is not the call.
    if (request.method === 'OPTIONS') return handler(request, response);
    if (recording?.test(path)) {
      recording = undefined;
      remember(request, path);
    }
    if (path.endsWith('/events')) response.once('pipe', () => listeners.forEach((listener) => listener()));
    if (take(path)) {
      // The handler does its whole work; what it writes goes nowhere.
      response.end = function end(this: ServerResponse) {
        lost += 1;
        request.socket.destroy();
        return this;
      } as typeof response.end;
    }
    handler(request, response);
  };
  return {
    serve,
    lose: (pattern: RegExp) => losing.push(pattern),
    lost: () => lost,
    record: (pattern: RegExp) => (recording = pattern),
    recorded: () => recorded,
    listening: () => new Promise<void>((resolve) => listeners.add(resolve)),
  };
};

export interface ProtocolServerOptions {
  /** On the ports of a sandbox. */
  readonly portBase?: number;
  /** The bundle of a phone app, served on a host of its own. */
  readonly app?: () => Promise<PhoneBuild>;
}

/** Starts it for the test file that asks; stopped when the file ends. */
export const startProtocolServer = async (options: ProtocolServerOptions = {}): Promise<ProtocolServer> => {
  const ports = options.portBase === undefined ? undefined : sandboxPorts(options.portBase);
  const clock = new ManualClock(START);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(ports?.provider ?? 0, '127.0.0.1', resolve));
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
  const appOrigin = options.app ? origin.replace('localhost', 'app.localhost') : origin;
  const config = testConfig({
    CADUCEE_ISSUER: `${origin}/auth/realms/esante-wallet`,
    CADUCEE_APP_ORIGIN: appOrigin,
  });
  const log = createLog('silent');
  const { db } = await testDatabase({ max: 16 });
  const inbox = await startInbox({ clock, httpPort: ports?.inbox ?? 0 });
  const messages = testMessages(db, inboxTransports(inbox.urls(), clock), { clock });
  const store = createPostgresStore(db, clock);
  onFileEnd(() => store.close());
  const registry = createRegistry({ db, clock, contactDelayHours: 72 });
  const decided = new Map<string, string>();
  const ecps = await createEcps({
    config,
    db,
    store,
    registry,
    messages,
    audit: createAudit({ clock }),
    limits: createLimits({ store }),
    keyring: createKeyRing(config.masterKey),
    clock,
    log,
    ports: {
      onDeviceRevoked: async () => undefined,
      returnUrl: (interactionId) => `${origin}/connexion/${interactionId}/retour`,
      placeOf: () => 'Lyon (FR)',
      backchannelDecided: async ({ request, outcome }) => void decided.set(request, outcome),
    },
  });
  const kernel = createKernel({ config, log });
  if (options.app) kernel.app.use(createPhoneServer({ config, log, build: options.app }));
  kernel.app.use(ecps.routes.routes());
  const wire = createWire(kernel.handler());
  server.on('request', wire.serve);
  onFileEnd(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const persons = Array.from({ length: PERSONS }, (_, index) => 1000 + index);
  const without = new Set(persons.slice(0, 5));
  const details = (serial: number) => doctor(serial, without.has(serial) ? { email: '', phone: '' } : {});
  await importFile(db, blocks(file(HEADERS[50], persons.map(details))), { clock, contactDelayHours: 72 });
  let next = 5;
  let missing = 0;

  const channels = async (nationalId: string) => {
    const person = await registry.find(nationalId);
    if (!person) throw new Error(`nobody is ${nationalId}`);
    return { id: person.id, ...(await registry.channels(person.id)) };
  };
  const smsOf = async (nationalId: string) => {
    await messages.drain();
    const { phone } = await channels(nationalId);
    return inbox.messages({ kind: 'sms', ...(phone === undefined ? {} : { to: phone }) });
  };
  let tokens = 0;

  return {
    origin,
    appOrigin,
    clock,
    person: async ({ contact = 'ok' } = {}) => {
      if (contact === 'missing') return rpps(persons[missing++] ?? 0);
      const nationalId = rpps(persons[next++] ?? 0);
      if (contact === 'recent') {
        const { id } = await channels(nationalId);
        await registry.setContact(id, { email: 'nouveau@exemple.test' }, { declaredAt: clock.now() });
      }
      return nationalId;
    },
    nobody: ({ luhn = true } = {}) => {
      const unknown = rpps(9000);
      return luhn ? unknown : unknown.slice(0, -1) + String((Number(unknown.at(-1)) + 1) % 10);
    },
    async mail(activationId) {
      await messages.drain();
      for (const { attachments, text } of inbox.messages({ kind: 'mail' })) {
        for (const { content } of attachments) {
          const qr = decodeQrPng(Buffer.from(content, 'base64'));
          if (qr === undefined || parseMailQr(qr).id !== activationId) continue;
          const typedCode = /\b([0-9A-HJKMNP-TV-Z]{4})-([0-9A-HJKMNP-TV-Z]{4})\b/.exec(text);
          return { qr, typedCode: `${typedCode?.[1]}${typedCode?.[2]}` };
        }
      }
      throw new Error(`no mail came for ${activationId}`);
    },
    async smsCode(nationalId) {
      const [newest] = await smsOf(nationalId);
      const code = /#(\d{6})$/.exec(newest?.text.trim() ?? '')?.[1];
      if (code === undefined) throw new Error(`no SMS came to ${nationalId}`);
      return code;
    },
    smsCount: async (nationalId) => (await smsOf(nationalId)).length,
    alerts: async (nationalId) => {
      const { id } = await channels(nationalId);
      return (await messages.fate({ practitionerId: id })).map(({ template }) => template);
    },
    async page(nationalId, { replaces, afterListening = false } = {}) {
      if (afterListening) await wire.listening();
      const own = replaces as (TestPage & { interactionId: string; browserToken: string }) | undefined;
      const interactionId = own?.interactionId ?? `interaction-${(tokens += 1)}`;
      const browserToken = own?.browserToken ?? token(16);
      const context: ApprovalContext = {
        service: { clientId: 'vaccin-covid', name: 'Vaccin Covid', host: 'vaccin-covid.example' },
        browser: 'Firefox, Windows',
        place: 'Lyon (FR)',
        at: clock.now().toISOString(),
        known: false,
        acr: 'eidas1',
        locale: 'fr',
      };
      const started = await ecps.approvals.start({
        nationalId,
        interactionId,
        browserToken,
        context,
        address: `192.0.2.${tokens % 250}`,
      });
      const { txn, number } = started;
      return Object.assign(
        { interactionId, browserToken },
        {
          txn,
          number,
          context,
          qr: () => ecps.approvals.qr(txn, browserToken),
          link: () => ecps.approvals.link(txn, browserToken),
          status: () => ecps.approvals.status(txn, browserToken),
          finish: (changes: { verifier?: string; browserToken?: string } = {}) =>
            ecps.approvals.finish(txn, changes.browserToken ?? browserToken, changes.verifier),
        },
      );
    },
    async service(nationalId, message) {
      const request = token(16);
      const service = { clientId: 'cabinet', name: 'Logiciel de cabinet', host: 'cabinet.example' };
      await ecps.approvals.startBackchannel({
        ...{ request, nationalId, message, seconds: 120 },
        context: { service, acr: 'eidas1', locale: 'fr' },
      });
      return () => decided.get(request);
    },
    async card(nationalId) {
      const browserToken = token(16);
      const { card } = ecps.activations;
      const at = Math.floor(clock.now().getTime() / 1000);
      const id = await card.open({ nationalId, serial: CARD_SERIAL, at }, browserToken);
      if (id === undefined) throw new Error('the card was not accepted');
      return {
        id,
        async qr() {
          const text = await card.qr(id, browserToken);
          if (text === undefined) throw new Error('the page shows no QR');
          return text;
        },
        view: (other) => card.view(id, other ?? browserToken),
        confirm: (other) => card.confirm(id, other ?? browserToken),
        decline: () => card.decline(id, browserToken),
      };
    },
    loseAnswer: wire.lose,
    lost: wire.lost,
    record: wire.record,
    async replay() {
      const recorded = wire.recorded();
      if (!recorded) throw new Error('nothing was recorded');
      const { method, path, headers, body } = recorded;
      const kept = ['ecps-proof', 'content-type', 'accept', 'accept-language'];
      const response = await fetch(origin + path, {
        method,
        headers: Object.fromEntries(Object.entries(headers).filter(([name]) => kept.includes(name))),
        ...(body === '' ? {} : { body }),
      });
      return {
        status: response.status,
        body: await response.json(),
        nonce: response.headers.get(NONCE_HEADER),
      };
    },
    async revokeByCode(revocationCode) {
      const response = await fetch(`${origin}${API_BASE}/revocations`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ revocationCode }),
      });
      return response.status;
    },
  };
};
