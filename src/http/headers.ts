import type { Context, Middleware } from 'koa';
import { requestState, type RequestState } from './request.ts';

/** A CSP source for a redirect target: the origin, or the scheme of an application's own address (`myapp:`). */
const source = (target: string): string | undefined => {
  if (!URL.canParse(target)) return undefined;
  const { origin, protocol } = new URL(target);
  return origin === 'null' ? protocol : origin;
};

const policy = ({ nonce, formAction, frames, framed }: RequestState): string =>
  [
    `default-src 'none'`,
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'self' 'nonce-${nonce}'`,
    `img-src 'self' data:`,
    `font-src 'self'`,
    `connect-src 'self'`,
    `manifest-src 'self'`,
    `base-uri 'none'`,
    `form-action ${["'self'", ...formAction].join(' ')}`,
    ...(frames.size === 0 ? [] : [`frame-src ${[...frames].join(' ')}`]),
    framed ? 'frame-ancestors *' : `frame-ancestors 'none'`,
  ].join('; ');

const NONCE = 'NONCE';
/** The policy of an answer that allows nothing more, around its nonce, which stands in it twice. */
const [BEFORE = '', BETWEEN = '', AFTER = ''] = policy({
  ...{ id: '', nonce: NONCE },
  ...{ formAction: new Set<string>(), frames: new Set<string>() },
}).split(NONCE);

const writePolicy = (ctx: Context): void => {
  const state = requestState(ctx);
  ctx.set('Content-Security-Policy', policy(state));
  if (state.framed) ctx.remove('X-Frame-Options');
  else ctx.set('X-Frame-Options', 'DENY');
};

/** Lets this answer show these addresses in iframes: their origins, and no other. */
export const allowFrames = (ctx: Context, targets: readonly string[]): void => {
  const { frames } = requestState(ctx);
  for (const target of targets) {
    const allowed = source(target);
    if (allowed) frames.add(allowed);
  }
  writePolicy(ctx);
};

/** Lets any site show this answer in an iframe: for one that says nothing of anybody and takes no click. */
export const allowFraming = (ctx: Context): void => {
  requestState(ctx).framed = true;
  writePolicy(ctx);
};

/**
 * Lets the forms of this answer end on these addresses. Chromium applies `form-action` to every redirect that
 * follows a form, so a page whose form ends at the service lists the service's redirect address.
 */
export const allowFormAction = (ctx: Context, ...targets: readonly (string | undefined)[]): void => {
  const { formAction } = requestState(ctx);
  for (const target of targets) {
    const allowed = target === undefined ? undefined : source(target);
    if (allowed) formAction.add(allowed);
  }
  writePolicy(ctx);
};

const PERMISSIONS = ['accelerometer', 'camera', 'geolocation', 'gyroscope', 'microphone', 'payment', 'usb']
  .map((feature) => `${feature}=()`)
  .join(', ');

/** Names and values in turn, the same for every answer. */
export const FIXED_HEADERS: readonly string[] = [
  ...['X-Content-Type-Options', 'nosniff', 'Referrer-Policy', 'same-origin'],
  ...['Cross-Origin-Opener-Policy', 'same-origin', 'Permissions-Policy', PERMISSIONS],
];
/** For an issuer on https. */
export const HSTS: readonly string[] = ['Strict-Transport-Security', 'max-age=31536000; includeSubDomains'];

const pairs = (headers: readonly string[]): (readonly [string, string])[] =>
  headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1] ?? ''] as const] : []));

/**
 * Security headers of every answer. The referrer policy is `same-origin`, not `no-referrer`: nothing goes to
 * others either way, but under `no-referrer` browsers send `Origin: null` with our own forms, and the Origin check
 * would have nothing to check.
 */
export const securityHeaders = (options: { https: boolean }): Middleware => {
  const fixed = pairs(['X-Frame-Options', 'DENY', ...FIXED_HEADERS, ...(options.https ? HSTS : [])]);
  return (ctx, next) => {
    const { res } = ctx;
    const { id, nonce } = requestState(ctx);
    res.setHeader('Content-Security-Policy', BEFORE + nonce + BETWEEN + nonce + AFTER);
    for (const [name, value] of fixed) res.setHeader(name, value);
    res.setHeader('X-Request-Id', id);
    return next();
  };
};
