import type { Context, Middleware } from 'koa';
import { phoneShell } from '../../views/pages/phone-shell.ts';
import type { Config } from '../config.ts';
import { sha256 } from '../platform/crypto.ts';
import type { Log } from '../platform/log.ts';
import { type BuiltFile, type PhoneBuild, buildPhone, readBuild } from './build.ts';

/**
 * Serves the phone app on its own origin: one page for every address, files that never change, the service worker and
 * the manifest. Everything is made once; no answer depends on who asks, but for the trace of an e-CPS (see `trace`).
 */

type PhoneConfig = Pick<
  Config,
  | 'origin'
  | 'appOrigin'
  | 'helpPhone'
  | 'helpHours'
  | 'helpHoursEn'
  | 'ordreUrl'
  | 'timeZone'
  | 'defaultLocale'
  | 'mailFrom'
>;

/** True when the app has an origin of its own; without one it is not served. */
export const servesPhone = (config: Pick<Config, 'origin' | 'appOrigin'>): boolean =>
  config.appOrigin !== config.origin;

/** `Name <address>` → address. */
const addressOf = (sender: string): string => /<([^>]+)>\s*$/.exec(sender)?.[1] ?? sender;

/** The policy of every answer: own scripts only, and no text becomes markup but through the app's one policy. */
const policyOf = ({ origin }: PhoneConfig, scripts = "'self'"): string =>
  [
    `default-src 'none'`,
    `script-src ${scripts}`,
    `worker-src 'self'`,
    `style-src 'self'`,
    `img-src 'self'`,
    `font-src 'self'`,
    `connect-src 'self' ${origin}`,
    `manifest-src 'self'`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
    `require-trusted-types-for 'script'`,
    `trusted-types caducee`,
  ].join('; ');

const PERMISSIONS = [
  'camera=(self)',
  'otp-credentials=(self)',
  ...['accelerometer', 'geolocation', 'gyroscope', 'microphone', 'payment', 'usb'].map(
    (name) => `${name}=()`,
  ),
].join(', ');

const FOREVER = 'public, max-age=31536000, immutable';
const ALWAYS_ASK = 'no-cache';

interface Served extends BuiltFile {
  readonly cache: string;
  readonly policy: string;
}

const text = (path: string, type: string, content: string): BuiltFile => ({
  path,
  type,
  content: Buffer.from(content),
});

const manifestOf = (icon: (name: string) => string, locale: string): string =>
  JSON.stringify({
    id: '/',
    name: 'e-CPS – Caducée',
    short_name: 'e-CPS',
    lang: locale,
    start_url: '/',
    scope: '/',
    display: 'standalone',
    orientation: 'portrait',
    background_color: '#fbfaf7',
    theme_color: '#fbfaf7',
    categories: ['medical', 'security'],
    icons: [
      { src: icon('icon-192'), sizes: '192x192', type: 'image/png', purpose: 'any' },
      { src: icon('icon-512'), sizes: '512x512', type: 'image/png', purpose: 'any' },
      { src: icon('maskable-512'), sizes: '512x512', type: 'image/png', purpose: 'maskable' },
    ],
  });

const shellOf = (config: PhoneConfig, build: PhoneBuild, icon: (name: string) => string): string =>
  phoneShell({
    locale: config.defaultLocale,
    style: build.style,
    entry: build.entry,
    preload: build.preload,
    fonts: build.files.map(({ path }) => path).filter((path) => /latin-(400|700)-normal/.test(path)),
    manifest: '/manifest.webmanifest',
    icon: icon('icon-192'),
    appleIcon: icon('apple-180'),
    config: {
      origin: config.origin,
      helpPhone: config.helpPhone,
      helpHours: { fr: config.helpHours, en: config.helpHoursEn ?? config.helpHours },
      ordreUrl: config.ordreUrl,
      timeZone: config.timeZone,
      defaultLocale: config.defaultLocale,
      mailFrom: addressOf(config.mailFrom),
      workers: build.workers,
    },
  }).value;

/** What the app works without, and the service worker leaves on the server: rare letters, large icons, Argon2id outside its worker. */
const SELDOM = /latin-ext|-512-|\/stretch-/;

/** Every address that is a file, and the page for all others. */
const assemble = (config: PhoneConfig, build: PhoneBuild) => {
  const icon = (name: string): string => {
    const found = build.files.find(({ path }) => path.startsWith(`/app/${name}-`));
    if (!found) throw new Error(`the phone app has no icon ${name}`);
    return found.path;
  };
  const page = text('/', 'text/html; charset=utf-8', shellOf(config, build, icon));
  const manifest = text(
    '/manifest.webmanifest',
    'application/manifest+json; charset=utf-8',
    manifestOf(icon, config.defaultLocale),
  );
  const kept = [page, manifest, ...build.files];
  const names = kept.map(({ path, content }) => `${path} ${sha256(content).toString('hex')}`);
  const version = sha256(Buffer.from(names.join('\n') + build.serviceWorker))
    .toString('hex')
    .slice(0, 16);
  const known = { version, files: kept.map(({ path }) => path).filter((path) => !SELDOM.test(path)) };
  const worker = text(
    '/sw.js',
    'text/javascript; charset=utf-8',
    `const BUILD = ${JSON.stringify(known)};\n${build.serviceWorker}`,
  );
  const policy = policyOf(config);
  // WebAssembly runs in the PIN's worker and nowhere else.
  const wasm = policyOf(config, `'self' 'wasm-unsafe-eval'`);
  const served = (file: BuiltFile, cache: string): Served => ({
    ...file,
    cache,
    policy: file.path === build.workers.pin ? wasm : policy,
  });
  return {
    page: served(page, ALWAYS_ASK),
    files: new Map([
      ...[manifest, worker].map((file) => [file.path, served(file, ALWAYS_ASK)] as const),
      ...build.files.map((file) => [file.path, served(file, FOREVER)] as const),
    ]),
  };
};

const send = (ctx: Context, file: Served): void => {
  ctx.set({
    'Content-Security-Policy': file.policy,
    'Permissions-Policy': PERMISSIONS,
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': file.cache,
  });
  ctx.type = file.type;
  ctx.vary('Accept-Encoding');
  const encoding = ctx.acceptsEncodings('br', 'gzip', 'identity');
  const packed = encoding === 'br' ? file.br : encoding === 'gzip' ? file.gzip : undefined;
  if (packed && (encoding === 'br' || encoding === 'gzip')) ctx.set('Content-Encoding', encoding);
  ctx.body = packed ?? file.content;
};

const TRACE_PATH = '/trace';
const TRACE_SECONDS = 400 * 24 * 3600;

/**
 * A cookie that says only "an e-CPS was activated in this browser": browsers erase what scripts keep sooner than what a
 * server set, so the app can tell a lost key from a phone that never had one.
 */
const trace = (ctx: Context, secure: boolean): void => {
  const name = secure ? '__Host-ecps' : 'ecps';
  ctx.set('Cache-Control', 'no-store');
  ctx.type = 'text/plain';
  if (ctx.method === 'PUT' || ctx.method === 'DELETE') {
    const present = ctx.method === 'PUT';
    ctx.cookies.set(name, present ? '1' : null, {
      httpOnly: true,
      sameSite: 'strict',
      signed: false,
      secure,
      overwrite: true,
      ...(present ? { maxAge: TRACE_SECONDS * 1000 } : {}),
    });
    ctx.status = 204;
    return;
  }
  ctx.body = ctx.cookies.get(name, { signed: false }) === '1' ? '1' : '0';
};

export interface PhoneServerOptions {
  readonly config: PhoneConfig & Pick<Config, 'mode'>;
  readonly log: Pick<Log, 'error'>;
  /** The bundle, for tests; by default one made beforehand in production, else one made now. */
  readonly build?: () => Promise<PhoneBuild>;
}

/** Answers everything that is asked of the app's origin; requests to other hosts go on. */
export const createPhoneServer = ({ config, log, build }: PhoneServerOptions): Middleware => {
  const { host, protocol } = new URL(config.appOrigin);
  const made = async () =>
    (config.mode === 'production' ? await readBuild() : undefined) ?? (await buildPhone());
  const ready = (build ?? made)().then((bundle) => assemble(config, bundle));
  // Whoever asks is told too, by the page of an unexpected error.
  ready.catch((error: unknown) => log.error({ err: error }, 'the phone app could not be built'));
  return async (ctx, next) => {
    if (ctx.host !== host) return next();
    if (ctx.path === TRACE_PATH) return trace(ctx, protocol === 'https:');
    const { page, files } = await ready;
    const isRead = ctx.method === 'GET' || ctx.method === 'HEAD';
    const file = files.get(ctx.path) ?? (/\.[a-z0-9]+$/i.test(ctx.path) ? undefined : page);
    if (file && isRead) return send(ctx, file);
    ctx.status = isRead ? 404 : 405;
    ctx.body = ctx.status === 404 ? 'Not found' : 'Method not allowed';
  };
};
