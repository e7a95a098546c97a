import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { Clock } from '../../platform/clock.ts';
import { type Issued, issueCrl } from './authority.ts';
import { answerOcsp } from './ocsp.ts';
import { CRL_PATHS, type CrlPath } from './pki.ts';
import { type SandboxPki, readRevoked } from './vault.ts';

/** What an authority publishes: its revocation lists and its OCSP responder, signed when asked; on loopback. */

const MINUTE = 60_000;
const DAY = 86_400_000;
const BODY_LIMIT = 16 * 1024;

/** The lists, by path: who signs each. */
export const crlPaths = (pki: SandboxPki): Readonly<Record<CrlPath, Issued>> => ({
  '/standard-root.crl': pki.standard.root,
  '/standard-persons.crl': pki.standard.persons,
  '/elementary-root.crl': pki.elementary.root,
  '/elementary-persons.crl': pki.elementary.persons,
});

const read = async (request: IncomingMessage): Promise<Buffer | undefined> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

interface Published {
  type: string;
  body: Buffer | string;
}

interface Options {
  pki: SandboxPki;
  /** Of the sandbox's data. */
  folder: string;
  clock: Clock;
}

const crl = async ({ folder, clock }: Options, issuer: Issued): Promise<Published> => {
  const now = clock.now();
  const revoked = await readRevoked(folder);
  const body = await issueCrl({
    issuer,
    // Rises by itself, also after a restart.
    number: Math.floor(now.getTime() / 1000),
    thisUpdate: new Date(now.getTime() - MINUTE),
    nextUpdate: new Date(now.getTime() + DAY),
    // Random serial numbers: one list of all of them serves every authority.
    revoked: [...revoked].map(([serial, at]) => ({
      serial: serial.length % 2 === 0 ? serial : `0${serial}`,
      at,
    })),
  });
  return { type: 'application/pkix-crl', body };
};

const ocsp = async ({ pki, folder, clock }: Options, der: Buffer): Promise<Published> => {
  const revoked = await readRevoked(folder);
  const body = await answerOcsp(der, {
    authorities: Object.values(crlPaths(pki)),
    revokedAt: (serial) => revoked.get(serial),
    now: clock.now(),
  });
  return { type: 'application/ocsp-response', body };
};

const answer = async (options: Options, request: IncomingMessage): Promise<Published | undefined> => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  if (request.method === 'POST' && pathname === '/ocsp') {
    const body = await read(request);
    return body && ocsp(options, body);
  }
  if (request.method !== 'GET') return undefined;
  const path = CRL_PATHS.find((known) => known === pathname);
  if (path) return crl(options, crlPaths(options.pki)[path]);
  if (pathname === '/autorite.pem')
    return { type: 'application/x-x509-ca-cert', body: options.pki.server.pem };
  if (pathname.startsWith('/ocsp/')) {
    return ocsp(options, Buffer.from(decodeURIComponent(pathname.slice('/ocsp/'.length)), 'base64'));
  }
  return undefined;
};

/** A server of the lists, the responder and the authority to trust; not yet listening. */
export const createPkiServer = (options: Options): Server =>
  createServer((request: IncomingMessage, response: ServerResponse) => {
    answer(options, request).then(
      (published) => {
        if (!published) {
          response.writeHead(404).end();
          return;
        }
        response.writeHead(200, { 'Content-Type': published.type, 'Cache-Control': 'no-store' });
        response.end(published.body);
      },
      () => {
        response.writeHead(500).end();
      },
    );
  });
