import type { Context } from 'koa';
import * as z from 'zod';
import { loginText } from '../../views/locales/login.ts';
import { selfTestDonePage, selfTestPage } from '../../views/pages/self-test.ts';
import { localeOf } from '../http/locale.ts';
import { token } from '../platform/random.ts';
import type { LoginOptions } from './deps.ts';
import { newBrowserToken, type Memory } from './memory.ts';
import type { SignInProvider } from './ports.ts';
import { SELF_TEST_PREFIX } from './sign-in.ts';

/**
 * "Je teste ma e-CPS": the very pages and steps of a sign-in, with ourselves in the place of the service. Nothing is
 * opened at the end, and the browser keeps no session.
 */

const PATH = '/tester';
const SECONDS = 20 * 60;
const doneShape = z.object({
  nationalId: z.string(),
  samePhone: z.boolean(),
  card: z.boolean(),
  until: z.string(),
});

/** Stands in for the OpenID provider: the interaction lives in the browser's sealed cookie. */
export const selfTestProvider = (options: LoginOptions, memory: Memory): SignInProvider => ({
  interaction: async (ctx) => {
    const uid = uidOf(ctx);
    const until = memory.state(ctx, `/connexion/${uid}`)?.selfTestUntil;
    if (until === undefined || new Date(until) <= options.clock.now()) return undefined;
    const { origin, acrEcps, defaultLocale } = options.config;
    return {
      uid,
      service: {
        clientId: 'caducee-essai',
        name: loginText(localeOf(ctx, defaultLocale)).test.service,
        host: new URL(origin).host,
      },
      redirectUri: origin,
      homeUrl: `${origin}${PATH}`,
      acr: acrEcps,
    };
  },
  finishSignIn: async (ctx, { nationalId, amr, authMode }) => {
    const until = new Date(options.clock.now().getTime() + SECONDS * 1000).toISOString();
    const card = authMode === 'CARD';
    const done = { nationalId, samePhone: !card && amr.includes('phr'), card, until };
    options.kernel.cookies.setSealed(ctx, 'essai', done, { path: PATH, seconds: SECONDS });
    memory.dropState(ctx, `/connexion/${uidOf(ctx)}`);
    redirect(ctx, `${PATH}/bravo`);
  },
  abort: async (ctx) => redirect(ctx, PATH),
});

const uidOf = (ctx: Context): string => /^\/connexion\/([^/]+)/.exec(ctx.path)?.[1] ?? '';

const redirect = (ctx: Context, target: string): void => {
  ctx.status = 303;
  ctx.redirect(target);
};

/** The pages around the test: begin, start, « Bravo ». */
export const selfTestPages = (options: LoginOptions, memory: Memory) => ({
  show: (ctx: Context): void => {
    options.kernel.render(ctx, selfTestPage({ csrf: options.kernel.forms.token(ctx) }));
  },
  start: async (ctx: Context): Promise<void> => {
    await options.kernel.forms.read(ctx);
    const base = `/connexion/${SELF_TEST_PREFIX}${token(16)}`;
    const { origin, defaultLocale } = options.config;
    memory.keepState(ctx, base, {
      token: newBrowserToken(),
      service: {
        name: loginText(localeOf(ctx, defaultLocale)).test.service,
        host: new URL(origin).host,
        homeUrl: `${origin}${PATH}`,
      },
      selfTestUntil: new Date(options.clock.now().getTime() + SECONDS * 1000).toISOString(),
    });
    redirect(ctx, base);
  },
  done: async (ctx: Context): Promise<void> => {
    const done = doneShape.safeParse(options.kernel.cookies.getSealed(ctx, 'essai', PATH));
    if (!done.success || new Date(done.data.until) <= options.clock.now()) return redirect(ctx, PATH);
    const person = await options.registry?.find(done.data.nationalId);
    const view = selfTestDonePage({
      csrf: options.kernel.forms.token(ctx),
      name: person && `${person.givenName} ${person.familyName}`,
      samePhone: done.data.samePhone,
      card: done.data.card,
    });
    options.kernel.render(ctx, view);
  },
});
