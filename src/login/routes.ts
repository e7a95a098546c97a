import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { common } from '../../views/locales/index.ts';
import { TUTORIALS, type Tutorial } from '../../views/locales/tutorials.ts';
import { activatePage, helpPage } from '../../views/pages/help.ts';
import { tutorialPage } from '../../views/pages/tutorial.ts';
import { Refusal } from '../http/errors.ts';
import { localeOf } from '../http/locale.ts';
import { normalize } from '../registry/national-id.ts';
import { openInteraction, ownForm } from './acts.ts';
import { showCard, showCardRefusal } from './card-acts.ts';
import { cardActivationRoutes } from './card-activation.ts';
import { DIAGNOSTIC, cardPages } from './card-diagnostic.ts';
import type { LoginDeps, LoginOptions } from './deps.ts';
import { drawStart } from './draw.ts';
import { events, qr, status } from './live.ts';
import { createMemory } from './memory.ts';
import { selfTestPages, selfTestProvider } from './self-test.ts';
import { isSelfTest, type SignIn } from './sign-in.ts';
import { CARD, CARD_RETURN, RETURN, START, WAIT, walk, type Step } from './steps.ts';

/** Addresses of a sign-in. The provider sends the browser to `signInPath(uid)`. */
export const signInPath = (uid: string): string => `/connexion/${uid}`;

/** Ids as they come: never a separator, so that a cookie's path cannot be widened. */
const UID = /^[\w-]{8,64}$/;

const signInOf = (ctx: Context, deps: LoginDeps): SignIn => {
  const uid = (ctx as Context & { params: Record<string, string> }).params['uid'] ?? '';
  if (!UID.test(uid)) throw new Refusal('not_found', 404);
  const verifier = ctx.query['v'];
  return {
    ctx,
    uid,
    base: signInPath(uid),
    provider: deps.providerOf(uid),
    verifier: typeof verifier === 'string' ? verifier : undefined,
  };
};

/** Names the service that asked, and the way back to it, on the errors of a sign-in. */
const withWayBack =
  (deps: LoginDeps): Middleware =>
  async (ctx, next) => {
    try {
      await next();
    } catch (error) {
      const base = /^\/connexion\/[^/]+/.exec(ctx.path)?.[0] ?? '';
      const state = deps.memory.state(ctx, base);
      const locale = localeOf(ctx, deps.config.defaultLocale);
      const home = state?.service.homeUrl;
      deps.kernel.failures(ctx, error, {
        service: state?.service,
        wayOn: home === undefined ? undefined : { url: home, label: backLabel(locale, state?.service.name) },
      });
    }
  };

const backLabel = (locale: 'fr' | 'en', name: string | undefined): string =>
  name === undefined ? common(locale).service.back : common(locale).service.backTo(name);

/** An identifier picked in the directory, which leads back here with it. It fills the field, and nothing more. */
const picked = ({ query }: Context): string | undefined => {
  const value = query['identifiant'];
  return typeof value === 'string' && normalize(value).ok ? value.slice(0, 40) : undefined;
};

const showStart: Step = (signIn, deps) => {
  const remembered = deps.memory.identifier(signIn.ctx);
  const hint = picked(signIn.ctx) ?? signIn.interaction?.loginHint;
  drawStart(signIn, deps, {
    identifier: hint ?? remembered ?? '',
    remembered: remembered !== undefined && (hint === undefined || hint === remembered),
  });
};

const cancel: Step = (signIn) =>
  signIn.provider.abort(signIn.ctx, {
    error: 'access_denied',
    error_description: 'the person cancelled the sign-in',
  });

const signInRoutes = (router: Router, deps: LoginDeps): void => {
  const by = (steps: readonly Step[]) => (ctx: Context) => walk(steps, signInOf(ctx, deps), deps);
  const live = (answer: typeof status) => (ctx: Context) => answer(ctx, signInOf(ctx, deps).base, deps);
  router.use('/connexion', withWayBack(deps));
  router.get('/connexion/:uid', by([openInteraction, showStart]));
  router.post('/connexion/:uid', by(START));
  router.get('/connexion/:uid/carte', by([openInteraction, showCard]));
  router.post('/connexion/:uid/carte', by(CARD));
  router.get('/connexion/:uid/carte/retour', by(CARD_RETURN));
  router.get('/connexion/:uid/carte/refus', by([openInteraction, showCardRefusal]));
  router.get('/connexion/:uid/attente', by(WAIT));
  router.get('/connexion/:uid/retour', by(RETURN));
  router.post('/connexion/:uid/annuler', by([openInteraction, ownForm, cancel]));
  router.get('/connexion/:uid/statut', live(status));
  router.get('/connexion/:uid/evenements', live(events));
  router.get('/connexion/:uid/qr.svg', live(qr));
};

/** The sign-in pages, the help pages and the test of the e-CPS, as one middleware for `kernel.app.use`. */
export const loginRoutes = (options: LoginOptions): Middleware => {
  const memory = createMemory(options.kernel.cookies);
  const own = selfTestProvider(options, memory);
  const deps: LoginDeps = {
    ...options,
    memory,
    providerOf: (uid) => (isSelfTest(uid) ? own : options.oidc),
  };
  const { render } = options.kernel;
  const { appOrigin, contactDelayHours } = options.config;
  const test = selfTestPages(options, memory);
  const router = new Router();
  signInRoutes(router, deps);
  router.get('/aide', (ctx) => render(ctx, helpPage({ card: options.card !== undefined })));
  router.get('/activer', (ctx) =>
    render(ctx, activatePage({ appUrl: appOrigin, contactDelayHours, card: options.card !== undefined })),
  );
  for (const name of Object.keys(TUTORIALS) as Tutorial[]) {
    router.get(TUTORIALS[name], (ctx) => render(ctx, tutorialPage(name)));
  }
  router.get('/tester', test.show);
  router.post('/tester', test.start);
  router.get('/tester/bravo', test.done);
  const card = cardPages(options);
  router.get('/carte/lien', card.lost);
  router.get(DIAGNOSTIC, card.show);
  router.post(DIAGNOSTIC, card.start);
  router.get(`${DIAGNOSTIC}/retour`, card.back);
  router.get(`${DIAGNOSTIC}/resultat`, card.result);
  cardActivationRoutes(router, options);
  const routes = router.routes();
  const allowed = router.allowedMethods();
  return (ctx, next) => routes(ctx as never, () => allowed(ctx as never, next));
};
