import { execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseCertificate } from '../../src/card/certificate.ts';
import { createOcspPost, fetchList } from '../../src/card/outbound.ts';
import type { TrustStore } from '../../src/card/path.ts';
import { parseCrl } from '../../src/card/revocation/crl.ts';
import { type RevocationLists, createRevocationLists } from '../../src/card/revocation/lists.ts';
import { createResponderClient } from '../../src/card/revocation/ocsp.ts';
import { parseHolderCertificate } from '../../src/card/certificate.ts';
import { ManualClock, systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import {
  type Issued,
  extensions as x,
  generateKeys,
  issue,
  issueCrl,
} from '../../src/sandbox/card/authority.ts';
import { privateKeyPem } from '../../src/sandbox/card/pem.ts';
import { type DevelopmentPki, createPki, issueCard } from '../../src/sandbox/card/pki.ts';
import { testDatabase, type TestDatabase } from '../support/services.ts';

const START = new Date('2027-03-01T08:00:00Z');
const hours = (count: number): Date => new Date(START.getTime() + count * 3_600_000);
const SERIAL = '5a01';
const log = createLog('silent');

let pki: DevelopmentPki;
let trust: TrustStore;
let database: TestDatabase;
/** What the list server answers now, by path. */
const files = new Map<string, Buffer>();
let requests = 0;
const server = createServer((request, response) => {
  requests += 1;
  const body = files.get(request.url ?? '');
  response.writeHead(body ? 200 : 404).end(body);
});
let origin: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  pki = await createPki(START, origin);
  trust = {
    anchors: [parseCertificate(pki.standard.root.der)],
    intermediates: [parseCertificate(pki.standard.persons.der)],
  };
});
afterAll(() => server.close());

beforeEach(async () => {
  database = await testDatabase();
  files.clear();
  requests = 0;
});

const publish = async (
  path: string,
  list: {
    number: number;
    baseNumber?: number;
    from: number;
    to: number;
    revoked?: string[];
    removed?: string[];
    by?: Issued;
  },
): Promise<void> => {
  files.set(
    path,
    await issueCrl({
      issuer: list.by ?? pki.standard.persons,
      number: list.number,
      ...(list.baseNumber === undefined ? {} : { baseNumber: list.baseNumber }),
      thisUpdate: hours(list.from),
      nextUpdate: hours(list.to),
      revoked: [
        ...(list.revoked ?? []).map((serial) => ({ serial, at: hours(list.from) })),
        ...(list.removed ?? []).map((serial) => ({ serial, at: hours(list.from), remove: true })),
      ],
    }),
  );
};

const open = (clock: ManualClock, graceSeconds = 0, paths = ['/base.crl', '/delta.crl']): RevocationLists =>
  createRevocationLists({
    db: database.db,
    clock,
    log,
    trust,
    urls: paths.map((path) => origin + path),
    graceSeconds,
    fetchList,
  });

const authority = (): TrustStore['anchors'][number] => {
  const [persons] = trust.intermediates;
  if (!persons) throw new Error('the trust store is empty');
  return persons;
};

describe('revocation lists, as time passes', () => {
  test('nothing fetched yet: unknown, which refuses', async () => {
    expect(open(new ManualClock(START)).status(authority(), SERIAL)).toBe('unknown');
  });

  test('a list in force answers; a newer one changes the answer; a stale one answers nothing', async () => {
    const clock = new ManualClock(hours(1));
    const lists = open(clock, 0, ['/base.crl']);
    await publish('/base.crl', { number: 1, from: 0, to: 24 });
    expect(await lists.refresh()).toEqual({ fetched: [`${origin}/base.crl`], failed: [] });
    expect(lists.status(authority(), SERIAL)).toBe('good');
    await publish('/base.crl', { number: 2, from: 12, to: 36, revoked: [SERIAL] });
    await lists.refresh();
    expect(lists.status(authority(), SERIAL), 'not due yet').toBe('good');
    clock.set(hours(12.5));
    await lists.refresh();
    expect(lists.status(authority(), SERIAL)).toBe('revoked');
    clock.set(hours(37));
    expect(lists.status(authority(), SERIAL)).toBe('unknown');
    expect(lists.status(authority(), 'ffff')).toBe('unknown');
  });

  test('a grace, where one is configured, and not a second longer', async () => {
    const clock = new ManualClock(hours(1));
    const lists = open(clock, 3600, ['/base.crl']);
    await publish('/base.crl', { number: 1, from: 0, to: 24 });
    await lists.refresh();
    clock.set(hours(25));
    expect(lists.status(authority(), SERIAL)).toBe('good');
    clock.advance(1);
    expect(lists.status(authority(), SERIAL)).toBe('unknown');
  });

  test('a delta adds and removes on top of its base, and ends with it', async () => {
    const clock = new ManualClock(hours(2));
    const lists = open(clock);
    await publish('/base.crl', { number: 10, from: 0, to: 24, revoked: ['0b'] });
    await publish('/delta.crl', {
      number: 11,
      baseNumber: 10,
      from: 1,
      to: 5,
      revoked: [SERIAL],
      removed: ['0b'],
    });
    await lists.refresh();
    expect(lists.status(authority(), SERIAL)).toBe('revoked');
    expect(lists.status(authority(), '0b')).toBe('good');
    clock.set(hours(6));
    expect(lists.status(authority(), SERIAL), 'the delta is stale, its base is not').toBe('good');
  });

  test('a delta of a base that we do not have is not used', async () => {
    const lists = open(new ManualClock(hours(2)));
    await publish('/base.crl', { number: 10, from: 0, to: 24 });
    await publish('/delta.crl', { number: 13, baseNumber: 12, from: 1, to: 5, revoked: [SERIAL] });
    await lists.refresh();
    expect(lists.status(authority(), SERIAL)).toBe('good');
  });

  test('a restart needs no network, and another process sees what one fetched', async () => {
    const clock = new ManualClock(hours(2));
    await publish('/base.crl', { number: 1, from: 0, to: 24, revoked: [SERIAL] });
    const first = open(clock, 0, ['/base.crl']);
    const other = open(clock, 0, ['/base.crl']);
    await first.refresh();
    files.clear();
    await other.reload();
    expect(other.status(authority(), SERIAL)).toBe('revoked');
    const restarted = open(clock, 0, ['/base.crl']);
    const before = requests;
    await restarted.refresh();
    expect(restarted.status(authority(), SERIAL)).toBe('revoked');
    expect(requests, 'the kept list is not due').toBe(before);
  });

  test.each<[string, () => Promise<void>, RegExp]>([
    ['of an older number', () => publish('/base.crl', { number: 4, from: 11, to: 48 }), /older/],
    [
      'signed by another authority',
      () => publish('/base.crl', { number: 6, from: 11, to: 48, by: pki.elementary.persons }),
      /not signed/,
    ],
    [
      'that is not one',
      async () => void files.set('/base.crl', Buffer.from('<html>maintenance</html>')),
      /not a revocation list/,
    ],
    ['that is not there', async () => void files.delete('/base.crl'), /404/],
  ])('a list %s changes nothing', async (_name, replace, why) => {
    const clock = new ManualClock(hours(1));
    const lists = open(clock, 0, ['/base.crl']);
    await publish('/base.crl', { number: 5, from: 0, to: 24, revoked: [SERIAL] });
    await lists.refresh();
    await replace();
    clock.set(hours(13));
    const { fetched, failed } = await lists.refresh();
    expect(fetched).toEqual([]);
    expect(failed[0]?.why).toMatch(why);
    expect(lists.status(authority(), SERIAL)).toBe('revoked');
  });

  test('OpenSSL reads our lists as we do', async () => {
    await publish('/base.crl', { number: 5, from: 0, to: 24, revoked: [SERIAL, '501'] });
    const der = files.get('/base.crl') ?? Buffer.alloc(0);
    const text = execFileSync('openssl', ['crl', '-inform', 'DER', '-noout', '-text'], {
      input: der,
    }).toString();
    expect(text).toContain('Serial Number: 5A01');
    expect(text).toContain('Serial Number: 0501');
    expect([...parseCrl(der).revoked]).toEqual([SERIAL, '501']);
  });
});

describe('OCSP, answered by OpenSSL', () => {
  let folder: string;
  let card: Issued;
  let responder: Issued;
  let intruder: Issued;
  let ocsp: string;
  let signer: () => Issued;
  let line = '';
  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      writeFileSync(join(folder, 'request.der'), Buffer.concat(chunks));
      writeFileSync(join(folder, 'index.txt'), line);
      writeFileSync(join(folder, 'signer.pem'), signer().pem);
      const file = (name: string): string => join(folder, name);
      execFileSync(
        'openssl',
        [
          'ocsp',
          ...['-index', file('index.txt'), '-CA', file('issuer.pem'), '-rsigner', file('signer.pem')],
          ...['-rkey', file(signer() === responder ? 'responder.key' : 'intruder.key'), '-ndays', '1'],
          ...['-reqin', file('request.der'), '-respout', file('response.der')],
        ],
        { stdio: 'ignore' },
      );
      response.end(execFileSync('cat', [file('response.der')]));
    });
  });

  const delegate = async (by: Issued, purpose: boolean): Promise<Issued> => {
    const keys = await generateKeys();
    return issue({
      subject: [[['2.5.4.3', 'TEST OCSP']]],
      keys,
      issuer: by,
      notBefore: new Date(Date.now() - 3_600_000),
      notAfter: new Date(Date.now() + 3_600_000),
      extensions: [
        x.keyUsage(['digitalSignature']),
        ...(purpose ? [x.extendedKeyUsage(['1.3.6.1.5.5.7.3.9'])] : []),
      ],
    });
  };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'caducee-ocsp-'));
    const own = await createPki(new Date(), 'http://127.0.0.1:9');
    pki = own;
    card = await issueCard(
      own,
      {
        nationalId: '899700427885',
        familyName: 'D',
        givenName: 'K',
        title: 'Médecin',
        professionCode: 10,
        cardType: 'CPS',
        cardSerial: '1',
      },
      { now: new Date(), crlOrigin: 'http://127.0.0.1:9' },
    );
    responder = await delegate(own.standard.persons, true);
    intruder = await delegate(own.standard.persons, false);
    writeFileSync(join(folder, 'issuer.pem'), own.standard.persons.pem);
    writeFileSync(join(folder, 'responder.key'), await privateKeyPem(responder.keys));
    writeFileSync(join(folder, 'intruder.key'), await privateKeyPem(intruder.keys));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    ocsp = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    http.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = (clock = systemClock as { now(): Date }, freshnessSeconds = 3600) =>
    createResponderClient({ post: createOcspPost(ocsp), clock, log, freshnessSeconds })(
      parseHolderCertificate(card.der),
      [parseCertificate(pki.standard.persons.der), parseCertificate(pki.standard.root.der)],
    );

  const entry = (state: 'V' | 'R'): string => {
    const serial = card.x509.serialNumber;
    return `${state}\t290101000000Z\t${state === 'R' ? '260101000000Z' : ''}\t${serial}\tunknown\t/CN=x\n`;
  };

  test('good', async () => {
    [line, signer] = [entry('V'), () => responder];
    expect(await ask()).toBe('good');
  });

  test('revoked', async () => {
    [line, signer] = [entry('R'), () => responder];
    expect(await ask()).toBe('revoked');
  });

  test('unknown to the responder', async () => {
    [line, signer] = ['', () => responder];
    expect(await ask()).toBe('unknown');
  });

  test('signed by a certificate that was not delegated: counts for nothing', async () => {
    [line, signer] = [entry('V'), () => intruder];
    expect(await ask()).toBe('unknown');
  });

  test('older than the freshness limit, or out of date: counts for nothing', async () => {
    [line, signer] = [entry('V'), () => responder];
    const later = (seconds: number) => ({ now: () => new Date(Date.now() + seconds * 1000) });
    expect(await ask(later(50), 30)).toBe('unknown');
    expect(await ask(later(-3600))).toBe('unknown');
  });

  test('no answer: counts for nothing', async () => {
    const post = createOcspPost('http://127.0.0.1:9/');
    const client = createResponderClient({ post, clock: systemClock, log, freshnessSeconds: 60 });
    expect(await client(parseHolderCertificate(card.der), [parseCertificate(pki.standard.persons.der)])).toBe(
      'unknown',
    );
  });
});
