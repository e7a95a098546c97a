import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import * as z from 'zod';
import { addressProblems, isLoopbackHost } from './config/addresses.ts';
import { AUDIT_SETTINGS, auditProblems } from './config/audit.ts';
import { CARD_SETTINGS, cardProblems } from './config/card.ts';
import { KEY_SETTINGS, keyProblems } from './config/keys.ts';
import { MTLS_SETTINGS, mtlsProblems } from './config/mtls.ts';
import { OPERATOR_SETTINGS } from './config/operators.ts';
import {
  integer,
  key32,
  list,
  oneOf,
  origin,
  ratio,
  setting,
  text,
  url,
  uuid,
  type Setting,
  type ValueOf,
} from './config/schemas.ts';

export { isLoopbackHost } from './config/addresses.ts';

/**
 * The only reader of the environment. Every setting is declared once, in {@link SETTINGS}: its variable, what it
 * accepts, its default and what it is for; docs/configuration.md is generated from that table.
 *
 * Values come, the first that has one wins, from the process's environment, from the file named by
 * CADUCEE_CONFIG_FILE, from `config/<mode>.env`, from `config/default.env`. An empty value counts as absent.
 */

const MODES = ['sandbox', 'production'] as const;
export type Mode = (typeof MODES)[number];

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
  tracesUrl: setting(url(['http:', 'https:']), {
    env: 'CADUCEE_TRACES_URL',
    optional: true,
    doc: 'Where OpenTelemetry traces go: OTLP over HTTP, such as `http://collector:4318/v1/traces`; without it there are none. A trace holds routes, queries without their values and durations, nothing about a person.',
  }),
  tracesRatio: setting(ratio, {
    env: 'CADUCEE_TRACES_RATIO',
    fallback: '0.1',
    doc: 'Share of the requests that are traced, from 0 to 1, where the proxy’s `traceparent` did not decide.',
  }),
  trustedProxies: setting(list, {
    env: 'CADUCEE_TRUSTED_PROXIES',
    fallback: '',
    doc: 'Addresses or CIDR ranges of the proxies whose `X-Forwarded-*` headers are believed. Required with an https issuer unless this process ends TLS itself.',
  }),
  appOrigin: setting(origin, {
    env: 'CADUCEE_APP_ORIGIN',
    optional: true,
    doc: 'Origin of the e-CPS phone app, a host of its own that leads to this same process, which serves the app there; also allowed by CORS on the e-CPS API and target of the same-phone link. Without it no app is served.',
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
  ...OPERATOR_SETTINGS,
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
  cibaPerMinute: setting(integer(1, 100000), {
    env: 'CADUCEE_CIBA_PER_MINUTE',
    fallback: '300',
    doc: 'Sign-ins that one service may ask server to server (CIBA) in a minute.',
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
  registryGraceHours: setting(integer(0, 8760), {
    env: 'CADUCEE_REGISTRY_GRACE_HOURS',
    fallback: '24',
    doc: 'Hours for which a person may be missing from the registry’s files before they are inactive: no sign-in, phones at rest. They are active again with the first file that names them.',
  }),
  registryHistoryDays: setting(integer(1, 3650), {
    env: 'CADUCEE_REGISTRY_HISTORY_DAYS',
    fallback: '90',
    doc: 'Days for which the registry keeps who was how before each import: so long can a run be shown in detail and rolled back.',
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
  ...KEY_SETTINGS,
  ...CARD_SETTINGS,
  ...MTLS_SETTINGS,
  outgoingRanges: setting(list, {
    env: 'CADUCEE_OUTGOING_RANGES',
    fallback: '',
    doc: 'CIDR ranges of an internal network where declared services live. Their keys (`jwks_uri`), back-channel logout and CIBA addresses are otherwise asked on the public Internet only; cloud metadata stays out of reach.',
  }),
  ...AUDIT_SETTINGS,
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

type Unchecked = Omit<Config, 'origin'>;

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
  problems.push(...addressProblems('CADUCEE_OUTGOING_RANGES', config.outgoingRanges));
  problems.push(...keyProblems(config), ...cardProblems(config), ...mtlsProblems(config));
  problems.push(...auditProblems(config));
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

/** The environment for a program of others: everything but our own settings, which are none of its business. */
export const toolEnvironment = (environment = process.env): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('CADUCEE_')));

/** Language of a command's messages: English where the terminal's locale says so, else French. */
export const terminalLocale = (environment = process.env): 'fr' | 'en' =>
  /^en/i.test(environment['LC_ALL'] || environment['LC_MESSAGES'] || environment['LANG'] || '') ? 'en' : 'fr';

/** Major version of the Node that runs npm, when npm started this process: the one a person's own terminal has. */
export const machineNode = (environment = process.env): number | undefined => {
  const version = /\bnode\/v(\d+)\./.exec(environment['npm_config_user_agent'] ?? '')?.[1];
  return version === undefined ? undefined : Number(version);
};
