import type { Context } from 'koa';
import {
  errors,
  Provider,
  type Configuration,
  type DeviceCode,
  type ErrorOut,
  type KoaContextWithOIDC,
} from 'oidc-provider';
import { Refusal } from '../http/errors.ts';
import type { Limits } from '../limits/limits.ts';
import { sha256Base64url } from '../platform/crypto.ts';
import type { ExpiringStore } from '../platform/store/contract.ts';
import { LIFETIMES } from './lifetimes.ts';
import type { DeviceProblem, OidcPages } from './pages.ts';
import { createPacing } from './pacing.ts';
import { serviceOf } from './problems.ts';

/**
 * Sign-in on a device without a keyboard or a browser of its own (RFC 8628): a kiosk shows a short code and its QR, the
 * person opens our page elsewhere, sees which service asks, compares the code, and signs in as always.
 */

/** Where the person types the code: short enough to be typed. */
export const DEVICE_PAGE = '/appareil';
/** The QR of the page with the code in it, for a device that draws none itself. */
export const DEVICE_QR = `${DEVICE_PAGE}/qr.svg`;

/** Seconds between two polls, as told to devices. */
const INTERVAL_SECONDS = 5;
/** What sooner than this is told to slow down; clocks and networks get the rest. */
const TOLERATED_SECONDS = 4;

/** 20 letters without vowels, so no word comes out and none is taken for a digit; 25 thousand million codes. */
const CHARSET = 'base-20';
const MASK = '****-****';
const USER_CODE = /^[A-Z]{4}-?[A-Z]{4}$/i;

/**
 * Codes typed from one address, the right ones too (each sign-in takes two). A thousand codes open at once, guessed at
 * this pace all day from one address, would be met once in ten thousand days.
 */
const TYPED = [
  { limit: 40, seconds: 600 },
  { limit: 400, seconds: 86_400 },
] as const;
/** Codes asked for from one address. */
const ASKED = [{ limit: 60, seconds: 60 }] as const;

/**
 * Refuses who types, or asks for, more codes than people could want: a person by a page, a service in its own words.
 * True when the request may go on.
 */
export const createDeviceGuard =
  (limits: Limits) =>
  async (ctx: Context, what: 'typed' | 'asked'): Promise<boolean> => {
    const { allowed, retryAfter } = await limits.hit(
      `device-code-${what}`,
      ctx.ip,
      what === 'typed' ? TYPED : ASKED,
    );
    if (allowed) return true;
    if (what === 'typed') throw new Refusal('too_many_requests', 429, { retryAfter });
    ctx.status = 429;
    ctx.set({ 'Retry-After': String(retryAfter), 'Cache-Control': 'no-store' });
    ctx.body = {
      error: 'slow_down',
      error_description: 'too many device codes were asked for from this address',
    };
    return false;
  };

/** The library's reasons for showing the form again. */
const PROBLEMS: Readonly<Record<string, DeviceProblem>> = {
  NoCodeError: 'missing',
  NotFoundError: 'unknown',
  ExpiredError: 'expired',
  AlreadyUsedError: 'used',
  AbortedError: 'aborted',
};

const problemOf = (out?: ErrorOut, error?: Error): DeviceProblem | undefined =>
  error === undefined && out === undefined ? undefined : (PROBLEMS[error?.name ?? ''] ?? 'failed');

const formOf = (ctx: KoaContextWithOIDC, fields: Record<string, string> = {}) => ({
  action: ctx.oidc.urlFor('code_verification'),
  fields: { xsrf: String(ctx.oidc.session?.state?.['secret']), ...fields },
});

/** This part of the library's features. */
export const deviceFeature = (
  pages: OidcPages,
): NonNullable<NonNullable<Configuration['features']>['deviceFlow']> => ({
  enabled: true,
  charset: CHARSET,
  mask: MASK,
  deviceInfo: () => ({}),
  async userCodeInputSource(ctx, _form, out, error) {
    const typed = (error as { userCode?: string } | undefined)?.userCode;
    await pages.deviceCode(ctx, { form: formOf(ctx), typed, problem: problemOf(out, error) });
  },
  async userCodeConfirmSource(ctx, _form, client, _info, code) {
    await pages.deviceConfirm(ctx, {
      form: formOf(ctx, { user_code: code }),
      code,
      service: serviceOf(client) ?? { clientId: '', name: '', uri: undefined },
    });
  },
  async successSource(ctx) {
    await pages.deviceDone(ctx, { service: serviceOf(ctx.oidc.client) });
  },
});

/** The address with the code in it leads to the page that asks whether it is the one on the device; no code changes by GET. */
export const drawDeviceCode = async (ctx: KoaContextWithOIDC, pages: OidcPages): Promise<void> => {
  const code = ctx.oidc.params?.['user_code'];
  if (ctx.oidc.route !== 'code_verification' || ctx.method !== 'GET' || typeof code !== 'string') return;
  if (ctx.status !== 200) return;
  await pages.formPost(ctx, formOf(ctx, { user_code: code }));
};

/** The QR of the page with this code; whether there is such a code it does not tell. */
export const answerDeviceQr = async (ctx: Context, origin: string): Promise<void> => {
  const code = ctx.query['user_code'];
  if (typeof code !== 'string' || !USER_CODE.test(code)) throw new Refusal('request_invalid', 400);
  ctx.type = 'image/svg+xml';
  ctx.set('Cache-Control', 'no-store');
  const url = `${origin}${DEVICE_PAGE}?user_code=${encodeURIComponent(code)}`;
  ctx.body = await (
    await import('qrcode')
  ).default.toString(url, { type: 'svg', margin: 4, errorCorrectionLevel: 'M' });
};

/** What the device is told besides: how often to ask. */
export const completeDevice = (body: Record<string, unknown>): Record<string, unknown> => ({
  ...body,
  interval: INTERVAL_SECONDS,
});

type Ours = DeviceCode & { inFlight?: boolean; userCode?: string };

/** Polls keep their distance, and one person takes a code. */
export const adaptDeviceCode = (provider: Provider, store: ExpiringStore): void => {
  const pacing = createPacing(store);
  const Model = provider.DeviceCode;
  const find = Model.find.bind(Model) as (id: string, options?: object) => Promise<Ours | undefined>;
  const findPaced = async (id: string, options?: object): Promise<Ours | undefined> => {
    const code = await find(id, options);
    const polled = code !== undefined && Provider.ctx?.oidc.route === 'token';
    if (polled && (await pacing.tooSoon('device', id, TOLERATED_SECONDS))) {
      throw new errors.SlowDown('polled too often: wait 5 seconds more between two requests');
    }
    return code;
  };
  Object.defineProperty(Model, 'find', { value: findPaced });

  const { prototype } = Model;
  const { save } = prototype;
  prototype.save = async function (this: Ours, ...rest) {
    const taken = this.inFlight === true && this.accountId === undefined && this.error === undefined;
    if (taken) {
      const key = `oidc:{${sha256Base64url(this.userCode ?? '')}}:device-taken`;
      if (!(await store.setIfAbsent(key, '1', LIFETIMES.deviceCode))) {
        throw new errors.InvalidRequest('the code was taken by someone else at this very moment');
      }
    }
    return save.apply(this, rest);
  };
};
