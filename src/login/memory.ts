import type { Context } from 'koa';
import * as z from 'zod';
import { CARD_REFUSALS } from '../card/reasons.ts';
import type { Cookies } from '../http/cookies.ts';
import { token } from '../platform/random.ts';

/**
 * What a browser carries for us, in sealed cookies: the sign-in under way, the identifier it was asked to remember,
 * and a long-lived secret by which it is known again.
 */

const attemptShape = z.object({
  txn: z.string(),
  number: z.string().optional(),
  /** ISO 8601. */
  expiresAt: z.string(),
  nationalId: z.string().optional(),
  luhn: z.boolean(),
});
/** A question put to the phone. */
export type Attempt = z.output<typeof attemptShape>;

const stateShape = z.object({
  /** The secret that ties an approval to this browser. */
  token: z.string(),
  /** Who asked, to name it once the interaction is gone. */
  service: z.object({ name: z.string(), host: z.string(), homeUrl: z.string().optional() }),
  /** Our own test: until when, in ISO 8601. */
  selfTestUntil: z.string().optional(),
  attempt: attemptShape.optional(),
  /** The last card was refused: why, and the number given for the help desk. */
  cardRefusal: z.object({ code: z.enum(CARD_REFUSALS), supportId: z.string() }).optional(),
});
/** One sign-in, as its browser carries it. */
export type BrowserState = z.output<typeof stateShape>;

const YEAR = 365 * 24 * 3600;

/** Reads and writes these cookies. */
export interface Memory {
  /** Undefined in any browser but the one where this sign-in began. */
  state(ctx: Context, base: string): BrowserState | undefined;
  keepState(ctx: Context, base: string, state: BrowserState): void;
  dropState(ctx: Context, base: string): void;
  identifier(ctx: Context): string | undefined;
  /** Remembers, or forgets when undefined. */
  keepIdentifier(ctx: Context, nationalId: string | undefined): void;
  /** The long-lived secret of this browser, if it has one: whose browser it is, the e-CPS knows. */
  browserKey(ctx: Context): string | undefined;
  /** The same, made when there is none, and kept a year from now. */
  keepBrowserKey(ctx: Context): string;
}

/** A secret of its own for each browser and sign-in. */
export const newBrowserToken = (): string => token(32);

/** Makes {@link Memory}. */
export const createMemory = (cookies: Cookies): Memory => {
  const browserKey = (ctx: Context): string | undefined => {
    const parsed = z.string().safeParse(cookies.getSealed(ctx, 'browser'));
    return parsed.success ? parsed.data : undefined;
  };
  return {
    state: (ctx, base) => {
      const parsed = stateShape.safeParse(cookies.getSealed(ctx, 'signin', base));
      return parsed.success ? parsed.data : undefined;
    },
    keepState: (ctx, base, state) => cookies.setSealed(ctx, 'signin', state, { path: base, seconds: 3600 }),
    dropState: (ctx, base) => cookies.delete(ctx, 'signin', base),
    identifier: (ctx) => {
      const parsed = z.string().safeParse(cookies.getSealed(ctx, 'id'));
      return parsed.success ? parsed.data : undefined;
    },
    keepIdentifier: (ctx, nationalId) => {
      if (nationalId !== undefined) cookies.setSealed(ctx, 'id', nationalId, { seconds: YEAR });
      else if (cookies.get(ctx, 'id') !== undefined) cookies.delete(ctx, 'id');
    },
    browserKey,
    keepBrowserKey: (ctx) => {
      const key = browserKey(ctx) ?? token(32);
      cookies.setSealed(ctx, 'browser', key, { seconds: YEAR });
      return key;
    },
  };
};
