import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCertificate, parseHolderCertificate } from '../../src/card/certificate.ts';
import { createOcspPost, fetchList } from '../../src/card/outbound.ts';
import { parseCrl } from '../../src/card/revocation/crl.ts';
import { createResponderClient } from '../../src/card/revocation/ocsp.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import type { Issued } from '../../src/sandbox/card/authority.ts';
import { issueVirtualCard } from '../../src/sandbox/card/issue.ts';
import { createPkiServer, crlPaths } from '../../src/sandbox/card/server.ts';
import { type SandboxPki, addRevoked, openPki, pkiFiles, readPki } from '../../src/sandbox/card/vault.ts';

/** The sandbox's authority as the provider, OpenSSL and a browser meet it. */

const DAY = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'caducee-pki-'));
const files = pkiFiles(folder);
let pki: SandboxPki;
let card: Issued;
let origin: string;
let server: ReturnType<typeof createPkiServer>;

/** What OpenSSL says, on either output; it runs beside this process, which may have to answer it. */
const openssl = (...args: string[]): Promise<string> =>
  new Promise((resolve) => {
    execFile('openssl', args, { timeout: 20_000 }, (_failed, stdout, stderr) => resolve(stdout + stderr));
  });

beforeAll(async () => {
  pki = await openPki(folder, { now: new Date(), crlOrigin: 'http://localhost:4008', label: '4000' });
  server = createPkiServer({ pki, folder, clock: systemClock });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const holder = { nationalId: '899700427885', familyName: 'D', givenName: 'K', professionCode: '10' };
  card = (await issueVirtualCard({ pki, holder, now: new Date(), crlOrigin: origin })).issued;
  writeFileSync(join(folder, 'card.pem'), card.pem);
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const ask = () =>
  createResponderClient({
    post: createOcspPost(`${origin}/ocsp`),
    clock: systemClock,
    log: createLog('silent'),
    freshnessSeconds: 60,
  })(parseHolderCertificate(card.der), [parseCertificate(pki.standard.persons.der)]);

describe('the development PKI', () => {
  test('is kept: the same authorities and keys at the next start, readable by their owner alone', async () => {
    const again = await openPki(folder, { now: new Date(), crlOrigin: 'http://other', label: 'x' });
    expect(again.standard.persons.pem).toBe(pki.standard.persons.pem);
    expect(again.tls.pem).toBe(pki.tls.pem);
    const second = await issueVirtualCard({
      pki: again,
      holder: { nationalId: '899700427885', familyName: 'D', givenName: 'K', professionCode: '10' },
      now: new Date(),
      crlOrigin: origin,
    });
    expect(second.issued.x509.verify(pki.standard.persons.x509.publicKey)).toBe(true);
    for (const path of Object.values(files).filter((name) => name.endsWith('json') || name.endsWith('pem'))) {
      if (path === files.revoked) continue;
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
    expect(statSync(files.folder).mode & 0o777).toBe(0o700);
  });

  test('renews the certificate of the card host a month before its end, under the same authority', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'caducee-pki-'));
    const options = { crlOrigin: origin, label: '1' };
    const first = await openPki(elsewhere, { ...options, now: new Date(Date.now() - 340 * DAY) });
    const renewed = await openPki(elsewhere, { ...options, now: new Date() });
    expect(renewed.tls.pem).not.toBe(first.tls.pem);
    expect(renewed.server.pem).toBe(first.server.pem);
    expect((await readPki(elsewhere))?.tls.pem).toBe(renewed.tls.pem);
    rmSync(elsewhere, { recursive: true, force: true });
  });

  test('its card host is trusted by who trusts its server authority, under every label, and nowhere else', async () => {
    const verify = (host: string) =>
      openssl('verify', '-CAfile', files.authority, '-verify_hostname', host, files.tlsCert);
    expect(await verify('c1a2.card.localhost')).toContain(': OK');
    expect(await verify('card.localhost')).toContain(': OK');
    expect(await verify('caducee.example')).toContain('hostname mismatch');
    const constraints = await openssl('x509', '-in', files.authority, '-noout', '-ext', 'nameConstraints');
    expect(constraints).toMatch(/critical[\s\S]*Permitted:\s*DNS:localhost/);
  });

  test('OpenSSL finds a card good against its anchors and its lists', async () => {
    const lists = await Promise.all(
      ['/standard-root.crl', '/standard-persons.crl'].map((path) => fetchList(origin + path)),
    );
    lists.forEach((der, index) => writeFileSync(join(folder, `${index}.der`), der));
    const pem = await Promise.all(
      lists.map((_, index) =>
        openssl('crl', '-inform', 'DER', '-in', join(folder, `${index}.der`), '-outform', 'PEM'),
      ),
    );
    writeFileSync(join(folder, 'lists.pem'), pem.join(''));
    const found = await openssl(
      'verify',
      ...['-crl_check_all', '-CRLfile', join(folder, 'lists.pem')],
      ...['-CAfile', files.anchors, '-untrusted', files.intermediates, join(folder, 'card.pem')],
    );
    expect(found).toContain(': OK');
  });

  test('publishes a list for each authority, numbered upwards', async () => {
    for (const path of Object.keys(crlPaths(pki))) {
      const list = parseCrl(await fetchList(origin + path));
      expect(list.number).toBeGreaterThan(1_700_000_000n);
      expect(list.nextUpdate.getTime()).toBeGreaterThan(Date.now());
    }
  });

  test('gives browsers the authority to trust, and answers nothing else', async () => {
    expect(await (await fetch(`${origin}/autorite.pem`)).text()).toBe(readFileSync(files.authority, 'utf8'));
    for (const path of ['/', '/pki.json', '/../pki.json', '/tls-key.pem']) {
      expect((await fetch(origin + path)).status).toBe(404);
    }
    expect((await fetch(`${origin}/ocsp`, { method: 'PUT', body: 'x' })).status).toBe(404);
    const big = { method: 'POST', body: Buffer.alloc(17 * 1024) };
    expect((await fetch(`${origin}/ocsp`, big)).status).toBe(404);
  });

  test('OCSP: good, malformed, somebody else’s; OpenSSL agrees', async () => {
    expect(await ask()).toBe('good');
    writeFileSync(join(folder, 'issuer.pem'), pki.standard.persons.pem);
    const said = await openssl(
      'ocsp',
      ...['-issuer', join(folder, 'issuer.pem'), '-cert', join(folder, 'card.pem')],
      ...['-url', `${origin}/ocsp`, '-CAfile', files.anchors, '-verify_other', join(folder, 'issuer.pem')],
    );
    expect(said).toContain('card.pem: good');
    expect(said).toContain('Response verify OK');
    const nonsense = await createOcspPost(`${origin}/ocsp`)(Buffer.from('nonsense'));
    expect([...nonsense]).toEqual([0x30, 0x03, 0x0a, 0x01, 0x01]);
  });

  test('a revoked card is on the lists and in OCSP at once', async () => {
    expect(await addRevoked(folder, card.x509.serialNumber, new Date())).toBe(true);
    expect(await addRevoked(folder, card.x509.serialNumber.toLowerCase(), new Date())).toBe(false);
    expect(statSync(files.revoked).mode & 0o777).toBe(0o600);
    const list = parseCrl(await fetchList(`${origin}/standard-persons.crl`));
    expect([...list.revoked]).toContain(parseCertificate(card.der).serial);
    expect(await ask()).toBe('revoked');
  });
});
