import { X509Certificate, webcrypto } from 'node:crypto';
import {
  type BaseBlock,
  BitString,
  Constructed,
  Integer,
  ObjectIdentifier,
  OctetString,
  PrintableString,
  Sequence,
  Utf8String,
} from 'asn1js';
import {
  AltName,
  AuthorityKeyIdentifier,
  BasicConstraints,
  CRLDistributionPoints,
  Certificate,
  CertificatePolicies,
  CertificateRevocationList,
  CryptoEngine,
  DistributionPoint,
  ExtKeyUsage,
  Extension,
  Extensions,
  GeneralName,
  GeneralSubtree,
  InfoAccess,
  NameConstraints,
  AccessDescription,
  PolicyInformation,
  RevokedCertificate,
  Time,
  setEngine,
} from 'pkijs';
import { OID } from '../../card/oids.ts';
import { bytes } from '../../platform/random.ts';
import { type NameParts, makeName } from './names.ts';

/**
 * A development PKI, made with the same ASN.1 tools that check real cards. Everything can be chosen, wrong values
 * included: the tests issue with it the certificates that must be refused.
 */

setEngine('node', new CryptoEngine({ name: 'node', crypto: webcrypto as Crypto }));

export interface KeyPair {
  privateKey: CryptoKey;
  publicKey: CryptoKey;
}

export interface Issued {
  certificate: Certificate;
  der: Buffer;
  pem: string;
  x509: X509Certificate;
  keys: KeyPair;
}

export type KeyKind = 'rsa2048' | 'rsa1024' | 'p256';

export const generateKeys = async (kind: KeyKind = 'rsa2048', hash = 'SHA-256'): Promise<KeyPair> => {
  const algorithm =
    kind === 'p256'
      ? { name: 'ECDSA', namedCurve: 'P-256' }
      : {
          name: 'RSASSA-PKCS1-v1_5',
          hash,
          publicExponent: new Uint8Array([1, 0, 1]),
          modulusLength: kind === 'rsa1024' ? 1024 : 2048,
        };
  return (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as KeyPair;
};

export interface CertificateRequest {
  subject: NameParts;
  /** Hexadecimal; random 16 bytes by default. */
  serial?: string;
  notBefore: Date;
  notAfter: Date;
  keys: KeyPair;
  /** Self-signed when absent. */
  issuer?: Issued;
  extensions: Extension[];
  hash?: 'SHA-1' | 'SHA-256' | 'SHA-384';
}

/** WebCrypto ties an RSA key to one hash; signing with another needs the key anew. */
const withHash = async (key: CryptoKey, hash: string): Promise<CryptoKey> => {
  if (key.algorithm.name !== 'RSASSA-PKCS1-v1_5' || hash === 'SHA-256') return key;
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', key);
  return (await webcrypto.subtle.importKey('pkcs8', pkcs8, { name: key.algorithm.name, hash }, true, [
    'sign',
  ])) as CryptoKey;
};

const arrayBuffer = (data: Uint8Array): ArrayBuffer => Uint8Array.from(data).buffer;

/** Signs a certificate. */
export const issue = async (request: CertificateRequest): Promise<Issued> => {
  const certificate = new Certificate();
  certificate.version = 2;
  const serial = request.serial ? Buffer.from(request.serial, 'hex') : bytes(16);
  // The first bit of a serial number is its sign.
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x01;
  certificate.serialNumber = new Integer({ valueHex: arrayBuffer(serial) });
  certificate.subject = makeName(request.subject);
  certificate.issuer = request.issuer ? request.issuer.certificate.subject : makeName(request.subject);
  certificate.notBefore = new Time({ type: 0, value: request.notBefore });
  certificate.notAfter = new Time({ type: 0, value: request.notAfter });
  certificate.extensions = request.extensions;
  await certificate.subjectPublicKeyInfo.importKey(request.keys.publicKey);
  const hash = request.hash ?? 'SHA-256';
  await certificate.sign(await withHash((request.issuer?.keys ?? request.keys).privateKey, hash), hash);
  const der = Buffer.from(certificate.toSchema(true).toBER());
  const x509 = new X509Certificate(der);
  return { certificate, der, pem: x509.toString(), x509, keys: request.keys };
};

const extension = (extnID: string, critical: boolean, value: BaseBlock): Extension =>
  new Extension({ extnID, critical, extnValue: value.toBER() });

/** Bits of keyUsage, by name of RFC 5280. */
const BITS = {
  digitalSignature: 0x80,
  nonRepudiation: 0x40,
  keyEncipherment: 0x20,
  keyCertSign: 0x04,
  cRLSign: 0x02,
};
export type UsageName = keyof typeof BITS;

/** The extensions a certificate may carry, each by name. */
export const extensions = {
  basicConstraints: (isCa: boolean, pathLength?: number, critical = isCa): Extension =>
    extension(
      OID.basicConstraints,
      critical,
      new BasicConstraints({
        cA: isCa,
        ...(pathLength === undefined ? {} : { pathLenConstraint: pathLength }),
      }).toSchema(),
    ),
  keyUsage: (usages: readonly UsageName[]): Extension => {
    const value = usages.reduce((sum, usage) => sum | BITS[usage], 0);
    const unused = Math.max(0, value.toString(2).padStart(8, '0').split('').reverse().indexOf('1'));
    return extension(
      OID.keyUsage,
      true,
      new BitString({ valueHex: new Uint8Array([value]).buffer, unusedBits: unused }),
    );
  },
  extendedKeyUsage: (purposes: readonly string[]): Extension =>
    extension(OID.extendedKeyUsage, false, new ExtKeyUsage({ keyPurposes: [...purposes] }).toSchema()),
  policies: (policies: readonly string[]): Extension =>
    extension(
      OID.certificatePolicies,
      false,
      new CertificatePolicies({
        certificatePolicies: policies.map((policyIdentifier) => new PolicyInformation({ policyIdentifier })),
      }).toSchema(),
    ),
  subjectKeyIdentifier: async (keys: KeyPair): Promise<Extension> =>
    extension(OID.subjectKeyIdentifier, false, new OctetString({ valueHex: await keyIdentifier(keys) })),
  authorityKeyIdentifier: async (keys: KeyPair): Promise<Extension> =>
    extension(
      OID.authorityKeyIdentifier,
      false,
      new AuthorityKeyIdentifier({
        keyIdentifier: new OctetString({ valueHex: await keyIdentifier(keys) }),
      }).toSchema(),
    ),
  /** SAN otherName UPN, as a card's certificate has for smart-card sign-in. */
  userPrincipalName: (name: string): Extension =>
    extension(OID.subjectAltName, false, otherName(OID.userPrincipalName, name)),
  dnsNames: (names: readonly string[]): Extension =>
    extension(
      OID.subjectAltName,
      false,
      new AltName({ altNames: names.map((value) => new GeneralName({ type: 2, value })) }).toSchema(),
    ),
  /** What an authority may sign for: these names and all below them. */
  permittedDns: (names: readonly string[]): Extension =>
    extension(
      OID.nameConstraints,
      true,
      new NameConstraints({
        permittedSubtrees: names.map(
          (value) => new GeneralSubtree({ base: new GeneralName({ type: 2, value }) }),
        ),
      }).toSchema(),
    ),
  crl: (url: string): Extension =>
    extension(
      OID.crlDistributionPoints,
      false,
      new CRLDistributionPoints({
        distributionPoints: [
          new DistributionPoint({ distributionPoint: [new GeneralName({ type: 6, value: url })] }),
        ],
      }).toSchema(),
    ),
  ocsp: (url: string): Extension =>
    extension(
      OID.authorityInfoAccess,
      false,
      new InfoAccess({
        accessDescriptions: [
          new AccessDescription({
            accessMethod: '1.3.6.1.5.5.7.48.1',
            accessLocation: new GeneralName({ type: 6, value: url }),
          }),
        ],
      }).toSchema(),
    ),
  cardType: (type: number): Extension => extension(OID.cardType, false, new Integer({ value: type })),
  cardNumber: (number: string): Extension =>
    extension(OID.cardNumber, false, new PrintableString({ value: number })),
  cardUsage: (usage: number): Extension =>
    extension(OID.cardUsage, false, new OctetString({ valueHex: new Uint8Array([usage]).buffer })),
  profession: (code: number): Extension => extension(OID.profession, false, new Integer({ value: code })),
  /** Any other, to see it refused. */
  other: (oid: string, critical: boolean): Extension =>
    extension(oid, critical, new Utf8String({ value: 'x' })),
};

const tagged = (value: BaseBlock[]): Constructed =>
  new Constructed({ idBlock: { tagClass: 3, tagNumber: 0 }, value });

/** GeneralNames with one otherName: [0] { type-id, [0] EXPLICIT UTF8String }. */
const otherName = (type: string, value: string): Sequence =>
  new Sequence({
    value: [tagged([new ObjectIdentifier({ value: type }), tagged([new Utf8String({ value })])])],
  });

const keyIdentifier = async (keys: KeyPair): Promise<ArrayBuffer> => {
  const spki = await webcrypto.subtle.exportKey('spki', keys.publicKey);
  return webcrypto.subtle.digest('SHA-1', spki);
};

/** Serial numbers are written without leading zeros, so with an odd number of digits too. */
const serialBytes = (serial: string): Buffer =>
  Buffer.from(serial.padStart(serial.length + (serial.length % 2), '0'), 'hex');

/** Signs a revocation list; with `baseNumber`, a delta. */
export const issueCrl = async (request: {
  issuer: Issued;
  number: number;
  baseNumber?: number;
  thisUpdate: Date;
  nextUpdate: Date;
  revoked: readonly { serial: string; at: Date; remove?: boolean }[];
}): Promise<Buffer> => {
  const list = new CertificateRevocationList();
  list.version = 1;
  list.issuer = request.issuer.certificate.subject;
  list.thisUpdate = new Time({ type: 0, value: request.thisUpdate });
  list.nextUpdate = new Time({ type: 0, value: request.nextUpdate });
  if (request.revoked.length > 0) {
    list.revokedCertificates = request.revoked.map(
      ({ serial, at, remove }) =>
        new RevokedCertificate({
          userCertificate: new Integer({ valueHex: arrayBuffer(serialBytes(serial)) }),
          revocationDate: new Time({ type: 0, value: at }),
          ...(remove
            ? {
                crlEntryExtensions: new Extensions({
                  extensions: [
                    new Extension({
                      extnID: '2.5.29.21',
                      critical: false,
                      extnValue: new Uint8Array([0x0a, 0x01, 0x08]).buffer,
                    }),
                  ],
                }),
              }
            : {}),
        }),
    );
  }
  list.crlExtensions = new Extensions({
    extensions: [
      extension('2.5.29.20', false, new Integer({ value: request.number })),
      ...(request.baseNumber === undefined
        ? []
        : [extension('2.5.29.27', true, new Integer({ value: request.baseNumber }))]),
    ],
  });
  await list.sign(request.issuer.keys.privateKey, 'SHA-256');
  return Buffer.from(list.toSchema(true).toBER());
};
