import type { Context } from 'koa';
import { z } from 'zod';
import type { Cookies } from '../http/cookies.ts';
import { sha256Base64url } from '../platform/crypto.ts';
import { token } from '../platform/random.ts';

/**
 * What a browser carries for us, in sealed cookies: the sign-in under way, the identifier it was asked to remember,
 * and for whom it is a known browser. The server keeps nothing of it.
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
});
/** One sign-in, as its browser carries it. */
export type BrowserState = z.output<typeof stateShape>;

const YEAR = 365 * 24 * 3600;
const KNOWN_PEOPLE = 8;
const trace = (nationalId: string): string => sha256Base64url(nationalId).slice(0, 22);

/** Reads and writes these cookies. */
export interface Memory {
  /** Undefined in any browser but the one where this sign-in began. */
  state(ctx: Context, base: string): BrowserState | undefined;
  keepState(ctx: Context, base: string, state: BrowserState): void;
  dropState(ctx: Context, base: string): void;
  identifier(ctx: Context): string | undefined;
  /** Remembers, or forgets when undefined. */
  keepIdentifier(ctx: Context, nationalId: string | undefined): void;
  /** True when this person has signed in from this browser before. */
  knows(ctx: Context, nationalId: string): boolean;
  keepKnown(ctx: Context, nationalId: string): void;
}

/** A secret of its own for each browser and sign-in. */
export const newBrowserToken = (): string => token(32);

/** Makes {@link Memory}. */
export const createMemory = (cookies: Cookies): Memory => {
  const known = (ctx: Context): string[] => {
    const parsed = z.array(z.string()).safeParse(cookies.getSealed(ctx, 'known'));
    return parsed.success ? parsed.data : [];
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
    knows: (ctx, nationalId) => known(ctx).includes(trace(nationalId)),
    keepKnown: (ctx, nationalId) => {
      const others = known(ctx).filter((one) => one !== trace(nationalId));
      cookies.setSealed(ctx, 'known', [trace(nationalId), ...others].slice(0, KNOWN_PEOPLE), {
        seconds: YEAR,
      });
    },
  };
};
