import type { Practitioner, Registry } from '../registry/service.ts';
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
  /**
   * Judges the certificate of a handshake that just ended; `undefined`: the browser presented none. Who the holder is to
   * the registry is asked when the outcome is redeemed, where the person is needed anyway.
   */
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

/** Why a card of this person may not sign in, as the registry has it. */
export const refusePerson = (practitioner: Practitioner | undefined): CardRefusal | undefined => {
  if (!practitioner) return 'card_person_unknown';
  return practitioner.status === 'active' ? undefined : 'card_person_inactive';
};

/** A line of the diagnostic for a check that asks the outside. */
export const told = (check: CardRefusal, refusal: CardRefusal | undefined): CheckResult => ({
  check: refusal ?? check,
  passed: refusal === undefined,
});

/** A holder's certificate that passed every check. */
type Identified = HolderCertificate & {
  subject: NonNullable<HolderCertificate['subject']>;
  cardNumber: string;
  cardType: NonNullable<HolderCertificate['cardType']>;
};

/** Every check of the certificate itself asks for these three, so they are there. */
const identified = (holder: HolderCertificate): Identified | undefined => {
  const { subject, cardNumber, cardType } = holder;
  return subject && cardNumber && cardType ? { ...holder, subject, cardNumber, cardType } : undefined;
};

/** Remembers a card that is good so far; false: it was declared lost. */
type Keep = (holder: Identified) => Promise<boolean>;

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

  /** The checks that ask the outside, in the order in which they are told; the person comes last (src/card/service.ts). */
  const outside = async (holder: Identified, path: IssuerPath, keep?: Keep): Promise<CheckResult[]> => {
    const revoked = told('card_revoked', await revocation(holder, path));
    if (!revoked.passed) return [revoked];
    const lost = keep ? !(await keep(holder)) : await isOpposed(db, holder.serial, holder.cardNumber);
    return [revoked, told('card_opposed', lost ? 'card_opposed' : undefined)];
  };

  const judge = async (der: Buffer, keep?: Keep): Promise<{ holder?: Identified; outcome: CardOutcome }> => {
    const examination = examine(der, { trust, policy, clock });
    const certificate = examination.holder && { certificate: summary(examination.holder) };
    const { results } = examination;
    if (!examination.ok) return { outcome: { refusal: examination.reason, results, ...certificate } };
    const holder = identified(examination.holder);
    if (!holder) return { outcome: { refusal: 'card_subject', results, ...certificate } };
    results.push(...(await outside(holder, examination.path, keep)));
    const last = results.at(-1);
    return last?.passed
      ? { holder, outcome: { results, ...certificate } }
      : { outcome: { refusal: last?.check ?? 'card_revocation_unknown', results, ...certificate } };
  };

  return {
    verify: async (der) => {
      if (!der) return { refusal: 'card_absent', results: [{ check: 'card_absent', passed: false }] };
      const now = clock.now();
      const keep: Keep = ({ subject, serial, cardNumber, cardType, notAfter }) =>
        rememberCard(db, {
          ...{ nationalId: subject.nationalId, serial, cardNumber, cardType },
          ...{ notAfter, der, at: now },
        });
      const { holder, outcome } = await judge(der, keep);
      if (!holder) return outcome;
      const { subject, serial, cardNumber, cardType } = holder;
      const proved = { nationalId: subject.nationalId, serial, cardNumber, cardType };
      return { ...outcome, proof: { ...proved, at: epochSeconds(now) } };
    },
    recheck: async (nationalId, serial) => {
      const der = await findSeenCertificate(db, nationalId, serial);
      if (!der) return 'card_absent';
      const { refusal } = (await judge(der)).outcome;
      return refusal ?? refusePerson(await registry.find(nationalId));
    },
  };
};
