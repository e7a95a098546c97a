import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';

/**
 * The only reader of the environment. Every setting is declared once, in {@link SETTINGS}: its variable, what it
 * accepts, its default and what it is for; docs/configuration.md is generated from that table.
 *
 * Values come, the first that has one wins, from the process's environment, from the file named by
 * CADUCEE_CONFIG_FILE, from `config/<mode>.env`, from `config/default.env`. An empty value counts as absent.
 */

const MODES = ['sandbox', 'production'] as const;
export type Mode = (typeof MODES)[number];

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^-?\d+$/, { error: `a whole number from ${min} to ${max}` })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error: `a whole number from ${min} to ${max}` });
const list = z.string().transform((value) =>
  value
    .split(/[\s,]+/)
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
const url = (protocols: readonly string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    error: `a URL starting with ${protocols.map((p) => `${p}//`).join(' or ')}`,
  });
const origin = url(['https:', 'http:']).refine(
  (value) => URL.canParse(value) && new URL(value).origin === value,
  {
    error: 'an origin, without path or trailing slash',
  },
);
const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `one of ${values.join(', ')}` });
const text = z.string().min(1, { error: 'a text' });
const key32 = z
  .string()
  .regex(/^[A-Za-z0-9_-]{43}$/, {
    error: '32 random bytes in base64url (43 characters; `openssl rand 32 | basenc --base64url | tr -d =`)',
  })
  .transform((value) => Buffer.from(value, 'base64url'));
const names = z.string().transform((value) =>
  value
    .split(/[,\n]+/)
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
const oids = list.refine((values) => values.every((value) => /^[0-2](\.\d+)+$/.test(value)), {
  error: 'object identifiers such as 1.2.250.1.71.1, separated by commas or spaces',
});
const urls = list.refine(
  (values) =>
    values.every((value) => URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol)),
  { error: 'URLs starting with http:// or https://, separated by commas or spaces' },
);
const cardHost = z.string().regex(/^https:\/\/(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?$/, {
  error: 'an https origin in lower case, `https://host` or `https://*.host`, without path or trailing slash',
});
const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, { error: 'a UUID' });

interface Setting<S extends z.ZodType = z.ZodType> {
  env: string;
  schema: S;
  /** As it would be written in the environment. */
  fallback?: string;
  /** Required when there is no fallback, unless optional. */
  optional?: true;
  secret?: true;
  doc: string;
}

const setting = <S extends z.ZodType, const O extends Omit<Setting<S>, 'schema'>>(schema: S, options: O) => ({
  schema,
  ...options,
});

/** Every setting. The order is that of the generated reference. */
export const SETTINGS = {
  mode: setting(oneOf(MODES), {
    env: 'CADUCEE_MODE',
    fallback: 'production',
    doc: '`sandbox` has personas, an inbox and preregistered clients, and only ever listens on loopback; `production` has none of it.',
  }),
  issuer: setting(url(['https:', 'http:']), {
    env: 'CADUCEE_ISSUER',
    doc: 'The issuer identifier, without trailing slash; its path precedes the OpenID endpoints (Pro Santé Connect: `https://…/auth/realms/esante-wallet`).',
  }),
  listenHost: setting(text, {
    env: 'CADUCEE_LISTEN_HOST',
    fallback: '127.0.0.1',
    doc: 'Address to listen on.',
  }),
  listenPort: setting(integer(0, 65535), {
    env: 'CADUCEE_LISTEN_PORT',
    fallback: '4000',
    doc: 'Port to listen on; 0 takes a free one.',
  }),
  metricsPort: setting(integer(1, 65535), {
    env: 'CADUCEE_METRICS_PORT',
    optional: true,
    doc: 'Port of Prometheus’ metrics, on the same address; without it there are none. Not for the public network.',
  }),
  trustedProxies: setting(list, {
    env: 'CADUCEE_TRUSTED_PROXIES',
    fallback: '',
    doc: 'Addresses or CIDR ranges of the proxies whose `X-Forwarded-*` headers are believed. Required with an https issuer unless this process ends TLS itself.',
  }),
  appOrigin: setting(origin, {
    env: 'CADUCEE_APP_ORIGIN',
    optional: true,
    doc: 'Origin of the e-CPS phone app: allowed by CORS on the e-CPS API and target of the same-phone link. By default that of the issuer.',
  }),
  databaseUrl: setting(url(['postgres:', 'postgresql:']), {
    env: 'CADUCEE_DATABASE_URL',
    secret: true,
    doc: 'PostgreSQL. A socket: `postgres:///name?host=/directory&user=name`.',
  }),
  databasePool: setting(integer(2, 500), {
    env: 'CADUCEE_DATABASE_POOL',
    fallback: '10',
    doc: 'Connections to PostgreSQL for each process.',
  }),
  store: setting(oneOf(['redis', 'postgres']), {
    env: 'CADUCEE_STORE',
    fallback: 'redis',
    doc: 'Where the expiring state lives (sessions, codes, tokens, approvals): `redis` for production, `postgres` for small sites.',
  }),
  redisUrl: setting(url(['redis:', 'rediss:', 'unix:']), {
    env: 'CADUCEE_REDIS_URL',
    optional: true,
    secret: true,
    doc: 'One Redis, `redis://…`, `rediss://…` or `unix:///path.sock`.',
  }),
  redisCluster: setting(list, {
    env: 'CADUCEE_REDIS_CLUSTER',
    optional: true,
    doc: 'Nodes of a Redis Cluster, `host:port` separated by commas; replaces CADUCEE_REDIS_URL.',
  }),
  masterKey: setting(key32, {
    env: 'CADUCEE_MASTER_KEY',
    secret: true,
    doc: 'The master key, outside the database: encrypts signing keys and PIN public keys at rest, and makes the keys of cookies and one-time codes.',
  }),
  subUuid: setting(uuid, {
    env: 'CADUCEE_SUB_UUID',
    fallback: '550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd',
    doc: 'The UUID inside `sub` (`f:<uuid>:<national identifier>`); the default is that of Pro Santé Connect.',
  }),
  acrEcps: setting(oneOf(['eidas1', 'eidas2', 'eidas3']), {
    env: 'CADUCEE_ACR_ECPS',
    fallback: 'eidas1',
    doc: 'The `acr` that a sign-in with the e-CPS is worth.',
  }),
  acrCard: setting(oneOf(['eidas1', 'eidas2', 'eidas3']), {
    env: 'CADUCEE_ACR_CARD',
    fallback: 'eidas2',
    doc: 'The `acr` that a sign-in with the card is worth; `eidas1` for services that accept no other.',
  }),
  sessionSeconds: setting(integer(60, 86400), {
    env: 'CADUCEE_SESSION_SECONDS',
    fallback: '14400',
    doc: 'Longest single sign-on session, in seconds (4 h).',
  }),
  idleSeconds: setting(integer(60, 86400), {
    env: 'CADUCEE_IDLE_SECONDS',
    fallback: '1800',
    doc: 'A session without activity ends after this many seconds (30 min).',
  }),
  smtpUrl: setting(url(['smtp:', 'smtps:']), {
    env: 'CADUCEE_SMTP_URL',
    secret: true,
    doc: 'Mail server, `smtp://user:password@host:587` or `smtps://…`.',
  }),
  mailFrom: setting(text, {
    env: 'CADUCEE_MAIL_FROM',
    doc: 'Sender of the mails: `Name <address>`.',
  }),
  twilioAccountSid: setting(
    z.string().regex(/^AC[0-9a-f]{32}$/, { error: 'AC followed by 32 hexadecimal digits' }),
    {
      env: 'CADUCEE_TWILIO_ACCOUNT_SID',
      doc: 'Twilio account that sends the SMS.',
    },
  ),
  twilioAuthToken: setting(text, { env: 'CADUCEE_TWILIO_AUTH_TOKEN', secret: true, doc: 'Its token.' }),
  twilioFrom: setting(text, {
    env: 'CADUCEE_TWILIO_FROM',
    doc: 'Sender of the SMS: a number, an alphanumeric name, or a messaging service (`MG…`).',
  }),
  twilioBaseUrl: setting(url(['https:', 'http:']), {
    env: 'CADUCEE_TWILIO_BASE_URL',
    optional: true,
    doc: 'Another address for Twilio’s API; the sandbox and the tests receive the SMS there.',
  }),
  vapidSubject: setting(url(['https:', 'mailto:']), {
    env: 'CADUCEE_VAPID_SUBJECT',
    optional: true,
    doc: 'Contact told to the push services (RFC 8292). Without the three VAPID settings no push is sent.',
  }),
  vapidPublicKey: setting(text, {
    env: 'CADUCEE_VAPID_PUBLIC_KEY',
    optional: true,
    doc: 'VAPID public key.',
  }),
  vapidPrivateKey: setting(text, {
    env: 'CADUCEE_VAPID_PRIVATE_KEY',
    optional: true,
    secret: true,
    doc: 'VAPID private key.',
  }),
  geoFile: setting(text, {
    env: 'CADUCEE_GEO_FILE',
    optional: true,
    doc: 'An MMDB file that tells the approximate place of an address; without it the place shown is “lieu inconnu”.',
  }),
  contactDelayHours: setting(integer(0, 8760), {
    env: 'CADUCEE_CONTACT_DELAY_HOURS',
    fallback: '72',
    doc: 'Hours after which changed contact details may serve an activation.',
  }),
  pinMinLength: setting(integer(4, 8), {
    env: 'CADUCEE_PIN_MIN_LENGTH',
    fallback: '4',
    doc: 'Shortest PIN accepted (the longest is 8).',
  }),
  deviceMonths: setting(integer(1, 36), {
    env: 'CADUCEE_DEVICE_MONTHS',
    fallback: '12',
    doc: 'Months after which a phone must be renewed.',
  }),
  timeZone: setting(
    z.string().refine((value) => Intl.supportedValuesOf('timeZone').includes(value), {
      error: 'an IANA time zone such as Europe/Paris',
    }),
    {
      env: 'CADUCEE_TIME_ZONE',
      fallback: 'Europe/Paris',
      doc: 'Time zone of the dates people read, and of the quarantine’s waking hours.',
    },
  ),
  defaultLocale: setting(oneOf(['fr', 'en']), {
    env: 'CADUCEE_DEFAULT_LOCALE',
    fallback: 'fr',
    doc: 'Language of who expresses no preference.',
  }),
  helpPhone: setting(text, {
    env: 'CADUCEE_HELP_PHONE',
    doc: 'The help desk’s telephone number, as it is shown.',
  }),
  helpHours: setting(text, {
    env: 'CADUCEE_HELP_HOURS',
    doc: 'The help desk’s hours in French, as they are shown.',
  }),
  helpHoursEn: setting(text, {
    env: 'CADUCEE_HELP_HOURS_EN',
    optional: true,
    doc: 'The help desk’s hours in English; by default the French ones.',
  }),
  ordreUrl: setting(url(['https:', 'http:']), {
    env: 'CADUCEE_ORDRE_URL',
    fallback: 'https://monespace.medecin.fr',
    doc: 'Where a practitioner updates his contact details.',
  }),
  cardOrigin: setting(cardHost, {
    env: 'CADUCEE_CARD_ORIGIN',
    optional: true,
    doc: 'The card’s own host, where the browser is asked for a certificate: `https://*.carte.example` (each sign-in on a fresh label, so that a browser never remembers a choice) or `https://carte.example`. Without it the card is not offered. See docs/card.md.',
  }),
  cardListenHost: setting(text, {
    env: 'CADUCEE_CARD_LISTEN_HOST',
    fallback: '127.0.0.1',
    doc: 'Card: address to listen on.',
  }),
  cardListenPort: setting(integer(0, 65535), {
    env: 'CADUCEE_CARD_LISTEN_PORT',
    fallback: '4002',
    doc: 'Card: port to listen on; 0 takes a free one.',
  }),
  cardTlsKeyFile: setting(text, {
    env: 'CADUCEE_CARD_TLS_KEY_FILE',
    optional: true,
    doc: 'Card: private key (PEM) of its host, when this process ends TLS itself.',
  }),
  cardTlsCertFile: setting(text, {
    env: 'CADUCEE_CARD_TLS_CERT_FILE',
    optional: true,
    doc: 'Card: certificate (PEM, with its intermediates) of its host, when this process ends TLS itself.',
  }),
  cardTrustFile: setting(text, {
    env: 'CADUCEE_CARD_TRUST_FILE',
    optional: true,
    doc: 'Card: the trust anchors, PEM; nothing else is trusted. Required with CADUCEE_CARD_ORIGIN.',
  }),
  cardIntermediatesFile: setting(text, {
    env: 'CADUCEE_CARD_INTERMEDIATES_FILE',
    optional: true,
    doc: 'Card: the authorities between the anchors and the cards, PEM. What a browser or proxy sends of these is not used.',
  }),
  cardPolicies: setting(oids, {
    env: 'CADUCEE_CARD_POLICIES',
    fallback: '',
    doc: 'Card: certificate policies, one of which the certificate must carry. Required with CADUCEE_CARD_ORIGIN.',
  }),
  cardIssuers: setting(names, {
    env: 'CADUCEE_CARD_ISSUERS',
    fallback: '',
    doc: 'Card: common names of the authorities that issue cards, separated by commas. Required with CADUCEE_CARD_ORIGIN.',
  }),
  cardCrlUrls: setting(urls, {
    env: 'CADUCEE_CARD_CRL_URLS',
    fallback: '',
    doc: 'Card: addresses of the revocation lists, base and delta, of every authority on the way; those that a certificate names are never followed.',
  }),
  cardCrlEverySeconds: setting(integer(60, 604800), {
    env: 'CADUCEE_CARD_CRL_EVERY_SECONDS',
    fallback: '3600',
    doc: 'Card: a list is fetched again after this many seconds, and in any case when half of its life is over.',
  }),
  cardCrlGraceSeconds: setting(integer(0, 604800), {
    env: 'CADUCEE_CARD_CRL_GRACE_SECONDS',
    fallback: '0',
    doc: 'Card: seconds that a list still counts after its `nextUpdate`; then every card of its authority is refused.',
  }),
  cardOcspUrl: setting(url(['https:', 'http:']), {
    env: 'CADUCEE_CARD_OCSP_URL',
    optional: true,
    doc: 'Card: an OCSP responder, asked besides the lists.',
  }),
  cardOcspFreshnessSeconds: setting(integer(60, 604800), {
    env: 'CADUCEE_CARD_OCSP_FRESHNESS_SECONDS',
    fallback: '3600',
    doc: 'Card: an OCSP answer older than this does not count.',
  }),
  cardHopAddresses: setting(list, {
    env: 'CADUCEE_CARD_HOP_ADDRESSES',
    fallback: '',
    doc: 'Card behind a TLS terminator: its addresses or CIDR ranges. `Client-Cert` (RFC 9440) is believed from these alone, and with the secret.',
  }),
  cardHopSecret: setting(z.string().min(32, { error: 'at least 32 characters (`openssl rand -hex 32`)' }), {
    env: 'CADUCEE_CARD_HOP_SECRET',
    optional: true,
    secret: true,
    doc: 'Card behind a TLS terminator: what it sends in the header `Caducee-Hop-Secret`.',
  }),
  cardHopSocket: setting(z.string().regex(/^\//, { error: 'an absolute path' }), {
    env: 'CADUCEE_CARD_HOP_SOCKET',
    optional: true,
    doc: 'Card behind a TLS terminator on this machine: a Unix socket to listen on instead of address, port and secret; its permissions (0660) authenticate.',
  }),
  logLevel: setting(oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']), {
    env: 'CADUCEE_LOG_LEVEL',
    fallback: 'info',
    doc: 'Least severe level that is logged.',
  }),
  portBase: setting(integer(1024, 65000), {
    env: 'CADUCEE_PORT_BASE',
    fallback: '4000',
    doc: 'Sandbox only: the first of its ports.',
  }),
  dataDir: setting(text, {
    env: 'CADUCEE_DATA_DIR',
    fallback: '.caducee',
    doc: 'Sandbox only: where the embedded database lives.',
  }),
} as const satisfies Record<string, Setting>;

type Settings = typeof SETTINGS;
type ValueOf<S> = S extends { schema: infer Z extends z.ZodType }
  ? S extends { optional: true }
    ? z.output<Z> | undefined
    : z.output<Z>
  : never;

/** The validated configuration, frozen. */
export type Config = { readonly [K in keyof Settings]: ValueOf<Settings[K]> } & {
  readonly appOrigin: string;
  /** Origin of the issuer: where the provider's own pages live. */
  readonly origin: string;
};

/** Everything wrong with the configuration, at once. */
export class ConfigurationError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigurationError';
    this.problems = problems;
  }
}

const LOOPBACK = /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/;

/** True for host names that never leave the machine. */
export const isLoopbackHost = (host: string): boolean => LOOPBACK.test(host);

const isAddressRange = (text: string): boolean => /^[0-9a-fA-F:.]+(\/\d{1,3})?$/.test(text);
const isEveryone = (text: string): boolean => /^(0\.0\.0\.0|::)\/0$/.test(text);

/** What is wrong with a list of the addresses that are believed. */
const addressProblems = (variable: string, entries: readonly string[]): string[] =>
  entries.flatMap((entry) =>
    !isAddressRange(entry)
      ? [`${variable}: ${entry} is neither an address nor a CIDR range`]
      : isEveryone(entry)
        ? [`${variable}: ${entry} would trust everyone`]
        : [],
  );

type Unchecked = Omit<Config, 'origin'>;

/** Settings that mean nothing without the card's host. */
const CARD_ONLY = [
  'cardTlsKeyFile',
  'cardTlsCertFile',
  'cardTrustFile',
  'cardIntermediatesFile',
  'cardPolicies',
  'cardIssuers',
  'cardCrlUrls',
  'cardOcspUrl',
  'cardHopAddresses',
  'cardHopSecret',
  'cardHopSocket',
] as const satisfies readonly (keyof Settings)[];

const isSet = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== '';

/** Who ends TLS in front of the card: this process, one authenticated hop, or a Unix socket; never two of them. */
const cardEntranceProblems = (config: Unchecked): string[] => {
  const problems: string[] = [];
  const tls = [config.cardTlsKeyFile, config.cardTlsCertFile].filter(isSet).length;
  const hop = [config.cardHopAddresses, config.cardHopSecret].filter(isSet).length;
  if (tls === 1) problems.push('CADUCEE_CARD_TLS_KEY_FILE and CADUCEE_CARD_TLS_CERT_FILE go together');
  if (hop === 1) {
    problems.push(
      'CADUCEE_CARD_HOP_ADDRESSES and CADUCEE_CARD_HOP_SECRET go together: an address alone can be borrowed, a secret alone can leak',
    );
  }
  const entrances = [tls > 0, hop > 0, config.cardHopSocket !== undefined].filter(Boolean).length;
  if (entrances === 0) {
    problems.push(
      'CADUCEE_CARD_ORIGIN needs who ends TLS: this process (CADUCEE_CARD_TLS_KEY_FILE and CADUCEE_CARD_TLS_CERT_FILE), a terminator (CADUCEE_CARD_HOP_ADDRESSES and CADUCEE_CARD_HOP_SECRET) or one on this machine (CADUCEE_CARD_HOP_SOCKET)',
    );
  }
  if (entrances > 1) {
    problems.push(
      'CADUCEE_CARD_TLS_*, CADUCEE_CARD_HOP_ADDRESSES and CADUCEE_CARD_HOP_SOCKET are three ways in, but only one may exist: choose one',
    );
  }
  return [...problems, ...addressProblems('CADUCEE_CARD_HOP_ADDRESSES', config.cardHopAddresses)];
};

/** The card: its host is its own, what it accepts is explicit, revocation is known. */
const cardProblems = (config: Unchecked): string[] => {
  if (config.cardOrigin === undefined) {
    const alone = CARD_ONLY.filter((name) => isSet(config[name])).map((name) => SETTINGS[name].env);
    return alone.length === 0
      ? []
      : [`CADUCEE_CARD_ORIGIN is missing, without which ${alone.join(', ')} would be ignored`];
  }
  const problems = cardEntranceProblems(config);
  for (const name of ['cardTrustFile', 'cardPolicies', 'cardIssuers'] as const) {
    if (!isSet(config[name])) problems.push(`CADUCEE_CARD_ORIGIN needs ${SETTINGS[name].env}`);
  }
  if (config.cardCrlUrls.length === 0 && config.cardOcspUrl === undefined) {
    problems.push(
      'CADUCEE_CARD_ORIGIN needs CADUCEE_CARD_CRL_URLS or CADUCEE_CARD_OCSP_URL: without them a revoked card could not be told from a good one',
    );
  }
  const { hostname } = new URL(config.cardOrigin);
  const others = [config.issuer, config.appOrigin].map((address) => new URL(address).hostname);
  if (others.includes(hostname)) {
    problems.push(
      `CADUCEE_CARD_ORIGIN must be a host of its own, but ${hostname} is also that of the provider or the app: pages there would ask for a certificate and cookies would reach the card’s host`,
    );
  }
  if (config.mode === 'sandbox' && !isLoopbackHost(hostname)) {
    problems.push(
      `CADUCEE_MODE=sandbox is for this machine alone, but CADUCEE_CARD_ORIGIN is ${config.cardOrigin}; use https://*.card.localhost:PORT`,
    );
  }
  if (config.mode === 'sandbox' && !isLoopbackHost(config.cardListenHost)) {
    problems.push(
      `CADUCEE_MODE=sandbox listens on loopback only, but CADUCEE_CARD_LISTEN_HOST is ${config.cardListenHost}; use 127.0.0.1`,
    );
  }
  return problems;
};

/** Combinations that would be unsafe, each told with what to do. */
const unsafeCombinations = (config: Unchecked): string[] => {
  const problems: string[] = [];
  const issuer = new URL(config.issuer);
  const loopback = isLoopbackHost(issuer.hostname);
  if (config.issuer.endsWith('/')) problems.push('CADUCEE_ISSUER must not end with a slash');
  if (issuer.search || issuer.hash) problems.push('CADUCEE_ISSUER must have neither query nor fragment');
  if (config.mode === 'sandbox') {
    if (!loopback) {
      problems.push(
        `CADUCEE_MODE=sandbox is for this machine alone, but CADUCEE_ISSUER is ${config.issuer}; use a localhost issuer, or CADUCEE_MODE=production`,
      );
    }
    if (!isLoopbackHost(config.listenHost)) {
      problems.push(
        `CADUCEE_MODE=sandbox listens on loopback only, but CADUCEE_LISTEN_HOST is ${config.listenHost}; use 127.0.0.1`,
      );
    }
  }
  if (config.mode === 'production') {
    if (issuer.protocol !== 'https:' && !loopback) {
      problems.push('CADUCEE_ISSUER must be https outside loopback');
    }
    if (issuer.protocol === 'https:' && config.trustedProxies.length === 0) {
      problems.push(
        'CADUCEE_ISSUER is https but no proxy is trusted: name the TLS terminator in CADUCEE_TRUSTED_PROXIES (for example 10.0.0.0/8), or requests would be taken for plain http',
      );
    }
    if (
      config.twilioBaseUrl &&
      new URL(config.twilioBaseUrl).protocol === 'http:' &&
      !isLoopbackHost(new URL(config.twilioBaseUrl).hostname)
    ) {
      problems.push(
        'CADUCEE_TWILIO_BASE_URL must be https outside loopback: SMS codes would travel in clear',
      );
    }
  }
  problems.push(...addressProblems('CADUCEE_TRUSTED_PROXIES', config.trustedProxies));
  if (config.store === 'redis' && !config.redisUrl && !config.redisCluster) {
    problems.push('CADUCEE_STORE=redis needs CADUCEE_REDIS_URL or CADUCEE_REDIS_CLUSTER');
  }
  if (config.idleSeconds > config.sessionSeconds) {
    problems.push('CADUCEE_IDLE_SECONDS must not exceed CADUCEE_SESSION_SECONDS');
  }
  const vapid = [config.vapidSubject, config.vapidPublicKey, config.vapidPrivateKey].filter(Boolean).length;
  if (vapid !== 0 && vapid !== 3) {
    problems.push(
      'CADUCEE_VAPID_SUBJECT, CADUCEE_VAPID_PUBLIC_KEY and CADUCEE_VAPID_PRIVATE_KEY go together',
    );
  }
  problems.push(...cardProblems(config));
  return problems;
};

/**
 * Validates a set of variables. Throws one {@link ConfigurationError} that lists every problem with the values
 * accepted; secret values are never repeated in it.
 */
export const parseConfig = (variables: Readonly<Record<string, string | undefined>>): Config => {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, entry] of Object.entries<Setting>(SETTINGS)) {
    const raw = variables[entry.env] || entry.fallback;
    if (raw === undefined) {
      if (!entry.optional) problems.push(`${entry.env} is missing: ${entry.doc}`);
      continue;
    }
    const result = entry.schema.safeParse(raw);
    if (result.success) values[name] = result.data;
    else {
      const shown = entry.secret ? '(not shown)' : JSON.stringify(raw);
      problems.push(`${entry.env} must be ${result.error.issues[0]?.message ?? 'valid'}, but is ${shown}`);
    }
  }
  for (const name of Object.keys(variables)) {
    if (
      name.startsWith('CADUCEE_') &&
      name !== 'CADUCEE_CONFIG_FILE' &&
      !Object.values(SETTINGS).some(({ env }) => env === name)
    ) {
      problems.push(`${name} is not a setting of Caducée (see docs/configuration.md)`);
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  const base = values as Omit<Config, 'origin' | 'appOrigin'> & { appOrigin?: string };
  const issuerOrigin = new URL(base.issuer).origin;
  const config = { ...base, origin: issuerOrigin, appOrigin: base.appOrigin ?? issuerOrigin } as Config;
  const unsafe = unsafeCombinations(config);
  if (unsafe.length > 0) throw new ConfigurationError(unsafe);
  return Object.freeze(config);
};

const readFileVariables = (path: string): Record<string, string | undefined> =>
  existsSync(path) ? parseEnv(readFileSync(path, 'utf8')) : {};

/**
 * The variables in force: environment, then files, as described at the top. `root` is the project's folder; `changes`
 * win over the environment, the mode included (the sandbox sets its own).
 */
export const readVariables = (
  root: string,
  environment = process.env,
  changes: Readonly<Record<string, string>> = {},
): Record<string, string | undefined> => {
  const named = environment['CADUCEE_CONFIG_FILE'];
  if (named && !existsSync(named)) {
    throw new ConfigurationError([`CADUCEE_CONFIG_FILE names ${named}, which does not exist`]);
  }
  const nonEmpty = (variables: Record<string, string | undefined>) =>
    Object.fromEntries(
      Object.entries(variables).filter(([name, value]) => name.startsWith('CADUCEE_') && value),
    );
  const own = {
    ...(named ? nonEmpty(readFileVariables(named)) : {}),
    ...nonEmpty(environment),
    ...nonEmpty(changes),
  };
  const mode = own['CADUCEE_MODE'] ?? SETTINGS.mode.fallback;
  const known = (MODES as readonly string[]).includes(mode);
  return {
    ...nonEmpty(readFileVariables(join(root, 'config', 'default.env'))),
    ...(known ? nonEmpty(readFileVariables(join(root, 'config', `${mode}.env`))) : {}),
    ...own,
  };
};

/** Reads and validates the configuration of this process. */
export const loadConfig = (root: string, overrides: Record<string, string> = {}): Config =>
  parseConfig({ ...readVariables(root), ...overrides });

/** Language of a command's messages: English where the terminal's locale says so, else French. */
export const terminalLocale = (environment = process.env): 'fr' | 'en' =>
  /^en/i.test(environment['LC_ALL'] || environment['LC_MESSAGES'] || environment['LANG'] || '') ? 'en' : 'fr';

/** Major version of the Node that runs npm, when npm started this process: the one a person's own terminal has. */
export const machineNode = (environment = process.env): number | undefined => {
  const version = /\bnode\/v(\d+)\./.exec(environment['npm_config_user_agent'] ?? '')?.[1];
  return version === undefined ? undefined : Number(version);
};
