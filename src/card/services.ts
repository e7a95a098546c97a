import type { X509Certificate } from 'node:crypto';
import { ConfigurationError } from '../config.ts';
import { readConfigured } from '../config/files.ts';
import type { Clock } from '../platform/clock.ts';
import { parseHolderCertificate } from './certificate.ts';
import { CHECKS } from './checks.ts';
import { buildPath } from './path.ts';
import { certificatesIn } from './trust.ts';

/**
 * Certificates of services, judged by the rules of cards that concern any certificate: an explicit anchor above, strong
 * keys and signatures, dates, purpose. Whose certificate it is, is the provider's question.
 */

/** The rules that are not about cards. */
const RULES: ReadonlySet<string> = new Set([
  'card_signature_algorithm',
  'card_key_too_weak',
  'card_not_yet_valid',
  'card_expired',
  'card_issuer_not_valid',
  'card_is_ca',
  'card_critical_extension_unknown',
  'card_key_usage',
  'card_extended_key_usage',
]);

/** Says why a certificate is not to be believed, or nothing. */
export type ServiceTrust = (certificate: X509Certificate) => string | undefined;

const reasonOf = (refusal: string): string => refusal.replace(/^card_/, '');

/** Reads CADUCEE_MTLS_TRUST_FILE: roots are trusted, what else it holds may stand between. */
export const createServiceTrust = (path: string, clock: Clock): ServiceTrust => {
  const variable = 'CADUCEE_MTLS_TRUST_FILE';
  const found = certificatesIn(readConfigured(variable, path));
  const anchors = found.filter(({ issuer, subjectName }) => issuer === subjectName);
  if (anchors.length === 0 || found.some(({ isCa }) => !isCa)) {
    throw new ConfigurationError([
      `${variable}: ${path} must hold the authorities of services’ certificates, a root among them, and nothing else`,
    ]);
  }
  const trust = { anchors, intermediates: found.filter((one) => !anchors.includes(one)) };
  return ({ raw }) => {
    let holder;
    try {
      holder = parseHolderCertificate(raw);
    } catch {
      return 'certificate_malformed';
    }
    const built = buildPath(holder, trust);
    if (!built.ok) return reasonOf(built.reason);
    const examined = {
      holder,
      path: built.path,
      policy: { policies: [], issuers: [] },
      now: clock.now(),
    };
    for (const { refusal, check } of CHECKS) {
      if (RULES.has(refusal) && check(examined) !== undefined) return reasonOf(refusal);
    }
    return undefined;
  };
};
