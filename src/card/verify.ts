import type { Registry } from '../registry/service.ts';
import { type Clock, epochSeconds } from '../platform/clock.ts';
import type { Database } from '../platform/postgres.ts';
import type { HolderCertificate } from './certificate.ts';
import { type CheckResult, examine } from './checks.ts';
import type { CardOutcome } from './handoff.ts';
import type { IssuerPath, TrustStore } from './path.ts';
import type { CardPolicy } from './policy.ts';
import type { CardRefusal } from './reasons.ts';
import { findSeenCertificate, isOpposed, rememberCard } from './repository.ts';
import type { RevocationVerdict } from './revocation/crl.ts';
import type { RevocationLists } from './revocation/lists.ts';

/** Asks an OCSP responder; `unknown` when it does not answer in time or its answer is not authorised. */
export type AskResponder = (holder: HolderCertificate, path: IssuerPath) => Promise<RevocationVerdict>;

export interface CardVerifier {
  /** Judges the certificate of a handshake that just ended; `undefined`: the browser presented none. */
  verify(der: Buffer | undefined): Promise<CardOutcome>;
  /**
   * Why a card that signed in may no longer, or undefined: every check again, on the certificate kept then. Asked at
   * each later authorization of the session.
   */
  recheck(nationalId: string, serial: string): Promise<CardRefusal | undefined>;
}

interface Options {
  db: Database;
  clock: Clock;
  registry: Pick<Registry, 'find'>;
  trust: TrustStore;
  policy: CardPolicy;
  lists: RevocationLists;
  ocsp?: AskResponder;
}

/** A holder's certificate that passed every check. */
type Identified = HolderCertificate & {
  subject: NonNullable<HolderCertificate['subject']>;
  cardNumber: string;
  cardType: NonNullable<HolderCertificate['cardType']>;
};

const summary = (holder: HolderCertificate): NonNullable<CardOutcome['certificate']> => ({
  holder: holder.subject ? `${holder.subject.givenName} ${holder.subject.familyName}` : '',
  nationalId: holder.subject?.nationalId ?? '',
  issuer: holder.issuerCommonName ?? '',
  notAfter: holder.notAfter.toISOString(),
  cardType: holder.cardType ?? '',
  serial: holder.serial,
});

/** Wires the checks of the certificate with what the outside says: revocation, lost cards, the registry. */
export const createCardVerifier = (options: Options): CardVerifier => {
  const { db, clock, registry, trust, policy, lists } = options;

  const revocation = async (
    holder: HolderCertificate,
    path: IssuerPath,
  ): Promise<CardRefusal | undefined> => {
    const [issuer] = path;
    if (!issuer) return 'card_revocation_unknown';
    const byList = lists.status(issuer, holder.serial);
    if (byList === 'revoked') return 'card_revoked';
    // Every authority below the anchor is itself subject to the list of the one above.
    for (const [index, authority] of path.slice(0, -1).entries()) {
      const above = path[index + 1];
      const status = above ? lists.status(above, authority.serial) : 'unknown';
      if (status === 'revoked') return 'card_issuer_revoked';
      if (status === 'unknown') return 'card_revocation_unknown';
    }
    const byResponder = options.ocsp ? await options.ocsp(holder, path) : 'unknown';
    if (byResponder === 'revoked') return 'card_revoked';
    return byList === 'good' || byResponder === 'good' ? undefined : 'card_revocation_unknown';
  };

  const person = async (nationalId: string): Promise<CardRefusal | undefined> => {
    const practitioner = await registry.find(nationalId);
    if (!practitioner) return 'card_person_unknown';
    return practitioner.status === 'active' ? undefined : 'card_person_inactive';
  };

  /** The checks that ask the outside, in order. */
  const outside = async (
    holder: HolderCertificate,
    path: IssuerPath,
    results: CheckResult[],
  ): Promise<CardRefusal | undefined> => {
    const steps: (readonly [CardRefusal, () => Promise<CardRefusal | undefined>])[] = [
      ['card_revoked', () => revocation(holder, path)],
      [
        'card_opposed',
        async () =>
          (await isOpposed(db, holder.serial, holder.cardNumber ?? '')) ? 'card_opposed' : undefined,
      ],
      ['card_person_unknown', () => person(holder.subject?.nationalId ?? '')],
    ];
    for (const [check, step] of steps) {
      const refusal = await step();
      results.push({ check: refusal ?? check, passed: refusal === undefined });
      if (refusal) return refusal;
    }
    return undefined;
  };

  const judge = async (der: Buffer): Promise<{ holder?: Identified; outcome: CardOutcome }> => {
    const examination = examine(der, { trust, policy, clock });
    const { holder, results } = examination;
    const certificate = holder && { certificate: summary(holder) };
    if (!examination.ok) return { outcome: { refusal: examination.reason, results, ...certificate } };
    const refusal = await outside(examination.holder, examination.path, results);
    if (refusal) return { outcome: { refusal, results, ...certificate } };
    const { subject, cardNumber, cardType } = examination.holder;
    if (!subject || !cardNumber || !cardType) {
      return { outcome: { refusal: 'card_subject', results, ...certificate } };
    }
    const identified = { ...examination.holder, subject, cardNumber, cardType };
    return { holder: identified, outcome: { results, ...certificate } };
  };

  return {
    verify: async (der) => {
      if (!der) return { refusal: 'card_absent', results: [{ check: 'card_absent', passed: false }] };
      const { holder, outcome } = await judge(der);
      if (!holder) return outcome;
      const { subject, serial, cardNumber, cardType, notAfter } = holder;
      const now = clock.now();
      const seen = { nationalId: subject.nationalId, serial, cardNumber, cardType };
      await rememberCard(db, { ...seen, notAfter, der, at: now });
      return { ...outcome, proof: { ...seen, at: epochSeconds(now) } };
    },
    recheck: async (nationalId, serial) => {
      const der = await findSeenCertificate(db, nationalId, serial);
      return der ? (await judge(der)).outcome.refusal : 'card_absent';
    },
  };
};
