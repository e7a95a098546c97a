import { CARD_TYPES, type CardType, parseCertificate } from '../../card/certificate.ts';
import { OID } from '../../card/oids.ts';
import { professionLabel } from '../../registry/nomenclatures.ts';
import { integer } from '../../platform/random.ts';
import { type Issued, extensions } from './authority.ts';
import { type CardOptions, type DevelopmentPki, createPki, issueCard } from './pki.ts';

/** A virtual card: a professional's, or one that must be refused, each for one reason. */

/** What protects a card's file where no password is asked for; a real card has its PIN. */
export const CARD_PASSWORD = 'caducee';

export const CARD_VARIANTS = {
  expired: 'its validity ended yesterday',
  'not-yet': 'its validity begins tomorrow',
  revoked: 'its authority revoked it',
  signature: 'the card’s certificate for signing documents',
  'wrong-ca': 'an authority of the same name, but not the one trusted',
  software: 'a software certificate, which carries the same policy but no card number',
  policy: 'another certificate policy',
  server: 'no purpose of client authentication',
  weak: 'an RSA key of 1024 bits',
  critical: 'a critical extension that nobody knows',
} as const;

export type CardVariant = keyof typeof CARD_VARIANTS;

/** Whose card; what the registry says of him. */
export interface VirtualHolder {
  nationalId: string;
  familyName: string;
  givenName: string;
  professionCode: string;
}

export interface VirtualCardRequest {
  pki: DevelopmentPki;
  holder: VirtualHolder;
  now: Date;
  /** Where the authority publishes. */
  crlOrigin: string;
  variant?: CardVariant | undefined;
  cardType?: CardType | undefined;
}

export interface VirtualCard {
  issued: Issued;
  /** What goes into the file beside the card. */
  authorities: readonly Issued[];
  /** Hexadecimal, as the provider writes it. */
  serial: string;
  cardNumber: string;
  cardType: CardType;
}

const DAY = 86_400_000;

const changes = (variant: CardVariant | undefined, now: Date): Partial<CardOptions> => {
  const at = (days: number): Date => new Date(now.getTime() + days * DAY);
  const forSigning = {
    keyUsage: extensions.keyUsage(['nonRepudiation']),
    extendedKeyUsage: extensions.extendedKeyUsage([OID.emailProtection]),
    cardUsage: extensions.cardUsage(0x40),
  };
  const options: Record<CardVariant, Partial<CardOptions>> = {
    expired: { notBefore: at(-1096), notAfter: at(-1) },
    'not-yet': { notBefore: at(1), notAfter: at(1096) },
    revoked: {},
    signature: { override: forSigning },
    'wrong-ca': {},
    software: { override: { cardNumber: null, cardType: null, cardUsage: null } },
    policy: { override: { policies: extensions.policies(['1.2.250.1.213.1.7.9.9']) } },
    server: { override: { extendedKeyUsage: extensions.extendedKeyUsage(['1.3.6.1.5.5.7.3.1']) } },
    weak: { keyKind: 'rsa1024' },
    critical: { extra: [extensions.other('1.2.250.1.999.1', true)] },
  };
  return variant === undefined ? {} : options[variant];
};

/** Issues a card. Revoking one is the caller's to write down. */
export const issueVirtualCard = async (request: VirtualCardRequest): Promise<VirtualCard> => {
  const { holder, now, crlOrigin, variant, cardType = CARD_TYPES[0] } = request;
  const pki = variant === 'wrong-ca' ? await createPki(now, crlOrigin) : request.pki;
  const cardSerial = String(integer(0, 10 ** 10)).padStart(10, '0');
  const issued = await issueCard(
    pki,
    {
      nationalId: holder.nationalId,
      familyName: holder.familyName.toUpperCase(),
      givenName: holder.givenName.toUpperCase(),
      title: professionLabel(holder.professionCode, 'fr') || 'Professionnel de santé',
      professionCode: Number(holder.professionCode) || 0,
      cardType,
      cardSerial,
    },
    { now, crlOrigin, ...changes(variant, now) },
  );
  return {
    issued,
    authorities: [pki.standard.persons, pki.standard.root],
    serial: parseCertificate(issued.der).serial,
    cardNumber: `8025000001/${cardSerial}`,
    cardType,
  };
};
