import { X509Certificate } from 'node:crypto';
import { type IncomingMessage, type Server, createServer } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type CardListenerOptions,
  createCardHopServer,
  createCardTlsServer,
} from '../../src/card/listener.ts';
import { openCardListener } from '../../src/card/open.ts';
import { createLog } from '../../src/platform/log.ts';
import { type Issued, generateKeys } from '../../src/sandbox/card/authority.ts';
import { privateKeyPem } from '../../src/sandbox/card/pem.ts';
import { OID } from '../../src/card/oids.ts';
import { cardSubject, createPki } from '../../src/sandbox/card/pki.ts';
import { createCardFiles, listen, type CardFiles } from '../support/card-site.ts';
import { onFileEnd } from '../support/cleanup.ts';
import { startLoginSite } from '../support/login-site.ts';
import { CARD_HOST, PROVIDER_HOST, type Terminator, startHaproxy, startNginx } from '../support/proxies.ts';
import { type VisitRequest, visitPlain, visitTls } from '../support/tls-visit.ts';

/**
 * Whose card a visit shows, when it comes through a real terminator with the documented configuration, and when it
 * comes past it: the certificate proved in the handshake, never one in a header.
 */

const SECRET = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';
const ATTEMPT = `/c/${'a'.repeat(43)}`;
const HOLDER = '899700218896';
const VICTIM = '899700427885';

/** The identifier of each certificate that reached the checks; '' where none came. */
const seen: string[] = [];
/** The headers of each request that reached the provider. */
const arrived: Record<string, string | string[] | undefined>[] = [];
const logged: string[] = [];

let files: CardFiles;
let holder: { cert: string; key: string };
let victim: string;
let hop: { port: number; socket: string };
let provider: number;
let authorities: string;

const nameOf = (der: Buffer): string => /CN=(\w+)/.exec(new X509Certificate(der).subject)?.[1] ?? '?';

const options = (): CardListenerOptions => ({
  verifier: {
    verify: (der) => {
      seen.push(der ? nameOf(der) : '');
      return Promise.resolve({ results: [], ...(der ? {} : { refusal: 'card_absent' as const }) });
    },
    recheck: () => Promise.resolve(undefined),
  },
  handoffs: {
    open: () => Promise.reject(new Error('the card host opens nothing')),
    take: () => Promise.resolve({ purpose: 'sign_in', subject: 'i1', browser: 'b' }),
    give: () => Promise.resolve('h'.repeat(43)),
    redeem: () => Promise.reject(new Error('the card host redeems nothing')),
  },
  returnTo: (_purpose, subject) => `https://${PROVIDER_HOST}/connexion/${subject}/carte/retour`,
  lost: `https://${PROVIDER_HOST}/carte/lien`,
  log: createLog(
    'warn',
    new PassThrough().on('data', (chunk: Buffer) => logged.push(chunk.toString())),
  ),
});

const proof = async (card: Issued): Promise<{ cert: string; key: string }> => ({
  cert: card.pem,
  key: await privateKeyPem(card.keys),
});

const startHop = async (): Promise<{ port: number; socket: string }> => {
  const folder = mkdtempSync(join(tmpdir(), 'caducee-hop-'));
  onFileEnd(() => rmSync(folder, { recursive: true, force: true }));
  const socket = join(folder, 'card.sock');
  const behind = { addresses: ['127.0.0.1'], secret: SECRET };
  const tcp = await openCardListener(
    createCardHopServer({ ...options(), hop: { ...behind, unixSocket: false } }),
    { host: '127.0.0.1', port: 0 },
  );
  const unix = await openCardListener(
    createCardHopServer({ ...options(), hop: { addresses: [], secret: '', unixSocket: true } }),
    { socket },
  );
  onFileEnd(() => Promise.all([tcp.close(), unix.close()]));
  return { port: (tcp.address as { port: number }).port, socket };
};

const startProvider = async (): Promise<number> => {
  const server: Server = createServer((request: IncomingMessage, response) => {
    arrived.push(request.headers);
    response.end('provider');
  });
  onFileEnd(() => new Promise((resolve) => server.close(resolve)));
  return listen(server);
};

beforeAll(async () => {
  files = await createCardFiles();
  authorities = `${files.pki.standard.root.pem}\n${files.pki.standard.persons.pem}`;
  const [mine, theirs] = await Promise.all([
    files.card({ nationalId: HOLDER }, { keyKind: 'rsa2048' }),
    files.card({ nationalId: VICTIM }),
  ]);
  holder = await proof(mine);
  victim = `:${theirs.der.toString('base64')}:`;
  [hop, provider] = await Promise.all([startHop(), startProvider()]);
});

beforeEach(() => {
  for (const kept of [seen, arrived, logged]) kept.length = 0;
});

/** What a forger may send; all of it names the victim. */
const FORGED: [string, () => string[]][] = [
  ['Client-Cert', () => [`Client-Cert: ${victim}`]],
  ['client-cert in lower case', () => [`client-cert: ${victim}`]],
  ['CLIENT-CERT in upper case', () => [`CLIENT-CERT: ${victim}`]],
  ['Client-Cert twice', () => [`Client-Cert: ${victim}`, `client-cert: ${victim}`]],
  ['Client_Cert with an underscore', () => [`Client_Cert: ${victim}`]],
  ['X-SSL-Client-Cert', () => [`X-SSL-Client-Cert: ${victim}`]],
  ['X_SSL_CLIENT_CERT', () => [`X_SSL_CLIENT_CERT: ${victim}`]],
  ['SSL-Client-Cert and X-Client-Cert', () => [`SSL-Client-Cert: ${victim}`, `X-Client-Cert: ${victim}`]],
  ['an empty line, then the certificate', () => ['Client-Cert:', `Client-Cert: ${victim}`]],
  ['Client-Cert with the secret', () => [`Client-Cert: ${victim}`, `Caducee-Hop-Secret: ${SECRET}`]],
  ['Client-Cert with a wrong secret', () => [`Client-Cert: ${victim}`, 'Caducee-Hop-Secret: x']],
  ['Client-Cert named by Connection', () => ['Connection: close, Client-Cert', `Client-Cert: ${victim}`]],
  ['a folded line', () => ['X-Note: x', ` Client-Cert: ${victim}`]],
  ['Forwarded headers of the terminator', () => ['X-Forwarded-For: 127.0.0.1', `Client-Cert: ${victim}`]],
];

const TERMINATORS: [string, () => Promise<Terminator>][] = [
  ['nginx', () => startNginx({ provider, card: hop.port, secret: SECRET, authorities })],
  ['HAProxy', () => startHaproxy({ provider, card: hop.port, secret: SECRET, authorities })],
];

describe.each(TERMINATORS)('behind %s', (_name, start) => {
  let port: number;
  beforeAll(async () => {
    ({ port } = await start());
  });

  const visit = (changes: Partial<VisitRequest> = {}) =>
    visitTls({ port, servername: CARD_HOST, line: `GET ${ATTEMPT}`, ...changes });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('the card of the handshake arrives (%s)', async (version) => {
    const { answer } = await visit({ tls: { ...holder, minVersion: version, maxVersion: version } });
    expect(seen).toEqual([HOLDER]);
    expect(answer).toContain('HTTP/1.1 303');
    expect(answer).toMatch(
      /^location: https:\/\/auth\.sante\.example\/connexion\/i1\/carte\/retour\?handoff=/im,
    );
    expect(answer).toMatch(/^connection: close/im);
    expect(logged).toEqual([]);
  });

  test('none arrives where none was shown', async () => {
    await visit();
    expect(seen).toEqual(['']);
    expect(logged).toEqual([]);
  });

  test.each<[string, () => Promise<Issued>]>([
    [
      'an expired one',
      () => files.card({ nationalId: HOLDER }, { notBefore: new Date(0), notAfter: new Date(86_400_000) }),
    ],
    [
      'one from authorities that nobody knows',
      async () => {
        const { standard } = await createPki(new Date(), files.crlOrigin);
        return files.card({ nationalId: HOLDER }, { issuer: standard.persons });
      },
    ],
    ['one for signing', () => files.card({ nationalId: HOLDER }, { override: { keyUsage: null } })],
    [
      'one of 2.5 kB',
      () =>
        files.card(
          { nationalId: HOLDER },
          {
            subject: [
              ...cardSubject({
                nationalId: HOLDER,
                familyName: 'DOC',
                givenName: 'KIT',
                title: 'Médecin',
              } as never),
              [[OID.organization, 'H'.repeat(1_700)]],
            ],
          },
        ),
    ],
  ])('%s arrives too: Caducée judges, and says why', async (_what, make) => {
    const { answer } = await visit({ tls: await proof(await make()) });
    expect(seen).toEqual([HOLDER]);
    expect(answer).toContain('HTTP/1.1 303');
  });

  describe.each(FORGED)('a forger sends %s', (_what, headers) => {
    test('without a card: nobody', async () => {
      await visit({ headers: headers() });
      expect(seen.filter((name) => name !== '')).toEqual([]);
    });

    test('with a card of his own: himself, or nobody', async () => {
      await visit({ headers: headers(), tls: holder });
      expect(seen.filter((name) => name !== '' && name !== HOLDER)).toEqual([]);
    });

    test('to the provider: it does not arrive', async () => {
      const { answer } = await visit({
        ...{ servername: PROVIDER_HOST, line: 'GET /', headers: headers(), connection: 'close' },
      });
      expect(answer).toMatch(/^HTTP\/1\.1 (200|4)/);
      for (const received of arrived) {
        expect(received).not.toHaveProperty('client-cert');
        expect(received).not.toHaveProperty('caducee-hop-secret');
      }
    });
  });

  test('two names: handshake with the provider, Host of the card, forged card: nobody', async () => {
    for (const [, headers] of FORGED) {
      await visit({ servername: PROVIDER_HOST, host: CARD_HOST, headers: headers(), connection: 'close' });
    }
    expect(seen.filter((name) => name !== '')).toEqual([]);
    for (const received of arrived) expect(received).not.toHaveProperty('client-cert');
  });

  test('two names: handshake with the card, Host of the provider: the provider hears of no card', async () => {
    await visit({ host: PROVIDER_HOST, tls: holder, connection: 'close' });
    for (const received of arrived) expect(received).not.toHaveProperty('client-cert');
  });

  test('a name that is not ours: no handshake', async () => {
    await expect(visit({ servername: 'evil.example', tls: holder })).rejects.toThrow(/alert/i);
    expect(seen).toEqual([]);
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'a client without a card is never the holder of the last one (%s)',
    async (version) => {
      const tls = { minVersion: version, maxVersion: version } as const;
      const { sessions } = await visit({ tls: { ...tls, ...holder } });
      expect(seen).toEqual([HOLDER]);
      for (const servername of [CARD_HOST, PROVIDER_HOST]) {
        for (const session of sessions) {
          seen.length = 0;
          const { reused } = await visit({
            servername,
            host: CARD_HOST,
            tls: { ...tls, session },
            connection: 'close',
          });
          expect(reused).toBe(false);
          expect(seen.filter((name) => name !== '')).toEqual([]);
        }
      }
    },
  );

  test('two requests on one connection: only the first is answered', async () => {
    const { answer } = await visit({
      line: `GET ${ATTEMPT} HTTP/1.1\r\nHost: ${CARD_HOST}\r\n\r\nGET ${ATTEMPT}`,
      tls: holder,
    });
    expect(answer.match(/HTTP\/1\.1 303/g)).toHaveLength(1);
    expect(seen).toEqual([HOLDER]);
  });

  test('the browser is told which cards are meant, and no other host asks', async () => {
    const asked = async (servername: string): Promise<string> => {
      const { execFile } = await import('node:child_process');
      return new Promise((resolve) => {
        const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', servername];
        execFile('openssl', args, (_error, stdout) => resolve(stdout)).stdin?.end('Q\n');
      });
    };
    expect(await asked(CARD_HOST)).toContain('TEST AC CADUCEE STANDARD PERSONNES');
    expect(await asked(PROVIDER_HOST)).toContain('No client certificate CA names sent');
  });
});

describe.each<[string, (card: string) => Promise<Terminator>]>([
  ['nginx', (card) => startNginx({ provider, card, secret: '', authorities })],
  ['HAProxy', (card) => startHaproxy({ provider, card, secret: '', authorities })],
])('behind %s by a Unix socket', (_name, start) => {
  let port: number;
  beforeAll(async () => {
    ({ port } = await start(hop.socket));
  });

  test('the card of the handshake arrives, a forged one does not', async () => {
    const visit = { port, servername: CARD_HOST, line: `GET ${ATTEMPT}` };
    await visitTls({ ...visit, tls: holder });
    await visitTls({ ...visit, headers: [`Client-Cert: ${victim}`] });
    await visitTls({ ...visit, headers: [`client-cert: ${victim}`], tls: holder });
    expect(seen).toEqual([HOLDER, '', HOLDER]);
  });
});

describe.each<[string, typeof startNginx]>([
  ['nginx', startNginx],
  ['HAProxy', startHaproxy],
])('behind %s that resumes sessions, by mistake', (_name, start) => {
  let port: number;
  beforeAll(async () => {
    ({ port } = await start({ provider, card: hop.port, secret: SECRET, authorities, resumption: true }));
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('a resumed session is nobody (%s)', async (version) => {
    const tls = { minVersion: version, maxVersion: version } as const;
    const visit = { port, servername: CARD_HOST, line: `GET ${ATTEMPT}` };
    const { sessions } = await visitTls({ ...visit, tls: { ...tls, ...holder } });
    let resumed = 0;
    for (const session of sessions) {
      seen.length = 0;
      const { reused } = await visitTls({ ...visit, tls: { ...tls, session } });
      if (reused) resumed += 1;
      expect(seen).toEqual(['']);
    }
    expect(resumed).toBeGreaterThan(0);
  });
});

describe('past the terminator', () => {
  const line = `GET ${ATTEMPT}`;

  describe.each(FORGED.filter(([what]) => !what.endsWith('with the secret')))('%s', (_what, headers) => {
    test('to the port that only the terminator should reach: nobody, and the log tells', async () => {
      await visitPlain({ port: hop.port, line, headers: headers() });
      expect(seen.filter((name) => name !== '')).toEqual([]);
      if (seen.length > 0 && !headers().includes('X-Note: x')) {
        expect(logged.join('')).toContain('a forwarded certificate was ignored');
      }
    });
  });

  test('with the secret, from another address: nobody, and the log tells from where', async () => {
    const headers = [`Client-Cert: ${victim}`, `Caducee-Hop-Secret: ${SECRET}`];
    await visitPlain({ port: hop.port, line, headers, from: '127.0.0.2' });
    expect(seen).toEqual(['']);
    expect(logged.join('')).toMatch(/"why":"untrusted_peer","peer":"127\.0\.0\.2"/);
  });

  test('with the secret, from the address: that is the terminator', async () => {
    const headers = [`Client-Cert: ${victim}`, `Caducee-Hop-Secret: ${SECRET}`];
    await visitPlain({ port: hop.port, line, headers });
    expect(seen).toEqual([VICTIM]);
  });

  test('to the provider: the log tells', async () => {
    const site = await startLoginSite();
    for (const name of ['Client-Cert', 'client_cert', 'X-SSL-Client-Cert']) {
      const before = site.log().length;
      await fetch(`${site.origin}/aide`, { headers: { [name]: victim } });
      expect(site.log().slice(before)).toMatch(/"why":"other_host".+a forwarded certificate was ignored/);
    }
  });

  test('where Caducée ends TLS itself a header is nobody, and the log tells', async () => {
    const keys = await generateKeys('p256');
    const host = await files.card({}, { keys });
    const server = createCardTlsServer(options(), {
      ...{ key: await privateKeyPem(keys), cert: host.pem, authorities: [authorities] },
    });
    const port = await listen(server);
    onFileEnd(() => new Promise((resolve) => server.close(resolve)));
    for (const [, headers] of FORGED) {
      for (const tls of [{}, holder]) {
        seen.length = 0;
        await visitTls({ port, servername: CARD_HOST, line, headers: headers(), tls });
        expect(seen.filter((name) => name !== '' && name !== HOLDER)).toEqual([]);
      }
    }
    expect(logged.join('').match(/a forwarded certificate was ignored/g)?.length).toBeGreaterThanOrEqual(20);
  });
});
