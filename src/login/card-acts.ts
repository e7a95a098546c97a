import type { ErrorCode } from '../../views/locales/errors.ts';
import { cardClosedPage, cardPage, cardRefusedPage } from '../../views/pages/card.ts';
import { Refusal } from '../http/errors.ts';
import { allowFormAction } from '../http/headers.ts';
import { requestState } from '../http/request.ts';
import { supportId } from '../platform/random.ts';
import type { LoginDeps } from './deps.ts';
import type { CardReader } from './ports.ts';
import { brought, frameOf, type SignIn } from './sign-in.ts';

/** The acts of a sign-in by card, which steps.ts puts in order. */

/** What an accepted card says of itself (RFC 8176): a smart card, its PIN, a key in hardware, resistant to phishing. */
const AMR = ['sc', 'pin', 'mfa', 'hwk', 'phr'];

/** The card's host, where one is configured. */
export const openCard = ({ card }: Pick<LoginDeps, 'card'>): CardReader => {
  if (!card) throw new Refusal('card_not_open', 404);
  return card;
};

const redirect = ({ ctx }: SignIn, target: string): 'answered' => {
  ctx.status = 303;
  ctx.redirect(target);
  return 'answered';
};

/** The tab *Carte CPS*. Its form ends, through the card's host, at the service. */
export const showCard = (signIn: SignIn, deps: LoginDeps): void => {
  const { card } = deps;
  const frame = frameOf(signIn, deps);
  if (card) allowFormAction(signIn.ctx, card.hosts.source);
  deps.kernel.render(
    signIn.ctx,
    card ? cardPage({ ...frame, fresh: card.hosts.fresh }) : cardClosedPage(frame),
  );
};

/** Sends the browser to the card's host, with an attempt that only it can bring back. */
export const askCard = async (signIn: SignIn, deps: LoginDeps): Promise<'answered'> => {
  const { token } = brought(signIn.state, 'the browser’s state');
  return redirect(signIn, await openCard(deps).begin('sign_in', signIn.uid, token));
};

const drawRefusal = (
  signIn: SignIn,
  deps: LoginDeps,
  refusal: { code: ErrorCode; supportId: string },
  status: number,
): void => {
  const { hosts } = openCard(deps);
  allowFormAction(signIn.ctx, hosts.source);
  const view = cardRefusedPage({ ...frameOf(signIn, deps), ...refusal, fresh: hosts.fresh });
  deps.kernel.render(signIn.ctx, view, status);
};

/** Takes what the card's host has to say: it serves once. A HEAD never does. */
export const takeCard = async (signIn: SignIn, deps: LoginDeps): Promise<'answered' | void> => {
  const { ctx, base, uid } = signIn;
  if (ctx.method !== 'GET') {
    ctx.status = 204;
    return 'answered';
  }
  const state = brought(signIn.state, 'the browser’s state');
  const { handoff } = ctx.query;
  const support = supportId();
  const outcome = await openCard(deps).redeem(
    typeof handoff === 'string' ? handoff : '',
    { purpose: 'sign_in', subject: uid, browserToken: state.token },
    {
      address: ctx.ip,
      supportId: support,
      clientId: brought(signIn.interaction, 'the interaction').service.clientId,
    },
  );
  if (!outcome) {
    deps.kernel.refused(ctx, { supportId: support, code: 'card_handoff_gone', status: 410 });
    drawRefusal(signIn, deps, { code: 'card_handoff_gone', supportId: support }, 410);
    return 'answered';
  }
  const { proof, practitioner, refusal } = outcome;
  if (proof && practitioner) {
    signIn.proof = { ...proof, practitioner };
    return;
  }
  const code = refusal ?? 'card_absent';
  deps.log.info({ request: requestState(ctx).id, support, refusal: code }, 'card refused');
  deps.memory.keepState(ctx, base, { ...state, cardRefusal: { code, supportId: support } });
  return redirect(signIn, `${base}/carte/refus`);
};

/** Why the last card was refused; this page can be reloaded and read in the other language. */
export const showCardRefusal = (signIn: SignIn, deps: LoginDeps): 'answered' => {
  const refusal = signIn.state?.cardRefusal;
  if (!refusal) return redirect(signIn, `${signIn.base}/carte`);
  drawRefusal(signIn, deps, refusal, 403);
  return 'answered';
};

/** Whatever was refused before no longer matters. */
export const forgetCardRefusal = (signIn: SignIn, deps: LoginDeps): void => {
  const { cardRefusal, ...rest } = brought(signIn.state, 'the browser’s state');
  if (cardRefusal) deps.memory.keepState(signIn.ctx, signIn.base, rest);
};

/** Gives the provider who signed in; it answers with the redirect to the service. */
export const handOverCard = (signIn: SignIn, deps: LoginDeps): Promise<void> => {
  const { nationalId, practitioner, serial, at } = brought(signIn.proof, 'the card’s proof');
  return signIn.provider.finishSignIn(signIn.ctx, {
    nationalId,
    practitioner,
    acr: deps.config.acrCard,
    amr: [...AMR],
    authMode: 'CARD',
    authTime: new Date(at * 1000),
    cardSerial: serial,
  });
};
