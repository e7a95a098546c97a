import type { Context } from 'koa';
import { Refusal } from '../http/errors.ts';
import type { LoginDeps } from './deps.ts';
import { secondsUntil } from './draw.ts';
import type { Attempt } from './memory.ts';
import { answerNews, answerQr, streamNews, type NewsSource } from './stream.ts';

/** What the wait page listens to while it is open: news of the approval, and the QR that changes. */

interface Live {
  token: string;
  attempt: Attempt;
}

const liveOf = (ctx: Context, base: string, deps: LoginDeps): Live => {
  const state = deps.memory.state(ctx, base);
  if (!state?.attempt) throw new Refusal('interaction_expired', 410);
  return { token: state.token, attempt: state.attempt };
};

const newsOf = ({ token, attempt }: Live, deps: LoginDeps): NewsSource => ({
  read: async () => ({
    state: await deps.approvals.status(attempt.txn, token),
    secondsLeft: secondsUntil(attempt.expiresAt, deps),
  }),
  watch: (onChange) => deps.approvals.watch(attempt.txn, onChange),
  goesOn: (state) => state === 'waiting',
});

/** GET …/statut: the news as a single answer. */
export const status = (ctx: Context, base: string, deps: LoginDeps): Promise<void> =>
  answerNews(ctx, newsOf(liveOf(ctx, base, deps), deps));

/** GET …/evenements: the same as they come. */
export const events = (ctx: Context, base: string, deps: LoginDeps): Promise<void> =>
  streamNews(ctx, newsOf(liveOf(ctx, base, deps), deps), deps.log);

/** GET …/qr.svg: the QR of this moment. */
export const qr = async (ctx: Context, base: string, deps: LoginDeps): Promise<void> => {
  const { token, attempt } = liveOf(ctx, base, deps);
  await answerQr(ctx, await deps.approvals.qr(attempt.txn, token));
};
