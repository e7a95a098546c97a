import * as z from 'zod';
import { addressProblems, isLoopbackHost } from './addresses.ts';
import { integer, list, origin, setting, text, type Setting, type ValueOf } from './schemas.ts';

/** The settings of the services' own host, where they present certificates (RFC 8705), and what would be unsafe. */
export const MTLS_SETTINGS = {
  mtlsOrigin: setting(
    origin.refine((value) => value.startsWith('https://'), { error: 'an https origin, without path' }),
    {
      env: 'CADUCEE_MTLS_ORIGIN',
      optional: true,
      doc: 'The host where services present their certificate (`https://mtls.example`), which answers the back-channel endpoints only; discovery lists it as `mtls_endpoint_aliases`. Without it no service authenticates by certificate. See docs/relying-party.md.',
    },
  ),
  mtlsListenHost: setting(text, {
    env: 'CADUCEE_MTLS_LISTEN_HOST',
    fallback: '127.0.0.1',
    doc: 'mTLS: address to listen on.',
  }),
  mtlsListenPort: setting(integer(0, 65535), {
    env: 'CADUCEE_MTLS_LISTEN_PORT',
    fallback: '4010',
    doc: 'mTLS: port to listen on; 0 takes a free one.',
  }),
  mtlsTlsKeyFile: setting(text, {
    env: 'CADUCEE_MTLS_TLS_KEY_FILE',
    optional: true,
    doc: 'mTLS: private key (PEM) of the host, when this process ends TLS itself.',
  }),
  mtlsTlsCertFile: setting(text, {
    env: 'CADUCEE_MTLS_TLS_CERT_FILE',
    optional: true,
    doc: 'mTLS: certificate (PEM, with its intermediates) of the host, when this process ends TLS itself.',
  }),
  mtlsTrustFile: setting(text, {
    env: 'CADUCEE_MTLS_TRUST_FILE',
    optional: true,
    doc: 'mTLS: the authorities of the services’ certificates (PEM, roots and those below them), for `tls_client_auth`. `self_signed_tls_client_auth` needs none.',
  }),
  mtlsHopAddresses: setting(list, {
    env: 'CADUCEE_MTLS_HOP_ADDRESSES',
    fallback: '',
    doc: 'mTLS behind a TLS terminator: its addresses or CIDR ranges. `Client-Cert` (RFC 9440) is believed from these alone, and with the secret.',
  }),
  mtlsHopSecret: setting(z.string().min(32, { error: 'at least 32 characters (`openssl rand -hex 32`)' }), {
    env: 'CADUCEE_MTLS_HOP_SECRET',
    optional: true,
    secret: true,
    doc: 'mTLS behind a TLS terminator: what it sends in the header `Caducee-Hop-Secret`.',
  }),
} as const satisfies Record<string, Setting>;

type MtlsConfig = { readonly [K in keyof typeof MTLS_SETTINGS]: ValueOf<(typeof MTLS_SETTINGS)[K]> } & {
  readonly mode: string;
  readonly issuer: string;
  readonly appOrigin: string;
};

/** Settings that mean nothing without the host. */
const MTLS_ONLY = [
  'mtlsTlsKeyFile',
  'mtlsTlsCertFile',
  'mtlsTrustFile',
  'mtlsHopAddresses',
  'mtlsHopSecret',
] as const satisfies readonly (keyof typeof MTLS_SETTINGS)[];

const isSet = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== '';

/** Who ends TLS: this process or one authenticated hop, never both. */
const entranceProblems = (config: MtlsConfig): string[] => {
  const problems: string[] = [];
  const tls = [config.mtlsTlsKeyFile, config.mtlsTlsCertFile].filter(isSet).length;
  const hop = [config.mtlsHopAddresses, config.mtlsHopSecret].filter(isSet).length;
  if (tls === 1) problems.push('CADUCEE_MTLS_TLS_KEY_FILE and CADUCEE_MTLS_TLS_CERT_FILE go together');
  if (hop === 1) {
    problems.push(
      'CADUCEE_MTLS_HOP_ADDRESSES and CADUCEE_MTLS_HOP_SECRET go together: an address alone can be borrowed, a secret alone can leak',
    );
  }
  if (tls > 0 === hop > 0) {
    problems.push(
      'CADUCEE_MTLS_ORIGIN needs who ends TLS, and one only: this process (CADUCEE_MTLS_TLS_KEY_FILE and CADUCEE_MTLS_TLS_CERT_FILE) or a terminator (CADUCEE_MTLS_HOP_ADDRESSES and CADUCEE_MTLS_HOP_SECRET)',
    );
  }
  return [...problems, ...addressProblems('CADUCEE_MTLS_HOP_ADDRESSES', config.mtlsHopAddresses)];
};

/** What is wrong with the services' host. */
export const mtlsProblems = (config: MtlsConfig): string[] => {
  if (config.mtlsOrigin === undefined) {
    const alone = MTLS_ONLY.filter((name) => isSet(config[name])).map((name) => MTLS_SETTINGS[name].env);
    return alone.length === 0
      ? []
      : [`CADUCEE_MTLS_ORIGIN is missing, without which ${alone.join(', ')} would be ignored`];
  }
  const problems = entranceProblems(config);
  const { host, hostname } = new URL(config.mtlsOrigin);
  if ([config.issuer, config.appOrigin].some((address) => new URL(address).host === host)) {
    problems.push(
      `CADUCEE_MTLS_ORIGIN must be a host of its own, but ${host} is also that of the provider or the app: browsers there would be asked for a certificate`,
    );
  }
  if (config.mode === 'sandbox' && !(isLoopbackHost(hostname) && isLoopbackHost(config.mtlsListenHost))) {
    problems.push(
      'CADUCEE_MODE=sandbox is for this machine alone: use https://localhost:PORT as CADUCEE_MTLS_ORIGIN and 127.0.0.1 as CADUCEE_MTLS_LISTEN_HOST',
    );
  }
  return problems;
};
