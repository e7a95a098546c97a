import type { Clock } from '../platform/clock.ts';
import { type HolderCertificate, type ParsedCertificate, parseHolderCertificate } from './certificate.ts';
import { OID } from './oids.ts';
import { type IssuerPath, type TrustStore, buildPath } from './path.ts';
import { CURVES, type CardPolicy, RSA_BITS, SIGNATURE_ALGORITHMS } from './policy.ts';
import type { CardRefusal } from './reasons.ts';

/** Everything a check may look at. */
interface Case {
  holder: HolderCertificate;
  path: IssuerPath;
  policy: CardPolicy;
  now: Date;
}

type Check = (examined: Case) => CardRefusal | undefined;

const HANDLED_EXTENSIONS: ReadonlySet<string> = new Set([
  OID.keyUsage,
  OID.basicConstraints,
  OID.certificatePolicies,
  OID.extendedKeyUsage,
  OID.subjectAltName,
  OID.authorityKeyIdentifier,
  OID.subjectKeyIdentifier,
  OID.crlDistributionPoints,
]);

/** What `hasStrongKey` found: the authorities' keys are asked for at every sign-in. */
const strong = new WeakMap<ParsedCertificate, boolean>();

const hasStrongKey = ({ x509 }: ParsedCertificate): boolean => {
  const { asymmetricKeyType, asymmetricKeyDetails } = x509.publicKey;
  if (asymmetricKeyType === 'rsa' || asymmetricKeyType === 'rsa-pss') {
    return (asymmetricKeyDetails?.modulusLength ?? 0) >= RSA_BITS;
  }
  return asymmetricKeyType === 'ec' && CURVES.has(asymmetricKeyDetails?.namedCurve ?? '');
};

const strongKey = (certificate: ParsedCertificate): boolean => {
  const found = strong.get(certificate) ?? hasStrongKey(certificate);
  strong.set(certificate, found);
  return found;
};

const unknownCritical = (certificate: ParsedCertificate): boolean =>
  certificate.critical.some((oid) => !HANDLED_EXTENSIONS.has(oid));

/**
 * The checks, in the order in which they are made: a refusal names the first that failed. Revocation, lost cards and
 * the registry come after them (src/card/verify.ts): they ask the outside.
 */
export const CHECKS: readonly { refusal: CardRefusal; check: Check }[] = [
  {
    refusal: 'card_issuer_not_allowed',
    check: ({ path, policy }) => {
      const name = path[0]?.commonName;
      return name !== undefined && policy.issuers.includes(name) ? undefined : 'card_issuer_not_allowed';
    },
  },
  {
    // The anchor's own signature proves nothing: it is trusted for being configured.
    refusal: 'card_signature_algorithm',
    check: ({ holder, path }) =>
      [holder, ...path.slice(0, -1)].every(({ signatureAlgorithm }) =>
        SIGNATURE_ALGORITHMS.has(signatureAlgorithm),
      )
        ? undefined
        : 'card_signature_algorithm',
  },
  {
    refusal: 'card_key_too_weak',
    check: ({ holder, path }) => ([holder, ...path].every(strongKey) ? undefined : 'card_key_too_weak'),
  },
  {
    refusal: 'card_not_yet_valid',
    check: ({ holder, now }) => (now < holder.notBefore ? 'card_not_yet_valid' : undefined),
  },
  {
    refusal: 'card_expired',
    check: ({ holder, now }) => (now > holder.notAfter ? 'card_expired' : undefined),
  },
  {
    refusal: 'card_issuer_not_valid',
    check: ({ path, now }) =>
      path.every(({ notBefore, notAfter }) => now >= notBefore && now <= notAfter)
        ? undefined
        : 'card_issuer_not_valid',
  },
  { refusal: 'card_is_ca', check: ({ holder }) => (holder.isCa ? 'card_is_ca' : undefined) },
  {
    refusal: 'card_critical_extension_unknown',
    check: ({ holder, path }) =>
      [holder, ...path].some(unknownCritical) ? 'card_critical_extension_unknown' : undefined,
  },
  {
    refusal: 'card_signature_certificate',
    check: ({ holder }) =>
      holder.keyUsage?.has('nonRepudiation') || holder.extendedKeyUsage.includes(OID.emailProtection)
        ? 'card_signature_certificate'
        : undefined,
  },
  {
    refusal: 'card_key_usage',
    check: ({ holder }) => (holder.keyUsage?.has('digitalSignature') ? undefined : 'card_key_usage'),
  },
  {
    refusal: 'card_extended_key_usage',
    check: ({ holder }) =>
      holder.extendedKeyUsage.includes(OID.clientAuth) ? undefined : 'card_extended_key_usage',
  },
  {
    refusal: 'card_policy',
    check: ({ holder, policy }) =>
      holder.policies.some((oid) => policy.policies.includes(oid)) ? undefined : 'card_policy',
  },
  {
    // A software certificate carries the same policy; only a card's certificate carries the card's number.
    refusal: 'card_software_certificate',
    check: ({ holder }) => (holder.cardNumber && holder.cardType ? undefined : 'card_software_certificate'),
  },
  { refusal: 'card_subject', check: ({ holder }) => (holder.subject ? undefined : 'card_subject') },
];

/** One line of the diagnostic: a check, and whether it passed; nothing stands after the first failure. */
export interface CheckResult {
  check: CardRefusal;
  passed: boolean;
}

export type Examination =
  | { ok: true; holder: HolderCertificate; path: IssuerPath; results: CheckResult[] }
  | { ok: false; reason: CardRefusal; holder: HolderCertificate | undefined; results: CheckResult[] };

/** Makes every check that needs nothing but the certificate, the configuration and the clock. */
export const examine = (
  certificate: Uint8Array | string,
  options: { trust: TrustStore; policy: CardPolicy; clock: Clock },
): Examination => {
  const results: CheckResult[] = [];
  let holder: HolderCertificate;
  try {
    holder = parseHolderCertificate(certificate);
  } catch {
    results.push({ check: 'card_certificate_malformed', passed: false });
    return { ok: false, reason: 'card_certificate_malformed', holder: undefined, results };
  }
  results.push({ check: 'card_certificate_malformed', passed: true });
  const built = buildPath(holder, options.trust);
  results.push({ check: built.ok ? 'card_chain_unknown' : built.reason, passed: built.ok });
  if (!built.ok) return { ok: false, reason: built.reason, holder, results };
  const examined: Case = { holder, path: built.path, policy: options.policy, now: options.clock.now() };
  for (const { refusal, check } of CHECKS) {
    const failed = check(examined);
    results.push({ check: refusal, passed: failed === undefined });
    if (failed) return { ok: false, reason: failed, holder, results };
  }
  return { ok: true, holder, path: built.path, results };
};
