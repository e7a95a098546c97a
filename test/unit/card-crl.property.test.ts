import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { Integer } from 'asn1js';
import fc from 'fast-check';
import { CertificateRevocationList, Extension, Extensions, RevokedCertificate, Time } from 'pkijs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type ParsedCertificate, parseCertificate } from '../../src/card/certificate.ts';
import { CrlError, parseCrl, signedBy } from '../../src/card/revocation/crl.ts';
import { issueCrl } from '../../src/sandbox/card/authority.ts';
import { type DevelopmentPki, createPki } from '../../src/sandbox/card/pki.ts';

/** Revocation lists as long as real ones, and as broken as the network can make them. */

const NOW = new Date('2027-03-01T10:00:00Z');
const NEXT = new Date('2027-03-02T10:00:00Z');
let pki: DevelopmentPki;
let authority: ParsedCertificate;

beforeAll(async () => {
  pki = await createPki(NOW, 'http://127.0.0.1:9');
  authority = parseCertificate(pki.standard.persons.der);
});

const listOf = (serials: readonly string[]): Promise<Buffer> =>
  issueCrl({
    issuer: pki.standard.persons,
    number: 7,
    thisUpdate: NOW,
    nextUpdate: NEXT,
    revoked: serials.map((serial) => ({ serial, at: NOW })),
  });

const serialNumber = (index: number): string =>
  `4${createHash('sha256').update(String(index)).digest('hex').slice(0, 31)}`;

test('a list of 20 000 cards is read whole, and OpenSSL reads the same', async () => {
  const serials = Array.from({ length: 20_000 }, (_value, index) => serialNumber(index));
  const der = await listOf(serials);
  const list = parseCrl(der);
  expect(await signedBy(list, authority)).toBe(true);
  expect([...list.revoked]).toEqual(serials);
  expect(list).toMatchObject({ number: 7n, thisUpdate: NOW, nextUpdate: NEXT });
  const { stdout } = spawnSync('openssl', ['crl', '-inform', 'DER', '-noout', '-text'], {
    input: der,
    maxBuffer: 32 * 1024 * 1024,
  });
  const read = [...stdout.toString().matchAll(/Serial Number: ([0-9A-F]+)/g)].map((found) =>
    found[1]?.toLowerCase(),
  );
  expect(read).toEqual(serials);
}, 60_000);

test('serial numbers of any length, with the sign byte of DER or without', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.stringMatching(/^[1-7][0-9a-f]{1,37}$/), { maxLength: 12 }),
      async (serials) => {
        const even = serials.map((serial) => (serial.length % 2 === 0 ? serial : `0${serial}`));
        const list = parseCrl(await listOf(even));
        expect([...list.revoked]).toEqual(even.map((serial) => serial.replace(/^0+/, '')));
        expect(await signedBy(list, authority)).toBe(true);
      },
    ),
    { numRuns: 20 },
  );
});

describe('a damaged list', () => {
  test('is refused, or its signature is; nothing else is thrown', async () => {
    const der = await listOf([serialNumber(1), serialNumber(2), serialNumber(3)]);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(der.length - 1),
        fc.nat(3),
        fc.uint8Array({ maxLength: 3 }),
        async (at, remove, insert) => {
          const damaged = Buffer.concat([der.subarray(0, at), insert, der.subarray(at + remove)]);
          fc.pre(!damaged.equals(der));
          let read;
          try {
            read = parseCrl(damaged);
          } catch (error) {
            expect(error).toBeInstanceOf(CrlError);
            return;
          }
          expect(await signedBy(read, authority)).toBe(false);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('of random bytes is not a list', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(() => parseCrl(bytes)).toThrow(CrlError);
      }),
    );
  });
});

test('an entry with a critical extension that we do not know makes the list useless', async () => {
  const list = new CertificateRevocationList();
  list.version = 1;
  list.issuer = pki.standard.persons.certificate.subject;
  list.thisUpdate = new Time({ type: 0, value: NOW });
  list.nextUpdate = new Time({ type: 0, value: NEXT });
  const extension = (extnID: string, critical: boolean, bytes: number[]) =>
    new Extension({ extnID, critical, extnValue: Uint8Array.from(bytes).buffer });
  list.crlExtensions = new Extensions({ extensions: [extension('2.5.29.20', false, [2, 1, 7])] });
  const read = async (critical: boolean) => {
    list.revokedCertificates = [
      new RevokedCertificate({
        userCertificate: new Integer({ value: 5 }),
        revocationDate: new Time({ type: 0, value: NOW }),
        // certificateIssuer: the entry is about another authority's card.
        crlEntryExtensions: new Extensions({ extensions: [extension('2.5.29.29', critical, [48, 0])] }),
      }),
    ];
    await list.sign(pki.standard.persons.keys.privateKey, 'SHA-256');
    return parseCrl(Buffer.from(list.toSchema(true).toBER()));
  };
  expect([...(await read(false)).revoked]).toEqual(['5']);
  await expect(read(true)).rejects.toThrow(/unknown critical extension/);
});
