import type { X509Certificate } from 'node:crypto';
import type { Context } from 'koa';
import { clientCertificateOf } from '../http/service-certificate.ts';
import { parseName, parseSubject } from '../platform/distinguished-name.ts';

/** Whether a certificate is the one that a service registered (RFC 8705, 2.1). */

/** Says why a certificate is not to be believed, or nothing; the composition root knows the authorities. */
export type CertificateTrust = (certificate: X509Certificate) => string | undefined;

const SAN_KINDS = {
  tls_client_auth_san_dns: 'DNS',
  tls_client_auth_san_uri: 'URI',
  tls_client_auth_san_ip: 'IP Address',
  tls_client_auth_san_email: 'email',
} as const;

/** Node quotes a value that could be taken for several; what is quoted is no plain name, and matches nothing. */
const alternativeNames = (certificate: X509Certificate, kind: string): string[] => {
  const text = certificate.subjectAltName ?? '';
  if (text.includes('"')) return [];
  return text
    .split(', ')
    .filter((name) => name.startsWith(`${kind}:`))
    .map((name) => name.slice(kind.length + 1));
};

const compactAddress = (address: string): string =>
  address.includes(':') ? new URL(`http://[${address}]`).hostname : address;

/** Whether the certificate carries the registered name. */
export const carriesName = (certificate: X509Certificate, property: string, expected: string): boolean => {
  if (property === 'tls_client_auth_subject_dn') {
    const name = parseName(expected);
    return name !== undefined && parseSubject(certificate.subject) === name;
  }
  const kind = Object.hasOwn(SAN_KINDS, property) ? SAN_KINDS[property as keyof typeof SAN_KINDS] : undefined;
  if (kind === undefined) return false;
  const names = alternativeNames(certificate, kind);
  if (kind === 'DNS') return names.some((name) => name.toLowerCase() === expected.toLowerCase());
  if (kind === 'IP Address') return names.some((name) => compactAddress(name) === compactAddress(expected));
  return names.includes(expected);
};

/** What the library asks of certificates. */
export const createMtls = (trusted: CertificateTrust | undefined) => ({
  enabled: true,
  certificateBoundAccessTokens: true,
  selfSignedTlsClientAuth: true,
  tlsClientAuth: trusted !== undefined,
  getCertificate: (ctx: Context): X509Certificate | undefined => clientCertificateOf(ctx),
  certificateAuthorized: (ctx: Context): boolean => {
    const certificate = clientCertificateOf(ctx);
    return certificate !== undefined && trusted !== undefined && trusted(certificate) === undefined;
  },
  certificateSubjectMatches: (ctx: Context, property: string, expected: string): boolean => {
    const certificate = clientCertificateOf(ctx);
    return certificate !== undefined && carriesName(certificate, property, expected);
  },
});
