import { signInPage, type SignInProps } from '../../views/pages/sign-in.ts';
import { endedPage, waitPage } from '../../views/pages/wait.ts';
import { requestState } from '../http/request.ts';
import { supportId } from '../platform/random.ts';
import type { LoginDeps } from './deps.ts';
import { brought, frameOf, type SignIn } from './sign-in.ts';

/** Draws the pages of a sign-in from what the steps brought. */

/** The start page; with an error, what was typed stays in the field. */
export const drawStart = (
  signIn: SignIn,
  deps: LoginDeps,
  entered: Pick<SignInProps, 'identifier' | 'remembered' | 'error'>,
): void => {
  const view = signInPage({ ...frameOf(signIn, deps), ...entered });
  deps.kernel.render(signIn.ctx, view, entered.error ? 422 : 200);
};

/** Whole seconds until an instant, never negative. */
export const secondsUntil = (iso: string, deps: Pick<LoginDeps, 'clock'>): number =>
  Math.max(0, Math.ceil((new Date(iso).getTime() - deps.clock.now().getTime()) / 1000));

/** The wait page: number, QR, link, time left. */
export const drawWait = async (signIn: SignIn, deps: LoginDeps): Promise<void> => {
  const { token, attempt: kept } = brought(signIn.state, 'the browser’s state');
  const attempt = brought(kept, 'the attempt');
  const view = waitPage({
    ...frameOf(signIn, deps),
    number: attempt.number,
    link: await deps.approvals.link(attempt.txn, token),
    identifier: attempt.nationalId,
    luhn: attempt.luhn,
    secondsLeft: secondsUntil(attempt.expiresAt, deps),
    stamp: requestState(signIn.ctx).id,
  });
  deps.kernel.render(signIn.ctx, view);
};

/** The end that opened nothing; the log knows it by the number the page shows. */
export const drawEnd = (signIn: SignIn, deps: LoginDeps, reason: 'expired' | 'stopped'): void => {
  const support = supportId();
  deps.log.info({ request: requestState(signIn.ctx).id, support, reason }, 'sign-in not confirmed');
  const { nationalId } = brought(signIn.state, 'the browser’s state').attempt ?? {};
  deps.kernel.refused(signIn.ctx, {
    supportId: support,
    code: `sign_in_${reason}`,
    about: {
      clientId: brought(signIn.interaction, 'the interaction').service.clientId,
      ...(nationalId === undefined ? {} : { nationalId }),
    },
  });
  deps.kernel.render(signIn.ctx, endedPage({ ...frameOf(signIn, deps), reason, supportId: support }));
};
