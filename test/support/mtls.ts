import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Issued, extensions, generateKeys, issue } from '../../src/sandbox/card/authority.ts';
import { privateKeyPem } from '../../src/sandbox/card/pem.ts';
import { createServicesAuthority, issueServiceCertificate } from '../../src/sandbox/services-pki.ts';
import { onFileEnd } from './cleanup.ts';
import { freePorts } from './servers.ts';

/** A certificate as a service holds it. */
export interface ServiceCertificate {
  issued: Issued;
  cert: string;
  key: string;
}

export const withKey = async (issued: Issued): Promise<ServiceCertificate> => ({
  issued,
  cert: issued.pem,
  key: await privateKeyPem(issued.keys),
});

/** The services' own host of a test: its authority, and the settings that make it. */
export interface MtlsSite {
  origin: string;
  authority: Issued;
  /** Settings for the provider. */
  settings: Record<string, string>;
  /** Of the host's own certificate. */
  ca: string;
  certificate(name: string, days?: number): Promise<ServiceCertificate>;
  selfSigned(name: string): Promise<ServiceCertificate>;
}

const now = new Date();

/** Makes the keys and picks a port; `startProvider` with its settings opens the host. */
export const mtlsSite = async (): Promise<MtlsSite> => {
  const [port = 0] = await freePorts(1);
  const folder = mkdtempSync(join(tmpdir(), 'caducee-mtls-'));
  onFileEnd(() => rmSync(folder, { recursive: true, force: true }));
  const authority = await createServicesAuthority(now, 'TEST');
  const keys = await generateKeys('p256');
  const host = await issue({
    subject: [[['2.5.4.3', 'localhost']]],
    keys,
    notBefore: new Date(now.getTime() - 60_000),
    notAfter: new Date(now.getTime() + 3_600_000),
    extensions: [extensions.dnsNames(['localhost'])],
  });
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const origin = `https://localhost:${port}`;
  return {
    origin,
    authority,
    ca: host.pem,
    settings: {
      CADUCEE_MTLS_ORIGIN: origin,
      CADUCEE_MTLS_LISTEN_PORT: String(port),
      CADUCEE_MTLS_TLS_KEY_FILE: file('key.pem', await privateKeyPem(keys)),
      CADUCEE_MTLS_TLS_CERT_FILE: file('cert.pem', host.pem),
      CADUCEE_MTLS_TRUST_FILE: file('trust.pem', authority.pem),
    },
    certificate: async (name, days) =>
      withKey(
        await issueServiceCertificate(authority, {
          ...{ name, now },
          ...(days === undefined ? {} : { days, from: new Date(now.getTime() - 10 * 86_400_000) }),
        }),
      ),
    selfSigned: async (name) => withKey(await issueServiceCertificate(undefined, { name, now })),
  };
};

export interface MtlsAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Record<string, unknown>;
}

const readBody = (text: string): Record<string, unknown> => {
  if (text === '') return {};
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return { text };
  }
};

/** One request over TLS with or without a certificate; a form makes it a POST. */
export const mtlsFetch = (
  url: string,
  options: {
    site: Pick<MtlsSite, 'ca'>;
    certificate?: ServiceCertificate | undefined;
    form?: Record<string, string>;
    headers?: Record<string, string>;
    agent?: Agent;
  },
): Promise<MtlsAnswer> =>
  new Promise((resolve, reject) => {
    const body = options.form && new URLSearchParams(options.form).toString();
    const sent = request(
      url,
      {
        method: body === undefined ? 'GET' : 'POST',
        ca: options.site.ca,
        agent: options.agent ?? false,
        ...(options.certificate ? { cert: options.certificate.cert, key: options.certificate.key } : {}),
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
          accept: 'application/json',
          ...options.headers,
        },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          const { statusCode: status = 0, headers } = response;
          resolve({ status, headers, body: readBody(text) });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
