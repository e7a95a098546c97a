import type { ParsedCertificate } from './certificate.ts';
import type { CardRefusal } from './reasons.ts';

/**
 * Certification paths from a holder's certificate to an explicit trust anchor (RFC 5280, 6.1). The certificates
 * that may stand in between come from the configuration alone: what the browser or a proxy sends besides the
 * holder's own certificate is never trusted, and never fetched.
 */
export interface TrustStore {
  /** Self-issued roots that the operator trusts. */
  anchors: readonly ParsedCertificate[];
  intermediates: readonly ParsedCertificate[];
}

/** From the issuer of the holder's certificate up to the anchor. */
export type IssuerPath = readonly ParsedCertificate[];

export type PathResult = { ok: true; path: IssuerPath } | { ok: false; reason: CardRefusal };

/** Holder, two intermediates and a root: one more than IGC-Santé has. */
const LONGEST = 3;

/** Refusals by how far a candidate got: the one that got furthest explains best. */
const PROGRESS: readonly CardRefusal[] = [
  'card_chain_unknown',
  'card_chain_broken',
  'card_issuer_not_ca',
  'card_issuer_key_usage',
  'card_signature_invalid',
  'card_chain_too_long',
];

/** Of each certificate, the issuers whose keys were found to have signed it: bytes and keys do not change. */
const signed = new WeakMap<ParsedCertificate, WeakSet<ParsedCertificate>>();

/** True when `issuer` signed `certificate`. Authorities are asked again at every sign-in, and computed once. */
const isSignedBy = (certificate: ParsedCertificate, issuer: ParsedCertificate): boolean => {
  const known = signed.get(certificate);
  if (known?.has(issuer)) return true;
  if (!certificate.x509.verify(issuer.x509.publicKey)) return false;
  if (known) known.add(issuer);
  else signed.set(certificate, new WeakSet([issuer]));
  return true;
};

/** Why `issuer` cannot have issued `certificate` at `depth` issuers above the holder; undefined when it can. */
const refuseIssuer = (
  certificate: ParsedCertificate,
  issuer: ParsedCertificate,
  depth: number,
): CardRefusal | undefined => {
  if (!issuer.isCa) return 'card_issuer_not_ca';
  if (issuer.keyUsage && !issuer.keyUsage.has('keyCertSign')) return 'card_issuer_key_usage';
  if (!isSignedBy(certificate, issuer)) return 'card_signature_invalid';
  // pathLenConstraint counts the intermediates below, the holder's certificate excluded.
  if (issuer.pathLength !== undefined && depth > issuer.pathLength) return 'card_chain_too_long';
  return undefined;
};

/** Finds a path; when there is none, says why the best candidate failed. */
export const buildPath = (holder: ParsedCertificate, trust: TrustStore): PathResult => {
  let best: CardRefusal = 'card_chain_unknown';
  const note = (reason: CardRefusal): void => {
    if (PROGRESS.indexOf(reason) > PROGRESS.indexOf(best)) best = reason;
  };

  const climb = (certificate: ParsedCertificate, path: IssuerPath): IssuerPath | undefined => {
    if (path.length >= LONGEST) {
      note('card_chain_too_long');
      return undefined;
    }
    const candidates = [...trust.anchors, ...trust.intermediates].filter(
      (issuer) => issuer.subjectName === certificate.issuer && !path.includes(issuer),
    );
    if (candidates.length === 0 && path.length > 0) note('card_chain_broken');
    for (const issuer of candidates) {
      const refusal = refuseIssuer(certificate, issuer, path.length);
      if (refusal) {
        note(refusal);
        continue;
      }
      const longer = [...path, issuer];
      const complete = trust.anchors.includes(issuer) ? longer : climb(issuer, longer);
      if (complete) return complete;
    }
    return undefined;
  };

  const path = climb(holder, []);
  return path ? { ok: true, path } : { ok: false, reason: best };
};
