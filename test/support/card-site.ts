import { createServer, type Server } from 'node:http';
import { request } from 'node:https';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp, type App } from '../../src/app.ts';
import { openCardListener } from '../../src/card/open.ts';
import { seedSandboxClients } from '../../src/clients/sandbox.ts';
import { createClients } from '../../src/clients/service.ts';
import type { Config } from '../../src/config.ts';
import { createLog } from '../../src/platform/log.ts';
import type { Database } from '../../src/platform/postgres.ts';
import {
  type Issued,
  extensions as x,
  generateKeys,
  issue,
  issueCrl,
} from '../../src/sandbox/card/authority.ts';
import { privateKeyPem } from '../../src/sandbox/card/pem.ts';
import {
  type CardOptions,
  type DevelopmentPki,
  type Holder,
  ISSUERS,
  TEST_POLICY,
  createPki,
  issueCard,
} from '../../src/sandbox/card/pki.ts';
import { addPractitioner } from '../http/oidc-harness.ts';
import { onFileEnd } from './cleanup.ts';
import { testConfig } from './config.ts';
import { testDatabase } from './services.ts';

/** The whole application with its card host: a development PKI, its lists served on loopback, real TLS. */

export const listen = (server: Server, port = 0): Promise<number> =>
  new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

export const freePort = async (): Promise<number> => {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
};

const DAY = 86_400_000;

/** A PKI with the files that the configuration names, and a server of its revocation lists. */
export interface CardFiles {
  pki: DevelopmentPki;
  folder: string;
  crlOrigin: string;
  /** Publishes new lists of the standard branch, with these serial numbers revoked. */
  publish(revoked?: readonly string[], lists?: { from?: Date; to?: Date }): Promise<void>;
  /** Settings that name all this; the entrance (TLS or hop) is to be added. */
  settings: Record<string, string>;
  /** Settings of a TLS entrance for these host names. */
  tls(names: readonly string[]): Promise<Record<string, string>>;
  card(holder: Partial<Holder>, options?: Partial<CardOptions>): Promise<Issued>;
}

const HOLDER: Holder = {
  nationalId: '899700218896',
  familyName: 'SPECIALISTE0021889',
  givenName: 'ROBERT',
  title: 'Médecin',
  professionCode: 10,
  cardType: 'CPS',
  cardSerial: '2600301752',
};

/** Makes the PKI as of `now`. */
export const createCardFiles = async (now = new Date()): Promise<CardFiles> => {
  const folder = mkdtempSync(join(tmpdir(), 'caducee-card-site-'));
  onFileEnd(() => rmSync(folder, { recursive: true, force: true }));
  const lists = new Map<string, Buffer>();
  const server = createServer((asked, response) => {
    const body = lists.get(asked.url ?? '');
    response.writeHead(body ? 200 : 404).end(body);
  });
  const crlOrigin = `http://127.0.0.1:${await listen(server)}`;
  onFileEnd(() => new Promise((resolve) => server.close(resolve)));
  const pki = await createPki(now, crlOrigin);
  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  let number = 0;
  const publish: CardFiles['publish'] = async (revoked = [], { from = now, to } = {}) => {
    number += 1;
    const dates = { thisUpdate: from, nextUpdate: to ?? new Date(from.getTime() + DAY) };
    const of = (issuer: Issued, serials: readonly string[]) =>
      issueCrl({ issuer, number, ...dates, revoked: serials.map((serial) => ({ serial, at: from })) });
    lists.set('/standard-root.crl', await of(pki.standard.root, []));
    lists.set('/standard-persons.crl', await of(pki.standard.persons, revoked));
  };
  await publish();
  return {
    ...{ pki, folder, crlOrigin, publish },
    settings: {
      CADUCEE_CARD_TRUST_FILE: file('roots.pem', pki.standard.root.pem),
      CADUCEE_CARD_INTERMEDIATES_FILE: file('authorities.pem', pki.standard.persons.pem),
      CADUCEE_CARD_POLICIES: TEST_POLICY,
      CADUCEE_CARD_ISSUERS: ISSUERS.standard,
      CADUCEE_CARD_CRL_URLS: `${crlOrigin}/standard-root.crl,${crlOrigin}/standard-persons.crl`,
    },
    tls: async (names) => {
      const keys = await generateKeys('p256');
      const certificate = await issue({
        subject: [[['2.5.4.3', names[0] ?? '']]],
        keys,
        notBefore: new Date(Date.now() - DAY),
        notAfter: new Date(Date.now() + 30 * DAY),
        extensions: [x.dnsNames(names)],
      });
      return {
        CADUCEE_CARD_TLS_KEY_FILE: file('tls.key', await privateKeyPem(keys)),
        CADUCEE_CARD_TLS_CERT_FILE: file('tls.pem', certificate.pem),
      };
    },
    card: (holder, options = {}) =>
      issueCard(pki, { ...HOLDER, ...holder }, { now, crlOrigin, keyKind: 'p256', ...options }),
  };
};

export interface CardSite {
  origin: string;
  config: Config;
  db: Database;
  app: App;
  files: CardFiles;
  /** Visits the card's host with this card (or none); where it sends the browser. */
  present(link: string, card?: Issued): Promise<string>;
}

/** The two persons of the registry. */
export const DOCTOR = HOLDER.nationalId;
export const OTHER_DOCTOR = '899700427885';

const visit = async (link: string, card: Issued | undefined): Promise<string> => {
  const { hostname, port, pathname } = new URL(link);
  const key = card && (await privateKeyPem(card.keys));
  return new Promise((resolve, reject) => {
    request(
      {
        ...{ host: '127.0.0.1', port, path: pathname, servername: hostname, agent: false },
        rejectUnauthorized: false,
        ...(card ? { cert: card.pem, key } : {}),
      },
      (response) => {
        response.resume();
        resolve(response.headers.location ?? `status ${response.statusCode}`);
      },
    )
      .on('error', reject)
      .end();
  });
};

/** Starts it all; ends with the test file. */
export const startCardSite = async (
  options: { host?: string; mode?: Config['mode'] } = {},
): Promise<CardSite> => {
  const [port, cardPort] = [await freePort(), await freePort()];
  const host = options.host ?? '*.card.localhost';
  const origin = `http://localhost:${port}`;
  const files = await createCardFiles();
  const { db, url } = await testDatabase();
  const parsed = testConfig({
    CADUCEE_ISSUER: `${origin}/auth/realms/esante-wallet`,
    CADUCEE_DATABASE_URL: url,
    CADUCEE_CARD_ORIGIN: `https://${host}:${cardPort}`,
    CADUCEE_CARD_LISTEN_PORT: String(cardPort),
    ...files.settings,
    ...(await files.tls([host])),
  });
  const config: Config = { ...parsed, mode: options.mode ?? parsed.mode };
  await seedSandboxClients(createClients({ db }), {
    vaccinCovid: 'http://localhost:4003',
    siDep: 'http://localhost:4004',
    portal: 'http://localhost:4008',
  });
  await addPractitioner(db, { nationalId: DOCTOR });
  await addPractitioner(db, { nationalId: OTHER_DOCTOR, familyName: 'AUTRE', givenName: 'ÉLODIE' });
  const app = await createApp({ config, log: createLog(process.env['CARD_LOG'] ?? 'silent') });
  onFileEnd(() => app.close());
  const server = app.server();
  await listen(server, port);
  onFileEnd(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  if (!app.cardServer) throw new Error('the application has no card host');
  const card = await openCardListener(app.cardServer(), { host: '127.0.0.1', port: cardPort });
  onFileEnd(() => card.close());
  await listsLoaded(origin);
  return { origin, config, db, app, files, present: (link, presented) => visit(link, presented) };
};

/** The lists are fetched by a job that begins with the application. */
const listsLoaded = async (origin: string): Promise<void> => {
  let last = '';
  for (const end = Date.now() + 10_000; Date.now() < end;) {
    const body = (await (await fetch(`${origin}/readyz?verbose`)).json()) as {
      checks: Record<string, string>;
    };
    if (body.checks['cardRevocation'] === 'ok') return;
    last = JSON.stringify(body);
  }
  throw new Error(`the revocation lists were not loaded: ${last}`);
};
