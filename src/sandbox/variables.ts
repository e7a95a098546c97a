import { readVariables } from '../config.ts';
import { CRL_PATHS, ISSUERS, TEST_POLICY } from './card/pki.ts';
import { pkiFiles } from './card/vault.ts';
import type { SandboxPorts } from './ports.ts';
import { servicesPkiFiles } from './services-pki.ts';
import type { SandboxSecrets } from './secrets.ts';

/** Where the issuer of a sandbox stands: Pro Santé Connect's own path, on this machine. */
export const ISSUER_PATH = '/auth/realms/esante-wallet';

export const localOrigin = (port: number): string => `http://localhost:${port}`;

/** What the person who starts a sandbox may replace: an own PostgreSQL instead of the embedded one. */
export const chosenDatabase = (root: string): string | undefined =>
  readVariables(root, undefined, { CADUCEE_MODE: 'sandbox' })['CADUCEE_DATABASE_URL'];

/** What cards this sandbox accepts: those of its own authority, unless the environment names another. */
const cardVariables = (folder: string, ports: SandboxPorts): Record<string, string> => {
  const files = pkiFiles(folder);
  const published = localOrigin(ports.authority);
  return {
    CADUCEE_CARD_TLS_KEY_FILE: files.tlsKey,
    CADUCEE_CARD_TLS_CERT_FILE: files.tlsCert,
    CADUCEE_CARD_TRUST_FILE: files.anchors,
    CADUCEE_CARD_INTERMEDIATES_FILE: files.intermediates,
    CADUCEE_CARD_POLICIES: TEST_POLICY,
    CADUCEE_CARD_ISSUERS: Object.values(ISSUERS).join(','),
    CADUCEE_CARD_CRL_URLS: CRL_PATHS.map((path) => published + path).join(' '),
    CADUCEE_CARD_CRL_EVERY_SECONDS: '60',
    CADUCEE_CARD_OCSP_URL: `${published}/ocsp`,
  };
};

/** Services present certificates of the sandbox's own authority, on a host that has the card host's certificate. */
const mtlsVariables = (folder: string): Record<string, string> => ({
  CADUCEE_MTLS_TLS_KEY_FILE: pkiFiles(folder).tlsKey,
  CADUCEE_MTLS_TLS_CERT_FILE: pkiFiles(folder).tlsCert,
  CADUCEE_MTLS_TRUST_FILE: servicesPkiFiles(folder).authority,
});

/**
 * All the CADUCEE_* variables of a sandbox: addresses follow its ports whatever the environment says; secrets and
 * servers are its own unless the environment or a file names others.
 */
export const sandboxVariables = (options: {
  root: string;
  /** Of this sandbox's data. */
  folder: string;
  portBase: number;
  ports: SandboxPorts;
  secrets: SandboxSecrets;
  databaseUrl: string;
}): Record<string, string> => {
  const { ports, secrets } = options;
  const own = {
    CADUCEE_DATABASE_URL: options.databaseUrl,
    CADUCEE_MASTER_KEY: secrets.masterKey,
    CADUCEE_SMTP_URL: `smtp://127.0.0.1:${ports.smtp}`,
    CADUCEE_TWILIO_ACCOUNT_SID: secrets.twilioAccountSid,
    CADUCEE_TWILIO_AUTH_TOKEN: secrets.twilioAuthToken,
    CADUCEE_TWILIO_BASE_URL: `http://127.0.0.1:${ports.twilio}`,
    CADUCEE_VAPID_PUBLIC_KEY: secrets.vapidPublicKey,
    CADUCEE_VAPID_PRIVATE_KEY: secrets.vapidPrivateKey,
    CADUCEE_ORDRE_URL: `${localOrigin(ports.provider)}/ordre`,
    ...cardVariables(options.folder, ports),
    ...mtlsVariables(options.folder),
  };
  const fixed = {
    CADUCEE_MODE: 'sandbox',
    CADUCEE_PORT_BASE: String(options.portBase),
    CADUCEE_ISSUER: `${localOrigin(ports.provider)}${ISSUER_PATH}`,
    CADUCEE_APP_ORIGIN: localOrigin(ports.app),
    CADUCEE_LISTEN_HOST: '127.0.0.1',
    CADUCEE_LISTEN_PORT: String(ports.provider),
    CADUCEE_CARD_ORIGIN: `https://*.card.localhost:${ports.card}`,
    CADUCEE_CARD_LISTEN_HOST: '127.0.0.1',
    CADUCEE_CARD_LISTEN_PORT: String(ports.card),
    CADUCEE_MTLS_ORIGIN: `https://localhost:${ports.mtls}`,
    CADUCEE_MTLS_LISTEN_HOST: '127.0.0.1',
    CADUCEE_MTLS_LISTEN_PORT: String(ports.mtls),
  };
  const inForce = Object.entries(readVariables(options.root, undefined, fixed)).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[0] !== 'CADUCEE_CONFIG_FILE',
  );
  return { ...own, ...Object.fromEntries(inForce), ...fixed };
};
