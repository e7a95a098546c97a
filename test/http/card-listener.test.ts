import { X509Certificate } from 'node:crypto';
import type { Server } from 'node:http';
import type { ConnectionOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CardListenerOptions, createCardTlsServer } from '../../src/card/listener.ts';
import { createLog } from '../../src/platform/log.ts';
import { type Issued, extensions as x, generateKeys, issue } from '../../src/sandbox/card/authority.ts';
import { type DevelopmentPki, createPki, issueCard } from '../../src/sandbox/card/pki.ts';
import { privateKeyPem } from '../../src/sandbox/card/pem.ts';
import { type Visit, visitTls } from '../support/tls-visit.ts';

const now = new Date();
const ATTEMPT = 'a'.repeat(43);
const HANDOFF = 'h'.repeat(43);
let pki: DevelopmentPki;
let card: Issued;
let key: string;
let server: Server;
let port: number;
/** The national identifier of each certificate that reached the checks; '' where none came. */
const seen: string[] = [];

const options: CardListenerOptions = {
  verifier: {
    verify: (der) => {
      seen.push(der ? (/CN=(\w+)/.exec(new X509Certificate(der).subject)?.[1] ?? '?') : '');
      return Promise.resolve({ results: [], ...(der ? {} : { refusal: 'card_absent' as const }) });
    },
    recheck: () => Promise.resolve(undefined),
  },
  handoffs: {
    open: () => Promise.reject(new Error('the card host opens nothing')),
    take: () => Promise.resolve({ purpose: 'sign_in', subject: 'i1', browser: 'b' }),
    give: () => Promise.resolve(HANDOFF),
    redeem: () => Promise.reject(new Error('the card host redeems nothing')),
  },
  returnTo: (_purpose, subject) => `https://provider.example/connexion/${subject}/carte`,
  lost: 'https://provider.example/aide',
  log: createLog('silent'),
};

beforeAll(async () => {
  pki = await createPki(now, 'http://127.0.0.1:9');
  const holder = { familyName: 'DOC', givenName: 'KIT', title: 'Médecin', professionCode: 10 };
  card = await issueCard(
    pki,
    { nationalId: '899700427885', cardType: 'CPS', cardSerial: '1', ...holder },
    { now, crlOrigin: 'http://127.0.0.1:9' },
  );
  key = await privateKeyPem(card.keys);
  const keys = await generateKeys('p256');
  const tls = await issue({
    subject: [[['2.5.4.3', 'card.localhost']]],
    keys,
    notBefore: new Date(now.getTime() - 60_000),
    notAfter: new Date(now.getTime() + 3_600_000),
    extensions: [x.dnsNames(['*.card.localhost'])],
  });
  server = createCardTlsServer(options, {
    key: await privateKeyPem(keys),
    cert: tls.pem,
    authorities: [pki.standard.root.pem, pki.standard.persons.pem],
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as { port: number }).port;
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

/** One visit over raw TLS, asking to keep the connection. */
const visit = (tls: ConnectionOptions, line = `GET /c/${ATTEMPT}`): Promise<Visit> =>
  visitTls({ port, servername: 'x.card.localhost', line, tls });

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('the card host over %s', (version) => {
  const tls = { minVersion: version, maxVersion: version } as const;

  test('judges the certificate proved in this handshake, hands over and closes', async () => {
    seen.length = 0;
    const { answer } = await visit({ ...tls, cert: card.pem, key });
    expect(seen).toEqual(['899700427885']);
    expect(answer).toContain('HTTP/1.1 303');
    expect(answer).toContain(`Location: https://provider.example/connexion/i1/carte?handoff=${HANDOFF}`);
    expect(answer).toMatch(/^connection: close/im);
    expect(answer).not.toMatch(/set-cookie/i);
  });

  test('a client without a card is never the holder of the last one, whatever session it brings', async () => {
    const { sessions } = await visit({ ...tls, cert: card.pem, key });
    expect(sessions.length).toBeGreaterThan(0);
    for (const session of sessions) {
      seen.length = 0;
      const { reused } = await visit({ ...tls, session });
      expect(reused).toBe(false);
      expect(seen).toEqual(['']);
    }
  });

  test('two requests on one connection: only the first is answered', async () => {
    seen.length = 0;
    const first = `GET /c/${ATTEMPT} HTTP/1.1\r\nHost: x\r\n\r\nGET /c/${ATTEMPT}`;
    const { answer } = await visit({ ...tls, cert: card.pem, key }, first);
    expect(answer.match(/HTTP\/1\.1 303/g)).toHaveLength(1);
    expect(seen).toHaveLength(1);
  });

  test.each([
    ['the root', 'GET /', 404],
    ['a malformed attempt', 'GET /c/short', 404],
    ['a longer path', `GET /c/${ATTEMPT}/x`, 404],
    ['another method', `POST /c/${ATTEMPT}`, 405],
  ])('%s is answered without a check', async (_name, lines, status) => {
    seen.length = 0;
    expect((await visit({ ...tls, cert: card.pem, key }, lines)).answer).toContain(`HTTP/1.1 ${status}`);
    expect(seen).toEqual([]);
  });
});

test('the names of our authorities are told to the browser', async () => {
  const names = await new Promise<string>((resolve, reject) => {
    import('node:child_process').then(({ execFile }) => {
      const child = execFile('openssl', ['s_client', '-connect', `127.0.0.1:${port}`], (_error, stdout) =>
        resolve(stdout),
      );
      child.stdin?.end('Q\n');
    }, reject);
  });
  expect(names).toContain('Acceptable client certificate CA names');
  expect(names).toContain('TEST AC CADUCEE STANDARD PERSONNES');
});

test('older versions of TLS are refused', async () => {
  await expect(
    visit({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
  ).rejects.toThrow(/alert|no protocols available/i);
});
