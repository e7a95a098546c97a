import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCertificate, parseHolderCertificate } from '../../src/card/certificate.ts';
import { type Examination, examine } from '../../src/card/checks.ts';
import { OID } from '../../src/card/oids.ts';
import type { TrustStore } from '../../src/card/path.ts';
import type { CardRefusal } from '../../src/card/reasons.ts';
import { ManualClock } from '../../src/platform/clock.ts';
import { type Issued, extensions as x, generateKeys, issue } from '../../src/sandbox/card/authority.ts';
import {
  type CardOptions,
  type DevelopmentPki,
  type Holder,
  ISSUERS,
  TEST_POLICY,
  cardSubject,
  createPki,
  issueCard,
} from '../../src/sandbox/card/pki.ts';

const NOW = new Date('2027-03-01T10:00:00Z');
const DAY = 86_400_000;
const days = (count: number): Date => new Date(NOW.getTime() + count * DAY);
const CRL = 'http://127.0.0.1:9/crl';

const holder: Holder = {
  nationalId: '899700427885',
  familyName: "D'ALMÉIDA-ÇELIK",
  givenName: 'ÉLÉONORE',
  title: 'Médecin',
  professionCode: 10,
  cardType: 'CPS',
  cardSerial: '2600301752',
};

let pki: DevelopmentPki;
let other: DevelopmentPki;
let folder: string;
let trust: TrustStore;
const policy = { policies: [TEST_POLICY], issuers: [ISSUERS.standard, ISSUERS.elementary] };

beforeAll(async () => {
  pki = await createPki(NOW, CRL);
  other = await createPki(NOW, CRL);
  folder = mkdtempSync(join(tmpdir(), 'caducee-card-'));
  trust = {
    anchors: [pki.standard.root, pki.elementary.root].map(({ der }) => parseCertificate(der)),
    intermediates: [pki.standard.persons, pki.elementary.persons].map(({ der }) => parseCertificate(der)),
  };
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const card = (changes: Partial<CardOptions> = {}): Promise<Issued> =>
  issueCard(pki, holder, { now: NOW, crlOrigin: CRL, keyKind: 'p256', ...changes });

const judge = (der: Uint8Array, store = trust): Examination =>
  examine(der, { trust: store, policy, clock: new ManualClock(NOW) });

/** OpenSSL's own verdict on the same certificate, at the same instant, as a TLS client's. */
const openssl = (leaf: Issued, roots: Issued[], intermediates: Issued[]): boolean => {
  const file = (name: string, issued: Issued[]): string => {
    const path = join(folder, name);
    writeFileSync(path, issued.map(({ pem }) => pem).join('\n'));
    return path;
  };
  const result = spawnSync('openssl', [
    'verify',
    '-x509_strict',
    '-check_ss_sig',
    ...['-purpose', 'sslclient'],
    ...['-auth_level', '2'],
    ...['-attime', String(NOW.getTime() / 1000)],
    ...['-no-CApath', '-no-CAstore', '-CAfile', file('roots.pem', roots)],
    ...(intermediates.length > 0 ? ['-untrusted', file('intermediates.pem', intermediates)] : []),
    file('leaf.pem', [leaf]),
  ]);
  return result.status === 0;
};

const opinion = (leaf: Issued): boolean =>
  openssl(leaf, [pki.standard.root, pki.elementary.root], [pki.standard.persons, pki.elementary.persons]);

/** An intermediate authority signed by our root, with whatever is wrong with it; it joins the trust store. */
const authority = async (
  options: {
    isCa?: boolean;
    usage?: 'none' | 'wrong';
    notAfter?: Date;
    critical?: boolean;
    name?: string;
    pathLength?: number;
    hash?: 'SHA-1';
    weak?: boolean;
  },
  by: Issued = pki.standard.root,
): Promise<Issued> => {
  const keys = await generateKeys(options.weak ? 'rsa1024' : 'p256');
  return issue({
    subject: [[[OID.country, 'FR']], [[OID.commonName, options.name ?? ISSUERS.standard]]],
    keys,
    issuer: by,
    notBefore: days(-400),
    notAfter: options.notAfter ?? days(400),
    extensions: [
      x.basicConstraints(options.isCa ?? true, options.pathLength, true),
      ...(options.usage === 'none'
        ? []
        : [
            x.keyUsage(
              options.usage === 'wrong' ? ['digitalSignature', 'cRLSign'] : ['keyCertSign', 'cRLSign'],
            ),
          ]),
      await x.subjectKeyIdentifier(keys),
      await x.authorityKeyIdentifier(by.keys),
      ...(options.critical ? [x.other('1.2.3.4.5', true)] : []),
    ],
    ...(options.hash ? { hash: options.hash } : {}),
  });
};

interface Bad {
  name: string;
  reason: CardRefusal;
  /** What OpenSSL says; undefined: it has no opinion on what was wrong. */
  openssl?: false;
  make(): Promise<{ leaf: Issued; intermediates?: Issued[] }>;
}

const withLeaf = (changes: () => Partial<CardOptions>) => async () => ({ leaf: await card(changes()) });

const under =
  (options: Parameters<typeof authority>[0], changes: Partial<CardOptions> = {}) =>
  async () => {
    const intermediate = await authority(options);
    return { leaf: await card({ issuer: intermediate, ...changes }), intermediates: [intermediate] };
  };

const BAD: Bad[] = [
  {
    name: 'from a PKI of the same names',
    reason: 'card_signature_invalid',
    openssl: false,
    make: withLeaf(() => ({ issuer: other.standard.persons })),
  },
  {
    name: 'from an authority nobody knows',
    reason: 'card_chain_unknown',
    openssl: false,
    make: async () => ({
      leaf: await card({ issuer: await authority({ name: 'AC INCONNUE' }, other.standard.root) }),
    }),
  },
  {
    name: 'from an authority whose own issuer is not trusted',
    reason: 'card_chain_broken',
    openssl: false,
    make: async () => {
      const foreign = await issueRoot('AC RACINE ETRANGERE');
      const intermediate = await authority({ name: 'AC ORPHELINE' }, foreign);
      return { leaf: await card({ issuer: intermediate }), intermediates: [intermediate] };
    },
  },
  {
    name: 'self-signed',
    reason: 'card_chain_unknown',
    openssl: false,
    make: async () => ({ leaf: await issueRoot('899700427885') }),
  },
  {
    name: 'issued by another card',
    reason: 'card_issuer_not_ca',
    openssl: false,
    make: async () => {
      const first = await card();
      return { leaf: await card({ issuer: first }), intermediates: [first] };
    },
  },
  {
    name: 'under an authority without CA:true',
    reason: 'card_issuer_not_ca',
    openssl: false,
    make: under({ isCa: false }),
  },
  {
    name: 'under an authority that may not sign certificates',
    reason: 'card_issuer_key_usage',
    openssl: false,
    make: under({ usage: 'wrong' }),
  },
  {
    name: 'one authority too deep for a path length of 0',
    reason: 'card_chain_too_long',
    openssl: false,
    make: async () => {
      const sub = await authority({ name: 'SOUS-AC' }, pki.standard.persons);
      return { leaf: await card({ issuer: sub }), intermediates: [sub] };
    },
  },
  {
    name: 'under a chain of three intermediates',
    reason: 'card_chain_too_long',
    make: async () => {
      const a = await authority({ name: 'AC A' });
      const b = await authority({ name: 'AC B' }, a);
      const c = await authority({ name: 'AC C' }, b);
      return { leaf: await card({ issuer: c }), intermediates: [a, b, c] };
    },
  },
  {
    name: 'from a trusted authority that issues no cards',
    reason: 'card_issuer_not_allowed',
    make: under({ name: 'AC SERVEURS' }),
  },
  {
    name: 'directly under the root',
    reason: 'card_issuer_not_allowed',
    make: withLeaf(() => ({ issuer: pki.standard.root })),
  },
  {
    name: 'signed with SHA-1',
    reason: 'card_signature_algorithm',
    openssl: false,
    make: withLeaf(() => ({ hash: 'SHA-1' })),
  },
  {
    name: 'under an authority signed with SHA-1',
    reason: 'card_signature_algorithm',
    openssl: false,
    make: under({ hash: 'SHA-1' }),
  },
  {
    name: 'with an RSA key of 1024 bits',
    reason: 'card_key_too_weak',
    openssl: false,
    make: withLeaf(() => ({ keyKind: 'rsa1024' as const })),
  },
  {
    name: 'under an authority with a weak key',
    reason: 'card_key_too_weak',
    openssl: false,
    make: under({ weak: true }),
  },
  {
    name: 'not valid before tomorrow',
    reason: 'card_not_yet_valid',
    openssl: false,
    make: withLeaf(() => ({ notBefore: days(1) })),
  },
  {
    name: 'expired yesterday',
    reason: 'card_expired',
    openssl: false,
    make: withLeaf(() => ({ notBefore: days(-30), notAfter: days(-1) })),
  },
  {
    name: 'under an expired authority',
    reason: 'card_issuer_not_valid',
    openssl: false,
    make: under({ notAfter: days(-1) }),
  },
  {
    name: 'that is itself an authority',
    reason: 'card_is_ca',
    make: under(
      {},
      {
        override: {
          basicConstraints: x.basicConstraints(true),
          keyUsage: x.keyUsage(['digitalSignature', 'keyCertSign']),
        },
      },
    ),
  },
  {
    name: 'with a critical extension unknown to us',
    reason: 'card_critical_extension_unknown',
    openssl: false,
    make: withLeaf(() => ({ extra: [x.other('1.2.3.4.5', true)] })),
  },
  {
    name: 'under an authority with a critical extension unknown to us',
    reason: 'card_critical_extension_unknown',
    openssl: false,
    make: under({ critical: true }),
  },
  {
    name: 'with the same extension twice',
    reason: 'card_certificate_malformed',
    make: withLeaf(() => ({ extra: [x.policies([TEST_POLICY])] })),
  },
  {
    name: 'for signing documents (non-repudiation)',
    reason: 'card_signature_certificate',
    openssl: false,
    make: withLeaf(() => ({
      override: {
        keyUsage: x.keyUsage(['nonRepudiation']),
        extendedKeyUsage: x.extendedKeyUsage([OID.emailProtection]),
      },
    })),
  },
  {
    name: 'for signing and authentication at once',
    reason: 'card_signature_certificate',
    make: withLeaf(() => ({ override: { keyUsage: x.keyUsage(['digitalSignature', 'nonRepudiation']) } })),
  },
  {
    name: 'for signing mail',
    reason: 'card_signature_certificate',
    openssl: false,
    make: withLeaf(() => ({ override: { extendedKeyUsage: x.extendedKeyUsage([OID.emailProtection]) } })),
  },
  {
    name: 'for key encipherment only',
    reason: 'card_key_usage',
    openssl: false,
    make: withLeaf(() => ({ override: { keyUsage: x.keyUsage(['keyEncipherment']) } })),
  },
  {
    name: 'without key usage',
    reason: 'card_key_usage',
    make: withLeaf(() => ({ override: { keyUsage: null } })),
  },
  {
    name: 'for servers',
    reason: 'card_extended_key_usage',
    openssl: false,
    make: withLeaf(() => ({ override: { extendedKeyUsage: x.extendedKeyUsage(['1.3.6.1.5.5.7.3.1']) } })),
  },
  {
    name: 'without extended key usage',
    reason: 'card_extended_key_usage',
    make: withLeaf(() => ({ override: { extendedKeyUsage: null } })),
  },
  {
    name: 'for any extended key usage',
    reason: 'card_extended_key_usage',
    openssl: false,
    make: withLeaf(() => ({ override: { extendedKeyUsage: x.extendedKeyUsage(['2.5.29.37.0']) } })),
  },
  {
    name: 'of another policy',
    reason: 'card_policy',
    make: withLeaf(() => ({ override: { policies: x.policies(['1.2.250.1.213.1.7.9.9']) } })),
  },
  {
    name: 'of any policy',
    reason: 'card_policy',
    make: withLeaf(() => ({ override: { policies: x.policies(['2.5.29.32.0']) } })),
  },
  {
    name: 'without a policy',
    reason: 'card_policy',
    make: withLeaf(() => ({ override: { policies: null } })),
  },
  {
    name: 'without a card number (software certificate)',
    reason: 'card_software_certificate',
    make: withLeaf(() => ({ override: { cardNumber: null } })),
  },
  {
    name: 'with a card number that is not one',
    reason: 'card_software_certificate',
    make: withLeaf(() => ({ override: { cardNumber: x.cardNumber('8025000001') } })),
  },
  {
    name: 'without a card type',
    reason: 'card_software_certificate',
    make: withLeaf(() => ({ override: { cardType: null } })),
  },
  {
    name: 'of an unknown card type',
    reason: 'card_software_certificate',
    make: withLeaf(() => ({ override: { cardType: x.cardType(9) } })),
  },
  {
    name: 'with two common names',
    reason: 'card_subject',
    make: withLeaf(() => ({ subject: [...cardSubject(holder), [[OID.commonName, '899700218896']]] })),
  },
  {
    name: 'without a common name',
    reason: 'card_subject',
    make: withLeaf(() => ({ subject: [[[OID.country, 'FR']], [[OID.surname, 'DUPONT']]] })),
  },
  {
    name: 'with a common name that is no identifier',
    reason: 'card_subject',
    make: withLeaf(() => ({ subject: [[[OID.country, 'FR']], [[OID.commonName, 'Docteur Dupont']]] })),
  },
  {
    name: 'with a NUL inside the common name',
    reason: 'card_subject',
    make: withLeaf(() => ({ subject: [[[OID.country, 'FR']], [[OID.commonName, '899700427885\0']]] })),
  },
];

const issueRoot = async (name: string): Promise<Issued> => {
  const keys = await generateKeys('p256');
  return issue({
    subject: [[[OID.country, 'FR']], [[OID.commonName, name]]],
    keys,
    notBefore: days(-1),
    notAfter: days(400),
    extensions: [
      x.basicConstraints(true),
      x.keyUsage(['keyCertSign', 'cRLSign', 'digitalSignature']),
      await x.subjectKeyIdentifier(keys),
    ],
  });
};

describe('a card is accepted', () => {
  test.each(['standard', 'elementary'] as const)('from the %s branch, and OpenSSL agrees', async (branch) => {
    const leaf = await card({ issuer: pki[branch].persons, keyKind: 'rsa2048' });
    const examination = judge(leaf.der);
    expect(examination).toMatchObject({
      ok: true,
      holder: { cardType: 'CPS', cardNumber: '8025000001/2600301752' },
    });
    expect(opinion(leaf)).toBe(true);
  });

  test('and its multi-valued subject read attribute by attribute', async () => {
    const { subject } = parseHolderCertificate((await card()).der);
    expect(subject).toEqual({
      nationalId: holder.nationalId,
      familyName: holder.familyName,
      givenName: holder.givenName,
      title: 'Médecin',
      organization: '',
    });
  });

  test('on the last second of its validity and not one later', async () => {
    const leaf = await card({ notBefore: days(-0.5), notAfter: days(10) });
    const at = (instant: Date) => examine(leaf.der, { trust, policy, clock: new ManualClock(instant) }).ok;
    expect(at(days(-0.5))).toBe(true);
    expect(at(days(10))).toBe(true);
    expect(at(new Date(days(10).getTime() + 1000))).toBe(false);
  });
});

describe('a certificate is refused, each for its own reason', () => {
  test.each(BAD)('$name: $reason', async ({ reason, openssl: expected, make }) => {
    const { leaf, intermediates = [] } = await make();
    const store = {
      anchors: trust.anchors,
      intermediates: [...trust.intermediates, ...intermediates.map(({ der }) => parseCertificate(der))],
    };
    const examination = judge(leaf.der, store);
    expect(examination.ok ? 'accepted' : examination.reason).toBe(reason);
    const verdict = openssl(
      leaf,
      [pki.standard.root, pki.elementary.root],
      [pki.standard.persons, pki.elementary.persons, ...intermediates],
    );
    // Where OpenSSL has no opinion (policies, our extensions, subjects) it accepts; it never refuses what we accept.
    expect(verdict).toBe(expected ?? true);
  });

  test('covers at least 25 cases', () => {
    expect(BAD.length).toBeGreaterThanOrEqual(25);
  });

  test.each([
    ['empty', Buffer.alloc(0)],
    ['text', Buffer.from('not a certificate')],
    ['random bytes', Buffer.from(Array.from({ length: 900 }, (_v, index) => (index * 73) & 255))],
  ])('%s bytes: malformed', (_name, der) => {
    expect(judge(der)).toMatchObject({ ok: false, reason: 'card_certificate_malformed' });
  });

  test('a valid certificate followed by other bytes: malformed', async () => {
    const { der } = await card();
    expect(judge(Buffer.concat([der, Buffer.from([0])]))).toMatchObject({
      reason: 'card_certificate_malformed',
    });
    expect(judge(der.subarray(0, der.length - 1))).toMatchObject({ reason: 'card_certificate_malformed' });
  });

  test('one flipped bit anywhere in the signed part never passes', async () => {
    const { der } = await card();
    for (let position = 8; position < der.length; position += 37) {
      const damaged = Buffer.from(der);
      damaged[position] = (damaged[position] ?? 0) ^ 0x01;
      expect(judge(damaged).ok, `bit at ${position}`).toBe(false);
    }
  });
});

test('OpenSSL is there to be compared with', () => {
  expect(execFileSync('openssl', ['version']).toString()).toMatch(/^OpenSSL/);
});
