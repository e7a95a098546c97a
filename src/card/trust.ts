import { ConfigurationError } from '../config.ts';
import { readConfigured } from '../config/files.ts';
import { type ParsedCertificate, parseCertificate } from './certificate.ts';
import type { TrustStore } from './path.ts';

/** Files of the configuration, read once at start; what cannot be used is told like any wrong setting. */

/** Every certificate of a PEM file. */
export const certificatesIn = (pem: string): ParsedCertificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []).map((block) =>
    parseCertificate(block),
  );

const readCertificates = (variable: string, path: string): ParsedCertificate[] => {
  const pem = readConfigured(variable, path);
  let found: ParsedCertificate[];
  try {
    found = certificatesIn(pem);
  } catch (error) {
    throw new ConfigurationError([
      `${variable}: ${path} holds something that is not a certificate: ${error instanceof Error ? error.message : String(error)}`,
    ]);
  }
  if (found.length === 0) {
    throw new ConfigurationError([`${variable}: ${path} holds no certificate (-----BEGIN CERTIFICATE-----)`]);
  }
  return found;
};

/** The CN of an authority; its whole name where it has none. */
export const commonNameOf = ({ x509 }: ParsedCertificate): string =>
  /CN=([^\n]+)/.exec(x509.subject)?.[1] ?? x509.subject;

const nameOf = ({ x509 }: ParsedCertificate): string => x509.subject.replaceAll('\n', ', ');

/** The anchors and the authorities below them. A certificate that is no authority has no place there. */
export const readTrust = (config: {
  cardTrustFile: string;
  cardIntermediatesFile?: string | undefined;
}): TrustStore => {
  const anchors = readCertificates('CADUCEE_CARD_TRUST_FILE', config.cardTrustFile);
  const intermediates =
    config.cardIntermediatesFile === undefined
      ? []
      : readCertificates('CADUCEE_CARD_INTERMEDIATES_FILE', config.cardIntermediatesFile);
  const strangers = [...anchors, ...intermediates].filter(({ isCa }) => !isCa);
  if (strangers.length > 0) {
    throw new ConfigurationError(
      strangers.map((stranger) => `${nameOf(stranger)} is trusted for cards but is not an authority`),
    );
  }
  return { anchors, intermediates };
};

/**
 * OCSP is asked about cards; what became of an authority is said by the list of the one above it. Without any list, an
 * authority that issues cards has to be an anchor, or every card would be refused.
 */
export const refuseUnlisted = (
  trust: TrustStore,
  config: { cardIssuers: readonly string[]; cardCrlUrls: readonly string[] },
): void => {
  if (config.cardCrlUrls.length > 0) return;
  const below = trust.intermediates.filter((one) => config.cardIssuers.includes(commonNameOf(one)));
  if (below.length === 0) return;
  throw new ConfigurationError([
    `CADUCEE_CARD_CRL_URLS is empty, so nothing would tell whether ${below.map(commonNameOf).join(', ')} was revoked: name the lists, or trust these authorities as anchors`,
  ]);
};
