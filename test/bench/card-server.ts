import { createHash, constants } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../../src/app.ts';
import { type CardProof, createHandoffs } from '../../src/card/handoff.ts';
import { seedSandboxClients } from '../../src/clients/sandbox.ts';
import { createClients } from '../../src/clients/service.ts';
import type { Config } from '../../src/config.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createKeyRing } from '../../src/platform/crypto.ts';
import { startEmbeddedPostgres } from '../../src/platform/embedded/postgres.ts';
import { createLog } from '../../src/platform/log.ts';
import { migrate, readMigrations } from '../../src/platform/migrate.ts';
import { type Database, openDatabase } from '../../src/platform/postgres.ts';
import { createPostgresStore } from '../../src/platform/store/postgres.ts';
import { extensions as x, generateKeys, issue, issueCrl } from '../../src/sandbox/card/authority.ts';
import { privateKeyPem } from '../../src/sandbox/card/pem.ts';
import { ISSUERS, TEST_POLICY, createPki, issueCard } from '../../src/sandbox/card/pki.ts';
import { testConfig } from '../support/config.ts';

/**
 * The server's side of the benchmark, a process of its own so that its CPU time is only its own: Caducée with its card
 * host, a stand-in for that host, and a bare Node server with mutual TLS. PostgreSQL is another process.
 */

/** What the other side is told when all listen. */
export interface BenchServers {
  caducee: string;
  /** The card's host without the card. */
  standIn: string;
  bare: string;
  card: { cert: string; key: string };
}

const HOLDER = '899700218896';
const DAY = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'caducee-bench-'));

const listen = (server: Server, port = 0): Promise<number> =>
  new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content, { mode: 0o600 });
  return join(folder, name);
};

const makePki = async () => {
  const now = new Date();
  const lists = new Map<string, Buffer>();
  const server = createServer((request, response) => response.end(lists.get(request.url ?? '')));
  const crlOrigin = `http://127.0.0.1:${await listen(server)}`;
  const pki = await createPki(now, crlOrigin);
  const dates = { thisUpdate: now, nextUpdate: new Date(now.getTime() + DAY) };
  // As many revoked cards as a real list may hold: looking one up must not cost more for it.
  const revoked = Array.from({ length: 20_000 }, (_value, index) => ({
    serial: createHash('sha256').update(String(index)).digest('hex').slice(0, 30),
    at: now,
  }));
  const { root, persons } = pki.standard;
  lists.set('/root.crl', await issueCrl({ issuer: root, number: 1, ...dates, revoked: [] }));
  lists.set('/persons.crl', await issueCrl({ issuer: persons, number: 1, ...dates, revoked }));
  const holder = { familyName: 'SPECIALISTE', givenName: 'ROBERT', title: 'Médecin', professionCode: 10 };
  const card = await issueCard(
    pki,
    { nationalId: HOLDER, cardType: 'CPS', cardSerial: '1', ...holder },
    { now, crlOrigin },
  );
  const keys = await generateKeys('p256');
  const host = await issue({
    subject: [[['2.5.4.3', '*.card.localhost']]],
    keys,
    notBefore: new Date(now.getTime() - DAY),
    notAfter: new Date(now.getTime() + DAY),
    extensions: [x.dnsNames(['*.card.localhost'])],
  });
  return { pki, crlOrigin, card, host: { key: await privateKeyPem(keys), cert: host.pem } };
};

type Pki = Awaited<ReturnType<typeof makePki>>;

const prepareDatabase = async (): Promise<{ db: Database; url: string }> => {
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'pg'), durable: false });
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const db = openDatabase(postgres.url);
  await migrate(db, await readMigrations(join(import.meta.dirname, '..', '..', 'migrations')));
  await seedSandboxClients(createClients({ db }), {
    vaccinCovid: 'http://localhost:1',
    siDep: 'http://localhost:2',
    portal: 'http://localhost:3',
  });
  await db.query(
    `INSERT INTO practitioner (national_id, subject, source, civility, family_name, given_name, exercises, digest, created_at, updated_at)
     VALUES ($1, $1, 'bench', 'M', 'SPECIALISTE', 'ROBERT', '[]', $2, now(), now())`,
    [HOLDER, createHash('sha256').update(HOLDER).digest()],
  );
  return { db, url: postgres.url };
};

const configure = (port: number, url: string, settings: Record<string, string>): Config =>
  testConfig({
    CADUCEE_ISSUER: `http://localhost:${port}/auth/realms/esante-wallet`,
    CADUCEE_DATABASE_URL: url,
    CADUCEE_TRUSTED_PROXIES: '127.0.0.1',
    ...settings,
  });

/** A port that was free an instant ago. */
const freePort = async (): Promise<number> => {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
};

/** The lists are fetched by a job that begins with the application. */
const listsLoaded = async (origin: string): Promise<void> => {
  let said = '';
  for (const end = Date.now() + 30_000; Date.now() < end;) {
    said = await (await fetch(`${origin}/readyz?verbose`)).text();
    if (said.includes('"cardRevocation":"ok"')) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the revocation lists were not loaded: ${said}`);
};

/** Caducée whole, as `caducee serve` wires it. */
const startCaducee = async (url: string, { pki, crlOrigin, host }: Pki): Promise<Config> => {
  const [port, cardPort] = [await freePort(), await freePort()];
  const config = configure(port, url, {
    CADUCEE_CARD_ORIGIN: `https://*.card.localhost:${cardPort}`,
    CADUCEE_CARD_TRUST_FILE: file('roots.pem', pki.standard.root.pem),
    CADUCEE_CARD_INTERMEDIATES_FILE: file('authorities.pem', pki.standard.persons.pem),
    CADUCEE_CARD_POLICIES: TEST_POLICY,
    CADUCEE_CARD_ISSUERS: ISSUERS.standard,
    CADUCEE_CARD_CRL_URLS: `${crlOrigin}/root.crl,${crlOrigin}/persons.crl`,
    CADUCEE_CARD_TLS_KEY_FILE: file('tls.key', host.key),
    CADUCEE_CARD_TLS_CERT_FILE: file('tls.pem', host.cert),
  });
  const app = await createApp({ config, log: createLog('silent') });
  if (!app.cardServer) throw new Error('no card host');
  await Promise.all([listen(app.server(), port), listen(app.cardServer(), cardPort)]);
  await listsLoaded(config.origin);
  return config;
};

/**
 * The card's host without the card: says at once, in plain HTTP, what the real one says after handshake and checks. A
 * sign-in over it is the same in all the rest.
 */
const startStandIn = async (db: Database, config: Config): Promise<string> => {
  const handoffs = createHandoffs({
    store: createPostgresStore(db, systemClock),
    keyring: createKeyRing(config.masterKey),
  });
  const handOver = async (attemptId: string): Promise<string> => {
    const attempt = await handoffs.take(attemptId);
    if (!attempt) throw new Error('no attempt');
    const at = Math.floor(Date.now() / 1000);
    const proof: CardProof = { nationalId: HOLDER, serial: '1', cardNumber: '1/1', cardType: 'CPS', at };
    const handoff = await handoffs.give(attempt, { proof, results: [] });
    return `${config.origin}/connexion/${attempt.subject}/carte/retour?handoff=${handoff}`;
  };
  const server = createServer((request, response) => {
    handOver((request.url ?? '').slice('/c/'.length)).then(
      (location) => response.writeHead(303, { Location: location }).end(),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  return `http://127.0.0.1:${await listen(server)}`;
};

/** What Node does for mutual TLS, and nothing more: the same files and options as the card's host. */
const startBare = async ({ pki, host }: Pki): Promise<string> => {
  const server = createTlsServer(
    {
      ...host,
      ca: [pki.standard.root.pem, pki.standard.persons.pem],
      ...{ requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.2' },
      secureOptions: constants.SSL_OP_NO_TICKET,
      ALPNProtocols: ['http/1.1'],
    },
    (_request, response) => response.writeHead(204, { Connection: 'close' }).end(),
  );
  return `https://bare.card.localhost:${await listen(server)}`;
};

const [pki, { db, url }] = await Promise.all([makePki(), prepareDatabase()]);
const config = await startCaducee(url, pki);
const servers: BenchServers = {
  caducee: config.origin,
  standIn: await startStandIn(db, config),
  bare: await startBare(pki),
  card: { cert: pki.card.pem, key: await privateKeyPem(pki.card.keys) },
};
process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
process.on('disconnect', () => process.exit());
process.send?.({ servers });
