import type { CardType } from '../../card/certificate.ts';
import { CARD_TYPES } from '../../card/certificate.ts';
import { OID } from '../../card/oids.ts';
import { type Issued, type KeyKind, type KeyPair, extensions, generateKeys, issue } from './authority.ts';
import type { NameParts } from './names.ts';

/**
 * A development PKI with the shape of IGC-Santé: two branches (elementary, standard), each a root and an authority
 * for persons; the same extensions, policy and multi-valued subject. Its names say that it is a test.
 */

/** The certificate policy of the public test certificates. */
export const TEST_POLICY = '1.2.250.1.213.1.7.2.1.1.1.1';

export interface Branch {
  root: Issued;
  persons: Issued;
}

export interface DevelopmentPki {
  standard: Branch;
  elementary: Branch;
}

/** Common names of the authorities that issue cards. */
export const ISSUERS = {
  standard: 'TEST AC CADUCEE STANDARD PERSONNES',
  elementary: 'TEST AC CADUCEE ELEMENTAIRE PERSONNES',
} as const;

/** Where each authority's list is published, below the origin that the certificates name. */
export const CRL_PATHS = [
  '/standard-root.crl',
  '/standard-persons.crl',
  '/elementary-root.crl',
  '/elementary-persons.crl',
] as const;
export type CrlPath = (typeof CRL_PATHS)[number];

const DAY = 86_400_000;

const authorityName = (commonName: string): NameParts => [
  [[OID.country, 'FR']],
  [[OID.organization, 'CADUCEE-TEST']],
  [[OID.organizationalUnit, '0002 000000000']],
  [[OID.organizationalUnit, 'IGC TEST']],
  [[OID.commonName, commonName]],
];

const createBranch = async (name: keyof typeof ISSUERS, now: Date, crlUrl: string): Promise<Branch> => {
  const [rootKeys, keys] = await Promise.all([generateKeys(), generateKeys()]);
  const dates = { notBefore: new Date(now.getTime() - DAY), notAfter: new Date(now.getTime() + 7300 * DAY) };
  const usage = extensions.keyUsage(['keyCertSign', 'cRLSign']);
  const root = await issue({
    subject: authorityName(`TEST AC RACINE CADUCEE ${name === 'standard' ? 'STANDARD' : 'ELEMENTAIRE'}`),
    keys: rootKeys,
    ...dates,
    extensions: [extensions.basicConstraints(true), usage, await extensions.subjectKeyIdentifier(rootKeys)],
  });
  const persons = await issue({
    subject: authorityName(ISSUERS[name]),
    keys,
    issuer: root,
    ...dates,
    extensions: [
      extensions.basicConstraints(true, 0),
      usage,
      await extensions.subjectKeyIdentifier(keys),
      await extensions.authorityKeyIdentifier(rootKeys),
      extensions.crl(crlUrl),
    ],
  });
  return { root, persons };
};

/** Makes a new PKI; its certificates name the addresses where its lists will be found. */
export const createPki = async (now: Date, crlOrigin: string): Promise<DevelopmentPki> => {
  const [standard, elementary] = await Promise.all([
    createBranch('standard', now, `${crlOrigin}/standard-root.crl`),
    createBranch('elementary', now, `${crlOrigin}/elementary-root.crl`),
  ]);
  return { standard, elementary };
};

/** Whose card it is. */
export interface Holder {
  nationalId: string;
  familyName: string;
  givenName: string;
  /** `Médecin`, `Sage-Femme`… */
  title: string;
  /** Code of the profession, on a professional's card. */
  professionCode: number;
  cardType: CardType;
  /** Serial of the card itself, digits. */
  cardSerial: string;
}

/** What may be asked of a card besides its holder; the defaults make one that is accepted. */
export interface CardOptions {
  now: Date;
  crlOrigin: string;
  issuer?: Issued;
  notBefore?: Date;
  notAfter?: Date;
  keyKind?: KeyKind;
  keys?: KeyPair;
  hash?: 'SHA-1' | 'SHA-256' | 'SHA-384';
  subject?: NameParts;
  /** Replaces the extensions of the same OID, or removes them with `null`. */
  override?: Partial<Record<keyof CardExtensions, CardExtensions[keyof CardExtensions] | null>>;
  extra?: CardExtensions[keyof CardExtensions][];
}

const cardExtensions = async (holder: Holder, keys: KeyPair, issuer: Issued, crlOrigin: string) => ({
  basicConstraints: extensions.basicConstraints(false),
  subjectKeyIdentifier: await extensions.subjectKeyIdentifier(keys),
  authorityKeyIdentifier: await extensions.authorityKeyIdentifier(issuer.keys),
  keyUsage: extensions.keyUsage(['digitalSignature']),
  policies: extensions.policies([TEST_POLICY]),
  extendedKeyUsage: extensions.extendedKeyUsage([OID.clientAuth, OID.smartcardLogon]),
  subjectAltName: extensions.userPrincipalName(`${holder.nationalId}@carte.example`),
  crl: extensions.crl(`${crlOrigin}/standard-persons.crl`),
  ocsp: extensions.ocsp(`${crlOrigin}/ocsp`),
  cardUsage: extensions.cardUsage(0x80),
  cardType: extensions.cardType(CARD_TYPES.indexOf(holder.cardType)),
  cardNumber: extensions.cardNumber(`8025000001/${holder.cardSerial}`),
  profession: extensions.profession(holder.professionCode),
});

export type CardExtensions = Awaited<ReturnType<typeof cardExtensions>>;

/** The subject of a professional's card: the last RDN holds three attributes. */
export const cardSubject = (holder: Holder): NameParts => [
  [[OID.country, 'FR']],
  [[OID.title, holder.title]],
  [
    [OID.givenName, holder.givenName],
    [OID.commonName, holder.nationalId],
    [OID.surname, holder.familyName],
  ],
];

/** Issues the authentication certificate of a card, or whatever the options make of it. */
export const issueCard = async (
  pki: DevelopmentPki,
  holder: Holder,
  options: CardOptions,
): Promise<Issued> => {
  const issuer = options.issuer ?? pki.standard.persons;
  const keys = options.keys ?? (await generateKeys(options.keyKind ?? 'rsa2048'));
  const standard = await cardExtensions(holder, keys, issuer, options.crlOrigin);
  const chosen = Object.entries({ ...standard, ...options.override })
    .map(([, extension]) => extension)
    .filter((extension) => extension !== null && extension !== undefined);
  return issue({
    subject: options.subject ?? cardSubject(holder),
    keys,
    issuer,
    notBefore: options.notBefore ?? new Date(options.now.getTime() - DAY),
    notAfter: options.notAfter ?? new Date(options.now.getTime() + 1095 * DAY),
    extensions: [...chosen, ...(options.extra ?? [])],
    ...(options.hash ? { hash: options.hash } : {}),
  });
};
