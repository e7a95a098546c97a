import { Refusal } from '../http/errors.ts';
import { allowFormAction } from '../http/headers.ts';
import { alsoAsked, localeOf } from '../http/locale.ts';
import { normalize } from '../registry/national-id.ts';
import type { LoginDeps } from './deps.ts';
import { newBrowserToken } from './memory.ts';
import { drawEnd, drawStart, drawWait } from './draw.ts';
import type { ApprovalContext } from './ports.ts';
import { brought, type SignIn } from './sign-in.ts';
import { browserSummary } from './user-agent.ts';

/** The single acts that steps.ts puts in order. */

/** The interaction of this browser, still open; one that has its answer already goes on with it. */
export const openInteraction = async (signIn: SignIn, deps: LoginDeps): Promise<'answered' | void> => {
  const { ctx, base, uid } = signIn;
  const interaction = await signIn.provider.interaction(ctx);
  if (!interaction || interaction.uid !== uid) throw new Refusal('interaction_expired', 410);
  if (interaction.resumeUrl !== undefined) {
    ctx.status = 303;
    ctx.redirect(interaction.resumeUrl);
    return 'answered';
  }
  signIn.interaction = interaction;
  alsoAsked(ctx, interaction.uiLocales, deps.config.defaultLocale);
  allowFormAction(ctx, interaction.redirectUri);
  const known = deps.memory.state(ctx, base);
  signIn.state = known ?? {
    token: newBrowserToken(),
    service: { ...interaction.service, homeUrl: interaction.homeUrl },
  };
  if (!known) deps.memory.keepState(ctx, base, signIn.state);
};

/** Reads the form once its origin and token are found right. */
export const ownForm = async (signIn: SignIn, deps: LoginDeps): Promise<void> => {
  signIn.form = await deps.kernel.forms.read(signIn.ctx);
};

/** A whole hospital may stand behind one address: generous by the minute, and a ceiling by the hour. */
const BUDGET = [
  { limit: 120, seconds: 60 },
  { limit: 2000, seconds: 3600 },
];

/** Not more sign-ins from one address than people could want. */
export const spareTheHouse = async (signIn: SignIn, deps: LoginDeps): Promise<void> => {
  const { allowed, retryAfter } = await deps.limits.hit('sign-in', signIn.ctx.ip, BUDGET);
  if (!allowed) throw new Refusal('too_many_requests', 429, { retryAfter });
};

/** What was typed, read as people type it; a malformed identifier is told at once, in the form. */
export const nameThePerson = async (signIn: SignIn, deps: LoginDeps): Promise<'answered' | void> => {
  const form = brought(signIn.form, 'the form');
  if (form.get('moyen') === 'qr') return;
  const typed = (form.get('identifiant') ?? '').trim();
  const read = normalize(typed);
  if (read.ok) {
    const nationalId = (await deps.registry?.currentId?.(read.nationalId)) ?? read.nationalId;
    signIn.identifier = { nationalId, luhn: read.luhn };
    return;
  }
  drawStart(signIn, deps, {
    identifier: typed.slice(0, 40),
    remembered: form.has('souvenir'),
    error: typed === '' ? 'identifier_missing' : 'identifier_malformed',
  });
  return 'answered';
};

/** Whether the person named has signed in from this browser before. */
const isKnown = async (signIn: SignIn, deps: LoginDeps): Promise<boolean> => {
  const key = deps.memory.browserKey(signIn.ctx);
  if (signIn.identifier === undefined || key === undefined) return false;
  return deps.approvals.isKnown(signIn.identifier.nationalId, key);
};

const contextOf = async (signIn: SignIn, deps: LoginDeps): Promise<ApprovalContext> => {
  const { ctx } = signIn;
  const interaction = brought(signIn.interaction, 'the interaction');
  const locale = localeOf(ctx, deps.config.defaultLocale);
  return {
    service: interaction.service,
    browser: browserSummary(ctx.get('User-Agent')),
    place: deps.geo.place(ctx.ip, locale),
    at: deps.clock.now().toISOString(),
    known: await isKnown(signIn, deps),
    acr: interaction.acr,
    locale,
    ...(interaction.bindingMessage === undefined ? {} : { bindingMessage: interaction.bindingMessage }),
  };
};

/** Puts the question to the phone. Unknown, unenrolled and suspended people get the same page at the same speed. */
export const askPhone = async (signIn: SignIn, deps: LoginDeps): Promise<void> => {
  const state = brought(signIn.state, 'the browser’s state');
  const { identifier } = signIn;
  const started = await deps.approvals.start({
    interactionId: signIn.uid,
    browserToken: state.token,
    context: await contextOf(signIn, deps),
    address: signIn.ctx.ip,
    ...(identifier === undefined ? {} : { nationalId: identifier.nationalId }),
  });
  deps.memory.keepState(signIn.ctx, signIn.base, {
    ...state,
    attempt: {
      txn: started.txn,
      number: started.number,
      expiresAt: started.expiresAt.toISOString(),
      nationalId: identifier?.nationalId,
      luhn: identifier?.luhn ?? true,
    },
  });
};

/** Keeps or forgets the identifier, as the box says, then goes to the wait page. */
export const rememberIdentifier = (signIn: SignIn, deps: LoginDeps): 'answered' => {
  const { ctx, identifier } = signIn;
  if (identifier) {
    const keep = brought(signIn.form, 'the form').has('souvenir');
    deps.memory.keepIdentifier(ctx, keep ? identifier.nationalId : undefined);
  }
  ctx.status = 303;
  ctx.redirect(`${signIn.base}/attente`);
  return 'answered';
};

/** The app's way back opens in some browser: only that of the sign-in may go on, another is told what to do. */
export const onlyThatBrowser = (signIn: SignIn, deps: LoginDeps): void => {
  if (!deps.memory.state(signIn.ctx, signIn.base)) throw new Refusal('other_browser', 409);
};

/** A question was put to a phone from this very browser; if none was, back to the start. */
export const sameBrowser = (signIn: SignIn): 'answered' | void => {
  if (signIn.state?.attempt) return;
  signIn.ctx.status = 303;
  signIn.ctx.redirect(signIn.base);
  return 'answered';
};

/** Takes the approval, if there is one: it serves once. A HEAD never does. */
export const takeApproval = async (signIn: SignIn, deps: LoginDeps): Promise<void> => {
  if (signIn.ctx.method !== 'GET') return;
  const { token, attempt } = brought(signIn.state, 'the browser’s state');
  const { txn } = brought(attempt, 'the attempt');
  const approved = await deps.approvals.finish(txn, token, signIn.verifier);
  if (approved) signIn.approved = approved;
};

/** Without an approval: waiting, or ended and start again. */
export const showWaitPage = async (signIn: SignIn, deps: LoginDeps): Promise<'answered' | void> => {
  if (signIn.approved) return;
  const { token, attempt } = brought(signIn.state, 'the browser’s state');
  const status = await deps.approvals.status(brought(attempt, 'the attempt').txn, token);
  if (status === 'expired' || status === 'stopped') drawEnd(signIn, deps, status);
  else await drawWait(signIn, deps);
  return 'answered';
};

/** This browser is known to this person from now on. */
export const knowBrowser = async (signIn: SignIn, deps: LoginDeps): Promise<void> => {
  const { nationalId } = brought(signIn.approved, 'the approval');
  await deps.approvals.rememberBrowser(nationalId, deps.memory.keepBrowserKey(signIn.ctx));
};

/** The attempt has served; the token stays, so that a reload is recognised as the same browser. */
export const forgetTheEnded = (signIn: SignIn, deps: LoginDeps): void => {
  const { attempt: _served, ...rest } = brought(signIn.state, 'the browser’s state');
  deps.memory.keepState(signIn.ctx, signIn.base, rest);
};

/** Gives the provider who signed in; it answers with the redirect to the service. */
export const handOver = (signIn: SignIn): Promise<void> => {
  const { nationalId, acr, amr, at, deviceId } = brought(signIn.approved, 'the approval');
  const signedIn = { nationalId, acr, amr, authMode: 'MOBILE', authTime: at, deviceId };
  return signIn.provider.finishSignIn(signIn.ctx, signedIn);
};
